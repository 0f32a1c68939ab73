"""Where tests play: one replay server in this process, on which each test that wants a cassette has a session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from toolreel.commands.delivering import delivery_of
from toolreel.commands.doors import base_url_environment
from toolreel.commands.matching import rules_of
from toolreel.commands.replay import base_url_door, new_book
from toolreel.commands.run import ALL, NONE, default_mode
from toolreel.commands.trust import VARIABLES as TRUST_VARIABLES
from toolreel.errors import CassetteError, CommandError, ToolreelError
from toolreel.replay.address import prefix
from toolreel.replay.manner import Manner
from toolreel.replay.miss import Miss
from toolreel.replay.verdict import Verdict
from toolreel.server.control import Desk
from toolreel.server.hosts import Listen
from toolreel.store.names import cassette_path
from toolreel.store.settings import DEFAULT_FOLDER, Replay, Settings, load_settings

from .collected import Collected
from .fixture import Cassette
from .marks import Asked
from .recorder import Recorder, recorder_command
from .words import missed, never_played, not_kept, noted

_FREE = Listen("127.0.0.1", 0)
_OPENAI = "https://api.openai.com"
_RUNNING = pytest.StashKey["Running"]()
_NOTED = pytest.StashKey[list[dict[str, Any]]]()
SECTION = "toolreel"


@dataclass(slots=True)
class Running:
    """A session or a recording, and how its tests went: misses `told` in a report, `strays` that found no session."""

    asked: Asked
    cassette: Cassette
    recorder: Recorder | None = None
    passed: int = 0
    spoilt: bool = False
    told: int = 0
    strays: list[str] = field(default_factory=list)


class Stage:
    """The replay server of this process, begun when first wanted, and what runs on it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._running: dict[object, Running] = {}
        self._recorded: set[str] = set()
        self._early = False
        self._strays = 0
        self._patch = pytest.MonkeyPatch()

    # ------------------------------------------------------------------------------------------ what holds for a run

    @cached_property
    def settings(self) -> Settings:
        """The settings of the project; raises CommandError."""
        return load_settings(self._config.rootpath)

    @cached_property
    def folder(self) -> Path:
        """The folder of the cassettes."""
        return folder_of(self._config, self.settings)

    @cached_property
    def mode(self) -> str:
        """What is asked for, else what the settings say; they make nobody record in CI."""
        asked: str | None = self._config.getoption("toolreel_mode")
        return asked or (NONE if default_mode() == NONE else self.settings.pytest.mode)

    @cached_property
    def _manner(self) -> Manner:
        tests = self.settings.pytest
        strict = self._config.getoption("toolreel_strict")
        return Manner(
            poll=tests.poll,
            clock=tests.clock,
            rules=rules_of(self.settings, Replay()),
            redact=self.settings.redacting(),
            delivery=delivery_of(None, None, None, self.settings),
            strict=tests.strict if strict is None else strict,
        )

    @cached_property
    def _desk(self) -> Desk:
        return Desk(new_book(self.folder, self._manner, on_demand=False))

    @cached_property
    def _environment(self) -> Mapping[str, str]:
        """Leads to the server, which begins here."""
        return self._stack.enter_context(base_url_door(self._desk, _FREE, tls=self.settings.pytest.tls))

    def lead_early(self) -> None:
        """Leads clients here for the whole run: to the session of the test that runs when they ask."""
        self._early = True
        early = self._stack.enter_context(pytest.MonkeyPatch.context())
        try:
            environment = self._environment
        except ToolreelError as error:
            raise pytest.UsageError(str(error)) from None
        for name, value in environment.items():
            early.setenv(name, value)

    def close(self) -> None:
        """Ends the server, and recordings that were interrupted."""
        for running in self._running.values():
            if running.recorder:
                running.recorder.finish(keep=False)
        self._running.clear()
        self._patch.undo()
        self._stack.close()

    # ---------------------------------------------------------------------------------------------------- each test

    def of(self, item: pytest.Item) -> Running:
        """What a test runs on."""
        return item.stash[_RUNNING]

    def enter(self, item: pytest.Item, asked: Asked) -> None:
        """Begins what a test asks for, or goes on with it, and sets the environment; fails the test if it cannot."""
        item.stash[_NOTED] = []
        problem = ""
        try:
            if asked.key not in self._running:
                self._running[asked.key] = self._begin(asked)
        except ToolreelError as error:
            problem = str(error)
        if problem:
            pytest.fail(problem, pytrace=False)
        running = item.stash[_RUNNING] = self._running[asked.key]
        for name, value in running.cassette.environment.items():
            self._patch.setenv(name, value)
        if running.cassette.session:
            self._desk.book.default = running.cassette.session
            self._strays = len(self._desk.book.strays)

    def spoil(self, item: pytest.Item) -> None:
        """A test went wrong while it was tidied up."""
        if _RUNNING in item.stash:
            item.stash[_RUNNING].spoilt = True

    def judge(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """A report that says what was missed; a test fails for it even if it minds it not."""
        running = item.stash.get(_RUNNING, None)
        if running is None or report.when == "teardown":
            return
        misses = self._new_misses(running) if report.when == "call" or not report.passed else []
        if misses and report.passed:
            report.outcome = "failed"
            report.longrepr = missed(running.asked.names, misses)
        elif misses:
            report.sections.append((SECTION, missed(running.asked.names, misses)))
        if not report.passed:
            running.spoilt = True
            if running.recorder:
                report.sections.append((SECTION, not_kept(running.cassette.name)))
        elif report.when == "call":
            running.passed += 1

    def leave(self, item: pytest.Item, nextitem: pytest.Item | None, collected: Collected | None) -> list[str]:
        """After a test: what nobody runs on any more ends. Gives what is wrong with it."""
        self._patch.undo()
        going_on = nextitem.listchain() if nextitem else []
        over = [running for running in self._running.values() if running.asked.node not in going_on]
        notes, problems = item.stash.setdefault(_NOTED, []), []
        for running in over:
            del self._running[running.asked.key]
            try:
                note, wrong = self._end(running, collected)
            except ToolreelError as error:
                note, wrong = noted(running.asked.names), [str(error)]
            notes.append(note)
            problems += wrong
        return problems

    def noted(self, item: pytest.Item) -> list[dict[str, Any]]:
        """What came of all that ended with a test, for the summary."""
        return item.stash.get(_NOTED, [])

    # ------------------------------------------------------------------------------------------ sessions, recordings

    def _begin(self, asked: Asked) -> Running:
        missing = [name for name in asked.names if not os.path.lexists(cassette_path(self.folder, name))]
        fresh = self.mode == ALL and len(asked.names) == 1 and asked.names[0] not in self._recorded
        if missing and self.mode == NONE:
            path = cassette_path(self.folder, missing[0])
            raise CassetteError(f"There is no cassette {path}; record it with --toolreel-mode=once.")
        if missing and len(asked.names) > 1:
            raise CommandError(
                f"Cassette {missing[0]} is not there, and one of several is not recorded; record it alone."
            )
        return self._record(asked, force=fresh) if missing or fresh else self._replay(asked)

    def _replay(self, asked: Asked) -> Running:
        environment = self._environment
        given = {"strict": asked.strict, "poll": asked.poll, "clock": asked.clock}
        manner: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if asked.pace or asked.chunks or asked.faults:
            file = self._config.rootpath / asked.faults if asked.faults else None
            manner["delivery"] = delivery_of(asked.pace, asked.chunks, file, self.settings)
        with self._desk.lock:
            held = self._desk.book.begin(asked.names, None, replace(self._manner, **manner))

        def misses() -> list[Miss]:
            with self._desk.lock:
                return list(held.session.misses)

        def verdict() -> Verdict:
            with self._desk.lock:
                return held.verdict()

        # Who is led early is led to no session by name: a client of a wider fixture is made in one test for many.
        led = environment if self._early else _led_to(environment, prefix(held.cassettes, held.name))
        return Running(asked, Cassette(asked.names, led, held.name, misses, verdict))

    def _record(self, asked: Asked, *, force: bool) -> Running:
        if self._early:
            raise CommandError(
                "Nothing can be recorded with --toolreel-early: leave it out, or use 'toolreel record'."
            )
        (name,), tests = asked.names, self.settings.pytest
        upstream = self._config.getoption("toolreel_upstream") or tests.upstream or _OPENAI
        command = [*recorder_command(tests.recorder), "record", name, "--upstream", upstream]
        command += ["--cassettes", str(self.folder), *["--force"] * force, *["--tls"] * tests.tls]
        recorder = Recorder(command, self._config.rootpath)
        door = base_url_environment(_FREE, "/v1", tls=tests.tls, replays=False)
        environment = recorder.start([*door, *TRUST_VARIABLES])
        return Running(asked, Cassette(asked.names, environment, None, list, None), recorder)

    def _new_misses(self, running: Running) -> list[str]:
        """What was missed and stands in no report yet."""
        if running.cassette.session is None:
            return []
        with self._desk.lock:
            strays = self._desk.book.strays[self._strays :]
            self._strays += len(strays)
        running.strays += strays
        misses = running.cassette.misses[running.told :]
        running.told += len(misses)
        return [f"{miss.code}: {miss.message}" for miss in misses] + [f"no_session: {stray}" for stray in strays]

    def _end(self, running: Running, collected: Collected | None) -> tuple[dict[str, Any], list[str]]:
        """What to note of a session or recording that is over, and what is wrong; raises ToolreelError."""
        names = running.asked.names
        if running.recorder:
            running.recorder.finish(keep=not running.spoilt)
            self._recorded.update(() if running.spoilt else names)
            return noted(names, recorded=not running.spoilt), []
        late = self._new_misses(running)
        with self._desk.lock:
            self._desk.book.default = None
            held = self._desk.book.close(running.cassette.session or "")
            verdict = held.verdict()
        whole = not running.spoilt and self._is_whole(running, collected)
        unplayed = [str(one) for one in verdict.unplayed] if whole else []
        problems = [missed(names, late)] if late else []
        problems += [never_played(names, unplayed)] if unplayed else []
        misses = [*(miss.message for miss in held.session.misses), *running.strays]
        return noted(names, verdict.served, misses, unplayed), problems

    def _is_whole(self, running: Running, collected: Collected | None) -> bool:
        """Whether all the tests that share a session have run here, as far as can be known."""
        if isinstance(running.asked.node, pytest.Item):
            return True
        chosen = any("::" in argument for argument in self._config.invocation_params.args)
        return not chosen and collected is not None and collected.sharing(running.asked) == running.passed


def folder_of(config: pytest.Config, settings: Settings | None = None) -> Path:
    """The folder of a project's cassettes: of the command line, the environment, the settings, or the usual one."""
    given = config.getoption("toolreel_cassettes") or os.environ.get("TOOLREEL_CASSETTES")
    if given:
        return config.invocation_params.dir / given
    return config.rootpath / ((settings or load_settings(config.rootpath)).cassettes or DEFAULT_FOLDER)


def _led_to(environment: Mapping[str, str], where: str) -> dict[str, str]:
    """The environment that leads to a server, made to lead to a place on it."""
    url = environment["TOOLREEL_URL"]
    return {
        name: url + where + value.removeprefix(url) if value.startswith(url) else value
        for name, value in environment.items()
    }
