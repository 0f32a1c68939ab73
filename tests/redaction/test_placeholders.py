from __future__ import annotations

import pytest

from toolreel.redaction.placeholders import BOUND, PLACEHOLDER, Placeholders, is_word


def test_placeholders_are_numbered_by_first_appearance() -> None:
    placeholders = Placeholders()
    assert [placeholders.of(secret) for secret in ("b-22222222", "a-11111111", "b-22222222")] == [
        "REDACTED-0001",
        "REDACTED-0002",
        "REDACTED-0001",
    ]
    assert len(placeholders) == 2
    assert "a-11111111" in placeholders


def test_there_may_be_very_many() -> None:
    placeholders = Placeholders()
    names = [placeholders.of(str(number)) for number in range(10_001)]
    assert names[-1] == "REDACTED-10001"
    assert all(PLACEHOLDER.fullmatch(name) for name in names)


def test_the_beginning_of_a_long_secret_tells_it_from_others() -> None:
    placeholders = Placeholders()
    assert placeholders.of("x1y" * 300) == placeholders.of(("x1y" * 300)[:BOUND])


def test_what_is_only_seen_has_no_placeholder() -> None:
    placeholders = Placeholders()
    assert placeholders.see("hunter2xyz") == ""
    assert len(placeholders) == 0
    assert placeholders.forms_in("a hunter2xyz") == placeholders.forms


@pytest.mark.parametrize(
    "secret", ["short1", "assistant", "requires_action", "os.environ", "********", "a a a a a a"]
)
def test_short_and_common_ones_are_not_looked_for(secret: str) -> None:
    placeholders = Placeholders()
    placeholders.of(secret)
    assert placeholders.forms == []


@pytest.mark.parametrize("count", [1, 100])
def test_forms_are_found_in_texts_and_at_their_ends(count: int) -> None:
    placeholders = Placeholders()
    for number in range(count):
        placeholders.of(f"hunter-{number}-xyz/é")
    assert "hunter-0-xyz/é" in placeholders.forms_in("say: hunter-0-xyz/é!")
    assert placeholders.begun_in("say: hunter-0") == 5
    assert placeholders.begun_in("say: hunter-0", 6) == 13
    assert placeholders.begun_in("say: hunter_0") == 13
    assert placeholders.begun_in("say: h") == 5


def test_only_so_many_are_looked_for() -> None:
    placeholders = Placeholders()
    for number in range(1000):
        placeholders.of(f"hunter-{number:04}-xyz")
    assert "hunter-0999-xyz" not in placeholders.forms


@pytest.mark.parametrize("text", ["word", "Word", "WORD", "a_b", "os.environ", "basic/bearer", "OPENAI_API_KEY"])
def test_words(text: str) -> None:
    assert is_word(text)


@pytest.mark.parametrize("text", ["", "a1", "camelCase", "two words", "x" * 17, "a__b", "é", "a@b"])
def test_no_words(text: str) -> None:
    assert not is_word(text)
