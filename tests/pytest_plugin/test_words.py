"""What the plugin says."""

from __future__ import annotations

from toolreel.pytest_plugin.words import MOST_LINES, missed, never_played, not_kept, noted, summed


def test_misses() -> None:
    assert missed(["a"], ["x"]) == "1 request had no answer in cassette a:\n  x"
    assert missed(["a", "b"], ["x", "y"]) == "2 requests had no answer in cassettes a, b:\n  x\n  y"


def test_options_that_would_have_helped_are_settings_here() -> None:
    lines = missed(["a"], ["x. To let it match: --ignore '$.a'.", "y"]).splitlines()
    assert lines[-1] == "pytest has these options as settings, under [tool.toolreel.replay]."


def test_what_was_not_played_and_what_to_do() -> None:
    lines = never_played(["A"], ["x"]).splitlines()
    assert lines[:2] == ["Cassette A: not played to the end, nobody asked for", "  x"]
    assert "--toolreel-mode=all" in lines[2]
    assert "strict=False" in lines[2]


def test_a_recording_that_is_not_kept() -> None:
    assert "'toolreel recover a/b'" in not_kept("a/b")


def test_no_more_is_shown_than_can_be_read() -> None:
    lines = missed(["a"], [str(number) for number in range(100)]).splitlines()
    assert len(lines) == MOST_LINES + 2
    assert lines[-1] == "  and 80 more"


def test_the_sum() -> None:
    notes = [
        ("t1", noted(["a"], 3)),
        ("t2", noted(["a", "b"], 2, ["m", "n"], ["u"])),
        ("t3", noted(["c"], 1, [], ["u", "v"])),
    ]
    assert summed(notes) == [
        "3 cassettes: served 6, missed 2, never played 3.",
        "  t2: missed 2, never played 1: m",
        "  t3: missed 0, never played 2: u",
    ]
    assert summed([("t", noted(["d"], recorded=True))]) == [
        "1 cassette: served 0, missed 0, never played 0, recorded 1."
    ]
