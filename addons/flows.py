"""Between mitmproxy's flows and toolreel's messages."""

from __future__ import annotations

import time

from mitmproxy import http
from mitmproxy.net.http.status_codes import RESPONSES

from toolreel.addons.resets import BY_CLIENT
from toolreel.messages.http import HttpRequest, ResponseHead, headers_of, origin_of
from toolreel.messages.model import Ending
from toolreel.replay.answer import Answer, error_answer
from toolreel.server.sending import Form, fields, framing, has_body


def origin(flow: http.HTTPFlow) -> str:
    """Scheme, host and port of the server that the flow is for."""
    request = flow.request
    host = f"[{request.host}]" if ":" in request.host else request.host
    return origin_of(f"{request.scheme}://{host}:{request.port}")


def request_of(flow: http.HTTPFlow) -> HttpRequest:
    """The request of a flow whose body has arrived; no body and an empty one are told apart by the headers.

    What is not ASCII in method and target is taken as Latin-1, as the plain door does.
    """
    request = flow.request
    framed = "content-length" in request.headers or "transfer-encoding" in request.headers
    body = request.raw_content or (b"" if framed else None)
    method, target = request.data.method.decode("latin-1"), request.data.path.decode("latin-1")
    return HttpRequest(method, target, headers_of(request.headers.fields), body, origin(flow))


def head_of(response: http.Response) -> ResponseHead:
    """Status and headers of an answer."""
    return ResponseHead(response.status_code, headers_of(response.headers.fields))


def normal_ending(flow: http.HTTPFlow) -> Ending:
    """How an answer ended that mitmproxy calls finished: only a length or HTTP/2 can prove that it was whole.

    A body that only the closing of the connection ends (RFC 9112 §6.3, point 8) may as well have been cut.
    """
    response = flow.response
    assert response is not None
    delimited = (
        response.is_http2
        or response.is_http3
        or "content-length" in response.headers
        or "chunked" in response.headers.get("transfer-encoding", "").lower()
        or flow.request.method == "HEAD"
        or response.status_code in (204, 304)
    )
    return Ending.COMPLETE if delimited else Ending.EOF


def broken_ending(flow: http.HTTPFlow) -> Ending:
    """Who broke off an answer that mitmproxy calls an error."""
    message = flow.error.msg if flow.error else ""
    left = message.startswith("Client disconnected") or not flow.client_conn.connected
    reset = message.startswith(BY_CLIENT) and flow.request.is_http2
    return Ending.CLIENT_GONE if left or reset else Ending.CUT


def response_of(answer: Answer, request: http.Request) -> http.Response:
    """An answer that goes out at once and in one piece, for mitmproxy to send."""
    form = Form(request.method == "HEAD", request.data.http_version == b"HTTP/1.0")
    headers = http.Headers((*fields(answer.headers), *framing(answer.status, answer.length, form)))
    body = b"".join(answer.pieces) if has_body(answer.status, form) else b""
    reason, now = RESPONSES.get(answer.status, "").encode(), time.time()
    return http.Response(b"HTTP/1.1", answer.status, reason, headers, body, None, now, now)


def own_response(status: int, message: str, kind: str) -> http.Response:
    """An answer of toolreel's own, shaped like the errors of the API; `kind` is its type (`toolreel_…`)."""
    answer = error_answer(status, {"message": message, "type": kind, "param": None, "code": None})
    return http.Response.make(status, b"".join(answer.pieces), fields(answer.headers))
