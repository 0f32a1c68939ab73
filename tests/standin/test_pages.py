from __future__ import annotations

import pytest

from toolreel.standin.errors import ApiError
from toolreel.standin.pages import paginate

ITEMS = [{"id": name, "object": "thread.run"} for name in "abcde"]


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ({}, "edcba", False),
        ({"order": "asc"}, "abcde", False),
        ({"limit": "2"}, "ed", True),
        ({"limit": "2", "after": "d"}, "cb", True),
        ({"limit": "2", "after": "c"}, "ba", False),
        ({"after": "a"}, "", False),
        ({"limit": "2", "before": "b"}, "dc", True),
        ({"limit": "2", "before": "c"}, "ed", False),
        ({"before": "e"}, "", False),
        ({"order": "asc", "after": "a", "before": "d"}, "bc", False),
        ({"order": "asc", "limit": "5"}, "abcde", False),
        ({"order": "asc", "limit": "1", "after": "a", "before": "d"}, "b", True),
    ],
)
def test_paginate(query: dict[str, str], ids: str, more: bool) -> None:
    page = paginate(ITEMS, query, "run")
    assert list(page) == ["object", "data", "first_id", "last_id", "has_more"]
    assert "".join(item["id"] for item in page["data"]) == ids
    assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    assert page["has_more"] is more


@pytest.mark.parametrize(
    ("query", "status", "message", "code"),
    [
        (
            {"limit": "0"},
            400,
            "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "integer_below_min_value",
        ),
        (
            {"limit": "101"},
            400,
            "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
            "integer_above_max_value",
        ),
        (
            {"limit": "-3"},
            400,
            "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got -3 instead.",
            "integer_below_min_value",
        ),
        ({"limit": "x"}, 400, "Invalid type for 'limit': expected an integer, but got 'x' instead.", "invalid_type"),
        ({"limit": "٣"}, 400, "Invalid type for 'limit': expected an integer, but got '٣' instead.", "invalid_type"),
        ({"order": "up"}, 400, "Invalid value: 'up'. Supported values are: 'asc' and 'desc'.", "invalid_value"),
        ({"after": "z"}, 404, "No run found with id 'z'.", None),
        ({"before": "z"}, 404, "No run found with id 'z'.", None),
    ],
)
def test_refused(query: dict[str, str], status: int, message: str, code: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        paginate(ITEMS, query, "run")
    assert (caught.value.status, caught.value.message, caught.value.code) == (status, message, code)
