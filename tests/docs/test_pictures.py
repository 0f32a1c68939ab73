"""The pictures are there, and somebody shows them."""

from __future__ import annotations

from .pages import DOCS
from .pictures import PICTURES, SCHEMES, TAKEN

NAMES = {f"{picture}-{scheme}.png" for picture in TAKEN for scheme in SCHEMES}


def test_every_picture_was_taken_and_is_shown() -> None:
    assert {path.name for path in PICTURES.iterdir()} == NAMES, "run 'python -m tests.docs.pictures'"
    shown = (DOCS.parent / "README.md").read_text() + (DOCS / "inspect.md").read_text()
    for name in NAMES:
        assert f"pictures/{name}" in shown, name


def test_the_pictures_are_small() -> None:
    assert all(path.stat().st_size < 200_000 for path in PICTURES.iterdir())
