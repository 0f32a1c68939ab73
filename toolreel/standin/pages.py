"""Cursor pagination of lists: `limit`, `order`, `after`, `before` (OpenAI API reference, "List …" of each object)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from . import errors
from .objects import JsonObject, page


def paginate(items: Sequence[JsonObject], query: Mapping[str, str], kind: str) -> JsonObject:
    """The page of `items` (oldest first) that a query asks for; `kind` names them in errors: `message`, `run` …

    Newest first unless `order` is `asc`, 20 unless `limit` says otherwise. `after` gives the page behind an id,
    `before` the page that ends just in front of one, both in the order asked for.
    """
    limit = _limit(query.get("limit", "20"))
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise errors.invalid_value("order", order, ("asc", "desc"))
    rows = list(items) if order == "asc" else list(reversed(items))
    if after := query.get("after"):
        rows = rows[_index(rows, after, kind) + 1 :]
    if before := query.get("before"):
        rows = rows[: _index(rows, before, kind)]
        if not after:
            return page(rows[-limit:], has_more=len(rows) > limit)
    return page(rows[:limit], has_more=len(rows) > limit)


def _limit(value: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", value) or not 1 <= int(value) <= 100:
        raise errors.invalid_limit(value)
    return int(value)


def _index(rows: Sequence[JsonObject], object_id: str, kind: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == object_id:
            return index
    raise errors.not_found(kind, object_id)
