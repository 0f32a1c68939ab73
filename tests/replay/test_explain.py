"""What misses say, word for word: programs are mended by these sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.normalise.takes import Exchange, Plan, Server, get, post, take, tool_loop
from toolreel.messages.http import HttpRequest
from toolreel.normalise.cassette import normalise
from toolreel.replay.engine import Options
from toolreel.replay.miss import Miss
from toolreel.replay.rules import DEFAULT_MATCH_RULES, MatchRules, Mode
from toolreel.replay.session import Session

from .clients import Client, tape, tape_of

OWN = "thread_" + "own" * 8
OF = f"/threads/{OWN}/messages"
RUN = f"/threads/{OWN}/runs/run_ownownownown"
THREAD = "thread_000000000000000000000001"
SUBMIT = f"/threads/{THREAD}/runs/run_000000000000000000000001/submit_tool_outputs"
CALL = "call_000000000000000000000001"
LIKE_NONE = "is like no recorded request of cassette weather"
WORDS = "word " * 60


def ask(
    exchanges: Sequence[Exchange], *asked: tuple[Any, ...], rules: MatchRules = DEFAULT_MATCH_RULES, **options: Any
) -> Miss:
    """The miss of the last of some requests: method, target, body, headers."""
    session = Session([tape(*exchanges, rules=rules)], Options(**options))
    for method, target, *rest in asked:
        body, headers = ([*rest, None][0], rest[1] if rest[1:] else ())
        sent = None if body is None else json.dumps(body).encode()
        session.answer(HttpRequest(method, f"/v1{target}", headers, sent))
    [miss] = session.misses
    return miss


def messages(*texts: str) -> list[Exchange]:
    return [post(OF, f"got {text}", {"content": text}) for text in texts]


def asked_of(recorded: Any, asked: Any) -> Miss:
    return ask([post("/x", "", recorded)], ("POST", "/x", asked))


def submitting(
    change: Callable[[bytes], bytes],
    *plans: Plan,
    scripts: tuple[int, int] = (0, 0),
    rules: MatchRules = DEFAULT_MATCH_RULES,
) -> Miss:
    """A client goes through one of some recorded conversations, up to the tool's output, and then submits another."""
    server = Server(1)
    recorded = [tool_loop(server, plan) for plan in plans or (Plan(output='{"degrees": 21}'),)]
    cassette = normalise(take(*(one for script in recorded for one in script)))[0]
    session = Session([tape_of(cassette, rules=rules)], Options(repeat=False))
    client = Client(session)
    at = next(place for place, one in enumerate(recorded[0]) if "submit" in one.request.path)
    for one in recorded[scripts[0]][:at]:
        client.send(one)
    sent = client.asks(recorded[scripts[0]][at].sent)
    assert sent.body is not None
    session.answer(HttpRequest(sent.method, sent.target, (), change(sent.body)))
    [miss] = session.misses
    return miss


def submit(old: str, new: str, **more: Any) -> Miss:
    return submitting(lambda body: body.replace(old.encode(), new.encode()), **more)


def polled() -> list[Exchange]:
    """A run whose steps were listed before it had ended."""
    return [
        get(RUN, {"status": "in_progress"}),
        get(f"{RUN}/steps", {"object": "list", "data": []}),
        get(RUN, {"status": "completed"}),
    ]


def written() -> list[Exchange]:
    """A run with two writes, and reads between them."""
    return [
        get(f"{RUN}/steps", "first"),
        post(f"{RUN}/cancel", "one"),
        get(RUN, "cancelling"),
        post(f"{RUN}/cancel", "two", {"x": 1}),
        get(f"{RUN}/steps", "last"),
    ]


def guessed() -> Miss:
    """Two conversations that differ in an answer before they differ in a request."""
    server = Server(1)
    scripts = []
    for name in "ab":
        thread = server.id("thread_")
        path = f"/threads/{thread}/messages"
        scripts.append([post("/threads", {"id": thread, "name": name}), post(path, name, {"content": name})])
    cassette = normalise(take(*scripts[0], *scripts[1]))[0]
    session = Session([tape_of(cassette)])
    client = Client(session)
    client.send(scripts[0][0])
    session.answer(client.asks(HttpRequest("POST", f"/v1/threads/{THREAD}/messages", (), b'{"content": "b"}')))
    [miss] = session.misses
    return miss


def taken() -> Miss:
    """Of two conversations that begin alike another client is in the second."""
    server = Server(1)
    scripts = [tool_loop(server, Plan(question=question)) for question in "ab"]
    cassette = normalise(take(*scripts[0], *scripts[1]))[0]
    session = Session([tape_of(cassette)], Options(repeat=False))
    first, second = Client(session), Client(session)
    first.send(scripts[0][0])
    second.send(scripts[1][0])
    second.send(scripts[1][1])
    sent = HttpRequest("POST", f"/v1/threads/{first_thread(first)}/messages", (), scripts[1][1].sent.body)
    session.answer(sent)
    [miss] = session.misses
    return miss


def first_thread(client: Client) -> str:
    return next(live for live in client.live.values() if live.startswith("thread_"))


def torn() -> Miss:
    """One request with ids of two conversations."""
    server = Server(1)
    scripts = [tool_loop(server, Plan(question=question)) for question in "ab"]
    session = Session([tape_of(normalise(take(*scripts[0], *scripts[1]))[0])])
    clients = [Client(session) for _ in scripts]
    for client, script in zip(clients, scripts, strict=True):
        for one in script[:3]:
            client.send(one)
    run = next(live for live in clients[1].live.values() if live.startswith("run_"))
    session.answer(HttpRequest("GET", f"/v1/threads/{first_thread(clients[0])}/runs/{run}"))
    [miss] = session.misses
    return miss


def stranger() -> Miss:
    server = Server(1)
    thread = server.id("thread_")
    exchanges = [post("/threads", {"id": thread}), get(f"/threads/{thread}", {"id": thread})]
    return ask(exchanges, ("POST", "/threads", {}), ("GET", "/threads/thread_abcdefghijklmnopqrstuvwx"))


BETA = (("openai-beta", "assistants=v2"),)
KINDS: dict[str, tuple[Callable[[], Miss], str, str | None, str]] = {
    # ---------------------------------------------------------------------------------------------------- no_match
    "a value": (
        lambda: ask(messages("a"), ("POST", OF, {"content": "b"})),
        "no_match",
        "$.content",
        f'POST {OF} {LIKE_NONE}. Nearest is interaction 1: $.content is "b", recorded was "a". '
        "To let it match: --ignore '$.content'.",
    ),
    "several values": (
        lambda: asked_of({"a": 1, "b": [1, {"c": None}], "d": 1}, {"a": True, "b": [1, {"c": 2}], "e": "new"}),
        "no_match",
        "$.a",
        f"POST /x {LIKE_NONE}. Nearest is interaction 1: $.a is true, recorded was 1; "
        '$.b[1].c is 2, recorded was null; $.e is "new", recorded was none; and 1 more.',
    ),
    "a name that needs quotes": (
        lambda: asked_of({"it's": {"a b": 1}}, {"it's": {"a b": 2}}),
        "no_match",
        r"$['it\'s']['a b']",
        f"POST /x {LIKE_NONE}. Nearest is interaction 1: $['it\\'s']['a b'] is 2, recorded was 1. "
        """To let it match: --ignore '$['"'"'it\\'"'"'s'"'"']['"'"'a b'"'"']'.""",
    ),
    "no body": (
        lambda: ask([post("/x", "", {"a": 1})], ("POST", "/x")),
        "no_match",
        "$",
        f'POST /x {LIKE_NONE}. Nearest is interaction 1: the body is missing, recorded was {{"a": 1}}.',
    ),
    "no body, where one held nothing": (
        lambda: ask([post("/x", "", {"a": 1}), post("/x", "b", {})], ("POST", "/x")),
        "no_match",
        "$",
        f"POST /x {LIKE_NONE}. Nearest is interaction 2: the body is missing, recorded was {{}}.",
    ),
    "a long text": (
        lambda: asked_of({"a": f"{WORDS}one {WORDS}"}, {"a": f"{WORDS}two {WORDS}"}),
        "no_match",
        "$.a",
        f"POST /x {LIKE_NONE}. Nearest is interaction 1: "
        f'$.a is "…{WORDS[:30]}two {WORDS[:86]}… (214 more characters)", '
        f"recorded was \"…{WORDS[:30]}one {WORDS[:86]}… (214 more characters)\". To let it match: --ignore '$.a'.",
    ),
    "a date": (
        lambda: asked_of({"q": "Today is 2025-10-31."}, {"q": "Today is 2026-11-22."}),
        "no_match",
        "$.q",
        f'POST /x {LIKE_NONE}. Nearest is interaction 1: $.q is "Today is 2026-11-22.", recorded was '
        '"Today is 2025-10-31.". To let it match: presets = ["dates"] under [normalise] in toolreel.toml.',
    ),
    "a temporary path and a number": (
        lambda: asked_of({"a": "in /tmp/abc", "b": 1}, {"a": "in /tmp/xyz", "b": 2}),
        "no_match",
        "$.a",
        f'POST /x {LIKE_NONE}. Nearest is interaction 1: $.a is "in /tmp/xyz", recorded was "in /tmp/abc"; '
        '$.b is 2, recorded was 1. To let it match: presets = ["tmp-paths"] under [normalise] in toolreel.toml '
        "and --ignore '$.b'.",
    ),
    "an id of the program": (
        lambda: asked_of({"thread": OWN}, {"thread": OWN.replace("own", "new")}),
        "no_match",
        "$.thread",
        f'POST /x {LIKE_NONE}. Nearest is interaction 1: $.thread is "{OWN.replace("own", "new")}", recorded was '
        f'"{OWN}". To let it match: free = ["thread_"] under [ids] in toolreel.toml.',
    ),
    "an id that nobody gave out": (
        stranger,
        "no_match",
        "path",
        f"GET /threads/thread_abcdefghijklmnopqrstuvwx {LIKE_NONE}. Nearest is interaction 2: "
        f"thread_abcdefghijklmnopqrstuvwx is no id that this replay gave out; recorded was {THREAD}, which the "
        "answer to interaction 1 (POST /threads) gives out.",
    ),
    "parameters": (
        lambda: ask([get("/x?limit=20&order=asc")], ("GET", "/x?order=desc")),
        "no_match",
        "query.order",
        f'GET /x {LIKE_NONE}. Nearest is interaction 1: the parameter order is "desc", recorded was "asc"; '
        'the parameter limit is missing, recorded was "20". '
        "To let it match: --ignore-query order --ignore-query limit.",
    ),
    "an api-version": (
        lambda: ask(
            [get("/x?api-version=1")],
            ("GET", "/x?api-version=2"),
            rules=MatchRules(match_query=frozenset({"api-version"})),
        ),
        "no_match",
        "query.api-version",
        f'GET /x {LIKE_NONE}. Nearest is interaction 1: the parameter api-version is "2", recorded was "1". '
        "To let it match: no --match-query api-version.",
    ),
    "a header": (
        lambda: ask(
            [get("/x", request_headers=BETA)],
            ("GET", "/x", None, (("openai-beta", "assistants=v1"),)),
            rules=MatchRules(match_headers=frozenset({"openai-beta"})),
        ),
        "no_match",
        "header.openai-beta",
        f'GET /x {LIKE_NONE}. Nearest is interaction 1: the header openai-beta is "assistants=v1", '
        'recorded was "assistants=v2". To let it match: no --match-header openai-beta.',
    ),
    "a deployment": (
        lambda: ask(
            [post("/chat/completions", "", {"model": "gpt-4o"})],
            ("POST", "/../openai/deployments/other/chat/completions", {"model": "gpt-4o"}),
        ),
        "no_match",
        "path",
        f"POST /../openai/deployments/other/chat/completions {LIKE_NONE}: there is no POST of such a path.",
    ),
    "another path": (
        lambda: ask([get("/things/x")], ("GET", "/thinks/x")),
        "no_match",
        "path",
        f"GET /thinks/x {LIKE_NONE}: there is no GET of such a path; the nearest is interaction 1 (GET /things/x).",
    ),
    "another method": (
        lambda: ask([get("/x"), post("/x")], ("DELETE", "/x")),
        "no_match",
        "path",
        f"DELETE /x {LIKE_NONE}: of this path there is GET and POST only.",
    ),
    "a secret that was another before": (
        lambda: ask(
            [post(OF, "", {"key": "REDACTED-0001"}), post(OF, "", {"key": "Bearer REDACTED-0001", "n": 2})],
            ("POST", OF, {"key": "one"}),
            ("POST", OF, {"key": "Bearer two", "n": 2}),
        ),
        "no_match",
        "$.key",
        f"POST {OF} is interaction 2 of cassette weather, but REDACTED-0001 stands there for something else than in "
        "interaction 1; within one walk it stands for the same.",
    ),
    "a secret that was another in another conversation": (
        lambda: ask(
            [post("/x", "", {"key": "REDACTED-0001"}), post("/y", "", {"z": [{"key": "REDACTED-0001"}]})],
            ("POST", "/x", {"key": "sk-abcdefghijklmnopqrstuvwx"}),
            ("POST", "/y", {"z": [{"key": "sk-zyxwvutsrqponmlkjihgfedc"}]}),
            repeat=False,
        ),
        "no_match",
        "$.z[0].key",
        "POST /y is interaction 2 of cassette weather, but REDACTED-0001 stands there for something else than in "
        "interaction 1; within one walk it stands for the same. With --repeat clients may begin again.",
    ),
    "a secret that is another within a request": (
        lambda: ask(
            [post("/x", "", {"a": "REDACTED-0001", "b": "REDACTED-0001"})], ("POST", "/x", {"a": "one", "b": "two"})
        ),
        "no_match",
        "$.b",
        "POST /x is interaction 1 of cassette weather, but REDACTED-0001 stands there for more than one text.",
    ),
    "one free id for two": (
        lambda: ask(
            [post("/x", "", {"to": "cust_one"}), post("/y", "", {"to": "cust_two"})],
            ("POST", "/x", {"to": "cust_a"}),
            ("POST", "/y", {"to": "cust_a"}),
            rules=MatchRules(free=("cust_",)),
            repeat=False,
        ),
        "no_match",
        "$.to",
        "POST /y is interaction 2 of cassette weather, but cust_two stands there for the same as cust_one in "
        "interaction 1; two ids are two. With --repeat clients may begin again.",
    ),
    # ------------------------------------------------------------------------------------------------- tool outputs
    "a tool output": (
        lambda: submit("21", "22"),
        "no_match",
        "$.tool_outputs[0].output",
        f"POST {SUBMIT} {LIKE_NONE}. Nearest is interaction 6: the output of get_weather ({CALL}) is "
        '{"degrees": 22}, recorded was {"degrees": 21}. To let it match: --tool-output get_weather=shape '
        "(compares keys and types only) or --tool-output get_weather=ignore.",
    ),
    "a tool output of another shape": (
        lambda: submit('{\\"degrees\\": 21}', "rain"),
        "no_match",
        "$.tool_outputs[0].output",
        f"POST {SUBMIT} {LIKE_NONE}. Nearest is interaction 6: the output of get_weather ({CALL}) is "
        '"rain", recorded was {"degrees": 21}. To let it match: --tool-output get_weather=ignore.',
    ),
    "a tool output of another shape, by shape": (
        lambda: submit("degrees", "kelvins", rules=MatchRules(tools={"get_weather": Mode.SHAPE})),
        "no_match",
        "$.tool_outputs[0].output",
        f"POST {SUBMIT} {LIKE_NONE}. Nearest is interaction 6: the output of get_weather ({CALL}) is "
        '{"kelvins": 21}, recorded was {"degrees": 21}. To let it match: --tool-output get_weather=ignore.',
    ),
    "a missing tool output": (
        lambda: submitting(lambda body: b'{"tool_outputs": []}'),
        "no_match",
        "$.tool_outputs[0]",
        f"POST {SUBMIT} {LIKE_NONE}. Nearest is interaction 6: the output of get_weather ({CALL}) is missing, "
        'recorded was {"degrees": 21}.',
    ),
    "a tool output of another conversation": (
        lambda: submitting(lambda body: body.replace(b'"1"', b'"2"'), Plan("a", "1"), Plan("b", "2")),
        "no_match",
        "$.tool_outputs[0].output",
        f"POST {SUBMIT} {LIKE_NONE}. Nearest is interaction 6: the output of get_weather ({CALL}) is "
        '"2", recorded was "1". To let it match: --tool-output get_weather=shape (compares keys and types only) or '
        "--tool-output get_weather=ignore. It is like interaction 14 of another conversation; interaction 2 "
        "(POST …/messages) decided that this client is not in it.",
    ),
    # ------------------------------------------------------------------------------------- exhausted and wrong_epoch
    "a call too many": (
        lambda: ask([post("/x", "1"), post("/x", "2")], *[("POST", "/x", {})] * 3, repeat=False),
        "exhausted",
        None,
        "POST /x was recorded twice in cassette weather (interactions 1 and 2), and each has been played. "
        "With --repeat clients may begin again.",
    ),
    "a write out of turn": (
        lambda: ask(messages("a", "b"), ("POST", OF, {"content": "b"})),
        "wrong_epoch",
        None,
        f"POST {OF} is interaction 2 of cassette weather, but interaction 1 (POST …/messages) was recorded before "
        "it, and has not been sent.",
    ),
    "a read of the past": (
        lambda: ask(written(), ("POST", f"{RUN}/cancel", {}), ("GET", f"{RUN}/steps")),
        "wrong_epoch",
        None,
        f"GET {RUN}/steps was recorded at another point of cassette weather: before interaction 2 (POST …/cancel) "
        "and after interaction 4 (POST …/cancel). This client is between interaction 2 (POST …/cancel) and "
        "interaction 4 (POST …/cancel), where the answer from there would be wrong.",
    ),
    "a read of the future": (
        lambda: ask(written(), ("GET", RUN)),
        "wrong_epoch",
        None,
        f"GET {RUN} was recorded at another point of cassette weather: between interaction 2 (POST …/cancel) and "
        "interaction 4 (POST …/cancel). This client is before interaction 2 (POST …/cancel), where the answer from "
        "there would be wrong.",
    ),
    "a list from before the end": (
        lambda: ask(polled(), *[("GET", RUN)] * 5, ("GET", f"{RUN}/steps")),
        "wrong_epoch",
        None,
        f"GET {RUN}/steps was recorded in cassette weather only while interaction 1 (GET …/runs/run_ownownownown) "
        'had not said "completed" yet, which this client has been told. With --poll faithful each poll gets its '
        "recorded answers in turn.",
    ),
    # --------------------------------------------------------------------------------------------------- ambiguous
    "ids of two conversations": (
        torn,
        "ambiguous",
        None,
        f"GET /threads/{THREAD}/runs/run_000000000000000000000002 names ids of 2 conversations that were recorded "
        f"apart: {THREAD} from interaction 1 (POST /threads) and run_000000000000000000000002 from interaction 11 "
        "(POST …/runs).",
    ),
    "a guess that was wrong": (
        guessed,
        "ambiguous",
        None,
        f"POST /threads/{THREAD}/messages is like interaction 4 of another conversation than the one that this "
        "client is in: up to interaction 1 (POST /threads) it could have been either, and got the answer of the "
        "first in the file.",
    ),
    "a conversation that is taken": (
        taken,
        "ambiguous",
        None,
        f"POST /threads/{THREAD}/messages is like interaction 10 of another conversation, which another client "
        "is in.",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_miss_says(kind: str) -> None:
    made, code, param, message = KINDS[kind]
    miss = made()
    assert (miss.message, miss.code, miss.param) == (message, code, param)
