"""What a test may ask for, and what it is told if it asks for something else."""

from __future__ import annotations

import pytest

from .conftest import Project


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("(1)", "takes names of cassettes, each a text."),
        ("('')", "takes names of cassettes, each a text."),
        ("(scope='session')", "cannot have scope='session'; there are 'function', 'class', 'module'."),
        ("(scope='class')", "cannot have a test outside of any class."),
        ("(mode='once')", "has no option mode; there are scope, poll, clock, strict, pace, chunks, faults."),
        ("(poll='often')", "cannot have poll='often'; there are 'collapse', 'faithful'."),
        ("(pace=5)", "cannot have pace=5; it is a text."),
        ("(strict='yes')", "cannot have strict='yes'; there are True, False."),
    ],
)
def test_a_marker_that_cannot_be_is_said_before_any_test_runs(marker: str, message: str, project: Project) -> None:
    project.file("test_it.py", f"@pytest.mark.cassette{marker}\ndef test_it(): pass\n")
    ran = project.run()
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: test_it.py::test_it: the marker cassette {message}"])


def test_the_marker_is_known_and_explained(project: Project) -> None:
    ran = project.run("--markers")
    ran.stdout.fnmatch_lines(["@pytest.mark.cassette(?names, scope='function', *): the HTTP traffic of this test *"])


def test_the_options_are_explained(project: Project) -> None:
    help_text = project.run("--help").stdout.str()
    options = ["mode", "strict", "upstream", "cassettes", "early", "orphans", "max-age"]
    assert all(f"--toolreel-{option}" in help_text for option in options)


def test_cassettes_are_stacked_and_the_nearest_marker_counts(project: Project) -> None:
    project.talks("talk")
    project.models("model")
    project.file(
        "test_it.py",
        """
        pytestmark = pytest.mark.cassette("not there")

        @pytest.mark.cassette("talk", "model", strict=False)
        def test_it(cassette):
            assert cassette.names == ("talk", "model")
            assert converse() == "completed"
            assert ask("GET", "/models/gpt-4o")[0] == 200
        """,
    )
    project.run().assert_outcomes(passed=1)
