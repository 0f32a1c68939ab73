from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.jsontext import STYLES
from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    Cassette,
    Ending,
    FileBody,
    Interaction,
    JsonBody,
    JsonFrame,
    Part,
    PartsBody,
    Performance,
    RawFrame,
    Read,
    Request,
    Response,
    Take,
    TextBody,
    TextFrame,
)
from toolreel.store.layout import cassette_text

SAMPLE = Cassette(
    upstreams=("https://api.openai.com/v1",),
    interactions=(
        Interaction(
            n=1,
            request=Request(
                method="POST",
                path="/threads/thread_1/runs",
                query=(("include[]", "x"),),
                headers=(("content-type", "application/json"), ("accept", "*/*")),
                body=JsonBody(value={"stream": False, "é": []}, style="spaced"),
            ),
            response=Response(
                status=200, body=JsonBody(value={"id": "run_1", "tools": [{"type": "a"}]}, style="pretty2")
            ),
        ),
        Interaction(
            n=2,
            request=Request(method="GET", path="/x"),
            response=Response(
                status=200,
                headers=(("content-type", "text/event-stream"),),
                frames=(
                    JsonFrame(event="e", value={"a": 1}),
                    JsonFrame(value=None),
                    TextFrame(event="done", text="[DONE]"),
                    RawFrame(raw="da\n"),
                    Base64Frame(base64="/w=="),
                ),
            ),
            ending=Ending.CUT,
        ),
        Interaction(n=3, request=Request(method="GET", path="/f"), response=Response(status=200, frames=())),
        Interaction(
            n=4,
            request=Request(method="PUT", path="/f", body=Base64Body(base64="/w==")),
            response=Response(status=200, body=FileBody(file="a" * 64)),
        ),
        Interaction(
            n=5,
            request=Request(method="PUT", path="/f", body=TextBody(text="")),
            response=Response(status=204),
        ),
    ),
    take=Take(
        recorded_at="2026-01-01T00:00:00Z",
        tool="toolreel 0.1",
        interactions={
            "1": Performance(ms=(0, 5), at=(1_750_000_000,), obfuscation=("x", ""), system_fingerprint=("fp",)),
            "2": Performance(
                ms=(1, 9), frame_ms=(1, 2, 3, 4), chunks=(10, 20), headers=(("a", "b"),), encoding="gzip"
            ),
        },
        reads={
            "3": (
                Read(count=2, ms=((6, 7), (8, 9)), at=(1_750_000_001,), body=JsonBody(value=None, style="pretty2")),
                Read(count=1, status=500, headers=(("a", "b"),), body=TextBody(text="é")),
            ),
            "5": (Read(count=1),),
        },
        overlap=((1, 2), (1, 4)),
    ),
)

SAMPLE_TEXT = """\
{"toolreel": 1,
 "upstreams": ["https://api.openai.com/v1"],
 "interactions": [
  {"n": 1,
   "request": {"method": "POST", "upstream": 0, "path": "/threads/thread_1/runs",
    "query": [["include[]", "x"]],
    "headers": [["content-type", "application/json"], ["accept", "*/*"]],
    "body": {"style": "spaced", "json": {
      "stream": false,
      "é": []
     }}},
   "response": {"status": 200,
    "headers": [],
    "body": {"style": "pretty2", "json": {
      "id": "run_1",
      "tools": [
       {
        "type": "a"
       }
      ]
     }}},
   "ending": "complete"},
  {"n": 2,
   "request": {"method": "GET", "upstream": 0, "path": "/x",
    "headers": []},
   "response": {"status": 200,
    "headers": [["content-type", "text/event-stream"]],
    "frames": [
     {"event": "e", "json": {"a": 1}},
     {"json": null},
     {"event": "done", "text": "[DONE]"},
     {"raw": "da\\n"},
     {"base64": "/w=="}]},
   "ending": "cut"},
  {"n": 3,
   "request": {"method": "GET", "upstream": 0, "path": "/f",
    "headers": []},
   "response": {"status": 200,
    "headers": [],
    "frames": []},
   "ending": "complete"},
  {"n": 4,
   "request": {"method": "PUT", "upstream": 0, "path": "/f",
    "headers": [],
    "body": {"base64": "/w=="}},
   "response": {"status": 200,
    "headers": [],
    "body": {"file": "%s"}},
   "ending": "complete"},
  {"n": 5,
   "request": {"method": "PUT", "upstream": 0, "path": "/f",
    "headers": [],
    "body": {"text": ""}},
   "response": {"status": 204,
    "headers": []},
   "ending": "complete"}],
 "take": {"recorded_at": "2026-01-01T00:00:00Z", "tool": "toolreel 0.1",
  "interactions": {
   "1": {"ms": [0, 5], "at": [1750000000], "obfuscation": ["x", ""], "system_fingerprint": ["fp"]},
   "2": {"ms": [1, 9], "frame_ms": [1, 2, 3, 4], "chunks": [10, 20], "headers": [["a", "b"]], "encoding": "gzip"}},
  "reads": {
   "3": [{"count": 2, "ms": [[6, 7], [8, 9]], "at": [1750000001], "body": {"json": null, "style": "pretty2"}},
    {"count": 1, "status": 500, "headers": [["a", "b"]], "body": {"text": "é"}}],
   "5": [{"count": 1}]},
  "overlap": [[1, 2], [1, 4]]}}
""" % ("a" * 64)


def test_a_cassette_is_laid_out_for_review() -> None:
    assert cassette_text(SAMPLE) == SAMPLE_TEXT


def test_what_is_laid_out_says_the_same_as_the_cassette() -> None:
    assert Cassette.model_validate(json.loads(SAMPLE_TEXT)) == SAMPLE


def test_what_is_laid_out_fits_the_published_schema() -> None:
    jsonschema.Draft202012Validator(Cassette.model_json_schema()).validate(json.loads(cassette_text(SAMPLE)))


def test_an_empty_cassette_is_laid_out() -> None:
    empty = Cassette(upstreams=(), interactions=())
    assert cassette_text(empty) == '{"toolreel": 1,\n "upstreams": [],\n "interactions": []}\n'


def test_a_take_without_interactions_is_laid_out() -> None:
    empty = Cassette(upstreams=(), interactions=(), take=Take(recorded_at="x", tool="y"))
    text = cassette_text(empty)
    assert text.endswith(' "take": {"recorded_at": "x", "tool": "y",\n  "interactions": {}}}\n')
    assert Cassette.model_validate(json.loads(text)) == empty


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=8,
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple)
PLAIN_BODIES = (
    st.builds(lambda value, style: JsonBody(value=value, style=style), JSON, st.sampled_from(STYLES))
    | st.builds(TextBody, text=TEXTS)
    | st.builds(Base64Body, base64=TEXTS)
)
PARTS = st.lists(st.builds(Part, headers=PAIRS, body=PLAIN_BODIES), max_size=2).map(tuple)
BODIES = st.none() | PLAIN_BODIES | st.builds(PartsBody, parts=PARTS)
FRAMES = (
    st.builds(lambda event, value: JsonFrame(event=event, value=value), st.none() | TEXTS, JSON)
    | st.builds(TextFrame, event=st.none() | TEXTS, text=TEXTS)
    | st.builds(RawFrame, raw=TEXTS)
    | st.builds(Base64Frame, base64=TEXTS)
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "M-SEARCH", "X"]),
    upstream=st.just(0),
    path=TEXTS,
    query=PAIRS,
    headers=PAIRS,
    body=BODIES,
)
RESPONSES = st.builds(Response, status=st.integers(100, 999), headers=PAIRS, body=BODIES) | st.builds(
    Response, status=st.integers(100, 999), headers=PAIRS, frames=st.lists(FRAMES, max_size=4).map(tuple)
)
MS = st.integers(0, 10**9)
PERFORMANCES = st.builds(
    Performance,
    ms=st.tuples(MS, MS),
    frame_ms=st.none() | st.lists(MS, max_size=3).map(tuple),
    chunks=st.none() | st.lists(MS, max_size=3).map(tuple),
    at=st.none() | st.lists(MS, max_size=3).map(tuple),
    obfuscation=st.none() | st.lists(TEXTS, max_size=3).map(tuple),
    system_fingerprint=st.none() | st.lists(TEXTS, max_size=3).map(tuple),
    headers=st.none() | PAIRS,
    encoding=st.none() | TEXTS,
)


@st.composite
def superseded(draw: st.DrawFn) -> Read:
    count = draw(st.integers(1, 3))
    return Read(
        count=count,
        ms=draw(st.none() | st.lists(st.tuples(MS, MS), min_size=count, max_size=count).map(tuple)),
        volatile=draw(st.none() | st.lists(PAIRS, min_size=count, max_size=count).map(tuple)),
        at=draw(st.none() | st.lists(MS, max_size=3).map(tuple)),
        status=draw(st.none() | st.integers(100, 999)),
        headers=draw(st.none() | PAIRS),
        body=draw(BODIES),
    )


@st.composite
def cassettes(draw: st.DrawFn) -> Cassette:
    count = draw(st.integers(0, 3))
    interactions = tuple(
        Interaction(n=n, request=draw(REQUESTS), response=draw(RESPONSES), ending=draw(st.sampled_from(Ending)))
        for n in range(1, count + 1)
    )
    described = {str(n): draw(PERFORMANCES) for n in range(1, count + 1) if draw(st.booleans())}
    upstreams = ("https://a.example",)
    if draw(st.booleans()):
        return Cassette(upstreams=upstreams, interactions=interactions)
    reads = {
        str(n): tuple(draw(st.lists(superseded(), min_size=1, max_size=2)))
        for n in range(1, count + 1)
        if draw(st.booleans())
    }
    pairs = [(one, other) for other in range(1, count + 1) for one in range(1, other)]
    overlap = tuple(pair for pair in pairs if draw(st.booleans()))
    take = Take(recorded_at=draw(TEXTS), tool=draw(TEXTS), interactions=described, reads=reads, overlap=overlap)
    return Cassette(upstreams=upstreams, interactions=interactions, take=take)


def exactly(cassette: Cassette) -> str:
    """All of a cassette with the types of its numbers; Python alone takes 1, 1.0 and True for the same."""
    plain: Any = cassette.model_dump()
    return json.dumps(plain)


@given(cassettes())
@settings(max_examples=120, deadline=None)
def test_any_cassette_can_be_read_from_its_text(cassette: Cassette) -> None:
    text = cassette_text(cassette)
    assert exactly(Cassette.model_validate(json.loads(text))) == exactly(cassette)
    assert text.endswith("}\n")
    text.encode()


@given(cassettes())
@settings(max_examples=40, deadline=None)
def test_any_cassette_fits_the_published_schema(cassette: Cassette) -> None:
    jsonschema.Draft202012Validator(Cassette.model_json_schema()).validate(json.loads(cassette_text(cassette)))
