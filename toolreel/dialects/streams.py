"""Which frame ends a stream: after it an answer is complete, whatever the connection does."""

from __future__ import annotations

from toolreel.messages import sse

_TERMINAL_EVENTS = frozenset({"response.completed", "response.failed", "response.incomplete"})


def is_terminal(frame: bytes) -> bool:
    """Whether a frame is the last that its API sends.

    `data: [DONE]` ends streams of the Assistants and Chat APIs, `response.completed`, `.failed` and `.incomplete`
    those of the Responses API (wire.md, "Framing"). SDKs close the connection right after it.
    """
    if b"[DONE]" not in frame and b"response." not in frame:
        return False
    event = sse.event(frame)
    return event is not None and (event.data.startswith("[DONE]") or event.type in _TERMINAL_EVENTS)
