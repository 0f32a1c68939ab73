"""The whole run: what all tests noted, and the cassettes that a project may want to look after."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .marks import MARKER

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


COLLECTED = pytest.StashKey[Any]()
NOTED = "toolreel"
"""The attribute under which a report carries what the cassettes of its test came to, from xdist's workers too."""
_NAMES = "toolreel_names"
"""Under which a worker of xdist says which cassettes its tests name."""


class Summary:
    """Collects over a run, where its summary is printed: under xdist in the process that starts the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._notes: list[tuple[str, dict[str, Any]]] = []
        self._names: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Notes which tests are on which cassette, before any are left out."""
        if self._config.getoption("toolreel_orphans") or any(item.get_closest_marker(MARKER) for item in items):
            from .collected import Collected

            self._config.stash[COLLECTED] = Collected(items)

    def pytest_sessionfinish(self) -> None:
        """A worker of xdist says what it knows."""
        collected = self._config.stash.get(COLLECTED, None)
        self._names.update(collected.names if collected else ())
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_NAMES] = sorted(self._names)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker said."""
        self._names.update(getattr(node, "workeroutput", {}).get(_NAMES, ()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """What the cassettes of a test came to."""
        self._notes += [(report.nodeid, note) for note in getattr(report, NOTED, ())]

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter) -> None:
        """Prints it, if a cassette was wanted or a list was asked for."""
        from toolreel.errors import ToolreelError

        from .words import summed

        lines = summed(self._notes) if self._notes else []
        try:
            if self._config.getoption("toolreel_orphans"):
                lines += _listed("No collected test names", self._orphans())
            if (days := self._config.getoption("toolreel_max_age")) is not None:
                lines += _listed(f"Recorded more than {days} days ago", self._older(timedelta(days=days)))
        except ToolreelError as error:
            lines.append(str(error))
        if lines:
            terminalreporter.section("toolreel", sep="-")
            for line in lines:
                terminalreporter.line(line)

    def _orphans(self) -> list[str]:
        from toolreel.store.names import cassette_names

        return [name for name in cassette_names(self._folder()) if name not in self._names]

    def _older(self, age: timedelta) -> list[str]:
        from toolreel.store.names import cassette_names, cassette_path

        folder, now = self._folder(), datetime.now(UTC)
        found = ((name, _recorded_at(cassette_path(folder, name))) for name in cassette_names(folder))
        return [f"{name}, {at:%Y-%m-%d}" for name, at in found if at is not None and now - at > age]

    def _folder(self) -> Path:
        from .stage import folder_of

        return folder_of(self._config)


def _recorded_at(path: Path) -> datetime | None:
    """When a cassette was recorded; None if it does not say, or is broken, which its test says."""
    try:
        at = datetime.fromisoformat(json.loads(path.read_bytes())["take"]["recorded_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return [f"{title}:", *(found or ["  none"])]
