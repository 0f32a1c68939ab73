"""Sound cassettes pass; a matcher that is blind to one thing is caught, whatever the thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.normalise.real import recorded, recorded_take
from tests.normalise.takes import Exchange, Plan, Server, ask, assistant, get, normal, post, take, tool_loop
from tests.replay.clients import tape_of
from toolreel.audit.audit import audit
from toolreel.audit.findings import Audited, Hole, Passage
from toolreel.audit.relaxations import bare, lacking
from toolreel.audit.walk import Setup
from toolreel.dialects.ids import ID
from toolreel.messages.bodies import body_of
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, PartsBody, UnknownBody
from toolreel.normalise.cassette import normalise
from toolreel.normalise.replace import finder, rule
from toolreel.redaction.rules import json_path
from toolreel.replay import canonical
from toolreel.replay.engine import Engine, Options, Played
from toolreel.replay.index import Key
from toolreel.replay.miss import Miss
from toolreel.replay.rules import MatchRules, Mode
from toolreel.replay.tape import Tape
from toolreel.replay.tracks import Track
from toolreel.store.files import load

WEATHER = Path(__file__).parents[2] / "cassettes" / "weather.json"


def loops(count: int = 2, **plan: Any) -> list[Exchange]:
    """Tool loops of one assistant."""
    server = Server(1)
    made, id_ = assistant(server)
    plans = (Plan(output=f'{{"temperature": {n}, "sky": "clear"}}', **plan) for n in range(count))
    return [made, *(exchange for one in plans for exchange in tool_loop(server, one, id_))]


def setup(*exchanges: Exchange, **options: Any) -> Setup:
    return Setup(tape_of(normal(*exchanges)), Options(**options))


def holes(found: Iterable[Audited]) -> list[Hole]:
    return [hole for one in found for hole in one.holes]


def unanswered(found: Iterable[Audited]) -> set[str]:
    return {name for one in found for name in one.unanswered}


def check(cassette: Cassette) -> None:
    found = list(audit(Setup(tape_of(cassette), Options())))
    assert len(found) == len(cassette.interactions)
    assert [one for one in found if not one.sound or one.passages] == []
    # Every request is tried: a read by method and path alone, what has a body by each of its fields.
    assert all(one.mutants >= (20 if one.kind == "read" else 10) and one.variants >= 6 for one in found)


# ------------------------------------------------------------------------------------------------- what is really so


def test_the_shipped_cassette_is_sound() -> None:
    check(load(WEATHER))


def test_in_a_file_made_by_hand_what_others_need_is_sent_first() -> None:
    """The thread comes before the assistant that it needs; in its normal form the assistant stands first."""
    thread, assistant_, run = f"thread_{'A' * 24}", f"asst_{'B' * 24}", f"run_{'C' * 24}"
    made = take(
        post("/threads", {"id": thread}, {}),
        post("/assistants", {"id": assistant_}, {"model": "m"}),
        post(f"/threads/{thread}/runs", {"id": run, "status": "queued"}, {"assistant_id": assistant_}),
    )
    found = list(audit(Setup(tape_of(made), Options())))
    assert [(one.n, one.refused) for one in found] == [(2, None), (1, None), (3, None)]


def sources() -> list[str]:
    return [
        "dotnet_FunctionToolsWork.json",
        "dotnet_StreamingRunWorks.json",
        "dotnet_StreamingToolCall.json",
        "fantasy_chat_multi_tool_streaming.yaml",
        "fantasy_responses_multi_tool.yaml",
        "fantasy_responses_multi_tool_streaming.yaml",
        "langchaingo_TestClient_CreateChatCompletionStream.httprr",
        "ruby_responses_create_with_followup.yml",
        "ruby_runs_cancel.yml",
        "ruby_runs_create_thread_and_run.yml",
        "ruby_runs_submit_tool_outputs.yml",
        "traceloop_llamaindex_agent_with_query_tool.yaml",
    ]


@pytest.mark.parametrize("source", sources())
def test_real_recordings_are_sound(source: str, recordings: Path) -> None:
    check(normalise(recorded_take(tuple(one for one in recorded(recordings) if one.source == source)))[0])


def test_no_real_recording_is_left_out(recordings: Path) -> None:
    assert {one.source for one in recorded(recordings)} == set(sources())


@pytest.mark.soak
def test_all_real_recordings_are_sound_together(recordings: Path) -> None:
    check(normalise(recorded_take(recorded(recordings)))[0])


@pytest.mark.soak
def test_two_hundred_interactions_are_sound() -> None:
    check(normal(*loops(25)))


@pytest.mark.parametrize("plan", [{}, {"streams": True}, {"deletes": True}])
def test_tool_loops_are_sound(plan: dict[str, Any]) -> None:
    check(normal(*loops(1 + ("streams" in plan), **plan)))


def test_conversations_that_are_alike_are_sound() -> None:
    server = Server(2)
    check(normal(*(exchange for reply in "aa" for exchange in tool_loop(server, Plan(reply=reply)))))


def test_what_is_not_json_is_sound() -> None:
    form = (("content-type", "multipart/form-data; boundary=toolreel-boundary"),)
    upload = (
        b'--toolreel-boundary\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n'
        b'Content-Type: application/json\r\n\r\n{"a": 1}\r\n--toolreel-boundary--\r\n'
    )
    body = body_of(upload, None, form[0][1])
    assert isinstance(body, PartsBody)
    file = post("/files", {"id": "file-AAAAAAAAAAAAAAAAAAAAAA", "object": "file"}, request_headers=form)
    file = replace(file, request=file.request.model_copy(update={"body": body}))
    check(
        normal(
            file,
            post("/x", {"object": "y"}, "plain text"),
            post("/x", {"object": "y"}, '{"a": 1, "a": 2}'),
            ask("PUT", "/x?b=2&a=1", {"object": "y"}),
        )
    )


# ----------------------------------------------------------------------------------------- a weak matcher is caught

FIELDS = ["assistant_id", "content", "model", "tool_call_id", "output"]


@pytest.mark.parametrize("name", FIELDS)
def test_a_matcher_that_is_blind_to_a_field_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = canonical.plain

    def blind(value: Any, *more: Any, **named: Any) -> Any:
        if isinstance(value, dict):
            value = {key: member for key, member in value.items() if key != name}
        return plain(value, *more, **named)

    monkeypatch.setattr(canonical, "plain", blind)
    found = holes(audit(setup(*loops(1))))
    assert found
    assert any(hole.what == "null" and hole.where.endswith(name) for hole in found)


def looks_away(name: str, weak: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(canonical, name, weak)


def bools_are_numbers(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *more, **named: real(int(value) if isinstance(value, bool) else value, *more, **named)


def trimmed(real: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *more, **named: real(value.strip() if isinstance(value, str) else value, *more, **named)


@pytest.mark.parametrize(
    ("weaken", "hole"),
    [
        pytest.param(
            lambda patch: patch.setattr(MatchRules, "_query", lambda rules, pairs: ()),
            Hole("dropped", "query order"),
            id="query",
        ),
        pytest.param(looks_away("plain", bools_are_numbers(canonical.plain)), Hole("retyped", "$.stream"), id="bool"),
        pytest.param(looks_away("plain", trimmed(canonical.plain)), Hole("spaced", "$.content"), id="spaces"),
        pytest.param(
            looks_away("SETS", dict.fromkeys(["tags", "tool_outputs"], "x")), Hole("reordered", "$.tags"), id="order"
        ),
    ],
)
def test_a_careless_matcher_is_caught(
    weaken: Callable[[pytest.MonkeyPatch], None], hole: Hole, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaken(monkeypatch)
    tagged = post("/chat/completions", {"object": "x"}, {"tags": ["a", "b"]})
    assert hole in holes(audit(setup(*loops(1, streams=True), tagged)))


def test_a_matcher_that_takes_one_id_for_another_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Track, "leaves_open", True)  # so that it is not found by what it says, but compared
    monkeypatch.setattr(Track, "meaning", lambda track, meant, known: {})
    found = holes(audit(Setup(tape_of(load(WEATHER)), Options())))
    assert Hole("exchanged", "$.tool_outputs[*].output") in found


@pytest.mark.parametrize(
    ("name", "strict", "variants"),
    [
        ("SETS", {}, {"order of tool outputs"}),
        ("output_of", lambda value: {"text": value}, {"JSON in tool outputs"}),
        ("split_base", lambda path: ("", path.removeprefix("/v1")), {"base /openai", "base /openai/v1"}),
    ],
)
def test_a_matcher_that_wants_the_recorded_spelling_is_caught(
    name: str, strict: Any, variants: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canonical, name, strict)
    two = [{"tool_call_id": f"c{n}", "output": '{"a": 1}'} for n in range(2)]
    found = list(audit(setup(post("/threads/t/runs/r/submit_tool_outputs", {}, {"tool_outputs": two}))))
    assert variants <= unanswered(found)
    assert not found[0].sound


def test_an_answer_of_another_interaction_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matcher that answers everything with the first recorded answer to the same route."""
    monkeypatch.setattr(canonical.Asked, "canonical", lambda asked, rename, bare=False: asked.method)
    monkeypatch.setattr(Tape, "key_of", lambda tape, asked, minted: Key(asked.method, ""))
    monkeypatch.setattr(Tape, "_head", lambda tape, item: item.interaction.request.method)
    found = list(audit(setup(post("/a", {"said": "a"}, {"q": "a"}), post("/b", {"said": "b"}, {"q": "b"}))))
    assert [one.refused for one in found] == [None, None]  # both in their order
    assert holes(found)
    found = list(audit(setup(get("/a", {"said": "a"}), get("/b", {"said": "b"}))))
    assert [one.refused for one in found].count("It is answered with another recorded answer.") == 1


def test_a_request_that_is_not_answered_at_all_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Track, "meaning", lambda track, meant, known: None)
    (found,) = audit(setup(get("/a", {"said": "a"})))
    assert found.refused
    assert "/a" in found.refused
    assert not found.sound


def test_a_miss_that_leaves_traces_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Engine.play

    def play(engine: Engine, request: HttpRequest) -> Played | Miss:
        found = real(engine, request)
        if isinstance(found, Miss):
            engine._tapes = ()
        return found

    monkeypatch.setattr(Engine, "play", play)
    (found,) = audit(setup(post("/a", {"said": "a"}, {"q": 1})))
    assert found.refused == "The misses before it have changed its answer."


# --------------------------------------------------------------------------------------------- what may pass, and why

CHAT = post("/chat/completions", {"said": "yes"}, {"q": "on 2025-05-05", "n": 1})


def test_a_placeholder_lets_any_text_pass_and_is_named() -> None:
    body = {"headers": {"x": "key REDACTED-0001!"}, "api_key": "REDACTED-0002", "q": "?"}
    (found,) = audit(setup(post("/chat/completions", {"said": "yes"}, body)))
    assert found.sound
    assert {(one.where, one.rule) for one in found.passages} == {
        ("$.headers.x", "placeholder REDACTED-0001"),
        ("$.api_key", "placeholder REDACTED-0002"),
    }
    assert all(one.count > 1 for one in found.passages)


KEY, OTHER = "REDACTED-0001", "REDACTED-0002"
OWN = "/threads/thread_" + "own" * 8


def test_the_placeholder_is_named_that_is_not_known_yet() -> None:
    """What stood for the first one is known from the request before."""
    told = post(f"{OWN}/messages", {}, {"api_key": KEY})
    again = post(f"{OWN}/messages", {}, {"content": f"{KEY} and {OTHER}"})
    first, second = audit(setup(told, again))
    assert (first.sound, second.sound) == (True, True)
    assert {one.rule for one in first.passages} == {f"placeholder {KEY}"}
    assert {one.rule for one in second.passages} == {f"placeholder {OTHER}"}


@pytest.mark.parametrize("twice", [True, False], ids=["in one request", "in two requests"])
def test_a_matcher_that_takes_any_secret_anywhere_is_caught(twice: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[dict[str, Any]] = [{"a": KEY, "b": KEY}] if twice else [{"a": KEY}, {"b": KEY}]
    exchanges = [post(f"{OWN}/messages", {}, body) for body in bodies]
    assert all(one.sound for one in audit(setup(*exchanges)))
    monkeypatch.setattr(Track, "meaning", lambda self, asked, names: {})
    *_, last = audit(setup(*exchanges))
    assert {hole.where for hole in last.holes} >= {"$.b"}


def test_a_rule_lets_pass_what_it_says_and_is_named() -> None:
    cassette = normal(CHAT)

    def replacing(*patterns: str) -> Setup:
        find = finder(rule(pattern, "X") for pattern in patterns)
        return Setup(Tape("weather", cassette, no_file, None, MatchRules(replace=find)), Options())

    dates, unused, numbers = r"\d{4}-\d\d-\d\d", r"Q{9}", r"[\d-]+"
    without = {
        "dates": replacing(unused),
        "unused": replacing(dates),
    }
    (found,) = audit(replacing(dates, unused), without=without, bare=replacing())
    assert found.sound
    assert {(one.where, one.rule) for one in found.passages} == {("$.q", "dates")}
    without = {"dates": replacing(numbers), "numbers": replacing(dates)}
    (found,) = audit(replacing(dates, numbers), without=without, bare=replacing())
    assert "dates and numbers" in {one.rule for one in found.passages}, "each would do"


def test_a_body_that_nobody_kept_is_named() -> None:
    """Any body is answered there; nothing but the body is free."""
    kept, lost = post("/responses", {"said": 1}, {"q": 1}), post("/responses", {"said": 2})
    other = post("/embeddings", {"said": 3}, {"q": 1})
    lost = replace(lost, request=lost.request.model_copy(update={"body": UnknownBody(unknown=True)}))
    found = list(audit(setup(kept, lost, other)))
    assert all(one.sound for one in found), found
    assert {one.path for one in found if one.passages} == {"/responses"}
    passages = [passage for one in found for passage in one.passages]
    assert {passage.rule for passage in passages} == {"a body that was not kept"}
    assert {passage.where for passage in passages} >= {"body", "$.q"}
    assert all(passage.where == "body" or passage.where.startswith("$") for passage in passages)


def ruled(cassette: Cassette, rules: MatchRules) -> list[Audited]:
    """An audit of a replay with rules."""
    setups = {name: one_setup(cassette, other) for name, other in lacking(rules).items()}
    return list(audit(one_setup(cassette, rules), without=setups, bare=one_setup(cassette, bare(rules))))


def one_setup(cassette: Cassette, rules: MatchRules) -> Setup:
    return Setup(Tape("weather", cassette, no_file, None, rules), Options())


CALLS = post(
    "/chat/completions",
    {"said": "yes"},
    {"metadata": {"trace": "x"}, "n": 1, "messages": [{"role": "user", "content": "?"}]},
)


@pytest.mark.parametrize(
    ("rules", "rule", "within"),
    [
        (MatchRules(ignore=(json_path("$.metadata", "here"),)), "--ignore $['metadata']", "$.metadata"),
        (MatchRules(ignore=(json_path("$.messages[*].content", "here"),)), None, "$.messages[0].content"),
        (MatchRules(tool_default=Mode.SHAPE), "--tool-output shape", "$.tool_outputs[0].output"),
        (
            MatchRules(tools={"get_weather": Mode.IGNORE}),
            "--tool-output get_weather=ignore",
            "$.tool_outputs[0].output",
        ),
        (MatchRules(ignore_query=frozenset({"order"})), "--ignore-query order", "query order"),
    ],
)
def test_every_rule_lets_pass_only_what_it_says(rules: MatchRules, rule: str | None, within: str) -> None:
    found = ruled(normal(*loops(1), CALLS), rules)
    assert all(one.sound for one in found), [one for one in found if not one.sound]
    passed = {(passage.rule, passage.where) for one in found for passage in one.passages}
    assert {rule or next(iter(lacking(rules)))} == {name for name, _ in passed}
    assert all(where.startswith(within) for _, where in passed), passed


def test_headers_count_where_they_are_named() -> None:
    asked = post("/chat/completions", {}, {"q": 1}, request_headers=(("openai-beta", "assistants=v2"),))
    (found,) = ruled(normal(asked), MatchRules(match_headers=frozenset({"openai-beta", "x-team"})))
    (usual,) = ruled(normal(asked), MatchRules())
    assert found.sound
    assert found.mutants == usual.mutants + 3


def test_the_version_of_the_api_counts_where_it_is_named() -> None:
    asked = get("/x?api-version=1", {})
    (found,) = ruled(normal(asked), MatchRules(match_query=frozenset({"api-version"})))
    (usual,) = ruled(normal(asked), MatchRules())
    assert (found.sound, usual.sound) == (True, True)
    assert found.mutants > usual.mutants
    assert found.variants == usual.variants - 1


@pytest.mark.parametrize("upstream", ["https://a.example/v1", "https://a.example/openai/deployments/gpt-4o"])
@pytest.mark.parametrize("body", [{"model": "gpt-4o", "q": 1}, {"q": 1}])
def test_the_model_may_stand_in_the_path(upstream: str, body: dict[str, Any]) -> None:
    cassette = normal(post("/chat/completions", {}, body)).model_copy(update={"upstreams": (upstream,)})
    (found,) = audit(one_setup(cassette, MatchRules()))
    assert found.sound, found


def no_file(digest: str) -> bytes:
    raise FileNotFoundError(digest)


def test_without_a_reason_it_is_a_hole() -> None:
    """The same rules, but nobody says that there are any."""
    find = finder([rule(r"\d+-\d+-\d+", "X")])
    blind = Setup(Tape("weather", normal(CHAT), no_file, None, MatchRules(replace=find)), Options())
    (found,) = audit(blind)
    assert (found.passages, found.sound) == ((), False)
    assert {hole.where for hole in found.holes} == {"$.q"}


def test_what_equals_another_recorded_request_is_counted_apart() -> None:
    two = [post("/chat/completions", {"said": n}, {"n": n}) for n in (1, 2)]
    found = list(audit(setup(*two)))
    assert [one.apart for one in found] == [1, 0]
    assert all(one.sound for one in found)


def test_ids_that_were_made_alike_are_apart_until_something_tells_them_apart() -> None:
    """Which of two empty threads it is that gets the message, nobody can say."""
    threads = [f"thread_{letter * 24}" for letter in "AB"]
    made = [post("/threads", {"id": thread, "object": "thread"}) for thread in threads]
    said = post(f"/threads/{threads[1]}/messages", {"id": "msg_" + "C" * 24}, {"role": "user", "content": "?"})
    found = list(audit(setup(*made, said)))
    assert all(one.sound for one in found), found
    assert found[-1].apart == 1


def test_an_id_of_an_interchangeable_assistant_is_no_mutant() -> None:
    server = Server(1)
    (one, _), (other, second) = (assistant(server) for _ in range(2))
    found = list(audit(setup(one, other, *tool_loop(server, Plan(), second)[:3])))
    assert all(one.sound for one in found)


def test_too_many_mutants_are_left_out_and_counted() -> None:
    (all_,) = audit(setup(CHAT))
    (some,) = audit(setup(CHAT), most=20)
    assert (some.mutants, some.left_out) == (20, all_.mutants - 20)
    assert all_.left_out == 0


def test_what_was_found_for_programs() -> None:
    found = Audited(3, "POST", "/x", "call", 9, 1, 0, 5, (Passage("$.a", "placeholder REDACTED-0001", 2),))
    assert found.as_json() == {
        "n": 3,
        "method": "POST",
        "path": "/x",
        "kind": "call",
        "mutants": 9,
        "apart": 1,
        "left_out": 0,
        "variants": 5,
        "passages": ({"where": "$.a", "rule": "placeholder REDACTED-0001", "count": 2},),
        "holes": (),
        "unanswered": (),
        "refused": None,
        "sound": True,
    }


def test_ids_are_those_of_the_recording() -> None:
    """However the engine names live ids, the audit speaks of what stands in the cassette."""
    found = list(audit(setup(*loops(1))))
    assert all(re.fullmatch(r"\w+_0*[0-9]", match.group()) for one in found for match in ID.finditer(one.path))
