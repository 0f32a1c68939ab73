"""What the page about faults says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from toolreel.replay.chunking import How, parse_chunking
from toolreel.replay.faults import Fault, Faults, LastError, parse_faults
from toolreel.replay.pace import parse_pace
from toolreel.store.settings import Replay

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
BLOCKS = dict(re.findall(r"```toml (\w+)\n(.*?)```", PAGE, re.DOTALL))


def test_the_example_is_a_fault_file() -> None:
    assert [fault.shown for fault in parse_faults(BLOCKS["fault"], "faults.md").fault] == [
        "status 429",
        "reset request",
        "cut inside frame 12",
    ]


def test_the_settings_are_settings() -> None:
    said = Replay.model_validate(tomllib.loads(BLOCKS["settings"])["replay"])
    assert said.faults == "faults.toml"
    assert parse_chunking(said.chunks).how is How.RANDOM
    assert parse_pace(said.pace).number == 10


@pytest.mark.parametrize("name", [*Fault.model_fields, *Faults.model_fields, *LastError.model_fields])
def test_every_entry_is_explained(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)
