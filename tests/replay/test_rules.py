"""What counts when requests are compared, as users may choose."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Plan, Server, answer_bytes, ask, get, post, take, tool_loop
from toolreel.messages.http import Headers, HttpRequest
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Engine, Options
from toolreel.replay.miss import Miss
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules, Mode, ignored, shape, tool_modes
from toolreel.replay.session import Session

from .clients import Client, tape, tape_of


def answers(
    exchange: Exchange, rules: MatchRules, target: str, body: Any = None, headers: Headers = (), base: str = "/v1"
) -> bool:
    """Whether a recorded exchange answers a request."""
    engine = Engine([tape(exchange, rules=rules)], Options())
    sent = None if body is None else json.dumps(body).encode()
    found = engine.play(HttpRequest(exchange.request.method, f"{base}{target}", headers, sent))
    assert isinstance(found, Miss) or answer_bytes(found.response) == exchange.received
    return not isinstance(found, Miss)


BODY = {"a": 1, "meta": {"at": "noon", "by": "ann"}, "list": [{"n": 1, "x": 1}, {"n": 2, "x": 2}]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("$.meta.at", {**BODY, "meta": {"at": "night", "by": "ann"}}, id="changed"),
        pytest.param("$.meta.at", {**BODY, "meta": {"by": "ann"}}, id="dropped"),
        pytest.param("$.new", {**BODY, "new": 1}, id="added"),
        pytest.param("$.meta", {**BODY, "meta": None}, id="a-whole-object"),
        pytest.param("$.meta[*]", {**BODY, "meta": {}}, id="all-members"),
        pytest.param("$.list[*].x", {**BODY, "list": [{"n": 1}, {"n": 2, "x": 9}]}, id="in-all-items"),
        pytest.param("$.list[0]", {**BODY, "list": ["other", {"n": 2, "x": 2}]}, id="an-item"),
        pytest.param("$.list[?@.n == 2]", {**BODY, "list": [{"n": 1, "x": 1}]}, id="a-filter"),
        pytest.param("$..x", {**BODY, "list": [{"n": 1}, {"n": 2}], "x": 3}, id="anywhere"),
        pytest.param("$", [1, 2, 3], id="everything"),
    ],
)
def test_what_is_ignored_does_not_count(path: str, body: Any) -> None:
    exchange = post("/x", "ok", BODY)
    assert not answers(exchange, DEFAULT_MATCH_RULES, "/x", body)
    rules = MatchRules(ignore=ignored([path], "--ignore"))
    assert answers(exchange, rules, "/x", body)
    assert answers(exchange, rules, "/x", BODY)
    assert path == "$" or not answers(exchange, rules, "/x", {**body, "a": 2}), "and nothing else"


def test_ignoring_leaves_texts_and_absent_bodies_alone() -> None:
    rules = MatchRules(ignore=ignored(["$.a", "$[0]"], "--ignore"))
    assert answers(post("/x", "ok", "text"), rules, "/x", None) is False
    assert answers(get("/x", "ok"), rules, "/x")


@pytest.mark.parametrize("path", ["a", "$.", "$[", "", "$.a b"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="--ignore"):
        ignored([path], "--ignore")


def test_parameters_count_or_not() -> None:
    exchange = get("/x?limit=1&api-version=1", "ok")
    assert answers(exchange, DEFAULT_MATCH_RULES, "/x?limit=1&api-version=2")
    assert not answers(exchange, DEFAULT_MATCH_RULES, "/x?limit=2")
    assert answers(exchange, MatchRules(ignore_query=frozenset({"limit"})), "/x?limit=2&limit=3")
    strict = MatchRules(match_query=frozenset({"api-version"}))
    assert answers(exchange, strict, "/x?api-version=1&limit=1")
    assert not answers(exchange, strict, "/x?limit=1&api-version=2")
    assert not answers(exchange, strict, "/x?limit=1")


def test_headers_count_if_asked_for() -> None:
    fields = (("openai-beta", "assistants=v2"), ("content-type", "multipart/form-data; boundary=toolreel-boundary"))
    exchange = ask("POST", "/x", "ok", body={"a": 1}, request_headers=fields)
    assert answers(exchange, DEFAULT_MATCH_RULES, "/x", {"a": 1})
    rules = MatchRules(match_headers=frozenset({"openai-beta"}))
    assert answers(exchange, rules, "/x", {"a": 1}, (("openai-beta", "assistants=v2"), ("x", "y")))
    assert not answers(exchange, rules, "/x", {"a": 1}, (("openai-beta", "assistants=v1"),))
    assert not answers(exchange, rules, "/x", {"a": 1})
    plain = MatchRules(match_headers=frozenset({"content-type"}))
    engine_asked = (("content-type", "multipart/form-data"),)
    assert answers(ask("POST", "/x", "ok", request_headers=fields[1:]), plain, "/x", None, engine_asked)


# -------------------------------------------------------------------------------------------------------- deployments

CHAT = {"messages": [], "model": "gpt-4o"}


@pytest.mark.parametrize(
    ("base", "body", "answered"),
    [
        pytest.param("/v1", CHAT, True, id="as-recorded"),
        pytest.param("/openai/v1", CHAT, True, id="azure-v1"),
        pytest.param("/openai/deployments/gpt-4o", CHAT, True, id="deployment-and-model"),
        pytest.param("/openai/deployments/gpt-4o", {"messages": []}, True, id="deployment"),
        pytest.param("/openai/deployments/gpt%2D4o", {"messages": []}, True, id="deployment-escaped"),
        pytest.param("/openai/deployments/other", CHAT, False, id="other-deployment"),
        pytest.param("/openai/deployments/gpt-4o", {"messages": [1]}, False, id="other-body"),
        pytest.param("/v1", {**CHAT, "model": "o1"}, False, id="other-model"),
        pytest.param("/v1", {"messages": []}, False, id="no-model"),
    ],
)
def test_a_deployment_is_compared_with_the_recorded_model(base: str, body: Any, answered: bool) -> None:
    exchange = post("/chat/completions", "ok", CHAT)
    assert answers(exchange, DEFAULT_MATCH_RULES, "/chat/completions", body, base=base) is answered


@pytest.mark.parametrize(
    ("base", "body", "answered"),
    [
        pytest.param("/openai/deployments/mine", CHAT, True, id="as-recorded"),
        pytest.param("/openai/deployments/other", CHAT, False, id="other-deployment"),
        pytest.param("/openai/deployments/mine", {"messages": []}, False, id="other-body"),
        pytest.param("/v1", CHAT, True, id="the-model-of-its-body"),
        pytest.param("/v1", {**CHAT, "model": "mine"}, True, id="the-deployment-as-model"),
        pytest.param("/v1", {**CHAT, "model": "o1"}, False, id="other-model"),
    ],
)
def test_a_model_is_compared_with_the_recorded_deployment(base: str, body: Any, answered: bool) -> None:
    cassette = normalise(take(post("/chat/completions", "ok", CHAT)))[0]
    recorded = cassette.model_copy(update={"upstreams": ("https://a.example/openai/deployments/mine",)})
    engine = Engine([tape_of(recorded)], Options())
    found = engine.play(HttpRequest("POST", f"{base}/chat/completions", (), json.dumps(body).encode()))
    assert (not isinstance(found, Miss)) is answered


def test_what_names_no_model_is_answered_on_any_deployment() -> None:
    exchange = get("/files/f", "ok")
    assert answers(exchange, DEFAULT_MATCH_RULES, "/files/f", base="/openai/deployments/any")


# ------------------------------------------------------------------------------------------------------- tool outputs


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ('{"a": 1}', '{ "a": 2.5 }', True),
        ('{"a": 1}', '{"a": "1"}', False),
        ('{"a": 1}', '{"b": 1}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": null}', '{"a": 1}', False),
        ("plain", "text", True),
        ("plain", "{}", False),
        ("[1, 2]", "[3]", True),
        ('[1, "a"]', '["b", 2, 3]', True),
        ("[1]", "[]", False),
        ('{"a": [{"b": 1}]}', '{"a": [{"b": 2}, {"b": 3}]}', True),
        ('{"a": [{"b": 1}]}', '{"a": [{"c": 1}]}', False),
    ],
)
def test_a_shape_is_keys_and_types(one: str, other: str, alike: bool) -> None:
    assert (shape(one) == shape(other)) is alike


@pytest.mark.parametrize(
    ("rules", "output", "answered"),
    [
        (DEFAULT_MATCH_RULES, '{"degrees":21.0}', True),
        (DEFAULT_MATCH_RULES, '{"degrees": 22}', False),
        (MatchRules(tools={"get_weather": Mode.SHAPE}), '{"degrees": 22}', True),
        (MatchRules(tools={"get_weather": Mode.SHAPE}), '{"kelvins": 22}', False),
        (MatchRules(tools={"get_weather": Mode.IGNORE}), "anything", True),
        (MatchRules(tools={"other": Mode.IGNORE}), "anything", False),
        (MatchRules(tool_default=Mode.IGNORE), "anything", True),
        (MatchRules(tools={"get_weather": Mode.EXACT}, tool_default=Mode.IGNORE), "anything", False),
        (MatchRules(ignore=ignored(["$.tool_outputs[*].output"], "--ignore")), "anything", True),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_the_output_of_each_tool_is_compared_in_its_way(
    rules: MatchRules, output: str, answered: bool, streams: bool
) -> None:
    script = tool_loop(Server(1), Plan(output='{"degrees": 21}', streams=streams))
    session = Session([tape_of(normalise(take(*script))[0], rules=rules)])
    client = Client(session)
    for _ in range(2):
        client.live = {}
        for one in script:
            sent = client.asks(one.sent)
            if "submit" in sent.target and sent.body:
                body = json.loads(sent.body)
                body["tool_outputs"][0]["output"] = output
                sent = HttpRequest(sent.method, sent.target, (), json.dumps(body).encode())
                assert (session.answer(sent).status == 200) is answered
                break
            client.send(one)
    assert len(session.misses) == (0 if answered else 2)


@pytest.mark.parametrize(
    ("words", "modes"),
    [
        ([], ({}, Mode.EXACT)),
        (["shape"], ({}, Mode.SHAPE)),
        (["get_weather=ignore", "shape", "a=b=exact"], ({"get_weather": Mode.IGNORE, "a=b": Mode.EXACT}, Mode.SHAPE)),
    ],
)
def test_modes_in_words(words: list[str], modes: Any) -> None:
    assert tool_modes(words) == modes


@pytest.mark.parametrize("word", ["", "loose", "get_weather=", "get_weather=loose", "=shape"])
def test_words_that_are_no_mode_are_refused(word: str) -> None:
    with pytest.raises(ValueError, match="write exact, shape or ignore"):
        tool_modes([word])
