"""Fixtures for tests through real sockets: a folder of cassettes, and the command line."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from toolreel.commands.cli import main

with warnings.catch_warnings():
    # mitmproxy imports ldap3, which uses names that its own dependency calls deprecated (Python 3.11).
    warnings.simplefilter("ignore", DeprecationWarning)
    from toolreel.addons import master  # noqa: F401 - so that no test is the first to import it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """mitmproxy 11 calls what its pinned pyOpenSSL deprecates; as an error that would end every TLS handshake."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning:mitmproxy.*"))


class Ran(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one sentence that says what is wrong; there is exactly one, and no traceback."""
        assert "Traceback" not in self.err
        complaints = [line for line in self.err.splitlines() if line.startswith("toolreel: ")]
        assert len(complaints) == 1, self.err
        assert complaints[0].endswith("."), "a sentence"
        return complaints[0].removeprefix("toolreel: ")


Toolreel = Callable[..., Ran]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of cassettes with a store of its own beside it."""
    folder = tmp_path / "cassettes"
    folder.mkdir()
    return folder


@pytest.fixture
def toolreel(capfd: pytest.CaptureFixture[str]) -> Toolreel:
    """Runs the program in this process; what COMMAND writes is in the output too."""

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, *capfd.readouterr())

    return run
