"""Secrets in URLs and forms: found in what they say, replaced in how they are spelled."""

from __future__ import annotations

import re
from urllib.parse import quote

from .edits import Decoded, Edit, percent_decoded
from .search import DEPTH, Search

_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*://|/)\S*")
_SECRET_PARAMETERS = frozenset({"sig"})  # of a URL only: Azure's shared access signatures


def url_edits(search: Search, url: str) -> list[Edit]:
    """The secrets in a URL, or in a path with its query (RFC 9112 §3.2.1)."""
    path, mark, query = url.partition("?")
    edits = coded_edits(search, percent_decoded(path), 0)
    return edits + pair_edits(search, query, len(path) + 1) if mark else edits


def pair_edits(search: Search, pairs: str, start: int = 0) -> list[Edit]:
    """The secrets in a query or form (`application/x-www-form-urlencoded`) that stands at `start` in its text."""
    edits = list[Edit]()
    for pair in pairs.split("&"):
        name, equals, value = pair.partition("=")
        decoded = percent_decoded(name, plus=True)
        edits += coded_edits(search, decoded, start)
        if value:
            secret = decoded.text.lower() in _SECRET_PARAMETERS or search.rules.is_secret_key(decoded.text)
            at = start + len(name) + len(equals)
            found = coded_edits(search, percent_decoded(value, plus=True), at, secret)
            if "+" in value and not secret:  # not everybody who writes one means a space
                found = _either(found, coded_edits(search, percent_decoded(value), at, secret))
            edits += found
        start += len(pair) + 1
    return edits


def _either(edits: list[Edit], others: list[Edit]) -> list[Edit]:
    """What either of two readings finds; where both do, all of it, by the name that the second gives."""
    found = list(others)
    for edit in edits:
        same = [other for other in found if other.start < edit.end and edit.start < other.end]
        if same:
            first, last = min(edit.start, same[0].start), max(edit.end, same[-1].end)
            found = [other for other in found if other not in same]
            edit = Edit(first, last, same[0].text)
        found.append(edit)
    return sorted(found)


def coded_edits(search: Search, decoded: Decoded, start: int, secret: bool = False) -> list[Edit]:
    """The secrets in a percent-encoded text that is spelled from `start` on."""
    at = decoded.spelled_at
    return [
        Edit(start + at(first), start + at(last), quote(text, safe=""))
        for first, last, text in search.find(decoded.text, DEPTH, secret)
    ]


def header_edits(search: Search, name: str, value: str) -> list[Edit]:
    """The secrets in the value of a header field; many hold URLs."""
    if search.rules.is_secret_key(name):
        return search.find(value, DEPTH, secret=True)
    if _URL.fullmatch(value):
        return url_edits(search, value)
    return coded_edits(search, percent_decoded(value), 0)
