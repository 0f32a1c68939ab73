"""The pages in docs/ show what the program says today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolreel.commands import inspecting, keeping
from toolreel.messages.model import Cassette
from toolreel.store.files import load
from toolreel.store.layout import cassette_text

from .food import FOLDER, cassettes
from .pages import PAGES, made_anew

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_output_on_a_page_is_what_the_program_says(path: Path) -> None:
    page = path.read_text()
    assert page.count("```console") > 3
    assert made_anew(page) == page, "run 'make pages', and read what has changed"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_can_be_found(path: Path) -> None:
    assert f"(docs/{path.name})" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_what_a_page_links_to_is_there(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)", path.read_text()):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize(("name", "made"), cassettes().items())
def test_the_cassettes_of_the_pages_are_made_by_their_program(name: str, made: Cassette) -> None:
    assert (FOLDER / f"{name}.json").read_text() == cassette_text(made), "run 'make pages'"
    assert load(FOLDER / f"{name}.json") == made


def test_every_command_that_looks_at_cassettes_is_shown_at_work() -> None:
    shown = "".join(page.read_text() for page in PAGES)
    for command in (*inspecting.COMMANDS, *keeping.COMMANDS):
        assert f"$ toolreel {command.name}" in shown, command.name
