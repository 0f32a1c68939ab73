"""Who reset an HTTP/2 stream: mitmproxy says "stream reset by client" of either side.

So the error that comes from a server's side is made one that says so. Where a later mitmproxy builds it in another
way, its own words stay; a test notices.
"""

from __future__ import annotations

from typing import Any

from mitmproxy.proxy.layers.http import _http2
from mitmproxy.proxy.layers.http._events import ResponseProtocolError

BY_CLIENT, BY_SERVER = "stream reset by client", "stream reset by server"
"""How the message of such an error begins."""


class _ByServerError(ResponseProtocolError):
    def __init__(self, stream_id: int, message: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(stream_id, message.replace(BY_CLIENT, BY_SERVER, 1), *args, **kwargs)


def install() -> None:
    """Makes the errors of this process say who reset the stream."""
    if hasattr(_http2.Http2Client, "ReceiveProtocolError"):
        _http2.Http2Client.ReceiveProtocolError = _ByServerError
