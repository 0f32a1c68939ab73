"""What a test sees of its cassette: the fixture's value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolreel.replay.miss import Miss
    from toolreel.replay.verdict import Verdict


@dataclass(frozen=True)
class Cassette:
    """The cassette of a test, or of the class or module that it belongs to.

    `names` has one name, or several where cassettes are stacked. `environment` are the variables that lead an
    unchanged client here. While it is recorded there is no `session`, and nothing is missed.
    """

    names: tuple[str, ...]
    environment: Mapping[str, str]
    session: str | None
    _misses: Callable[[], list[Miss]]
    _verdict: Callable[[], Verdict] | None

    @property
    def name(self) -> str:
        """Its name, the first one of several."""
        return self.names[0]

    @property
    def recording(self) -> bool:
        """Whether it is being recorded: what the client hears comes from the real API."""
        return self._verdict is None

    @property
    def base_url(self) -> str:
        """The base URL of clients of OpenAI: `OpenAI(base_url=cassette.base_url)`."""
        return self.environment["OPENAI_BASE_URL"]

    @property
    def url(self) -> str:
        """Where the API's own server would be, without `/v1`: `AzureOpenAI(azure_endpoint=cassette.url)`."""
        return self.environment["TOOLREEL_URL"]

    @property
    def misses(self) -> list[Miss]:
        """What was asked and is not on the cassette, until now."""
        return self._misses()

    @property
    def served(self) -> int:
        """How many requests were answered from the cassette, until now."""
        return 0 if self._verdict is None else self._verdict().served

    @property
    def unplayed(self) -> list[str]:
        """What must be played and was not yet, a line each."""
        return [] if self._verdict is None else [str(one) for one in self._verdict().unplayed]
