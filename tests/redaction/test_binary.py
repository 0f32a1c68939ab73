from __future__ import annotations

import pytest

from toolreel.redaction.binary import overwritten
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search


def search() -> Search:
    placeholders = Placeholders()
    return Search(DEFAULT_RULES, placeholders, placeholders.see)


@pytest.mark.parametrize(
    ("data", "result", "count"),
    [
        (b"", b"", 0),
        (b"\x00\xff ordinary \x80", None, 0),
        (b"\xff\x00sk-abcdefgh1234\xff", b"\xff\x00***************\xff", 1),
        (b"\xffpassword=hunter2\x00api_key: 0123abcd", b"\xffpassword=*******\x00api_key: ********", 2),
        ("é sk-abcdefgh1234".encode("utf-16"), "é ***************".encode("utf-16"), 1),
        ("é sk-abcdefgh1234".encode("utf-16-be"), "é ***************".encode("utf-16-be"), 1),
    ],
)
def test_secrets_in_bytes(data: bytes, result: bytes | None, count: int) -> None:
    expected = data if result is None else result
    assert overwritten(search(), data) == (expected, count)
    assert overwritten(search(), expected)[0] == expected


def test_secrets_in_bytes_are_looked_for_from_then_on() -> None:
    one = search()
    overwritten(one, b"\0password=hunter2xyz")
    assert overwritten(one, b"\0see hunter2xyz") == (b"\0see **********", 1)
