from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages import coding
from toolreel.messages.coding import CodingError, decodable, decode, decoded_or_raw, decoder

# These two come with mitmproxy (the extra `proxy`).
brotli = pytest.importorskip("brotli")
zstandard = pytest.importorskip("zstandard")

QUICK = settings(max_examples=60, deadline=None)


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[: len(data) // 2], mtime=0) + gzip.compress(data[len(data) // 2 :], mtime=0)


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def stored_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(level=0, wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


def br(data: bytes) -> bytes:
    coded: bytes = brotli.compress(data)
    return coded


def zstd(data: bytes) -> bytes:
    coded: bytes = zstandard.ZstdCompressor().compress(data)
    return coded


def zstd_frames(data: bytes) -> bytes:
    return zstd(data[: len(data) // 2]) + zstd(data[len(data) // 2 :])


def identity(data: bytes) -> bytes:
    return data


CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip-of-two-members": ("gzip", two_members),
    "x-gzip": ("x-gzip", gzip.compress),
    "gzip-in-capitals": (" GZIP ", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate-raw": ("deflate", raw_deflate),
    "deflate-raw-stored": ("deflate", stored_deflate),
    "br": ("br", br),
    "zstd": ("zstd", zstd),
    "zstd-of-two-frames": ("zstd", zstd_frames),
    "gzip-then-br": ("gzip, br", lambda data: br(gzip.compress(data))),
    "deflate-then-zstd-then-gzip": ("deflate,zstd,gzip", lambda data: gzip.compress(zstd(zlib.compress(data)))),
    "gzip-twice": ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    "identity": ("identity", identity),
    "identity-and-gzip": ("identity, gzip, Identity", gzip.compress),
    "no-name": ("", identity),
    "empty-names": (" , ", identity),
}
every_coding = pytest.mark.parametrize(("name", "encode"), CODED.values(), ids=CODED.keys())
every_compression = pytest.mark.parametrize(
    ("name", "encode"),
    [pytest.param(*CODED[key], id=key) for key in CODED if CODED[key][1] is not identity],
)


@every_coding
@given(
    data=st.binary() | st.binary(min_size=1, max_size=20).map(lambda piece: piece * 500),
    cuts=st.lists(st.integers(0, 99)),
)
@QUICK
def test_a_body_comes_back_however_its_pieces_come(
    name: str, encode: Callable[[bytes], bytes], data: bytes, cuts: list[int]
) -> None:
    coded = encode(data)
    assert decode(coded, name) == data
    places = [0, *sorted(min(cut, len(coded)) for cut in cuts), len(coded)]
    in_pieces = decoder(name)
    got = b"".join(in_pieces.feed(coded[start:end]) for start, end in pairwise(places))
    assert got + in_pieces.close() == data


@every_coding
def test_a_body_comes_back_from_single_bytes(name: str, encode: Callable[[bytes], bytes]) -> None:
    data = b'{"object": "thread.run", "status": "queued"}' * 20
    one_by_one = decoder(name)
    got = b"".join(one_by_one.feed(bytes([byte])) for byte in encode(data))
    assert got + one_by_one.close() == data


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_has_come_is_decoded_at_once_when_the_sender_flushes(name: str) -> None:
    compress = {
        "gzip": zlib.compressobj(wbits=zlib.MAX_WBITS | 16),
        "deflate": zlib.compressobj(),
        "br": brotli.Compressor(),
        "zstd": zstandard.ZstdCompressor().compressobj(),
    }[name]
    write = compress.process if name == "br" else compress.compress
    flush = {
        "br": compress.flush,
        "zstd": lambda: compress.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK),
    }.get(name, lambda: compress.flush(zlib.Z_SYNC_FLUSH))
    assert decoder(name).feed(write(b"data: x\n\n") + flush()) == b"data: x\n\n"


@every_compression
@given(data=st.binary(min_size=1, max_size=300), at=st.floats(0, 1, exclude_max=True))
@QUICK
def test_a_body_that_is_cut_is_an_error(name: str, encode: Callable[[bytes], bytes], data: bytes, at: float) -> None:
    coded = encode(data)
    # Between two members or frames nothing says that another was to come.
    cut = coded[: int(len(coded) * at)]
    if cut in (
        encode(data[: len(data) // 2]),
        gzip.compress(data[: len(data) // 2], mtime=0),
        zstd(data[: len(data) // 2]),
    ):
        return
    with pytest.raises(CodingError):
        decode(cut, name)


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        pytest.param(b"plain text", "gzip", "header", id="gzip-garbage"),
        pytest.param(gzip.compress(b"x") + b"junk", "gzip", "header", id="gzip-garbage-after-the-end"),
        pytest.param(gzip.compress(b"xyz")[:-8] + b"\0" * 8, "gzip", "data check", id="gzip-wrong-checksum"),
        pytest.param(b"\xff\xff\xff", "deflate", "invalid", id="deflate-garbage"),
        pytest.param(zlib.compress(b"x") + b"junk", "deflate", "header", id="deflate-garbage-after-the-end"),
        pytest.param(b"plain text", "br", "ends too early", id="br-garbage"),
        pytest.param(br(b"x") + b"junk", "br", "(?i)decod", id="br-garbage-after-the-end"),
        pytest.param(b"plain text", "zstd", "Unknown frame", id="zstd-garbage"),
        pytest.param(zstd(b"x") + b"junk", "zstd", "Unknown frame", id="zstd-garbage-after-the-end"),
        pytest.param(b"", "gzip", "ends too early", id="gzip-nothing"),
        pytest.param(b"", "zstd", "ends too early", id="zstd-nothing"),
        pytest.param(b"", "br", "ends too early", id="br-nothing"),
        pytest.param(gzip.compress(b"plain"), "gzip, gzip", "header", id="chain-with-garbage-inside"),
        pytest.param(b"x", "compress", "the content coding compress is not known", id="unknown"),
        pytest.param(
            b"x", "gzip, aws-chunked", "the content coding aws-chunked is not known", id="unknown-in-a-chain"
        ),
    ],
)
def test_a_body_that_cannot_be_decoded_says_why(data: bytes, name: str, says: str) -> None:
    with pytest.raises(CodingError, match=says):
        decode(data, name)


def test_an_error_after_good_data_does_not_turn_deflate_into_raw_deflate() -> None:
    coded = zlib.compress(b"hello" * 100)
    in_pieces = decoder("deflate")
    assert in_pieces.feed(coded[:-4]) == b"hello" * 100
    with pytest.raises(CodingError, match="data check"):
        in_pieces.feed(b"\0\0\0\0")


def test_a_missing_package_is_a_coding_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(coding, "import_module", missing)
    with pytest.raises(CodingError, match="decoding br needs the package brotli"):
        decoder("br")
    with pytest.raises(CodingError, match="decoding zstd needs the package zstandard"):
        decoder("zstd")


@pytest.mark.parametrize(
    ("data", "name", "body"),
    [
        pytest.param(None, "gzip", None, id="no-body"),
        pytest.param(b"", "gzip", b"", id="empty-body"),
        pytest.param(b"x", None, b"x", id="no-coding"),
        pytest.param(gzip.compress(b"x"), "gzip", b"x", id="decoded"),
        pytest.param(b"x", "gzip", b"x", id="not-in-its-coding"),
        pytest.param(gzip.compress(b"xyz")[:-1], "gzip", b"xyz", id="cut"),
        pytest.param(gzip.compress(b"xyz") + b"junk", "gzip", b"xyz", id="garbage-after-good-data"),
        pytest.param(gzip.compress(b"xyz")[:9], "gzip", gzip.compress(b"xyz")[:9], id="cut-before-it-says-anything"),
        pytest.param(b"x", "compress", b"x", id="unknown-coding"),
    ],
)
def test_a_request_is_decoded_as_far_as_it_can_be(data: bytes | None, name: str | None, body: bytes | None) -> None:
    assert decoded_or_raw(data, name) == body


@every_compression
@pytest.mark.parametrize("junk", [b"", b"junk" * 9], ids=["cut", "broken"])
def test_what_comes_before_the_break_can_be_decoded(name: str, encode: Callable[[bytes], bytes], junk: bytes) -> None:
    data = random.Random(1).randbytes(150_000).hex().encode()  # several blocks: of a part of one, zstd says nothing
    coded = encode(data)
    found = decodable(coded[: len(coded) * 9 // 10] + junk, name)
    assert len(found.data) >= 100_000
    assert data[:100_000] == found.data[:100_000]
    assert junk or found.opaque == (name == "zstd")
    assert decodable(coded, name)[:2] == (data, False)


def test_nothing_can_be_decoded_of_what_is_in_no_coding() -> None:
    for data, name in ((b"x", "compress"), (b"plain text", "gzip"), (b"", "br"), (b"plain text", "zstd")):
        assert decodable(data, name)[:2] == (b"", False)


def test_of_a_block_that_is_cut_zstd_says_nothing_but_that_there_is_more() -> None:
    assert decodable(zstd(b"secret" * 99)[:-3], "zstd")[:3] == (b"", True, b"")
    assert decoded_or_raw(zstd(b"secret" * 99)[:-3], "zstd") == b""


@every_compression
def test_what_has_come_is_decoded_at_once_however_much_it_is(name: str, encode: Callable[[bytes], bytes]) -> None:
    """Of a body that is cut, nothing that could be had is lost."""
    data = random.Random(1).randbytes(150_000).hex().encode()
    coded = encode(data)[:-9]
    assert len(decoder(name).feed(coded)) == len(decodable(coded, name).data)


# --------------------------------------------------------------------------------- what is left of a body that is cut


def deflate(
    data: bytes, level: int = 9, strategy: int = zlib.Z_DEFAULT_STRATEGY, wbits: int = -zlib.MAX_WBITS
) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, wbits, 9, strategy)
    return compressor.compress(data) + compressor.flush()


def flushed(data: bytes) -> bytes:
    """As a stream is sent, a piece at a time."""
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    pieces = [data[at : at + 40] for at in range(0, len(data), 40)]
    return b"".join(compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH) for piece in pieces)


CUT: dict[str, tuple[str, Callable[[bytes], bytes], int]] = {
    "stored": ("deflate", stored_deflate, 5),
    "fixed": ("deflate", lambda data: deflate(data, strategy=zlib.Z_FIXED), 6),
    "literals": ("deflate", lambda data: deflate(data, strategy=zlib.Z_HUFFMAN_ONLY), 600),
    "tables": ("deflate", deflate, 600),
    "zlib": ("deflate", zlib.compress, 600),
    "gzip": ("gzip", gzip.compress, 600),
    "gzip-stored": ("gzip", lambda data: gzip.compress(data, compresslevel=0), 18),
    "gzip-of-two-members": ("gzip", two_members, 600),
    "gzip-flushed": ("gzip", flushed, 600),
    "br": ("br", br, 1024),
    "br-quick": ("br", lambda data: brotli.compress(data, quality=0), 1024),
    "gzip-then-br": ("gzip, br", lambda data: br(gzip.compress(data)), 1024),
}
"""Codings, and how many bytes they need at most before they give out the next one: headers, and one symbol."""


def is_whole(coded: bytes, name: str) -> bool:
    try:
        decode(coded, name)
    except CodingError:
        return False
    return True


@pytest.mark.parametrize(("name", "encode", "most"), CUT.values(), ids=CUT.keys())
@given(data=st.binary(max_size=400) | st.text("abc sk-", max_size=400).map(str.encode), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_the_rest_of_a_body_that_is_cut_says_nothing_yet(
    name: str, encode: Callable[[bytes], bytes], most: int, data: bytes, seed: int
) -> None:
    """For every cut: all that can be known is decoded, and nothing of it stands in the rest."""
    data += random.Random(seed).randbytes(60)  # what no coding makes smaller, and some keep as it is
    coded = encode(data)
    reference, until = decoder(name), 0
    said = b""
    for cut in range(len(coded) + 1):
        piece = reference.feed(coded[cut - 1 : cut]) if cut else b""
        said, until = said + piece, cut if piece else until
        found = decodable(coded[:cut], name)
        assert found.data == said
        assert (found.opaque, len(found.rest) <= most) == (False, True)
        assert coded[until:cut].endswith(found.rest), "no byte that was decoded"
        assert found.rest or found.hidden or until == cut or is_whole(coded[:cut], name)
        to_come = data[len(said) : len(said) + 8]
        assert len(to_come) < 8 or to_come not in found.rest
        assert encode is not CUT["literals"][1] or not said or len(found.rest) < 4, (
            "fifteen bits and the rest of a byte"
        )


@pytest.mark.parametrize("size", [100, 70_000])
def test_what_is_kept_as_it_is_in_a_coding_is_decoded_byte_by_byte(size: int) -> None:
    """Stored blocks of deflate and uncompressed ones of brotli are plain text: none of it may be left in the rest."""
    data = random.Random(size).randbytes(size)
    for coded, name in (
        (stored_deflate(data), "deflate"),
        (brotli.compress(data, quality=5), "br"),
        (brotli.compress(data, quality=11), "br"),
    ):
        in_bytes, said = decoder(name), 0
        for at in range(len(coded)):
            piece = in_bytes.feed(coded[at : at + 1])
            said += len(piece)
            to_come = data[said : said + 8]
            plain = coded.find(to_come, max(0, at - 99), at + 99) if len(to_come) == 8 else -1
            assert plain < 0 or plain > at, "what has come of the text has been decoded"
        assert said == size


@pytest.mark.parametrize("name", ["gzip", "deflate"])
@pytest.mark.parametrize("left", range(1, 9))
def test_a_checksum_is_not_left(name: str, left: int) -> None:
    """It would tell whether a secret has been guessed that stood in the text."""
    coded = gzip.compress(b"secret") if name == "gzip" else zlib.compress(b"secret")
    size = 8 if name == "gzip" else 4
    found = decodable(coded[: len(coded) - size + left], name)
    assert (found.data, found.rest) == (b"secret", b"")
    assert bool(found.hidden) == (left < size)


def test_the_checksum_of_a_member_is_not_left_when_the_next_one_has_begun() -> None:
    member = gzip.compress(b"secret")
    for extra in range(1, 11):
        assert decodable(member + member[:extra], "gzip").rest == member[:extra]


def test_what_is_behind_a_break_is_not_searched() -> None:
    """A decoder stops there; whoever looks for it finds another member of gzip."""
    broken = gzip.compress(b"plain")[:-8] + bytes(8)
    found = decodable(broken + gzip.compress(b"secret"), "gzip")
    assert (found.data, found.opaque, found.rest) == (b"plain", True, b"")
    assert found.hidden >= len(gzip.compress(b"secret"))


def test_only_what_is_watched_tells_its_rest() -> None:
    coded = gzip.compress(b"x" * 99)[:10]
    rests = []
    for watched in (False, True):
        chain = decoder("gzip", watched=watched)
        chain.feed(coded)
        rests.append(chain.rest)
    assert rests == [b"", coded]


def test_a_rest_that_is_long_is_not_told() -> None:
    """No coding needs that much; a name in the header of gzip may."""
    header = b"\x1f\x8b\x08\x08" + bytes(6) + b"name" * 400
    for pieces in ([header], [header[:10], header[10:]], [gzip.compress(b"x") + header]):
        chain = decoder("gzip", watched=True)
        for piece in pieces:
            chain.feed(piece)
        assert (chain.rest, chain.hidden >= 1024) == (b"", True)
