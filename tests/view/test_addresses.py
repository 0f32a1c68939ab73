from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from toolreel.view.addresses import Addresses

from .hostile import EVIL, NAMES

TO = Addresses("t")


def test_where_the_pages_are() -> None:
    assert TO.home == "/t/"
    assert TO.page("diff") == "/t/diff"
    assert TO.page("", sort="age", page=2) == "/t/?sort=age&page=2"
    assert TO.cassette("sub/food", "n4", page=2) == "/t/cassette/sub/food?page=2#n4"
    assert TO.request("sub/food", 4) == "/t/request/4/sub/food"
    assert TO.raw("food", 4, "answer") == "/t/raw/answer/4/food"


@pytest.mark.parametrize("name", [*EVIL, *NAMES, "//example.invalid", "\\x"])
def test_a_name_stays_a_part_of_the_path(name: str) -> None:
    for address in (TO.cassette(name), TO.request(name, 1), TO.raw(name, 1, "answer")):
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert unquote(parts.path).endswith(f"/{name}")
        assert not set(address) & set("\"'<>{}\\ \n")
