"""mitmproxy's error pages: a later mitmproxy that makes them elsewhere is noticed here."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest

from toolreel.addons import error_page

_http1: Any = import_module("mitmproxy.proxy.layers.http._http1")
_http2: Any = import_module("mitmproxy.proxy.layers.http._http2")


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed for this test only; fails where mitmproxy has the functions no longer."""
    monkeypatch.setattr(_http1, "make_error_response", _http1.make_error_response)
    monkeypatch.setattr(_http2, "format_error", _http2.format_error)
    error_page.install()


def test_an_http_1_page_is_a_whole_answer_in_json() -> None:
    head, _, body = _http1.make_error_response(502, "Connection refused.").partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "http/1.1 502 bad gateway"
    assert {"content-type: application/json", "x-should-retry: false", "connection: close"} <= set(lines)
    assert f"content-length: {len(body)}" in lines
    assert json.loads(body)["error"] == {
        "message": "The upstream did not answer: Connection refused.",
        "type": "toolreel_upstream",
        "param": None,
        "code": None,
    }


def test_an_http_2_page_is_json() -> None:
    error = json.loads(_http2.format_error(502, "no route"))["error"]
    assert (error["type"], error["message"]) == ("toolreel_upstream", "The upstream did not answer: no route.")


@pytest.mark.parametrize("status", [400, 413])
def test_what_is_the_clients_fault_is_called_refused(status: int) -> None:
    error = json.loads(_http2.format_error(status, "Bad request"))["error"]
    assert (error["type"], error["message"]) == ("toolreel_refused", "The request is refused: Bad request.")


def test_a_mitmproxy_without_these_functions_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_http1, "make_error_response")
    monkeypatch.delattr(_http2, "format_error")
    error_page.install()
    assert not hasattr(_http1, "make_error_response")
    assert not hasattr(_http2, "format_error")
