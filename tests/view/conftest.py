"""A folder of cassettes, and somebody who looks at its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.food import FOLDER
from tests.inspect.tapes import SAMPLE

from .looking import Viewer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample, one take of another conversation and another take of it, one that lint warns of, a broken one."""
    folder = tmp_path / "cassettes"
    (folder / "sub").mkdir(parents=True)
    sample = SAMPLE.read_text()
    (folder / "weather.json").write_text(sample)
    for name in ("food", "friday", "unanswered"):
        (folder / "sub" / f"{name}.json").write_text((FOLDER / f"{name}.json").read_text())
    (folder / "broken.json").write_text(sample[:1000])
    (folder / "failed.json").write_text(sample.replace('"status": 200', '"status": 500', 3))
    return folder


@pytest.fixture
def viewer(folder: Path) -> Viewer:
    return Viewer(folder)
