"""The promise of product.md §4 on the wire: the same conversation recorded again is the same file above `take`.

The program of the demo with the real client, the real recorder, and the stand-in at different paces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import openai
import pytest

from toolreel.commands import demo_client
from toolreel.commands.demo_client import Transcript
from toolreel.commands.doors import BASE_URL, PROXY
from toolreel.messages.model import Performance, Read, Take
from toolreel.server.asgi import hosting
from toolreel.standin.app import create_app
from toolreel.standin.script import Timing, load_script

from .doors import DOORS, FREE, Door, recording, replaying

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FAST = Timing(queued_ms=15, tools_ms=15, answer_ms=15, frame_ms=1, cancel_ms=15)
SLOW = Timing(queued_ms=60, tools_ms=90, answer_ms=120, frame_ms=3, cancel_ms=15)

Program = Callable[[openai.OpenAI, str], list[Any]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo polls every 20 ms, so that it polls often enough at either pace, and is soon done."""
    runs = openai.resources.beta.threads.runs.Runs
    for name in ("create_and_poll", "submit_tool_outputs_and_poll"):
        real = getattr(runs, name)

        def poll(self: Any, *args: Any, real: Any = real, **options: Any) -> Any:
            return real(self, *args, **{**options, "poll_interval_ms": 20})

        monkeypatch.setattr(runs, name, poll)


@contextmanager
def standin(timing: Timing) -> Iterator[str]:
    with hosting(create_app(replace(load_script(None), timing=timing)), FREE) as address:
        yield f"http://{address.shown}"


def transcript(part: Callable[[openai.OpenAI, str, Transcript], None], client: openai.OpenAI, name: str) -> list[Any]:
    heard = Transcript()
    part(client, name, heard)
    return [json.loads(line) for line in heard.lines]


def in_sequence(client: openai.OpenAI, model: str) -> list[Any]:
    """The demo as it is: a conversation that polls, and then one that streams."""
    return transcript(demo_client.converse, client, model)


def at_the_same_time(client: openai.OpenAI, model: str) -> list[Any]:
    """The two conversations of the demo, at the same time."""
    assistant = client.beta.assistants.create(model=model, tools=[demo_client.TOOL], instructions="Use the tools.")
    parts = (demo_client._poll, demo_client._stream)
    with ThreadPoolExecutor(len(parts)) as pool:
        heard = list(pool.map(lambda part: transcript(part, client, assistant.id), parts))
    return [["assistant", assistant.to_dict()], *heard[0], *heard[1]]


def twins(client: openai.OpenAI, model: str, *, together: bool) -> list[Any]:
    """Four conversations, of which two by two are the same."""
    assistant = client.beta.assistants.create(model=model)
    parts = (demo_client._poll, demo_client._stream) * 2
    with ThreadPoolExecutor(len(parts) if together else 1) as pool:
        heard = list(pool.map(lambda part: transcript(part, client, assistant.id), parts))
    return [line for one in heard for line in one]


@dataclass(frozen=True)
class Recorded:
    """What the client heard, and the cassette file."""

    heard: list[Any]
    file: dict[str, Any]

    @property
    def above(self) -> str:
        """All but the take, as it is spelled in the file."""
        return json.dumps({name: member for name, member in self.file.items() if name != "take"}, indent=1)

    @property
    def polls(self) -> int:
        return sum(read["count"] for reads in self.file["take"]["reads"].values() for read in reads)


def record(folder: Path, name: str, timing: Timing, program: Program, via: str = BASE_URL) -> Recorded:
    with standin(timing) as url, recording(folder, name, url, via) as door, door.sync_openai() as client:
        heard = program(client, "gpt-4o")
    file = json.loads((folder / f"{name}.json").read_text())
    assert file["upstreams"] == [f"{url}/v1"]
    file["upstreams"] = ["https://the.stand-in"]  # a free port, and so another one each time
    return Recorded(heard, file)


def hear(door: Door, program: Program) -> list[Any]:
    with door.sync_openai() as client:
        return program(client, "gpt-4o")


# ----------------------------------------------------------------------------------------------------- the same file


def test_the_demo_recorded_again_is_the_same_file_above_its_take(folder: Path) -> None:
    once = record(folder, "fast", FAST, in_sequence)
    again = record(folder, "slow", SLOW, in_sequence)
    through_the_proxy = record(folder, "proxy", FAST, in_sequence, PROXY)
    assert once.polls != again.polls, "they polled as often, so nothing was shown"
    assert once.above == again.above == through_the_proxy.above
    assert once.file["take"] != again.file["take"]


def test_conversations_at_the_same_time_are_the_same_file_as_one_after_the_other(folder: Path) -> None:
    sequence = record(folder, "sequence", FAST, in_sequence)
    together = record(folder, "together", SLOW, at_the_same_time)
    assert overlapped(together), "nothing overlapped, so nothing was shown"
    assert not overlapped(sequence)
    assert sequence.above == together.above


def test_twins_at_the_same_time_are_the_same_file_as_one_after_the_other(folder: Path) -> None:
    sequence = record(folder, "sequence", FAST, lambda client, model: twins(client, model, together=False))
    together = record(folder, "together", FAST, lambda client, model: twins(client, model, together=True))
    assert overlapped(together)
    assert sequence.above == together.above


def overlapped(recorded: Recorded) -> bool:
    times = sorted(one["ms"] for one in recorded.file["take"]["interactions"].values())
    return any(later[0] < earlier[1] for earlier, later in pairwise(times))


# ----------------------------------------------------------------------------------------------------------- the take

TAKE = {
    "recorded_at",
    "tool",
    "interactions",
    "interactions.ms",
    "interactions.frame_ms",
    "interactions.chunks",
    "interactions.at",
    "interactions.obfuscation",
    "interactions.system_fingerprint",
    "interactions.headers",
    "interactions.encoding",
    "interactions.rest",
    "interactions.hidden",
    "reads",
    "reads.count",
    "reads.ms",
    "reads.at",
    "reads.status",
    "reads.headers",
    "reads.volatile",
    "reads.body",
    "overlap",
}
"""All that a take may say (product.md §4.5)."""


def keys(take: dict[str, Any]) -> set[str]:
    found = set(take)
    for one in take["interactions"].values():
        found |= {f"interactions.{key}" for key in one}
    for reads in take["reads"].values():
        found |= {f"reads.{key}" for read in reads for key in read}
    return found


def test_the_take_says_what_it_may_and_nothing_else(folder: Path) -> None:
    may = set(Take.model_fields)
    may |= {f"interactions.{key}" for key in Performance.model_fields}
    may |= {f"reads.{key}" for key in Read.model_fields}
    assert may == TAKE
    said = keys(record(folder, "tape", SLOW, at_the_same_time).file["take"])
    assert said <= TAKE
    assert {"recorded_at", "interactions.at", "interactions.encoding", "interactions.frame_ms", "reads.body"} <= said


# ----------------------------------------------------------------------------------------------------- without a take


def but_for_ids_and_clock(heard: object) -> str:
    """What was heard, ids named in the order in which they came."""
    names: dict[str, str] = {}
    named = re.sub(
        r"(thread|run|step|msg|asst|call)_[A-Za-z0-9]{24}",
        lambda match: names.setdefault(match[0], f"{match[1]} {len(names)}"),
        json.dumps(heard),
    )
    return re.sub(r"\b1[0-9]{9}\b", "0", named)


@pytest.mark.parametrize("via", DOORS)
def test_without_its_take_a_cassette_replays_the_same_statuses_ids_and_texts(via: str, folder: Path) -> None:
    recorded = record(folder, "tape", SLOW, in_sequence)
    with replaying(folder, "tape", via) as door:
        with_take = hear(door, in_sequence)
    path = folder / "tape.json"
    file = json.loads(path.read_text())
    del file["take"]
    path.write_text(json.dumps(file))
    with replaying(folder, "tape", via) as door:
        without = hear(door, in_sequence)
        assert (door.session.misses, door.session.unplayed) == ([], 0)
    assert but_for_ids_and_clock(without) == but_for_ids_and_clock(recorded.heard)
    assert re.sub(r"\b1[0-9]{9}\b", "0", json.dumps(without)) == re.sub(r"\b1[0-9]{9}\b", "0", json.dumps(with_take))
    stamps = {int(stamp) for stamp in re.findall(r"\b1[0-9]{9}\b", json.dumps(without))}
    assert stamps <= set(range(1_700_000_000, 1_700_000_100)), "the clock as it is written"
