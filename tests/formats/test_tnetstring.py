from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.formats import tnetstring
from toolreel.formats.found import FormatError

from .writers import tnetstring as written


def read(data: bytes) -> Any:
    return tnetstring.read(io.BytesIO(data))  # type: ignore[arg-type]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.binary() | st.text("aé\n"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab_"), inner, max_size=4),
    max_leaves=8,
)


@given(VALUES)
def test_what_was_written_comes_back(value: Any) -> None:
    assert read(written(value)) == value


def test_values_come_one_after_the_other() -> None:
    file = io.BytesIO(b"1:a,0:~2:10#")
    assert [tnetstring.read(file) for _ in range(4)] == [b"a", None, 10, None]  # type: ignore[arg-type]


def test_keys_were_bytes_once() -> None:
    assert read(b"8:1:a,1:1#}") == {"a": 1}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"5", "cut short"),
        (b"5:abc,", "cut short"),
        (b"5:abcde", "cut short"),
        (b"x", "no file of flows any more"),
        (b":,", "no file of flows any more"),
        (b"9999999999999999:a,", "no file of flows any more"),
        (b"1:a?", "no file of flows any more"),
        (b"1:a#", "no file of flows any more"),
        (b"1:a!", "no file of flows any more"),
        (b"1:a~", "no file of flows any more"),
        (b"3:1:a]", "no file of flows any more"),
        (b"4:9:a,]", "no file of flows any more"),
        (b"4:-1:a]", "no file of flows any more"),
        (b"4:1:a,}", "no file of flows any more"),
        (written([[[[[[]]]]]]).replace(b"0:]", b"0:?"), "no file of flows any more"),
        (b"2:\xff\xfe#", "no file of flows any more"),
    ],
)
def test_broken_files_are_named(data: bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        read(data)


def test_deep_nests_are_refused() -> None:
    data = b""
    for _ in range(1000):
        data = b"%d:%b]" % (len(data), data)
    with pytest.raises(FormatError, match="is nested too deep"):
        read(data)


def test_what_is_too_large_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tnetstring, "LARGEST", 10)
    file = io.BytesIO(written(b"x" * 100) + written(7))
    assert tnetstring.read(file) == 100  # type: ignore[arg-type]
    assert tnetstring.read(file) == 7  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="is cut short"):
        read(b"100:x")
