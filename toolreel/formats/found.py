"""What a recording of another tool says of one interaction, and why some say too little."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from toolreel.messages.http import Headers, HttpRequest, ResponseHead, header, origin_of
from toolreel.messages.model import Ending

LARGEST = 256 << 20
"""So many bytes of a file may belong to one interaction, and so many may a body have once it is decoded."""


class BufferedFile(Protocol):
    """A file that is read once, from its beginning to its end, and can be looked into."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, fewer only at the end."""

    def readline(self, size: int, /) -> bytes:
        """The rest of the line, or of it the next `size` bytes."""

    def peek(self, size: int, /) -> bytes:
        """The next bytes, which stay to be read."""


def exactly(file: BufferedFile, size: int) -> bytes:
    """So many bytes; raises FormatError if the file ends before, and takes no memory for what is not there."""
    pieces = []
    while size and (piece := file.read(min(size, 1 << 20))):
        pieces.append(piece)
        size -= len(piece)
    if size:
        raise FormatError("is cut short")
    return b"".join(pieces)


class FormatError(ValueError):
    """The file is not what it seems to be; the message goes after its name."""


class LeftError(ValueError):
    """An interaction cannot be taken, and why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as another tool kept it.

    `body` is None if it has none, not even an empty one. `coded` says whether it still is in the content-encoding
    that the headers name; None if only a look at it can tell. `spelling_kept` is false for JSON that was stored
    parsed.
    """

    head: ResponseHead
    body: bytes | None
    coded: bool | None = None
    spelling_kept: bool = True
    ending: Ending = Ending.COMPLETE
    encoding: str | None = None
    """The content-encoding in which it came, if the headers do not say it any more."""
    rest: bytes = b""
    hidden: int = 0
    """What is left of a body that broke off in its content-encoding, as in Performance."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When the request and the end of the answer came, in milliseconds since 1970; what frames and pieces came when.

    `frame_ms` are since the request.
    """

    began: float
    ended: float
    frame_ms: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One interaction. `recorded_at` is when (RFC 3339), `tool` who noted it, as far as they are known.

    `not_kept` names what the format knows and a cassette has no place for.
    """

    request: HttpRequest
    answer: Answer
    body_kept: bool = True
    spelling_kept: bool = True
    timing: Timing | None = None
    chunks: tuple[int, ...] | None = None
    recorded_at: str | None = None
    tool: str = ""
    not_kept: tuple[str, ...] = ()
    is_ours: bool = False
    """Whether toolreel wrote it, so that no placeholder in it is another tool's."""


@dataclass(frozen=True, slots=True)
class Left:
    """An interaction that was not taken: where it stands in the file, what it asked if that is known, and why."""

    place: int
    reason: str
    asked: str = ""


Item = Any
"""One item of a list in a document, as JSON or YAML have it."""

Taken = Iterator[Found | Left]


def shown(item: Item) -> str:
    """Method and path of an item that cannot be taken, for people, if it has them; never a query."""
    request = item.get("request", item) if isinstance(item, Mapping) else None
    if not isinstance(request, Mapping):
        return ""
    values = {str(key).lower(): value for key, value in request.items() if isinstance(value, str)}
    method = values.get("method") or values.get("requestmethod") or ""
    url = values.get("uri") or values.get("url") or values.get("requesturi") or ""
    url = re.sub("^[a-z]+://[^/]*", "", url)
    return _PRINTABLE.sub("?", f"{method.upper()} {url.partition('?')[0]}".strip())[:200]


_PRINTABLE = re.compile(r"[^ -~]")

# ------------------------------------------------------------------------------------------------- parts of messages


def asked(method: Any, url: Any, headers: Headers, body: bytes | None) -> HttpRequest:
    """The request for a URL; an empty body is none unless the headers speak of one. Raises LeftError."""
    if method is None or url is None:
        raise LeftError(f"it has no {'URL' if method else 'method'}")
    if not isinstance(method, str) or not re.fullmatch(r"[A-Za-z][A-Za-z-]{0,30}", method):
        raise LeftError(f"its method {_shown(method)} is none")
    if method.upper() == "CONNECT":
        raise LeftError("it only opened a tunnel (CONNECT)")
    try:
        plain = _ascii(url) if isinstance(url, str) else ""
        parts = urlsplit(plain)
        origin = origin_of(plain) if parts.scheme in ("http", "https") and parts.hostname else ""
    except ValueError:
        origin = ""
    if not origin:
        raise LeftError(f"its URL {_shown(url)} is none of http")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    framed = header(headers, "content-length") is not None or header(headers, "transfer-encoding") is not None
    return HttpRequest(
        method.upper(), target, headers, body or (b"" if framed and body is not None else None), origin
    )


def body_is_missing(headers: Headers, body: bytes | None) -> bool:
    """Whether the headers speak of a body that is not there."""
    return not body and (header(headers, "content-length") or "0").strip() not in ("", "0")


def _ascii(url: str) -> str:
    """A URL with everything percent-encoded that no URL may hold."""
    return quote(url.strip(), safe="%/:?#[]@!$&'()*+,;=-._~\"<>\\^`{|}")


def headed(status: Any, headers: Headers) -> ResponseHead:
    """The head of an answer. Raises LeftError for a status that is none, or that a recorder does not see."""
    if status is None:
        raise LeftError("its answer has no status")
    try:
        number = int(str(status))
    except ValueError:
        number = -1
    if number == 0:
        raise LeftError("it got no answer (status 0)")
    if not 100 <= number <= 599:
        raise LeftError(f"its status {_shown(status)} is none")
    if number == 101:
        raise LeftError("it became a websocket or another protocol, which toolreel does not record")
    return ResponseHead(number, headers)


def _shown(value: Any) -> str:
    if not isinstance(value, str):
        return shortened(str(value), 60)
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…'"


def shortened(text: str, limit: int) -> str:
    """A text as one line of what can be printed, and no more of it than `limit` characters."""
    line = _PRINTABLE.sub("?", " ".join(text.split()))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def fields(pairs: Iterable[tuple[Any, Any]]) -> Headers:
    """Header fields from names and values, which may be lists of values; what is no text is left out.

    Values are as a recorder reads them from the wire: Latin-1, on one line.
    """
    found = []
    for name, values in pairs:
        for value in values if isinstance(values, list | tuple) else [values]:
            name, text = _text(name), _text(value)
            if name and text is not None and not name.startswith(":"):
                found.append((_latin(name).lower(), _latin(_FOLD.sub(" ", text)).strip()))
    return tuple(found)


_FOLD = re.compile(r"[\r\n\0]+[ \t]*")


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _latin(text: str) -> str:
    """As `toolreel.messages.http.headers_of` reads it: what is not Latin-1 was sent as UTF-8."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("latin-1")
    return text


def members(value: Any) -> Mapping[str, Any]:
    """The members of an object; raises LeftError if it is none."""
    if not isinstance(value, Mapping):
        raise LeftError("it is not made as its format demands")
    return value


def stored(value: Any, encoding: str = "utf-8") -> bytes:
    """The bytes of a stored body: text, or bytes; None is none. Raises LeftError for anything else."""
    if value is None:
        return b""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise LeftError("a body of it is neither text nor bytes")
    try:
        return value.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return value.encode("utf-8", "surrogatepass")
