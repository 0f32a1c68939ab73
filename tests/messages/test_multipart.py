"""Multipart bodies: cut into parts, and put together again with another boundary."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages import multipart
from toolreel.messages.bodies import body_bytes, body_of
from toolreel.messages.model import JsonBody, PartsBody, TextBody
from toolreel.messages.multipart import Part

UPLOAD = (
    b'--X\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\nContent-Type: application/json\r\n\r\n'
    b'{"a":1}\r\n--X--\r\n'
)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=X", "X"),
        ('multipart/form-data; charset=utf-8; BOUNDARY="a b"', "a b"),
        ("Multipart/Mixed;boundary=X;y=1", "X"),
        ("application/json; boundary=X", None),
        ("multipart/form-data", None),
        (None, None),
    ],
)
def test_the_boundary_is_read_from_the_content_type(content_type: str | None, boundary: str | None) -> None:
    assert multipart.boundary_of(content_type) == boundary


def test_a_content_type_can_name_another_boundary() -> None:
    assert (
        multipart.with_boundary("multipart/form-data; boundary=X; a=b", "Y") == "multipart/form-data; boundary=Y; a=b"
    )


def test_an_upload_becomes_parts_whose_bodies_are_read_like_any_body() -> None:
    body = body_of(UPLOAD, content_type="multipart/form-data; boundary=X")
    assert isinstance(body, PartsBody)
    assert [part.body for part in body.parts] == [
        TextBody(text="assistants"),
        JsonBody(value={"a": 1}, style="compact"),
    ]
    assert body_bytes(body, lambda digest: b"") == UPLOAD.replace(b"--X", b"--toolreel-boundary")


@pytest.mark.parametrize(
    "broken",
    [UPLOAD[:-4], b"preamble" + UPLOAD, UPLOAD + b"more", UPLOAD.replace(b": ", b":", 1), b"", b"--X--\r\n\r\n"],
    ids=["cut", "preamble", "epilogue", "no space in a field", "empty", "junk after the end"],
)
def test_what_would_not_come_back_is_no_multipart_to_us(broken: bytes) -> None:
    body = body_of(broken, content_type="multipart/form-data; boundary=X")
    assert not isinstance(body, PartsBody)
    assert body_bytes(body, lambda digest: b"") == broken


NAMES = st.text(st.characters(codec="ascii", exclude_characters=": \r\n"), min_size=1)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"))
PARTS = st.lists(st.builds(Part, st.lists(st.tuples(NAMES, VALUES)).map(tuple), st.binary()), min_size=1)


@settings(deadline=None)
@given(PARTS, st.from_regex(r"[A-Za-z0-9-]{8,20}", fullmatch=True))
def test_parts_survive_joining_and_splitting(parts: list[Part], boundary: str) -> None:
    again = multipart.split(multipart.join(parts, boundary), boundary)
    delimiter = boundary.encode()
    if any(delimiter in part.data or boundary in str(part.headers) for part in parts):
        return  # a boundary that occurs in a part is none
    assert again == parts


@settings(deadline=None)
@given(st.binary(), st.sampled_from(["X", "-", ""]))
def test_no_bytes_are_lost_whatever_they_are(data: bytes, boundary: str) -> None:
    parts = multipart.split(data, boundary)
    if parts is not None:
        assert multipart.join(parts, boundary).removesuffix(b"\r\n") == data.removesuffix(b"\r\n")
