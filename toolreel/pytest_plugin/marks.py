"""What a test asks for: its marker `cassette`, or the fixture of that name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

MARKER = "cassette"

_ASKED = pytest.StashKey["Asked | None"]()
_SCOPES: dict[str, type[pytest.Item | pytest.Collector]] = {
    "function": pytest.Item,
    "class": pytest.Class,
    "module": pytest.Module,
}
_CHOICES = {"poll": ("collapse", "faithful"), "clock": ("recorded", "now", "fixed"), "strict": (True, False)}
_TEXTS = ("pace", "chunks", "faults")


@dataclass(frozen=True, slots=True)
class Asked:
    """The cassettes of a test: `names` as they are given or taken from the id of `node`, whose tests share a session.

    What is None is as the settings say.
    """

    names: tuple[str, ...]
    node: pytest.Item | pytest.Collector
    strict: bool | None = None
    poll: str | None = None
    clock: str | None = None
    pace: str | None = None
    chunks: str | None = None
    faults: str | None = None

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What the tests that share a session have in common."""
        return self.node.nodeid, self.names


def asked_of(item: pytest.Item) -> Asked | None:
    """What a test asks for, if anything; raises pytest.UsageError for a marker that cannot be."""
    if _ASKED not in item.stash:
        mark = item.get_closest_marker(MARKER)
        if mark is not None:
            item.stash[_ASKED] = _asked(item, mark.args, dict(mark.kwargs))
        else:
            item.stash[_ASKED] = _asked(item, (), {}) if _takes_fixture(item) else None
    return item.stash[_ASKED]


def _takes_fixture(item: pytest.Item) -> bool:
    """Whether a test, or a fixture of it, takes our fixture, and not another one of the same name."""
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    found = known.get(MARKER, ())
    return bool(found) and getattr(found[-1].func, "__module__", None) == __package__


def _asked(item: pytest.Item, names: tuple[Any, ...], options: dict[str, Any]) -> Asked:
    from toolreel.store.names import name_of_test

    if not all(isinstance(name, str) and name for name in names):
        raise _wrong(item, "takes names of cassettes, each a text")
    scope = options.pop("scope", "function")
    node = item.getparent(_SCOPES[scope]) if scope in _SCOPES else None
    if node is None:
        choices = ", ".join(map(repr, _SCOPES))
        what = f"a test outside of any {scope}" if scope in _SCOPES else f"scope={scope!r}; there are {choices}"
        raise _wrong(item, f"cannot have {what}")
    for name, value in options.items():
        if name not in _CHOICES and name not in _TEXTS:
            raise _wrong(item, f"has no option {name}; there are scope, {', '.join((*_CHOICES, *_TEXTS))}")
        if name in _TEXTS and not isinstance(value, str):
            raise _wrong(item, f"cannot have {name}={value!r}; it is a text")
        if name in _CHOICES and value not in _CHOICES[name]:
            raise _wrong(item, f"cannot have {name}={value!r}; there are {', '.join(map(repr, _CHOICES[name]))}")
    return Asked(names or (name_of_test(node.nodeid),), node, **options)


def _wrong(item: pytest.Item, what: str) -> pytest.UsageError:
    return pytest.UsageError(f"{item.nodeid}: the marker {MARKER} {what}.")
