"""Conversations at random: what is said is decided by one seed, how it was performed by another.

Two takes of the same seed of what is said differ in ids, clock, polls, numbers of placeholders, and in what ran at
the same time; above `take` their cassettes must be the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise, zip_longest
from random import Random
from typing import Any

from toolreel.messages.bodies import frame_of
from toolreel.messages.model import Cassette, Frame, JsonFrame, RawFrame, TextFrame

from .takes import Exchange, Server, ask, assistant, get, mixed, one_after_the_other, overlapping, post, take

PLACEHOLDER = re.compile("REDACTED-[0-9]{4}")

QUOTES: tuple[Callable[[str, str], str], ...] = (
    lambda one, other: f"see {one}.",
    lambda one, other: f"https://x.example/threads/{one}?run={other}&z=1%2F{one}",
    lambda one, other: f"【4:0†{one}】",
    lambda one, other: f"{one}/{other}, ({other})",
    lambda one, other: json.dumps({"id": one, "deep": json.dumps({"lines": f"\n{other}\t{one}"})}),
    lambda one, other: json.dumps(f"†{one}é{other}"),
    lambda one, other: 'ü\n\t"',
)
"""Ways to quote ids in a text."""


class Performer(Server):
    """A server whose placeholders have other numbers for every seed, as if secrets had been seen in another order."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.random = Random(seed)
        self._numbers = self.random.sample(range(1, 100), 10)

    def secret(self, which: int) -> str:
        return f"REDACTED-{self._numbers[which]:04}"

    def padding(self) -> str:
        return "x" * self.random.randrange(3, 9)


class Talk:
    """One conversation: a thread, a run with two calls, their outputs, messages."""

    def __init__(self, seed: int, server: Performer, helper: str) -> None:
        self._said = Random(seed)
        self._server = server
        self._helper = helper
        self._thread, self._run, self._step = (server.id(prefix) for prefix in ("thread_", "run_", "step_"))
        self._calls = [server.id("call_"), server.id("call_")]
        self._known = [self._thread]
        self.exchanges: list[Exchange] = []
        self._begin()
        (self._stream_run if self._said.random() < 0.5 else self._poll_run)()
        if self._said.random() < 0.3:
            self._chat()
        (self._stream_submission if self._said.random() < 0.5 else self._poll_submission)()
        self._end()

    def _text(self) -> str:
        """A text that quotes ids that are known by now, and secrets."""
        said = self._said
        parts = [
            said.choice(QUOTES)(said.choice(self._known), said.choice(self._known))
            for _ in range(said.randrange(1, 5))
        ]
        return " ".join(
            [*parts, f"key {self._server.secret(said.randrange(5))} ok"] if said.random() < 0.4 else parts
        )

    def _cut(self, text: str) -> list[str]:
        """A text in pieces; the redactor never cuts a placeholder."""
        places = [self._said.randrange(len(text) + 1) for _ in range(self._said.randrange(5))]
        whole = [match.span() for match in PLACEHOLDER.finditer(text)]
        cuts = sorted(at for at in places if not any(start < at < end for start, end in whole))
        return [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]

    def _of_run(self, status: str) -> dict[str, Any]:
        now = self._server.now
        calls = [{"id": id_, "type": "function", "function": {"name": "f"}} for id_ in self._calls]
        action = {"submit_tool_outputs": {"tool_calls": calls}} if status == "requires_action" else None
        return {
            "id": self._run,
            "object": "thread.run",
            "created_at": now(),
            "started_at": now() if status != "queued" else None,
            "thread_id": self._thread,
            "assistant_id": self._helper,
            "status": status,
            "required_action": action,
        }

    def _delta(self, kind: str, id_: str, delta: dict[str, Any]) -> Frame:
        value = {"id": id_, "object": f"thread.{kind}.delta", "delta": delta}
        if self._said.random() < 0.3:
            value["obfuscation"] = self._server.padding()
        return JsonFrame(event=f"thread.{kind}.delta", value=value)

    def _event(self, status: str) -> Frame:
        """A frame with the run, in the usual spelling or in another."""
        name, value = f"thread.run.{status}", self._of_run(status)
        if self._said.random() < 0.7:
            return JsonFrame(event=name, value=value)
        return frame_of(f"event: {name}\r\ndata: {json.dumps(value)}\r\n\r\n".encode())

    def _begin(self) -> None:
        said, server, thread = self._said, self._server, self._thread
        own = {"ref": "thread_ownownownownownown01", "key": server.secret(9)} if said.random() < 0.3 else {}
        question = f"Question {said.randrange(3)}"
        self._known.append(message := server.id("msg_"))
        self._question = {"id": message, "thread_id": thread, "content": question}
        self.exchanges += [
            post("/threads", {"id": thread, "created_at": server.now(), "metadata": own}, {"metadata": own}),
            post(f"/threads/{thread}/messages", self._question, {"role": "user", "content": question}),
        ]

    def _polls(self, status: str) -> list[Exchange]:
        path = f"/threads/{self._thread}/runs/{self._run}"
        before = self._server.random.choices(["queued", "in_progress"], k=self._server.random.randrange(4))
        return [get(path, self._of_run(one)) for one in (*before, status)]

    def _poll_run(self) -> None:
        made = post(f"/threads/{self._thread}/runs", self._of_run("queued"), {"assistant_id": self._helper})
        self.exchanges += [made, *self._polls("requires_action")]
        self._known += [self._run, *self._calls]
        if self._said.random() < 0.5:
            self._known.append(self._step)
            steps = {"data": [{"id": self._step, "run_id": self._run}], "first_id": self._step}
            self.exchanges.append(get(f"/threads/{self._thread}/runs/{self._run}/steps", steps))

    def _stream_run(self) -> None:
        self._known += [self._run, *self._calls, self._step]

        def delta(index: int, **more: Any) -> Frame:
            call = {"index": index, "type": "function", **more}
            return self._delta("run.step", self._step, {"step_details": {"tool_calls": [call]}})

        frames = [self._event("created"), *(delta(n, id=id_, function={}) for n, id_ in enumerate(self._calls))]
        texts = [self._cut(json.dumps({"n": n, "text": self._text()})) for n in range(2)]
        for both in zip_longest(*texts):
            frames += [delta(n, function={"arguments": piece}) for n, piece in enumerate(both) if piece is not None]
        frames += [RawFrame(raw=": ping\n\n"), self._event("requires_action"), TextFrame(event="done", text="[DONE]")]
        body = {"assistant_id": self._helper, "stream": True}
        self.exchanges.append(post(f"/threads/{self._thread}/runs", body=body, frames=frames))

    def _chat(self) -> None:
        text = {"choices": [{"message": {"content": self._text()}}], "system_fingerprint": self._server.padding()}
        answer = {"id": self._server.id("chatcmpl-"), "created": self._server.now(), **text}
        self.exchanges.append(post("/chat/completions", answer, {"messages": [{"content": self._text()}]}))

    def _submit(self, answer: Any = None, frames: Sequence[Frame] | None = None) -> None:
        outputs = [{"tool_call_id": id_, "output": self._text()} for id_ in self._calls]
        body = {"tool_outputs": outputs, "stream": frames is not None}
        path = f"/threads/{self._thread}/runs/{self._run}/submit_tool_outputs"
        self.exchanges.append(post(path, answer, body, frames=frames))

    def _poll_submission(self) -> None:
        self._submit(self._of_run("queued"))
        self.exchanges += self._polls("completed")

    def _stream_submission(self) -> None:
        message = self._server.id("msg_")
        texts = [{"content": [{"index": 0, "text": {"value": piece}}]} for piece in self._cut(self._text())]
        created = JsonFrame(event="thread.message.created", value={"id": message, "thread_id": self._thread})
        deltas = [self._delta("message", message, text) for text in texts]
        self._submit(frames=[created, *deltas, self._event("completed"), TextFrame(event="done", text="[DONE]")])

    def _end(self) -> None:
        said, thread = self._said, self._thread
        self._known.append(last := self._server.id("msg_"))
        answer = {"data": [{"id": last, "content": self._text(), "created_at": self._server.now()}, self._question]}
        spelled = json.dumps(answer, indent=3) if said.random() < 0.3 else answer
        self.exchanges.append(get(f"/threads/{thread}/messages?after={self._question['id']}", spelled))
        if said.random() < 0.3:
            self.exchanges.append(post("/embeddings", {"data": [1.0]}, {"input": self._text()}))
        if said.random() < 0.3:
            self.exchanges.append(ask("DELETE", f"/threads/{thread}", {"id": thread, "deleted": True}))


def performed(said: int, how: int) -> Cassette:
    """A take of some conversations with shared assistants; `said` and `how` are seeds."""
    words, server = Random(said), Performer(how)
    made: list[Exchange] = []
    helpers = ["asst_program00000000000001"]
    for _ in range(words.randrange(3)):
        creation, id_ = assistant(server, f"helper {words.randrange(2)}")
        made.append(creation.at(10 * len(made), 10 * len(made) + 5))
        helpers.append(id_)
    seeds = [said * 100 + words.randrange(3) for _ in range(words.randrange(1, 5))]
    talks = [Talk(seed, server, helpers[seed % len(helpers)]).exchanges for seed in seeds]
    if how % 3 == 2:
        return take(*made, *overlapping(talks, server.random, start=1000))
    if how % 2:
        server.random.shuffle(talks)
    order = one_after_the_other(talks) if how % 3 else mixed(talks, server.random)
    return take(*made, *(exchange.at(1000 + 10 * n, 1005 + 10 * n) for n, exchange in enumerate(order)))
