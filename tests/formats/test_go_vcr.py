from __future__ import annotations

from typing import Any

import pytest
import yaml

from toolreel.messages.model import UnknownBody

from .writers import example, found, go, go_value, received


def changed(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None) -> bytes:
    value = go_value([example()])
    value["interactions"][0]["request"] |= request or {}
    value["interactions"][0]["response"] |= response or {}
    return yaml.dump(value, sort_keys=False).encode()


def test_what_go_has_unpacked_came_as_gzip() -> None:
    """Its transport takes the encoding off, and the header with it."""
    cassette = received(changed(response={"uncompressed": True}))
    assert cassette.take
    assert cassette.take.interactions["1"].encoding == "gzip"
    plain = received(changed())
    assert cassette.interactions == plain.interactions
    assert plain.take
    assert plain.take.interactions["1"].encoding is None


def test_the_duration_has_no_place_in_a_cassette() -> None:
    assert found(go([example()])).not_kept == ("duration",)


@pytest.mark.parametrize("length", [12, "12"])
def test_a_body_with_a_length_and_nothing_else_is_unknown(length: object) -> None:
    data = changed({"body": "", "content_length": length})
    assert received(data).interactions[0].request.body == UnknownBody(unknown=True)


@pytest.mark.parametrize("length", [0, -1, None, "x"])
def test_no_body_and_no_length_is_none(length: object) -> None:
    one = found(changed({"body": "", "content_length": length}))
    assert (one.request.body, one.body_kept) == (None, length != -1)


def test_binary_answers_come_back() -> None:
    assert found(changed(response={"body": b"\0\xff"})).answer.body == b"\0\xff"
