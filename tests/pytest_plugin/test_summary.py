"""The whole run: its summary, the cassettes that nobody names, and those that are old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from toolreel.messages.model import Take
from toolreel.store.files import load, save
from toolreel.store.names import cassette_path

from .conftest import Project

TESTS = """
@pytest.mark.cassette("one", strict=False)
def test_one():
    ask("GET", "/models/gpt-4o")
    ask("GET", "/gone")

@pytest.mark.cassette("two", "three", strict=False)
@pytest.mark.parametrize("number", range(3))
def test_two(number): pass

@pytest.mark.cassette
@pytest.mark.skip
def test_named(): pass
"""


@pytest.fixture
def kept(project: Project) -> Project:
    """A project with a cassette too many."""
    project.models("one", "two", "three", "test_it/test_named", "old/orphan", "orphan")
    (project.cassettes / "broken.json").write_text("{")
    project.file("test_it.py", TESTS)
    return project


ORPHANS = ["No collected test names:", "  broken", "  old/orphan", "  orphan", ""]


def test_cassettes_that_no_collected_test_names_are_listed_on_request(kept: Project) -> None:
    ran = kept.run("--toolreel-orphans", "-k", "two")
    ran.assert_outcomes(passed=3, deselected=2)
    ran.stdout.fnmatch_lines(["2 cassettes: served 0, missed 0, never played 0.", *ORPHANS], consecutive=True)
    assert "No collected test" not in kept.run("-k", "two").stdout.str()


def test_a_run_without_a_cassette_can_list_them_too(project: Project) -> None:
    project.models("orphan")
    project.file("test_it.py", "def test_it(): pass\n")
    ran = project.run("--toolreel-orphans")
    ran.stdout.fnmatch_lines(["No collected test names:", "  orphan"], consecutive=True)
    ran = project.run("--toolreel-orphans", "--toolreel-cassettes", "empty")
    ran.stdout.fnmatch_lines(["No collected test names:", "  none"], consecutive=True)
    assert "toolreel -" not in project.run().stdout.str(), "nothing is said where nothing was wanted"


def test_cassettes_over_an_age_are_listed_on_request(kept: Project) -> None:
    now = datetime.now(UTC)
    for name, days, zone in (("one", 100, ""), ("two", 10, "Z"), ("three", 31, "+02:00")):
        path = cassette_path(kept.cassettes, name)
        at = f"{(now - timedelta(days=days)).replace(tzinfo=None).isoformat()}{zone}"
        save(path, load(path).model_copy(update={"take": Take(recorded_at=at, tool="t")}))
    ran = kept.run("--toolreel-max-age=30", "-k", "two")
    listed = [f"  three, {now - timedelta(days=31):%Y-%m}-*", f"  one, {now - timedelta(days=100):%Y-%m}-*"]
    ran.stdout.fnmatch_lines(["Recorded more than 30 days ago:", listed[1], listed[0], ""], consecutive=True)
