"""Flow files of mitmproxy (`mitmdump -w`), read without it: what they say of HTTP has not changed since version 4."""

from __future__ import annotations

import re
from types import NoneType
from typing import Any

from toolreel.messages.http import Headers, header, headers_of
from toolreel.messages.model import Ending

from .found import LARGEST, Answer, BufferedFile, FormatError, Found, Left, LeftError, Taken, Timing, asked, headed
from .times import rfc3339
from .tnetstring import read as read_value

TOOL = "mitmproxy"
_BEGINS = re.compile(rb"[0-9]{1,12}:[0-9]{1,12}:[a-z_]{2,30}[;,]")
_OLDEST = 4


def begins(data: bytes) -> bool:
    """Whether a file that begins so is one of flows."""
    return _BEGINS.match(data) is not None


def read(file: BufferedFile) -> Taken:
    """The flows of a file. Raises FormatError."""
    place = 0
    while (flow := read_value(file)) is not None:
        place += 1
        if isinstance(flow, int):
            yield Left(place, f"it has more than {LARGEST >> 20} MiB")
            continue
        if not isinstance(flow, dict) or not isinstance(flow.get("version"), int) or flow["version"] < _OLDEST:
            raise FormatError(
                "was written by mitmproxy 3 or older; read it with a newer mitmproxy and write it again"
            )
        try:
            yield _found(flow)
        except LeftError as error:
            yield Left(place, str(error), _shown(flow))
        except (KeyError, TypeError, ValueError, AttributeError):
            yield Left(place, "it is not made as its format demands")


def _shown(flow: dict[str, Any]) -> str:
    request = flow.get("request")
    if not isinstance(request, dict):
        return ""
    path = _text(request.get("path")).partition("?")[0]
    return "".join(char if " " <= char <= "~" else "?" for char in f"{_text(request.get('method'))} {path}")[:200]


def _found(flow: dict[str, Any]) -> Found:
    if _text(flow["type"]) != "http":
        raise LeftError(f"it is no HTTP, but {_text(flow['type'])}")
    request, response, error = flow["request"], flow["response"], flow.get("error")
    if flow.get("websocket"):
        raise LeftError("it became a websocket, which toolreel does not record")
    if response is None:
        raise LeftError(f"it got no answer ({_text(error['msg']) if error else 'none had come'})")
    if not all(isinstance(message["content"], bytes | NoneType) for message in (request, response)):
        raise LeftError("it is not made as its format demands")
    if response["content"] is None:
        raise LeftError("its answer was streamed, and mitmproxy kept nothing of the body (store_streamed_bodies)")
    headers = headers_of(request["headers"])
    sent = asked(_text(request["method"]), _url(request), headers, request["content"])
    answered = headers_of(response["headers"])
    head = headed(response["status_code"], answered)
    ending = _broken(_text(error["msg"])) if error else _ending(sent.method, head.status, response, answered)
    return Found(
        request=sent,
        answer=Answer(head, response["content"], coded=True, ending=ending),
        body_kept=request["content"] is not None,
        timing=_timing(request, response),
        recorded_at=rfc3339(request["timestamp_start"]) if request.get("timestamp_start") else None,
        tool=TOOL,
        not_kept=("trailers",) if response.get("trailers") or request.get("trailers") else (),
    )


def _url(request: dict[str, Any]) -> str:
    host, scheme = _text(request["host"]), _text(request["scheme"])
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{int(request['port'])}{_text(request['path'])}"


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _timing(request: dict[str, Any], response: dict[str, Any]) -> Timing | None:
    began = request.get("timestamp_end") or request.get("timestamp_start")
    ended = response.get("timestamp_end") or response.get("timestamp_start")
    return Timing(began * 1000, ended * 1000) if began and ended else None


def _ending(method: str, status: int, response: dict[str, Any], headers: Headers) -> Ending:
    """Only a length, chunks or HTTP/2 prove that an answer was whole (RFC 9112 §6.3)."""
    chunked = "chunked" in (header(headers, "transfer-encoding") or "").lower()
    delimited = (
        not _text(response["http_version"]).startswith("HTTP/1")
        or chunked
        or header(headers, "content-length") is not None
        or method == "HEAD"
        or status in (204, 304)
    )
    return Ending.COMPLETE if delimited else Ending.EOF


def _broken(message: str) -> Ending:
    return Ending.CLIENT_GONE if message.startswith("Client disconnected") else Ending.CUT
