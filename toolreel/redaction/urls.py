"""Secrets in URLs and forms: found in what they say, replaced in how they are spelled."""

from __future__ import annotations

from urllib.parse import quote

from .edits import Decoded, Edit, percent_decoded
from .search import DEPTH, Search

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
            edits += coded_edits(search, percent_decoded(value, plus=True), start + len(name) + len(equals), secret)
        start += len(pair) + 1
    return edits


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
    if value.startswith("/") or "://" in value:
        return url_edits(search, value)
    return coded_edits(search, percent_decoded(value), 0)
