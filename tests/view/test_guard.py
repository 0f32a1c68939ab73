from __future__ import annotations

from typing import Any

import anyio
import pytest

from toolreel.view.guard import HEADERS, Guard

from .looking import TOKEN, Viewer

PATHS = ("", "search?q=paris", "diff", "misses", "cassette/weather", "request/3/weather", "raw/answer/3/weather")
MORE = ("static/view.css", "static/view.js", "static/nothing", "nothing", "cassette/none", "raw/else/1/weather")


@pytest.mark.parametrize("path", [*PATHS, *MORE])
def test_every_answer_keeps_everything_out_and_in(viewer: Viewer, path: str) -> None:
    answer = viewer.ask(f"/{TOKEN}/{path}")
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_what_the_policy_allows() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";"))
    assert policy.pop("require-trusted-types-for") == "'script'"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'"}


@pytest.mark.parametrize(
    "path", ["/", "/x/", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/", "/static/view.css", "/%ff/", "//", "/ä"]
)
def test_without_the_token_there_is_nothing(viewer: Viewer, path: str) -> None:
    answer = viewer.ask(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert "lacks the token" in answer.text
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["example.invalid", "127.0.0.1.example.invalid:4011", "10.0.0.1", ""])
def test_another_host_is_refused(viewer: Viewer, host: str) -> None:
    answer = viewer.ask(f"/{TOKEN}/", headers={"host": host})
    assert answer.status_code == 403
    assert "weather" not in answer.text


@pytest.mark.parametrize("host", ["localhost:4011", "127.0.0.1:4011", "[::1]:4011"])
def test_this_machine_may_ask_under_its_names(viewer: Viewer, host: str) -> None:
    assert viewer.ask(f"/{TOKEN}/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(viewer: Viewer, method: str) -> None:
    answer = viewer.ask(f"/{TOKEN}/cassette/weather", method)
    assert answer.status_code == 405
    assert answer.headers["content-security-policy"]


def test_head_is_answered_without_a_body(viewer: Viewer) -> None:
    answer = viewer.ask(f"/{TOKEN}/", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_websocket_is_no_request() -> None:
    async def unwanted(*_: object) -> Any:
        raise AssertionError

    async def connect() -> None:
        await Guard(unwanted, TOKEN)({"type": "websocket", "path": f"/{TOKEN}/"}, unwanted, unwanted)

    anyio.run(connect)
