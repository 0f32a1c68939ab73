from __future__ import annotations

import pytest

from toolreel.dialects.streams import is_terminal


@pytest.mark.parametrize(
    ("frame", "terminal"),
    [
        pytest.param(b"event: done\ndata: [DONE]\n\n", True, id="assistants"),
        pytest.param(b"data: [DONE]\n\n", True, id="chat"),
        pytest.param(b"data:[DONE]\n\n", True, id="no-space"),
        pytest.param(b"data: [DONE]\r\n\r\n", True, id="crlf"),
        pytest.param(b"data: [DONE] \n\n", True, id="something-after-it-as-the-sdk-allows"),
        pytest.param(b'event: response.completed\ndata: {"type":"response.completed"}\n\n', True, id="completed"),
        pytest.param(b"event: response.failed\ndata: {}\n\n", True, id="failed"),
        pytest.param(b"event: response.incomplete\ndata: {}\n\n", True, id="incomplete"),
        pytest.param(b"event: response.created\ndata: {}\n\n", False, id="created"),
        pytest.param(b"event: response.completed.delta\ndata: {}\n\n", False, id="longer-name"),
        pytest.param(b"event: thread.run.completed\ndata: {}\n\n", False, id="run-completed"),
        pytest.param(b"event: response.completed\n\n", False, id="no-data-so-no-event"),
        pytest.param(b"event: done\ndata: {}\n\n", False, id="done-by-name-only"),
        pytest.param(b'data: {"text":"[DONE]"}\n\n', False, id="quoted"),
        pytest.param(b'data: {"text":"response.completed"}\n\n', False, id="name-quoted"),
        pytest.param(b"data: x\ndata: [DONE]\n\n", False, id="second-line"),
        pytest.param(b": [DONE]\n\n", False, id="comment"),
        pytest.param(b"event: [DONE]\ndata: x\n\n", False, id="as-event"),
        pytest.param(b"retry: " + b"9" * 5000 + b"\ndata: [DONE]\n\n", True, id="absurd-retry"),
        pytest.param(b"\n", False, id="blank"),
    ],
)
def test_the_last_frame_of_an_api_is_known(frame: bytes, terminal: bool) -> None:
    assert is_terminal(frame) is terminal
