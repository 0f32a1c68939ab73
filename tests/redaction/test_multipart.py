from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolreel.redaction.multipart import parameter, with_parts

PIECES = st.sampled_from([b"--b", b"--", b"\r\n", b"\n", b"\r\n\r\n", b"a: b", b"x", b"--b--", b" "])


@pytest.mark.parametrize(
    ("value", "name", "result"),
    [
        ("multipart/form-data; boundary=abc", "boundary", "abc"),
        ('multipart/form-data; charset=x; Boundary="a b;\\"c"', "boundary", 'a b;"c'),
        ("multipart/form-data", "boundary", None),
        ('form-data; filename="name=x"; name="y"', "name", "y"),
    ],
)
def test_parameters(value: str, name: str, result: str | None) -> None:
    assert parameter(value, name) == result


@given(st.lists(PIECES).map(b"".join) | st.binary())
def test_every_byte_is_given_out_once(data: bytes) -> None:
    assert with_parts(data, "b", lambda head: head, lambda body, _type, _name: body) == data


def test_parts() -> None:
    seen = []

    def body(content: bytes, kind: str, name: str) -> bytes:
        seen.append((content, kind, name))
        return content.upper()

    data = (
        b'before\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n--b \r\nX: y\r\n'
        b"content-type: text/plain;\r\n charset=utf-8\r\n\r\ntwo\r\n\r\n--b\r\n\r\nthree\r\n"
        b"--b\r\nZ: z\r\n--b--\r\nafter"
    )
    result = with_parts(data, "b", lambda head: head.replace(b": y", b": !"), body)
    assert seen == [
        (b"before", "", ""),
        (b"one", "", "a"),
        (b"two\r\n", "text/plain;\r\n charset=utf-8", ""),
        (b"three", "", ""),
    ]
    expected = data.replace(b"X: y", b"X: !")
    for word in (b"before", b"one", b"two", b"three"):
        expected = expected.replace(word, word.upper())
    assert result == expected


def test_a_body_that_is_cut() -> None:
    data = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\none'
    assert with_parts(data, "b", lambda head: head, lambda _body, _type, name: name.encode()).endswith(b"\r\n\r\na")
