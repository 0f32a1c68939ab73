"""Which session a request is for: it stands in front of its path, or in its headers.

    /@weather/s1/v1/threads                      the cassette `weather`, the session `s1`
    /@weather:paris,assistants/s1/v1/threads     `weather/paris`, and `assistants` for what it does not have

A prefix is one segment of a path for the cassettes and one for the session, so the `/` in a cassette's name is
written `:`. Cassette names have neither `:` nor `,`, and each segment is percent-decoded after it was cut off: what a
program writes with `encodeURIComponent("weather/paris")` means the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, unquote

from toolreel.messages.http import Headers, HttpRequest, header

CASSETTE_HEADER = "x-toolreel-cassette"
"""Names the cassettes where the URL does not, several with a comma between."""
SESSION_HEADER = "x-toolreel-session"
"""Names the session where the URL does not."""

CONTROL = "/@"
"""The path of the control API, which goes on with `/`."""

_VERSION = re.compile("v[0-9]+")
_PREFIX = re.compile(r"/@(?P<cassettes>[^/?]+)(/(?P<session>[^/?]+))?(?P<path>/[^?]*)?(?P<query>(\?.*)?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A session, and its cassettes as far as they are named."""

    session: str
    cassettes: tuple[str, ...] = ()


def addressed(request: HttpRequest) -> tuple[Address, HttpRequest] | None:
    """Where a request goes, and the request without the prefix; None if it does not say where.

    Of a request that names cassettes but no session, the session is `""`.
    """
    match = _PREFIX.fullmatch(request.target) if request.target.startswith(CONTROL) else None
    if match is None:
        address = _in_headers(request.headers)
        return None if address is None else (address, request)
    session = unquote(match["session"] or "")
    if is_version(session):  # then it is the session that was forgotten, and all who do would share one
        session = ""
    address = Address(session, _split(unquote(match["cassettes"])))
    return address, replace(request, target=(match["path"] or "/") + match["query"])


@lru_cache(maxsize=64)
def _in_headers(headers: Headers) -> Address | None:
    cassettes, session = header(headers, CASSETTE_HEADER), header(headers, SESSION_HEADER)
    if cassettes is None and session is None:
        return None
    return Address((session or "").strip(), _split(cassettes or ""))


def is_version(name: str) -> bool:
    """Whether base URLs go on like this, so that it is no name of a session."""
    return _VERSION.fullmatch(name) is not None


def _split(names: str) -> tuple[str, ...]:
    return tuple(name.strip().replace(":", "/") for name in names.split(",") if name.strip())


def prefix(cassettes: Sequence[str], session: str) -> str:
    """What stands in front of the path of every request of a session: `/@weather:paris/s1`."""
    return f"/@{','.join(cassettes).replace('/', ':')}/{quote(session, safe='')}"
