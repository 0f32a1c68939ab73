from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from toolreel.messages.model import (
    Base64Body,
    Base64Frame,
    Cassette,
    Ending,
    FileBody,
    InconsistentError,
    Interaction,
    JsonBody,
    JsonFrame,
    Performance,
    RawFrame,
    Request,
    Response,
    Take,
    TextBody,
    TextFrame,
)

GOOD: dict[str, Any] = {
    "toolreel": 1,
    "upstreams": ["https://api.openai.com/v1"],
    "interactions": [
        {
            "n": 1,
            "request": {
                "method": "POST",
                "upstream": 0,
                "path": "/threads",
                "query": [["include[]", "x"]],
                "headers": [["content-type", "application/json"]],
                "body": {"json": {"a": 1}, "style": "compact"},
            },
            "response": {"status": 200, "headers": [], "body": {"text": ""}},
            "ending": "complete",
        },
        {
            "n": 2,
            "request": {"method": "GET", "path": "/threads"},
            "response": {
                "status": 200,
                "frames": [{"event": "e", "json": None}, {"text": "[DONE]"}, {"raw": "da"}, {"base64": "/w=="}],
            },
            "ending": "cut",
        },
    ],
    "take": {
        "recorded_at": "2026-01-01T00:00:00Z",
        "tool": "toolreel 0.1",
        "interactions": {"2": {"ms": [1, 2], "frame_ms": [1, 2, 3, 4], "chunks": [9]}},
    },
}


def changed(path: list[str | int], value: Any) -> dict[str, Any]:
    """GOOD with another value at `path`; `...` takes the member away."""
    copy = json.loads(json.dumps(GOOD))
    place = copy
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return dict(copy)


def test_a_good_cassette_is_what_it_says() -> None:
    cassette = Cassette.model_validate(GOOD)
    first, second = cassette.interactions
    assert first.request.body == JsonBody(value={"a": 1}, style="compact")
    assert first.request.query == (("include[]", "x"),)
    assert first.response.body == TextBody(text="")
    assert first.response.frames is None
    assert (second.request.upstream, second.request.headers, second.request.body) == (0, (), None)
    assert second.response.frames == (
        JsonFrame(event="e", value=None),
        TextFrame(text="[DONE]"),
        RawFrame(raw="da"),
        Base64Frame(base64="/w=="),
    )
    assert (first.ending, second.ending) == (Ending.COMPLETE, Ending.CUT)
    assert cassette.take is not None
    assert cassette.take.interactions["2"] == Performance(ms=(1, 2), frame_ms=(1, 2, 3, 4), chunks=(9,))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        pytest.param(["toolreel"], 2, "Input should be 1", id="version"),
        pytest.param(["upstreams"], ..., "Field required", id="no-upstreams"),
        pytest.param(["interactions"], ..., "Field required", id="no-interactions"),
        pytest.param(["extra"], 1, "Extra inputs are not permitted", id="unknown-member"),
        pytest.param(
            ["interactions", 1, "n"],
            3,
            "Value error, number 3 stands where 2 is due, number them from 1 on ",
            id="gap-in-the-numbers",
        ),
        pytest.param(
            ["interactions", 1, "n"],
            1,
            "Value error, number 1 stands where 2 is due, number them from 1 on ",
            id="number-twice",
        ),
        pytest.param(["interactions", 0, "n"], 0, "greater than or equal to 1", id="number-zero"),
        pytest.param(
            ["interactions", 1, "request", "upstream"],
            1,
            "Value error, there are only 1 upstreams, counted from 0 ",
            id="upstream-that-is-not-there",
        ),
        pytest.param(
            ["interactions", 1, "request", "upstream"], -1, "greater than or equal to 0", id="upstream-below-0"
        ),
        pytest.param(
            ["upstreams"],
            ["https://a:port"],
            r"Value error, no URL \(Port could not be cast to integer value as \'port\'\) ",
            id="upstream-that-is-no-url",
        ),
        pytest.param(["interactions", 1, "request", "method"], ..., "Field required", id="no-method"),
        pytest.param(["interactions", 1, "response", "status"], 99, "greater than or equal to 100", id="status-99"),
        pytest.param(["interactions", 1, "response", "status"], "200", "a valid integer", id="status-text"),
        pytest.param(["interactions", 1, "response", "status"], 200.0, "a valid integer", id="status-fraction"),
        pytest.param(["interactions", 0, "n"], True, "a valid integer", id="number-truth"),
        pytest.param(["interactions", 1, "response", "status"], 1000, "less than or equal to 999", id="status-1000"),
        pytest.param(
            ["interactions", 1, "response", "body"],
            {"text": ""},
            "a response has a body or frames, not both",
            id="body-and-frames",
        ),
        pytest.param(
            ["interactions", 0, "request", "body"],
            {"json": 1, "style": "pretty4"},
            "style 'pretty4' is none of compact, compact",
            id="unknown-style",
        ),
        pytest.param(["interactions", 0, "request", "body"], {"json": 1}, "Field required", id="no-style"),
        pytest.param(
            ["interactions", 0, "request", "body"], {"text": "", "base64": ""}, "Extra inputs", id="two-kinds-of-body"
        ),
        pytest.param(["interactions", 0, "request", "body"], {"file": "a" * 63}, "match pattern", id="short-digest"),
        pytest.param(
            ["interactions", 0, "request", "body"], {"file": "../" * 21 + "a"}, "pattern", id="path-as-digest"
        ),
        pytest.param(["interactions", 0, "request", "body"], {"file": "A" * 64}, "pattern", id="digest-in-capitals"),
        pytest.param(
            ["interactions", 0, "request", "body"], {"file": "a" * 64 + "\n"}, "pattern", id="digest-newline"
        ),
        pytest.param(
            ["interactions", 1, "response", "frames", 0], {"event": "e"}, "Field required", id="empty-frame"
        ),
        pytest.param(
            ["interactions", 1, "response", "frames", 2],
            {"event": "e", "raw": ""},
            "Extra inputs",
            id="raw-with-event",
        ),
        pytest.param(["interactions", 1, "ending"], "finished", "Input should be 'complete'", id="unknown-ending"),
        pytest.param(["interactions", 0, "request", "headers"], [["a"]], "Field required", id="header-without-value"),
        pytest.param(["interactions", 0, "request", "headers"], {"a": "b"}, "valid tuple", id="headers-as-object"),
        pytest.param(
            ["take", "interactions", "3"],
            {"ms": [0, 1]},
            "Value error, the cassette has no such interaction ",
            id="take-of-another-interaction",
        ),
        pytest.param(
            ["take", "interactions", "02"],
            {"ms": [0, 1]},
            "Value error, the cassette has no such interaction ",
            id="take-number-spelled",
        ),
        pytest.param(
            ["take", "reads"],
            {"0": [{"count": 1}]},
            "Value error, the cassette has no such interaction ",
            id="reads-of-another-interaction",
        ),
        pytest.param(["take", "tool"], ..., "Field required", id="take-without-tool"),
        pytest.param(["take", "interactions", "2", "ms"], [1], "Field required", id="take-without-end"),
    ],
)
def test_a_bad_cassette_is_refused_and_says_why(path: list[str | int], value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Cassette.model_validate(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["upstreams", 0], "https://a:port"),
        (["interactions", 1, "n"], 3),
        (["interactions", 0, "n"], 2),
        (["interactions", 1, "request", "upstream"], 1),
        (["take", "interactions", "3"], {"ms": [0, 1]}),
        (["take", "reads"], {"3": []}),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) else "",
)
def test_what_does_not_fit_together_is_located(path: list[str | int], value: Any) -> None:
    """Where something of two places does not fit, the location leads to the one that a person has to mend."""
    with pytest.raises(ValidationError) as caught:
        Cassette.model_validate(changed(path, value))
    [fault] = caught.value.errors()
    error = fault["ctx"]["error"]
    assert isinstance(error, InconsistentError)
    assert list(error.location)[: len(path)] == path


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(["take"], id="take"),
        pytest.param(["interactions", 0, "ending"], id="ending"),
        pytest.param(["interactions", 0, "request", "query"], id="query"),
        pytest.param(["interactions", 0, "request", "body"], id="body"),
        pytest.param(["interactions", 1, "response", "frames"], id="frames"),
        pytest.param(["take", "interactions"], id="interactions-of-the-take"),
    ],
)
def test_what_is_optional_may_be_absent(path: list[str | int]) -> None:
    Cassette.model_validate(changed(path, ...))


def test_values_cannot_be_changed() -> None:
    cassette = Cassette.model_validate(GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        cassette.interactions[0].response.status = 500  # type: ignore[misc] # that it is refused is the point


def test_the_schema_knows_the_same_cassettes_as_the_models() -> None:
    schema = Cassette.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(GOOD)
    wrong: list[tuple[list[str | int], Any]] = [
        (["toolreel"], 2),
        (["extra"], 1),
        (["interactions", 0, "request", "body", "style"], "pretty4"),
        (["interactions", 0, "request", "body"], {"value": 1, "style": "compact"}),
        (["interactions", 0, "n"], 0),
        (["interactions", 1, "response", "status"], 1000),
        (["interactions", 1, "ending"], "finished"),
        (["interactions", 1, "response", "frames", 0], {"event": "e"}),
        (["take", "tool"], ...),
    ]
    for path, value in wrong:
        assert not validator.is_valid(changed(path, value)), path


def test_models_can_be_made_by_their_python_names_and_give_the_names_of_the_file() -> None:
    interaction = Interaction(
        n=1,
        request=Request(method="GET", path="/", body=Base64Body(base64="")),
        response=Response(status=200, body=JsonBody(value=[1], style="spaced")),
    )
    assert interaction.ending is Ending.COMPLETE
    assert interaction.model_dump()["response"]["body"] == {"json": [1], "style": "spaced"}
    assert interaction.model_dump()["request"]["body"] == {"base64": ""}
    assert FileBody(file="a" * 64).model_dump() == {"file": "a" * 64}
    assert Take(recorded_at="x", tool="y").interactions == {}
