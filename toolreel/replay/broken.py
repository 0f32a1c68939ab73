"""What a fault makes of an answer, frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from toolreel.dialects.run_endings import DONE, SETTLED, RunEnd, Watch
from toolreel.messages import jsontext, sse
from toolreel.messages.http import is_event_stream

from .answer import Answer
from .faults import Fault, own_error


class BrokenStream:
    """The frames of a stream, broken by a fault: what is fed comes out, whole or not, until `over`.

    `cut` says that the connection breaks off there, `ended` are the objects that ended badly, the run last.
    """

    def __init__(self, fault: Fault) -> None:
        self.over = self.cut = False
        self.ended: list[dict[str, Any]] = []
        self._fault = fault
        self._end = fault.run_end
        self._count = 0
        self._watch = Watch()
        self._type = DONE[0]

    def start(self) -> list[bytes]:
        """What comes before the first frame."""
        return self._after(0)

    def feed(self, frame: bytes) -> list[bytes]:
        """What is sent in place of the next frame."""
        self._count += 1
        event = sse.event(frame)
        self._type = event.type if event else self._type
        if self._end and (ended := self._run_ends(event, self._end)):
            return ended
        if self._count == self._fault.cut_inside_frame:
            self.over = self.cut = True
            return [frame[: len(frame) // 2]]
        if self._count == self._fault.malformed_frame:
            frame = _malformed(frame)
        return [frame, *self._after(self._count)]

    def _after(self, count: int) -> list[bytes]:
        """What comes after so many frames."""
        fault = self._fault
        if count in (fault.cut_after_frame, fault.end_after_frame):
            self.over = True
            self.cut = count == fault.cut_after_frame
        elif fault.error_event is not None and count == (fault.after_frame or 1):
            self.over = True
            return [_frame("error", fault.error_event), *self._done()]
        return []

    def _done(self) -> list[bytes]:
        """The frame that ends a stream of this API: not the same in all of them, and none in the Responses API."""
        if self._type.startswith("response."):
            return []
        return [_frame(None if self._type == "message" else DONE[0], DONE[1])]

    def _run_ends(self, event: sse.Event | None, end: RunEnd) -> list[bytes]:
        """The frames with which the run ends in place of this event, if it does."""
        due = event is not None and event.type in SETTLED
        if self._fault.after_frame is not None:
            due = self._count > self._fault.after_frame
        value = json_of(event.data.encode()) if event else None
        if due and self._watch.run is None and _is_run(value):
            self._watch.see(value)  # the first that is said of the run: it ends with it
        if due and (ended := list(self._watch.ended(end))):
            self.over = True
            self.ended = [value for _, value in ended]
            return [*(_frame(*one) for one in ended), *self._done()]
        self._watch.see(value)
        return []


def fits(fault: Fault, answer: Answer) -> bool:
    """Whether a fault can do to an answer what it is to do."""
    if fault.run is not None and run_of(answer) is None:
        return False
    frames = len(answer.pieces) if is_event_stream(answer.headers) else 0
    needed = max(fault.cut_inside_frame or 0, fault.malformed_frame or 0)
    for name in ("cut_after_frame", "end_after_frame"):
        if (count := getattr(fault, name)) is not None:
            needed = max(needed, count + 1)  # something is to be missing
    if fault.error_event is not None:
        needed = max(needed, fault.after_frame or 1)
    return frames >= max(needed, 2 if fault.frame_delay_ms else 0)


def broken(fault: Fault, answer: Answer) -> tuple[Answer, dict[str, Any] | None]:
    """An answer, its pieces being its frames, as a fault leaves it; and the run that it made end badly."""
    if fault.reset:
        return Answer(answer.status, answer.headers, wait=answer.wait + fault.delay_ms, reset=True), None
    run = None
    if is_event_stream(answer.headers):
        answer, run = _broken_stream(fault, answer)
    elif (end := fault.run_end) and (found := run_of(answer)):
        run = end.of(found)
        answer = with_run(answer, run)
    delays = answer.delays
    if fault.frame_delay_ms and answer.pieces:
        before = delays or (0,) * len(answer.pieces)
        delays = (before[0], *(delay + fault.frame_delay_ms for delay in before[1:]))
    return replace(answer, wait=answer.wait + fault.delay_ms, delays=delays), run


def _broken_stream(fault: Fault, answer: Answer) -> tuple[Answer, dict[str, Any] | None]:
    stream = BrokenStream(fault)
    sent = [(piece, 0.0) for piece in stream.start()]
    delays = answer.delays or (0,) * len(answer.pieces)
    for frame, delay in zip(answer.pieces, delays, strict=True):
        if stream.over:
            break
        first, *more = stream.feed(frame)
        sent += [(first, delay), *((piece, 0.0) for piece in more)]
    pieces, waits = tuple(piece for piece, _ in sent), tuple(wait for _, wait in sent)
    found = replace(answer, pieces=pieces, delays=waits if answer.delays else ())
    if stream.over:
        found = replace(found, cut=stream.cut, end_delay=0)
    return found, stream.ended[-1] if stream.ended else None


def standing_in(fault: Fault) -> Answer:
    """The answer in the place of the API's."""
    if fault.reset or fault.status is None:
        return Answer(0, (), wait=fault.delay_ms, reset=True)
    said = own_error(fault.status) if fault.body is None else fault.body
    text = said if isinstance(said, str) else jsontext.spell(said, "pretty2")
    kind = "text/plain; charset=utf-8" if isinstance(said, str) else "application/json"
    headers = tuple(({"content-type": kind} | fault.headers).items())
    body = text.encode("utf-8", "backslashreplace")
    return Answer(fault.status, headers, (body,) if body else (), length=len(body), wait=fault.delay_ms)


def run_of(answer: Answer) -> dict[str, Any] | None:
    """The run as an answer says last that it is; None if it says nothing of one run."""
    for value in values_of(answer, b'"thread.run"'):
        if _is_run(value):
            return cast(dict[str, Any], value)
    return None


def _is_run(value: Any) -> bool:
    return isinstance(value, dict) and value.get("object") == "thread.run"


def values_of(answer: Answer, holding: bytes) -> Iterator[Any]:
    """The JSON values of an answer or of its frames that hold a text, the last one first."""
    streams = is_event_stream(answer.headers)
    for piece in reversed(answer.pieces if streams else (b"".join(answer.pieces),)):
        if holding in piece:
            event = sse.event(piece) if streams else None
            yield json_of(event.data.encode() if event else piece)


def with_run(answer: Answer, run: dict[str, Any]) -> Answer:
    """An answer that is no stream, in which the run is this one, wherever it stands."""
    body = b"".join(answer.pieces)
    value, spelled = json_of(body), jsontext.spelled(body)
    if value is None:
        return answer
    data = jsontext.spell(_with_run(value, run), spelled.style if spelled else "pretty2").encode()
    return replace(answer, pieces=(data,), length=None if answer.length is None else len(data))


def _with_run(value: Any, run: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_with_run(item, run) for item in value]
    if not isinstance(value, dict):
        return value
    if _is_run(value) and value.get("id") == run["id"]:
        return run
    return {key: _with_run(member, run) for key, member in value.items()}


def json_of(data: bytes) -> Any:
    """A JSON value, or None."""
    try:
        return jsontext.parse(data.decode())
    except ValueError:
        return None


def _malformed(frame: bytes) -> bytes:
    """A frame whose data breaks off in the middle; the frame itself ends as it should."""
    event = sse.event(frame)
    if event is None:
        return frame
    kind = None if event.type == "message" else event.type
    return _frame(kind, event.data[: len(event.data) // 2])


def _frame(event: str | None, data: Any) -> bytes:
    text = data if isinstance(data, str) else jsontext.compact(data)
    head = "" if event is None else f"event: {event}\n"
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"{head}{lines}\n".encode()
