from __future__ import annotations

import pytest

from toolreel.normalise.cassette import normalise
from toolreel.normalise.replace import PRESETS, finder, rule
from toolreel.normalise.strings import in_text

from .takes import above, post, stream, take

DATES, UUIDS, PATHS = (finder(PRESETS[name]) for name in ("dates", "uuids", "tmp-paths"))


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("today is 2025-10-30.", "today is 2000-01-01."),
        ("at 2025-10-30T12:34:56Z", "at 2000-01-01T00:00:00Z"),
        ("at 2025-10-30 12:34", "at 2000-01-01T00:00:00Z"),
        ("at 2025-10-30T12:34:56.789+02:00!", "at 2000-01-01T00:00:00Z!"),
        ("October 30, 2025", "January 1, 2000"),
        ("Oct 3rd 2025", "January 1, 2000"),
        ("on 3 Oct 2025", "on 1 January 2000"),
        ("12025-10-30", "12025-10-30"),
        ("call 555-12-34", "call 555-12-34"),
        ("may 2025", "may 2025"),
    ],
)
def test_dates(text: str, replaced: str) -> None:
    assert in_text(text, DATES) == replaced
    assert in_text(replaced, DATES) == replaced


def test_uuids_and_temporary_paths() -> None:
    uuid, zero = "0b8f2c1e-9d3a-4f6b-8a7c-1234567890AB", "00000000-0000-0000-0000-000000000000"
    assert in_text(f"trace {uuid}.", UUIDS) == f"trace {zero}."
    assert in_text(f"{uuid}f", UUIDS) == f"{uuid}f"
    assert in_text("open /tmp/tmpab12/x.csv", PATHS) == "open /tmp/replaced/x.csv"
    assert in_text("/private/var/folders/ab/cd12/T/tmpx y", PATHS) == "/tmp/replaced y"
    assert in_text(in_text("/tmp/tmpab12", PATHS), PATHS) == "/tmp/replaced"


def test_at_each_place_the_first_rule_counts() -> None:
    find = finder([rule("b+", "1"), rule("[a-c]+", "2"), rule("(x)(y)", r"\2\1")])
    assert in_text("ab ac xy bb", find) == "a1 2 yx 1"


@pytest.mark.parametrize(("pattern", "replacement"), [("(", "x"), ("x*", "y"), ("x", r"\1"), ("x", r"\g<name>")])
def test_a_rule_that_cannot_be_is_refused_in_one_sentence(pattern: str, replacement: str) -> None:
    with pytest.raises(ValueError, match="the pattern"):
        rule(pattern, replacement)


def test_what_the_program_varies_is_written_replaced_in_requests_and_answers() -> None:
    def recording(day: str) -> str:
        deltas = [{"content": [{"index": 0, "text": {"value": piece}}]} for piece in (f"It is {day[:4]}", day[4:])]
        events = [("e", {"id": "msg_1", "delta": delta}) for delta in deltas]
        exchange = post(f"/days/{day}", {"day": day}, {"q": f"What happens on {day}?"})
        return above(normalise(take(exchange, stream("/x", events)), DATES)[0])

    assert recording("2025-10-30") == recording("2026-01-02")
    assert "2000-01-01" in recording("2025-10-30")
    assert "2025" not in recording("2025-10-30")
