"""mitmproxy's own error pages as toolreel errors: SDKs show a JSON message, and hide an HTML page.

mitmproxy offers no hook for the answer to a request whose upstream cannot be reached, so the two functions that make
the page are replaced. Where a later mitmproxy has them no longer, its own page stays; a test notices.
"""

from __future__ import annotations

from mitmproxy.net.http import http1
from mitmproxy.proxy.layers.http import _http1, _http2

from toolreel.addons.flows import own_response


def install() -> None:
    """Replaces the error pages of this process."""
    if hasattr(_http1, "make_error_response"):
        _http1.make_error_response = _http1_answer
    if hasattr(_http2, "format_error"):
        _http2.format_error = _http2_body


def _http1_answer(status_code: int, message: str = "") -> bytes:
    response = own_response(status_code, _sentence(status_code, message), _kind(status_code))
    response.headers["connection"] = "close"
    page: bytes = http1.assemble_response(response)
    return page


def _http2_body(status_code: int, message: str) -> bytes:
    return own_response(status_code, _sentence(status_code, message), _kind(status_code)).content or b""


def _kind(status_code: int) -> str:
    return "toolreel_upstream" if status_code >= 500 else "toolreel_refused"


def _sentence(status_code: int, message: str) -> str:
    reason = message.strip().rstrip(".")
    return f"The upstream did not answer: {reason}." if status_code >= 500 else f"The request is refused: {reason}."
