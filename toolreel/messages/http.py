"""HTTP messages as they pass a door: what came in, before a cassette says anything of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

Headers = tuple[tuple[str, str], ...]
"""Header fields in their order, names in lower case, repeats kept."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came.

    `origin` is scheme, host and port of the server that the client means (`https://api.openai.com`), or None where
    the door cannot know (a client whose base URL points at the door). `target` is path and query as sent (RFC 9112
    §3.2.1). `body` is None if the request has none, and still in its content-encoding.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes | None = None
    origin: str | None = None

    @property
    def path(self) -> str:
        """The path, percent-encoded as sent."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> Headers:
        """The query as decoded pairs in their order; `?a` counts as `?a=`."""
        return tuple(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and header fields of an answer."""

    status: int
    headers: Headers = ()


def headers_of(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Header fields from their bytes; what is not ASCII is taken as Latin-1 (RFC 9110 §5.5)."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in fields)


@lru_cache(1024)
def shared(headers: Headers) -> Headers:
    """The same fields, as one object for all who hold equal ones: most messages have the fields of others."""
    return headers


def header(headers: Headers, name: str) -> str | None:
    """The value of the header `name` (lower case), several joined by a comma (RFC 9110 §5.3), or None."""
    values = [value for key, value in headers if key == name]
    return ", ".join(values) if values else None


def media_type(headers: Headers) -> str:
    """The media type in content-type without parameters and in lower case, or `""`."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()


def is_json(content_type: str) -> bool:
    """Whether a body of this type is JSON."""
    return content_type.partition(";")[0].strip().lower().endswith("json")


def is_event_stream(headers: Headers) -> bool:
    """Whether an answer with these headers is a stream of server-sent events (WHATWG HTML §9.2.2)."""
    return media_type(headers) == "text/event-stream"


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL in lower case, the scheme's own port left out (RFC 6454 §4)."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS.get(parts.scheme.lower())) else f":{parts.port}"
    return f"{parts.scheme.lower()}://{shown}{port}"


_PORTS = {"http": 80, "https": 443}
