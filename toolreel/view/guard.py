"""Who may look: nobody without the token in the path, no page that rebinds its name to us; and nothing gets out."""

from __future__ import annotations

import hmac

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from toolreel.messages.http import header, headers_of
from toolreel.server.hosts import own_host

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""On every answer: scripts and styles from here only, nothing inline, no request to anywhere else."""

_RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Guard:
    """An ASGI application that lets through to `app` what asks this machine under `/TOKEN/`.

    The token stands in the path and not in a cookie: cookies know no ports, so every other server on this machine
    would be sent it. No page links elsewhere, and none sends a Referer.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's event, as the server gives it."""
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_RAW]}
            await send(message)

        token, _, path = scope["path"].removeprefix("/").partition("/")
        if not own_host(header(headers_of(scope["headers"]), "host")):
            await PlainTextResponse("Refused: the Host header is not this server's own.\n", 403)(
                scope, receive, guarded
            )
        elif not hmac.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            text = "This address lacks the token; take the whole one that 'toolreel view' has printed.\n"
            await PlainTextResponse(text, 404)(scope, receive, guarded)
        else:
            await self._app({**scope, "path": f"/{path}", "raw_path": b""}, receive, guarded)
