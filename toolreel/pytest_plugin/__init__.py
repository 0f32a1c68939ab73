"""The pytest plugin: a test marked `cassette` finds the API in a cassette of its own.

    @pytest.mark.cassette
    def test_weather():
        client = OpenAI()

It patches no client and imports no mitmproxy: the environment leads clients to a replay server in this process, one a
worker, on which each test has a session. Every test run of an environment in which toolreel is installed loads this
module; so it and the neighbours that it imports need nothing but pytest, and the rest is loaded for the first test
that wants a cassette.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from .marks import MARKER, asked_of
from .summary import COLLECTED, NOTED, Summary

if TYPE_CHECKING:
    from .fixture import Cassette
    from .stage import Stage

__all__ = ["Cassette"]

_STAGE = pytest.StashKey["Stage"]()


def __getattr__(name: str) -> Any:
    """`Cassette`, for annotations in tests; loaded when asked for."""
    if name == "Cassette":
        from .fixture import Cassette

        return Cassette
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the command line."""
    group = parser.getgroup("toolreel", "recorded HTTP traffic of LLM clients (toolreel)")
    add = group.addoption
    modes = "none: replay cassettes (default); once: record those that are not there; all: record all afresh."
    add("--toolreel-mode", choices=("none", "once", "all"), help=modes)
    strict: dict[str, Any] = {"dest": "toolreel_strict", "action": "store_const", "default": None}
    add("--toolreel-strict", const=True, help="A test must play its whole cassette (default).", **strict)
    add("--no-toolreel-strict", const=False, help="A test must only end what it began.", **strict)
    add("--toolreel-upstream", metavar="URL", help="The server to record; by default https://api.openai.com.")
    add("--toolreel-cassettes", metavar="DIR", help="Folder of the cassettes; by default what the settings say.")
    early = "Lead clients here from the start: for those that are made on import, or by a fixture for several tests."
    add("--toolreel-early", action="store_true", help=early)
    add("--toolreel-orphans", action="store_true", help="List the cassettes that no collected test names.")
    add("--toolreel-max-age", metavar="DAYS", type=int, help="List the cassettes that were recorded longer ago.")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """With --toolreel-early the environment is set before the first import of the tests."""
    if early_config.known_args_namespace.toolreel_early:
        _stage(early_config).lead_early()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(*names, scope='function', strict=True, poll=…, clock=…, pace=…, chunks=…, faults=…): "
        "the HTTP traffic of this test comes from a cassette, by default from one that is named after the test.",
    )
    config.pluginmanager.register(Summary(config), "toolreel-summary")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the replay server, if there is one."""
    if (stage := config.stash.get(_STAGE, None)) is not None:
        stage.close()


def _stage(config: pytest.Config) -> Stage:
    """The stage of this process, made when first wanted."""
    if _STAGE not in config.stash:
        from .stage import Stage

        config.stash[_STAGE] = Stage(config)
    return config.stash[_STAGE]


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Cassette:
    """The cassette of this test: base_url, session, misses and more. To ask for it is as good as the marker."""
    return _stage(request.config).of(request.node).cassette


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before all fixtures of a test its session is there, and the environment leads to it."""
    if (asked := asked_of(item)) is not None:
        _stage(item.config).enter(item, asked)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """After all fixtures of a test its session is judged; they may have used it to tidy up."""
    stage = item.config.stash.get(_STAGE, None)
    try:
        yield
    except BaseException:
        if stage is not None:
            stage.spoil(item)
            stage.leave(item, nextitem, item.config.stash.get(COLLECTED, None))
        raise
    problems = stage.leave(item, nextitem, item.config.stash.get(COLLECTED, None)) if stage is not None else []
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that missed something fails, and every failing test says what it missed."""
    report = yield
    if (stage := item.config.stash.get(_STAGE, None)) is not None:
        stage.judge(item, report)
        if report.when == "teardown":
            setattr(report, NOTED, stage.noted(item))
    return report
