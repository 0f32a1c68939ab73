from __future__ import annotations

import pytest
import yaml

from .writers import example, found, left, ruby, ruby_value


def test_the_time_of_recording_is_taken() -> None:
    one = found(ruby([example(ms=(0, 4000))]))
    assert one.recorded_at == "2025-10-30T21:58:54Z"
    assert one.timing is None, "a second is no measure of a request"


@pytest.mark.parametrize("written", [None, "yesterday", 5])
def test_a_time_that_is_none_is_unknown(written: object) -> None:
    value = ruby_value([example()])
    value["http_interactions"][0]["recorded_at"] = written
    assert found(yaml.dump(value).encode()).recorded_at is None


def test_bodies_as_ruby_writes_them() -> None:
    """Symbols of Psych, binary strings, strings in other encodings, and what old releases wrote."""
    data = b"""---
http_interactions:
- request:
    method: post
    uri: https://api.openai.com/v1/threads
    body:
      encoding: ASCII-8BIT
      string: !binary |-
        AP8=
    headers:
      Accept:
      - ! '*/*'
  response:
    status:
      code: 200
      message: !!str OK
    headers:
      Content-Type: [text/plain]
    body:
      encoding: ISO-8859-1
      string: "caf\\u00e9"
    http_version:
  recorded_at: Tue, 14 Nov 2023 21:49:33 GMT
recorded_with: VCR 2.9.3
"""
    one = found(data)
    assert one.request.body == b"\0\xff"
    assert one.request.headers == (("accept", "*/*"),)
    assert one.answer.body == "café".encode("latin-1")


@pytest.mark.parametrize("encoding", ["UTF-8", "US-ASCII", "ASCII-8BIT", "rot13", "no-such", None, 7])
def test_other_encodings_are_as_good_as_utf_8(encoding: object) -> None:
    value = ruby_value([example()])
    value["http_interactions"][0]["response"]["body"] = {"encoding": encoding, "string": "café"}
    assert found(yaml.dump(value).encode()).answer.body == "café".encode()


def test_a_body_may_be_a_plain_string_or_none() -> None:
    value = ruby_value([example()])
    value["http_interactions"][0]["response"]["body"] = "text"
    value["http_interactions"][0]["request"]["body"] = None
    one = found(yaml.dump(value).encode())
    assert (one.request.body, one.answer.body) == (None, b"text")


def test_broken_base64_is_left() -> None:
    value = ruby_value([example()])
    value["http_interactions"][0]["response"]["body"] = {"encoding": "UTF-8", "base64_string": "a"}
    assert left(yaml.dump(value).encode()) == "a body of it is broken base64"
    value["http_interactions"] = ["text"]
    assert left(yaml.dump(value).encode()) == "it is made as no known format demands"
