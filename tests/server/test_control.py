"""The control API: what it does, whom it refuses, and that it is what its description says."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import Any

import jsonschema
import pytest

from tests.replay.books import new_book, said
from toolreel.messages.http import HttpRequest, header
from toolreel.replay.answer import Answer
from toolreel.replay.book import Book
from toolreel.replay.chunking import parse_chunking
from toolreel.replay.pace import parse_pace
from toolreel.server.control import ROUTES, Desk
from toolreel.server.openapi import openapi_text

DOCUMENT = json.loads(openapi_text())


def answer(book: Book, method: str, path: str, body: object = None, *headers: tuple[str, str]) -> Answer:
    sent = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    return Desk(book).answer(HttpRequest(method, path, headers, sent))


def control(book: Book, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Status and value of an answer, which is one that the description allows."""
    got = answer(book, method, path, body)
    value = json.loads(b"".join(got.pieces))
    assert header(got.headers, "content-type") == "application/json"
    described(method, path, got.status, value)
    return got.status, value


def described(method: str, path: str, status: int, value: Any) -> None:
    """The answer stands in the OpenAPI description; what has no path there is an error of the same shape."""
    pattern = next((one for one in DOCUMENT["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", one), path)), None)
    operation = DOCUMENT["paths"].get(pattern, {}).get(method.lower())
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    if operation is not None:
        schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    jsonschema.validate(value, {**schema, "components": DOCUMENT["components"]})


def play(book: Book, *paths: str) -> list[int]:
    return [said(answer(book, "POST", path))[0] for path in paths]


def test_a_session_from_its_opening_to_its_end() -> None:
    book = new_book()
    prefix = "/@two:too,one/s"
    opened = {"session": "s", "cassettes": ["two/too", "one"], "prefix": prefix}
    asked = {"cassettes": ["two/too", "one"], "session": "s", "strict": True}
    assert control(book, "POST", "/@/sessions", asked) == (201, opened)
    assert control(book, "GET", "/@/sessions") == (200, {"sessions": [opened]})
    assert play(book, f"{prefix}/v1/c", f"{prefix}/v1/gone") == [200, 424]
    miss = {
        "code": "no_match",
        "message": "POST /gone is like no recorded request of cassette two/too, one: "
        "there is no POST of such a path.",
        "param": "path",
        "times": 1,
    }
    verdict = {
        "session": "s",
        "cassettes": ["two/too", "one"],
        "ok": False,
        "served": 1,
        "missed": 1,
        "never_played": 3,
        "misses": [miss],
        "unplayed": [
            {"cassette": "two/too", "n": 1, "method": "POST", "path": "/b"},
            {"cassette": "one", "n": 1, "method": "POST", "path": "/a"},
            {"cassette": "one", "n": 2, "method": "POST", "path": "/b"},
        ],
        "unplayed_more": 0,
        "faults": [],
        "idle_faults": [],
    }
    assert control(book, "GET", "/@/sessions/s") == (200, verdict)
    assert control(book, "GET", "/@/sessions/s/misses") == (200, {"misses": [miss]})
    assert control(book, "POST", "/@/sessions/s/reset") == (200, verdict)
    assert control(book, "GET", "/@/sessions/s/misses") == (200, {"misses": []})
    assert play(book, *(f"{prefix}/{name}" for name in "bca")) == [200, 200, 200]
    status, verdict = control(book, "DELETE", "/@/sessions/s")
    assert (status, verdict["served"], [one["n"] for one in verdict["unplayed"]]) == (200, 3, [2])
    assert control(book, "GET", "/@/sessions") == (200, {"sessions": []})


def test_another_thread_may_use_the_book_between_two_answers() -> None:
    desk = Desk(new_book())
    for path in ("/@/", "/v1/x", "/@/sessions"):
        desk.answer(HttpRequest("GET", path))
        assert not desk.lock.locked()


def test_a_session_that_goes_well_is_ok() -> None:
    book = new_book()
    assert play(book, "/@one/s/a", "/@one/s/b") == [200, 200]
    status, verdict = control(book, "DELETE", "/@/sessions/s")
    assert (status, verdict["ok"], verdict["unplayed"]) == (200, True, [])


def test_the_server_says_that_it_is_there() -> None:
    book = new_book()
    play(book, "/@one/s/a", "/v1/lost")
    status, value = control(book, "GET", "/@/")
    assert (status, value["toolreel"], value["sessions"]) == (200, version("toolreel"), 1)
    assert [stray.partition(":")[0] for stray in value["strays"]] == ["POST /v1/lost"]


def test_a_session_is_named_by_the_server_where_the_client_does_not() -> None:
    book = new_book()
    assert control(book, "POST", "/@/sessions", {"cassettes": ["one"]})[1]["session"] == "session-1"
    assert control(book, "POST", "/@/sessions", {"cassettes": ["one"], "session": None})[1]["session"] == "session-2"


def test_names_are_percent_encoded_in_paths() -> None:
    book = new_book()
    name = "a test/1 > 100% 雨"
    assert control(book, "POST", "/@/sessions", {"cassettes": ["one"], "session": name})[0] == 201
    (opened,) = control(book, "GET", "/@/sessions")[1]["sessions"]
    assert play(book, opened["prefix"] + "/a") == [200]
    path = "/@/sessions/a%20test%2F1%20%3E%20100%25%20%E9%9B%A8"
    assert control(book, "DELETE", path)[1]["session"] == name


@pytest.mark.parametrize("how", [{"poll": "faithful"}, {"clock": "fixed"}, {"strict": True}])
def test_a_session_may_answer_in_a_manner_of_its_own(how: dict[str, Any]) -> None:
    book = new_book()
    assert control(book, "POST", "/@/sessions", {"cassettes": ["one"], "session": "s", **how})[0] == 201
    ((name, value),) = how.items()
    assert getattr(book.get("s").manner, name) == value
    assert getattr(book.manner, name) != value


def test_a_session_may_have_a_pace_and_pieces_of_its_own() -> None:
    book = new_book()
    asked = {"cassettes": ["one"], "session": "s", "pace": "x2", "chunks": "bytes:7"}
    assert control(book, "POST", "/@/sessions", asked)[0] == 201
    delivery = book.get("s").manner.delivery
    assert (delivery.pace, delivery.chunking) == (parse_pace("x2"), parse_chunking("bytes:7"))


def test_a_session_may_have_faults_of_its_own() -> None:
    book = new_book()
    fault = {"route": "POST /a", "nth": 1, "status": 503, "headers": {"retry-after": 2}}
    asked = {"cassettes": ["one"], "session": "s", "faults": {"seed": 7, "fault": [fault]}}
    assert control(book, "POST", "/@/sessions", asked)[0] == 201
    for name, statuses in (("s", [503, 200]), ("other", [200, 200])):
        assert [answer(book, "POST", f"/@one/{name}/a").status for _ in statuses] == statuses
    _, verdict = control(book, "DELETE", "/@/sessions/s")
    assert verdict["faults"] == [{"number": 1, "what": "status 503", "request": "POST /a", "times": 1}]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (
            {"cassettes": ["one"], "faults": {"fault": [{"nth": 1}]}},
            422,
            "faults.fault.0: value error, it does nothing",
        ),
        ({"cassettes": ["one"], "faults": {"fault": [{"stats": 1}]}}, 422, "faults.fault.0.stats: extra inputs"),
        ({"cassettes": ["one"], "pace": "slowly"}, 422, "The body does not fit: "),
        ({"cassettes": ["one"], "chunks": "large"}, 422, "The body does not fit: "),
        (None, 422, "The body does not fit: invalid json"),
        (b"{", 422, "The body does not fit: invalid json"),
        (b"\xff", 422, "The body does not fit: invalid json"),
        (b"[" * 100_000, 422, "The body does not fit: invalid json"),
        ([], 422, "The body does not fit: input should be an object"),
        ({}, 422, "The body does not fit: cassettes: field required."),
        ({"cassettes": []}, 422, "cassettes: list should have at least 1 item"),
        ({"cassettes": "one"}, 422, "cassettes: input should be a valid array"),
        ({"cassettes": [1]}, 422, "cassettes.0: input should be a valid string"),
        ({"cassettes": ["one"], "poll": "x"}, 422, "poll: input should be 'collapse' or 'faithful'."),
        ({"cassettes": ["one"], "more": 1}, 422, "more: extra inputs are not permitted."),
        ({"cassettes": ["gone"]}, 422, "There is no cassette gone."),
        ({"cassettes": ["one"], "session": ""}, 400, "'' is no name of a session"),
        ({"cassettes": ["one"], "session": "s"}, 409, "Session s is open already"),
    ],
)
def test_what_cannot_be_opened_is_said(body: object, status: int, message: str) -> None:
    book = new_book()
    book.begin(["one"], "s")
    got, value = control(book, "POST", "/@/sessions", body)
    assert (got, value["error"]["type"]) == (status, "toolreel_control")
    assert message in value["error"]["message"]
    assert len(book.sessions()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/@/sessions/gone"),
        ("GET", "/@/sessions/gone/misses"),
        ("POST", "/@/sessions/gone/reset"),
        ("DELETE", "/@/sessions/gone"),
    ],
)
def test_a_session_that_is_not_open(method: str, path: str) -> None:
    status, value = control(new_book(), method, path)
    assert (status, value["error"]["message"]) == (404, "There is no open session gone.")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/@/nothing", 404),
        ("GET", "/@/sessions/s/", 404),
        ("GET", "/@/sessions/s/misses/more", 404),
        ("GET", "/@//sessions", 404),
        ("PUT", "/@/sessions", 405),
        ("HEAD", "/@/", 405),
        ("PATCH", "/@/sessions/s", 405),
    ],
)
def test_what_the_api_does_not_have(method: str, path: str, status: int) -> None:
    book = new_book()
    book.begin(["one"], "s")
    assert control(book, method, path)[0] == status
    assert book.strays == [], "no request of a client"


def test_another_method_is_told_which_would_do() -> None:
    assert header(answer(new_book(), "PUT", "/@/sessions").headers, "allow") == "GET, POST"


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:80", "null", ""])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_page_in_a_browser_gets_in(route: Any, origin: str) -> None:
    book = new_book()
    book.begin(["one"], "s")
    body = {"cassettes": ["one"], "session": "t"} if route.takes else None
    got = answer(book, route.method, route.path.replace("{session}", "s"), body, ("origin", origin))
    assert got.status == 403
    described(route.method, route.path.replace("{session}", "s"), 403, json.loads(said(got)[1]))
    assert [held.name for held in book.sessions()] == ["s"]
    assert said(answer(book, "POST", "/@one/s/a", None, ("origin", origin)))[0] == 200, "a client may be a browser"


def test_who_asks_another_server_through_the_proxy_door_is_not_at_the_desk() -> None:
    book = new_book()
    got = Desk(book).answer(HttpRequest("GET", "/@/sessions", (), None, "https://api.openai.com"))
    assert json.loads(said(got)[1])["error"]["code"] == "no_session"


# ------------------------------------------------------------------------------------------------ the description


def operations() -> list[tuple[str, str]]:
    return [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]


def test_the_description_has_each_route_once() -> None:
    assert sorted(operations()) == sorted((route.method, route.path) for route in ROUTES)
    names = [one["operationId"] for methods in DOCUMENT["paths"].values() for one in methods.values()]
    assert len(set(names)) == len(ROUTES)


def test_every_reference_of_the_description_leads_somewhere() -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', openapi_text()))
    assert references == set(DOCUMENT["components"]["schemas"])


def test_what_is_sent_fits_the_description() -> None:
    schema = DOCUMENT["paths"]["/@/sessions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": DOCUMENT["components"]}
    jsonschema.validate({"cassettes": ["a"]}, whole)
    jsonschema.validate({"cassettes": ["a"], "session": "s", "strict": False, "poll": "faithful"}, whole)
    wrongs: list[dict[str, object]] = [
        {},
        {"cassettes": []},
        {"cassettes": ["a"], "clock": "later"},
        {"cassettes": ["a"], "more": 1},
    ]
    for wrong in wrongs:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, whole)
