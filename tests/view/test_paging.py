from __future__ import annotations

import pytest

from toolreel.view.paging import paged


@pytest.mark.parametrize(
    ("asked", "items", "number"),
    [
        (None, [0, 1], 1),
        ("2", [2, 3], 2),
        ("3", [4], 3),
        ("9", [4], 3),
        ("0", [0, 1], 1),
        ("-1", [0, 1], 1),
        ("x", [0, 1], 1),
        ("²", [0, 1], 1),
        ("9" * 5000, [0, 1], 1),
    ],
)
def test_the_page_that_is_asked_for_or_the_nearest(asked: str | None, items: list[int], number: int) -> None:
    page = paged(range(5), asked, 2)
    assert list(page.items) == items
    assert (page.number, page.first, page.count) == (number, 2 * (number - 1), 3)


def test_nothing_has_one_page() -> None:
    assert paged([], "1", 10).count == 1
