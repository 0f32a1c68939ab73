"""The published description of the control API is the program's own."""

from __future__ import annotations

from pathlib import Path

from toolreel.server.openapi import openapi_text

PUBLISHED = Path(__file__).parents[2] / "docs" / "control.openapi.json"


def test_the_published_description_is_made_from_the_routes() -> None:
    assert PUBLISHED.read_text() == openapi_text(), "run 'make schema'"
