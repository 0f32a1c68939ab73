"""Calls hooks as mitmproxy does, but for asking every addon at every event whether it has the hook."""

from __future__ import annotations

from typing import Any

from mitmproxy.addonmanager import AddonManager, safecall
from mitmproxy.exceptions import AddonHalt
from mitmproxy.hooks import Hook


class Hooks(AddonManager):
    """The addons of a Master; which of them have a hook is looked up once, so none may get one later.

    Most events have no hook here, and mitmproxy sends one more after each that is about a flow.
    """

    def __init__(self, master: Any) -> None:
        super().__init__(master)  # type: ignore[no-untyped-call] # as in all of it
        self._having: dict[str, list[Any]] = {}

    def register(self, addon: Any) -> Any:
        """Takes an addon in."""
        self._having.clear()
        return super().register(addon)  # type: ignore[no-untyped-call] # as above

    def remove(self, addon: Any) -> None:
        """Lets an addon go."""
        self._having.clear()
        super().remove(addon)  # type: ignore[no-untyped-call] # as above

    async def trigger_event(self, event: Hook) -> None:
        """Calls a hook of all addons that have it, in their order."""
        having = self._having.get(event.name)
        if having is None:
            having = [addon for addon in self.chain if hasattr(addon, event.name) or hasattr(addon, "addons")]
            self._having[event.name] = having
        for addon in having:
            try:
                with safecall():
                    await self.invoke_addon(addon, event)
            except AddonHalt:
                return
