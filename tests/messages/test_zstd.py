from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.zstd import Blocks

zstandard = pytest.importorskip("zstandard")  # comes with mitmproxy (the extra `proxy`)


def blocks(*pieces: bytes, **options: bool) -> list[bytes]:
    """A frame, a block a piece."""
    compress = zstandard.ZstdCompressor(**options).compressobj()
    return [
        *(compress.compress(one) + compress.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for one in pieces),
        compress.flush(),
    ]


TEXT = b"What a compressed block says, nobody knows. " * 20
NOISE = random.Random(1).randbytes(900)


@pytest.mark.parametrize("options", [{}, {"write_checksum": True}, {"write_content_size": False}], ids=str)
@given(kinds=st.lists(st.sampled_from([TEXT, NOISE, b"=" * 5000, b"x"]), max_size=5), again=st.booleans())
@settings(max_examples=30, deadline=None)
def test_what_is_hidden_is_what_the_decoder_has_not_said(
    options: dict[str, bool], kinds: list[bytes], again: bool
) -> None:
    """Byte by byte, beside the library."""
    skipped = b"\x52\x2a\x4d\x18" + (7).to_bytes(4, "little") + b"skip me"
    coded = b"".join(blocks(*kinds, **options)) + (skipped + b"".join(blocks(TEXT)) if again else b"")
    ours, theirs = Blocks(), zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
    said = hidden = 0
    for at in range(len(coded)):
        ours.feed(coded[at : at + 1])
        piece = theirs.decompress(coded[at : at + 1])
        said += len(piece)
        assert not piece or ours.hidden == 0, "what has been said is not hidden"
        hidden = hidden + 1 if ours.hidden else 0
        assert ours.hidden in (0, hidden), "all since the block began"
    assert said == len(b"".join(kinds)) + (len(TEXT) if again else 0)
    assert ours.hidden == 0


def test_of_a_block_that_is_cut_all_of_it_is_hidden() -> None:
    first, second, _ = blocks(TEXT, TEXT[::-1])
    whole = Blocks()
    whole.feed(first)
    assert whole.hidden == 0
    whole.feed(second[:-1])
    assert whole.hidden == len(second) - 1


def test_of_a_raw_block_nothing_is_hidden() -> None:
    first, second, _ = blocks(TEXT, NOISE)
    raw = Blocks()
    raw.feed(first + second[:50])
    assert raw.hidden == 0
