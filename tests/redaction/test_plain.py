from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.redaction.edits import Edit, applied
from toolreel.redaction.placeholders import BOUND, Placeholders
from toolreel.redaction.plain import PlainScanner, merged
from toolreel.redaction.rules import DEFAULT_RULES, Rules, rules_from
from toolreel.redaction.search import Search

PIECES = st.sampled_from(
    [
        "sk-",
        "abcdefgh1234",
        "eyJhbGciOi",
        ".",
        "Bearer ",
        "Basic ",
        "dTpwYXNz",
        "password",
        '"',
        "'",
        "\\",
        "=",
        ": ",
        " ",
        "\n",
        "REDACTED-0001",
        "REDACTED",
        "user-",
        "AKIA",
        "ABCDEFGH12345678",
        "hunter2xyz",
        "hunter2",
        "xyz",
        "&",
        ";",
        "-----BEGIN PRIVATE KEY-----",
        "MIIE" * 9,
        "-----END",
        "://u:",
        "@",
        "***",
        "...",
        "é",
        "key provided: ",
        "sig=",
        "a1" * 300,
    ]
)
TEXTS = st.lists(PIECES, max_size=14).map("".join)


def scanner(rules: Rules = DEFAULT_RULES) -> PlainScanner:
    return PlainScanner(Search(rules, Placeholders()))


def pushed(text: str, size: int, rules: Rules = DEFAULT_RULES) -> tuple[str, int]:
    """The text redacted, and how much of it was undecided at most."""
    one, edits, most = scanner(rules), list[Edit](), 0
    for at in range(0, len(text), size):
        before = one.decided
        new = one.push(text[at : at + size])
        assert all(before <= edit.start and edit.end <= one.decided for edit in new)
        edits += new
        most = max(most, at + size - one.decided)
    return applied(text, edits + one.close()), most


@given(TEXTS, st.integers(1, 20))
@settings(max_examples=200, deadline=None)
def test_it_does_not_matter_in_which_pieces_a_text_comes(text: str, size: int) -> None:
    whole = applied(text, scanner().close(text))
    result, most = pushed(text, size)
    assert result == whole
    assert most <= 2 * BOUND + size
    again = applied(whole, scanner().close(whole))
    assert again == whole


@pytest.mark.soak
@given(TEXTS, st.integers(1, 20))
@settings(max_examples=20_000, deadline=None)
def test_it_does_not_matter_in_which_pieces_a_text_comes_for_long(text: str, size: int) -> None:
    whole = applied(text, scanner().close(text))
    assert pushed(text, size)[0] == whole
    assert applied(whole, scanner().close(whole)) == whole


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("no secret here", 14),
        ("the risk", 8),
        ("a s", 2),
        ("a sk", 2),
        ("a sk-", 2),
        ("a sk-abcdefgh1234", 2),
        ("a sk-abcdefgh1234 ", 18),
        ("password", 7 + 1),
        ("password: ", 10),
        ("password: hunter2", 10),
        ("Bearer abc1234", 7),
        ("a sk-" + "x" * 600, 605),
    ],
)
def test_only_the_beginning_of_a_secret_is_undecided(text: str, decided: int) -> None:
    one = scanner()
    one.push(text)
    assert one.decided == decided


def test_a_long_secret_is_given_out_before_it_ends() -> None:
    one = scanner()
    assert one.push("sk-" + "a1" * 300) == [Edit(0, 603, "REDACTED-0001")]
    assert one.push("a1a1") == [Edit(603, 607, "")]
    assert one.push(" and more") == []
    assert one.push(" sk-abcdefgh1234 ") == [Edit(617, 632, "REDACTED-0002")]


def test_what_was_found_is_found_again_further_on() -> None:
    text = "password=hunter2xyz, hunter2xyz and hunter2xy"
    for size in (1, 2, 7, 100):
        assert pushed(text, size)[0] == "password=REDACTED-0001, REDACTED-0001 and hunter2xy"


def test_nothing_before_the_place_where_it_starts_is_touched() -> None:
    one = PlainScanner(Search(DEFAULT_RULES, Placeholders()), 10, 'password: "')
    assert one.close('abc" x') == [Edit(10, 13, "REDACTED-0001")]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_patterns_of_the_user(size: int) -> None:
    rules = rules_from(
        {
            "patterns": [
                {"pattern": r"\bacme_([0-9a-f]{4,8})", "max_length": 20},
                {"pattern": r"\d{4}", "max_length": 4},
            ]
        }
    )
    text = "an acme_00ff00ff and acme_12, REDACTED-0001 or 2024"
    assert pushed(text, size, rules)[0] == "an acme_REDACTED-0001 and acme_12, REDACTED-0001 or REDACTED-0002"


def test_in_a_hurry_all_is_decided() -> None:
    one = scanner()
    assert one.push("x sk-abcdefgh1234") == []
    assert one.hurry() == [Edit(2, 17, "REDACTED-0001")]
    assert one.decided == 17
    assert one.push("5678") == [Edit(17, 21, "")]
    assert one.push(" sk-abc") == []
    assert one.hurry() == []
    assert one.decided == 28
    assert one.push("defgh1234 ") == [Edit(28, 37, "REDACTED-0002")]


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a AKIA1234", "a "), ("a AKIA123", "a AKIA123"), ("a user-friend", "a user-friend"), ("see hunter2xy", "see ")],
)
def test_what_might_have_become_a_secret_in_a_text_that_is_cut(text: str, kept: str) -> None:
    placeholders = Placeholders()
    placeholders.see("hunter2xyz")
    for size in (1, 100):
        one = PlainScanner(Search(DEFAULT_RULES, placeholders))
        edits = [edit for at in range(0, len(text), size) for edit in one.push(text[at : at + size])]
        assert applied(text, edits + one.close(cut=True)).partition("REDACTED")[0] == kept


def test_spans_that_overlap_are_merged() -> None:
    assert merged([(5, 9), (0, 2), (2, 3), (8, 12), (6, 7)]) == [(0, 2), (2, 3), (5, 12)]
