from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.audit.mutants import mutants
from toolreel.audit.sent import Json, Parts, Sent, Spelling, content_of, meaning, parsed, recorded, structure
from toolreel.messages.bodies import body_of
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Request
from toolreel.normalise.symbols import replaced_by
from toolreel.replay.canonical import asked

FORM = "multipart/form-data; boundary=toolreel-boundary"
UPLOAD = (
    b'--toolreel-boundary\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n'
    b"--toolreel-boundary--\r\n"
)
THREAD = "thread_000000000000000000000001"


def no_file(digest: str) -> bytes:
    raise FileNotFoundError(digest)


def of(body: bytes | None, target: str = "/threads", upstream: str = "https://a.example/v1", **more: Any) -> Sent:
    path, _, query = target.partition("?")
    pairs = tuple(tuple(pair.split("=")) for pair in query.split("&")) if query else ()
    headers = tuple(more.pop("headers", ()))
    kind = dict(headers).get("content-type")
    request = Request(method="POST", path=path, query=pairs, headers=headers, body=body_of(body, None, kind))
    return recorded(request, upstream, no_file)


def test_a_recorded_request_is_sent_as_it_was() -> None:
    headers = (("content-type", "application/json"),)
    sent = of(b'{"a":"\xc3\xa9"}', "/threads?x=1&y[]=b c", headers=headers)
    assert sent.http() == HttpRequest("POST", "/v1/threads?x=1&y%5B%5D=b%20c", headers, b'{"a":"\xc3\xa9"}')


@pytest.mark.parametrize(("body", "goes"), [(None, None), (b"", b""), (b"no json", b"no json"), (b"\xff", b"\xff")])
def test_a_body_that_is_no_json_goes_as_it_is(body: bytes | None, goes: bytes | None) -> None:
    assert of(body).http().body == goes


def test_an_upload_goes_with_any_boundary() -> None:
    sent = of(UPLOAD, headers=(("content-type", FORM),))
    assert isinstance(sent.content, Parts)
    assert sent.http().body == UPLOAD
    other = sent.http(Spelling(boundary="other"))
    assert other.body == UPLOAD.replace(b"toolreel-boundary", b"other")
    assert other.headers == (("content-type", "multipart/form-data; boundary=other"),)


@pytest.mark.parametrize(
    ("upstream", "base"),
    [("https://a.example", ""), ("https://a.example:99/openai/v1", "/openai/v1"), ("/v1", "/v1"), ("", "")],
)
def test_the_base_is_that_of_the_upstream(upstream: str, base: str) -> None:
    assert of(None, upstream=upstream).base == base
    assert of(None, upstream=upstream).http(Spelling(base="/x")).target == "/x/threads"


def test_ids_are_renamed_wherever_they_stand() -> None:
    sent = of(f'{{"{THREAD}":["{THREAD}"]}}'.encode(), f"/threads/{THREAD}?after={THREAD}")
    other = "thread_000000000000000000000002"
    renamed = sent.renamed(replaced_by({THREAD: other}))
    assert THREAD not in repr(renamed)
    assert renamed.texts().count(other) == 3
    upload = of(UPLOAD.replace(b"hello", THREAD.encode()), headers=(("content-type", FORM),))
    assert other.encode() in (upload.renamed(replaced_by({THREAD: other})).http().body or b"")


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', "[NaN]", "[1e999]", "[" * 100_000, "{", ""])
def test_what_readers_understand_differently_is_no_json_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parsed(text)


@pytest.mark.parametrize(
    ("text", "value"), [('{"a": 1}', {"a": 1}), (" [1]\n", [1]), ("21", None), ('"x"', None), ("{", None)]
)
def test_the_structure_of_an_output(text: str, value: Any) -> None:
    assert structure(text) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "output", "tool_outputs", "tool_call_id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=40)
@given(JSON)
def test_the_matcher_and_the_audit_agree_on_what_is_equal(value: Any) -> None:
    """They were written apart; a mutant is another request for both, or for neither."""
    sent = Sent("POST", "/v1", "/threads", (), (), Json(value))
    own, key = meaning(sent), asked(sent.http()).canonical(str)
    for mutant in mutants(sent):
        equal = asked(mutant.sent.http()).canonical(str) == key
        assert equal == (meaning(mutant.sent) == own), (mutant.what, mutant.where)


@given(JSON)
def test_a_value_survives_its_spelling(value: Any) -> None:
    sent = Sent("POST", "", "/x", (), (), Json(value))
    body = sent.http().body
    assert body is not None
    assert content_of(body) == Json(json.loads(json.dumps(value)))
