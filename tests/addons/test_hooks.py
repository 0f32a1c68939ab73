"""Our way to call hooks beside mitmproxy's own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from mitmproxy.addonmanager import AddonManager
from mitmproxy.exceptions import AddonHalt
from mitmproxy.hooks import UpdateHook
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook, HttpResponseHook

from toolreel.addons.hooks import Hooks

from .conftest import flow_of

SEEN = list[tuple[str, str]]


class Addon:
    """Notes what it is told of."""

    def __init__(self, name: str, seen: SEEN, error: Exception | None = None) -> None:
        self.name, self._seen, self._error = name, seen, error

    def request(self, flow: object) -> None:
        self._see("request")

    def update(self, flows: Sequence[object]) -> None:
        self._see("update")

    def _see(self, what: str) -> None:
        self._seen.append((self.name, what))
        if self._error:
            raise self._error


class Slow(Addon):
    """Takes a turn of the loop."""

    async def request(self, flow: object) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self._see("slow request")


class Group:
    """An addon of addons."""

    name = "group"

    def __init__(self, *addons: Addon) -> None:
        self.addons = addons


def told(kind: type[AddonManager], error: Exception | None) -> SEEN:
    """What addons are told of under one or the other manager."""
    seen: SEEN = []

    async def scenario() -> None:
        master = Master(Options())
        manager: Any = kind(master)
        master.addons = manager
        manager.add(Addon("one", seen), Slow("two", seen), Group(Addon("three", seen)))
        await manager.handle_lifecycle(HttpRequestHook(flow_of()))
        manager.add(Addon("four", seen, error), Addon("five", seen))
        await manager.handle_lifecycle(HttpRequestHook(flow_of()))
        manager.remove(manager.get("one"))
        await manager.handle_lifecycle(HttpResponseHook(flow_of()))
        await manager.trigger_event(UpdateHook([]))
        await master.done()  # else it goes on listening to what is logged, when its loop is no more

    asyncio.run(scenario())
    return seen


@pytest.mark.parametrize("error", [None, ValueError("a bug"), AddonHalt()], ids=["fine", "bug", "halt"])
def test_addons_are_told_of_the_same_in_the_same_order(
    error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("mitmproxy"), "level", logging.CRITICAL)  # a Master's log needs its loop
    seen = told(Hooks, error)
    assert seen == told(AddonManager, error)
    assert seen[:3] == [("one", "request"), ("two", "slow request"), ("three", "request")]


def test_who_has_no_hook_is_not_asked_again() -> None:
    asked: list[str] = []

    class Curious:
        name = "curious"

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            raise AttributeError(name)

    async def scenario() -> None:
        master = Master(Options())
        manager: Any = Hooks(master)
        manager.chain = [Curious()]
        for _ in range(3):
            await manager.handle_lifecycle(HttpRequestHook(flow_of()))
        await master.done()

    asyncio.run(scenario())
    assert (asked.count("request"), asked.count("update")) == (1, 1)
