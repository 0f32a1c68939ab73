from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.dialects.ids import ID, ID_AFTER_ESCAPE
from toolreel.messages.model import JsonBody
from toolreel.normalise import names
from toolreel.normalise.names import names_in, scan, under_id_keys
from toolreel.normalise.strings import strings_of_body
from toolreel.normalise.symbols import renamed
from toolreel.redaction import PLACEHOLDER

THREAD, UUID = "thread_" + "a" * 24, "0b8f2c1e-9d3a-4f6b-8a7c-1234567890ab"
PIECES = [
    *(THREAD, UUID, f"file-{UUID}", "vs_12345678", "vs_1234567", "REDACTED-0001", "REDACTED-", "call_12345678_9"),
    *("x", "_", "-", " ", "/", "\\n", "\\u00e9", "%2F", "%", "\\", '"', "é", "submit_tool_outputs", "w" * 120),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "run_id", "file_ids", "text"]) | TEXTS, inner, max_size=3)
    ),
    max_leaves=12,
)


def plainly(text: str) -> list[str]:
    """All names in a text, by the one pattern that says what they are."""
    id_ = ID_AFTER_ESCAPE if "\\" in text or "%" in text else ID
    return [match.group() for match in re.finditer(rf"{PLACEHOLDER.pattern}|(?x:{id_.pattern})", text)]


def under_plainly(value: Any, is_id: bool = False) -> list[str]:
    if isinstance(value, dict):
        pairs = ((member, key == "id" or key.endswith(("_id", "_ids"))) for key, member in value.items())
        return [id_ for member, is_id in pairs for id_ in under_plainly(member, is_id)]
    if isinstance(value, list):
        return [id_ for item in value for id_ in under_plainly(item, is_id)]
    return [value] if is_id and isinstance(value, str) and ID.fullmatch(value) else []


@given(TEXTS)
def test_names_are_found_however_that_is_made_fast(text: str) -> None:
    assert names_in([text]) == plainly(text)
    assert names_in([text, "", text]) == 2 * plainly(text)


@given(TEXTS)
def test_the_same_are_renamed(text: str) -> None:
    minted = {THREAD, "vs_12345678"}
    said: list[str] = []

    def note(name: str) -> str:
        said.append(name)
        return name

    assert renamed(text, minted, note) == text
    assert said == [name for name in plainly(text) if name in minted or PLACEHOLDER.fullmatch(name)]


@given(VALUES)
def test_a_value_is_scanned_for_the_names_in_all_its_texts(value: Any) -> None:
    found: list[str] = []
    told: list[str] = []
    scan(value, False, found, told)
    texts = strings_of_body(JsonBody(value=value, style="compact"))
    assert found == [name for text in texts for name in plainly(text)]
    assert told == under_id_keys(value) == under_plainly(value)


def test_no_more_than_so_many_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_MOST_KEYS", 3)
    for _ in range(2):
        for number in range(10):
            found: list[str] = []
            scan({f"vs_{number:08}": 1, "k" * 200: 2}, False, found, [])
            assert found == [f"vs_{number:08}"]
            assert len(names._KEYS) <= 3
