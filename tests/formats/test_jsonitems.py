from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.formats import jsonitems
from toolreel.formats.found import FormatError
from toolreel.formats.jsonitems import JsonDocument, Number

LISTS, INTO = frozenset({"items"}), frozenset({"in"})


def walked(text: str | bytes) -> list[tuple[str, Any]]:
    data = text.encode() if isinstance(text, str) else text
    return list(JsonDocument(io.BytesIO(data), LISTS, INTO).walk())  # type: ignore[arg-type]


def test_items_come_one_by_one_and_other_members_whole() -> None:
    assert walked(' {"a": [1, {"items": []}], "items": [1, "x", {"y": null}], "b": {}} ') == [
        ("a", [1, {"items": []}]),
        ("items", 1),
        ("items", "x"),
        ("items", {"y": None}),
        ("b", {}),
    ]


def test_what_is_inside_counts_as_outside() -> None:
    assert walked('{"in": {"v": 1, "items": [2], "in": {}}, "w": 3}') == [("v", 1), ("items", 2), ("w", 3)]
    assert walked('{"in": "text", "items": "none"}') == [("in", "text"), ("items", "none")]


def test_lists_that_are_empty_have_been_seen() -> None:
    document = JsonDocument(io.BytesIO(b'{"items": []}'), LISTS, INTO)  # type: ignore[arg-type]
    assert list(document.walk()) == []
    assert document.seen == {"items"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    """The value with numbers that kept their spelling as Python has them."""
    if isinstance(value, Number):
        return json.loads(value.spelling)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(items=st.lists(JSON, max_size=4), piece=st.integers(1, 9), ascii_=st.booleans())
def test_it_does_not_matter_where_the_pieces_end(items: list[Any], piece: int, ascii_: bool) -> None:
    class Dribble(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(piece)

    data = json.dumps({"items": items, "z": 1}, ensure_ascii=ascii_, indent=1).encode("utf-8", "surrogatepass")
    try:
        data.decode()
    except UnicodeDecodeError:
        return
    document = JsonDocument(Dribble(data), LISTS, INTO)  # type: ignore[arg-type]
    assert plain([value for _, value in document.walk()]) == [*items, 1]


@pytest.mark.parametrize("spelling", ["1.10", "1e16", "-0", "1E5", "0.1e1", "1" * 5000])
def test_numbers_keep_their_spelling(spelling: str) -> None:
    assert walked(f'{{"items": [{spelling}]}}') == [("items", Number(spelling))]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[1]", "the document is no object"),
        ('{"items": [1, 2', "is cut short"),
        ('{"items": [1, {"a": "b', "is cut short"),
        ('{"items": [1, {"a": ', "is cut short"),
        ('{"items": [1]', "is cut short"),
        ('{"items"', "is cut short"),
        ('{"items": [1}', "neither ',' nor ']' follows"),
        ('{"items": [1 2]}', "neither ',' nor ']' follows"),
        ('{"items": [NaN]}', "NaN is no JSON value"),
        ("{1: 2}", "a member has no name"),
        ('{"items": [01]}', "neither ',' nor ']' follows"),
        ('{"a": {b: 1}}', "property name enclosed in double quotes"),
        ("{} {}", "something follows the end"),
        ('{"items": [' + "[" * 100_000 + "]" * 100_000 + "]}", "is nested too deep"),
        (b'{"items": ["\xff"]}', "is not UTF-8"),
        ('{"items": ["\x01"]}', "invalid control character"),
    ],
)
def test_broken_documents_are_named(text: str | bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        walked(text)


@pytest.mark.parametrize("start", ["", "\U0001f600"], ids=["ascii", "emoji"])
def test_a_value_that_never_ends_is_refused_before_it_fills_the_memory(
    start: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 1 << 24
    monkeypatch.setattr(jsonitems, "LARGEST", largest)

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) or b"x" * (size or 0)

    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="more than 16 MiB"):
            list(JsonDocument(Endless(f'{{"items": ["{start}'.encode()), LISTS, INTO).walk())  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 3 * largest
    finally:
        tracemalloc.stop()


def test_a_value_as_long_as_may_be_does_not_count_for_those_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonitems, "LARGEST", 4 << 20)
    items = ["x" * (3 << 20), *(["y" * 1000] * 2000), "z" * (3 << 20), 1]
    file = io.BufferedReader(io.BytesIO(json.dumps({"items": items}).encode()))
    assert [value for _, value in JsonDocument(file, LISTS, INTO).walk()] == items


def test_memory_does_not_grow_with_the_file() -> None:
    item = json.dumps({"text": "x" * 1000}).encode() + b","
    pieces = [b'{"items": [', *[item * 1000] * 20, b"1]}"]

    class Long(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return pieces.pop(0) if pieces else b""

    tracemalloc.start()
    try:
        count = len([None for _ in JsonDocument(Long(), LISTS, INTO).walk()])  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_001
    assert peak < 12 << 20, "20 MB have been read"
