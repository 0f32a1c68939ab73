"""The published JSON Schema is the program's own, and holds for the shipped cassettes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from toolreel.store.schema import schema_text

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "cassette.schema.json"
CASSETTES = sorted([*(ROOT / "cassettes").rglob("*.json"), *(ROOT / "docs" / "cassettes").rglob("*.json")])


def test_the_published_schema_is_made_from_the_models() -> None:
    assert SCHEMA.read_text() == schema_text(), "run 'make schema'"


@pytest.mark.parametrize(
    "path",
    sorted([*(ROOT / "cassettes").rglob("*.json"), *(ROOT / "docs" / "cassettes").rglob("*.json")]),
    ids=lambda path: path.stem,
)
def test_a_shipped_cassette_fits_the_schema(path: Path) -> None:
    jsonschema.validate(json.loads(path.read_text()), json.loads(SCHEMA.read_text()))


def test_the_schema_refuses_what_is_no_cassette() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"toolreel": 2, "upstreams": [], "interactions": []}, json.loads(SCHEMA.read_text()))
