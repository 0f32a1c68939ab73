"""One replay server for a whole test run: sessions by prefix and header, for the real client and for any other."""

from __future__ import annotations

import json
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from toolreel.commands.replay import base_url_door, new_book, proxy_door
from toolreel.replay.book import Book
from toolreel.replay.manner import Manner
from toolreel.server.control import Desk

from .conftest import Toolreel
from .doors import FREE
from .tapes import UPSTREAM, get, make, post, streamed

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

THREAD = "thread_000000000000000000000001"
RUN = "run_000000000000000000000001"
SUBMIT = f"/threads/{THREAD}/runs/{RUN}/submit_tool_outputs"
FRAMES = (f'event: thread.run.completed\ndata: {{"id":"{RUN}"}}\n\n'.encode(), b"event: done\ndata: [DONE]\n\n")


@pytest.fixture
def cassettes(folder: Path) -> Path:
    """Two cassettes, `weather/paris` and `models`."""
    outputs = [{"tool_call_id": "call_1", "output": "21°"}]
    submission = json.dumps({"tool_outputs": outputs, "stream": True}).encode()
    make(
        folder,
        "weather/paris",
        post("/threads", b"{}", f'{{"id":"{THREAD}","object":"thread"}}'.encode()),
        post(f"/threads/{THREAD}/runs", b'{"assistant_id":"a"}', f'{{"id":"{RUN}"}}'.encode()),
        streamed(SUBMIT, submission, *FRAMES),
    )
    make(folder, "models", get("/models/gpt-4o", b'{"id":"gpt-4o","object":"model"}'))
    return folder


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[tuple[str, Book]]:
    """A server of all cassettes: its address and its book."""
    book = new_book(folder, Manner(strict=True), **options)
    with base_url_door(Desk(book), FREE) as environment:
        yield environment["TOOLREEL_URL"], book


def converse(url: str, output: str = "21°") -> list[str]:
    """What the real client hears of a conversation."""
    with openai.OpenAI(base_url=url, api_key="sk-test", max_retries=0) as client:
        threads = client.beta.threads
        thread = threads.create()
        run = threads.runs.create(thread.id, assistant_id="a")
        outputs: Any = [{"tool_call_id": "call_1", "output": output}]
        events = threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs, stream=True)
        return [thread.id, run.id, *(event.event for event in events)]


HEARD = [THREAD, RUN, "thread.run.completed"]


def test_sessions_on_one_server_know_nothing_of_each_other(cassettes: Path) -> None:
    with serving(cassettes) as (url, book):
        heard: dict[int, list[str]] = {}

        def run(number: int) -> None:
            heard[number] = converse(f"{url}/@weather:paris/s{number}/v1")

        clients = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert heard == dict.fromkeys(range(8), HEARD)
        verdicts = [book.close(f"s{number}").verdict() for number in range(8)]
        assert all(verdict.good and verdict.served == 3 for verdict in verdicts)


def test_a_session_is_opened_judged_and_closed_over_http(cassettes: Path) -> None:
    with serving(cassettes) as (url, _), httpx.Client(base_url=url, trust_env=False) as control:
        opened = control.post("/@/sessions", json={"cassettes": ["weather/paris", "models"]}).json()
        with pytest.raises(openai.APIStatusError) as raised:
            converse(f"{url}{opened['prefix']}/v1", output="22°")
        assert raised.value.status_code == 424
        verdict = control.delete(f"/@/sessions/{opened['session']}").json()
        assert (verdict["ok"], verdict["served"], len(verdict["misses"])) == (False, 2, 1)
        assert verdict["unplayed"] == [{"cassette": "weather/paris", "n": 3, "method": "POST", "path": SUBMIT}]
        assert control.get("/@/sessions").json() == {"sessions": []}
        refused = control.get("/@/sessions", headers={"host": "evil.example"})
        assert (refused.status_code, refused.json()["error"]["type"]) == (403, "toolreel_refused")


def test_azures_client_and_headers_name_a_session_too(cassettes: Path) -> None:
    names = {"x-toolreel-cassette": "weather/paris, models", "x-toolreel-session": "by header"}
    with serving(cassettes) as (url, book):
        options: dict[str, Any] = {"api_key": "x", "api_version": "2024-10-21", "max_retries": 0}
        with openai.AzureOpenAI(azure_endpoint=f"{url}/@models/azure", **options) as azure:
            assert azure.models.retrieve("gpt-4o").id == "gpt-4o"
        with openai.OpenAI(base_url=f"{url}/v1", api_key="x", default_headers=names) as client:
            assert client.models.retrieve("gpt-4o").id == "gpt-4o"
            assert client.beta.threads.create().id == THREAD
        assert [(held.name, held.cassettes) for held in book.sessions()] == [
            ("azure", ("models",)),
            ("by header", ("weather/paris", "models")),
        ]


def test_headers_name_a_session_at_the_proxy_door(cassettes: Path) -> None:
    book = new_book(cassettes, Manner())
    names = {"x-toolreel-cassette": "models", "x-toolreel-session": "s"}
    with (
        proxy_door(Desk(book), FREE) as environment,
        httpx.Client(proxy=environment["HTTPS_PROXY"], trust_env=False) as client,
    ):
        assert client.get(f"{UPSTREAM}/v1/models/gpt-4o", headers=names).json()["id"] == "gpt-4o"
        lost = client.get(f"{UPSTREAM}/v1/models/gpt-4o")
        assert (lost.status_code, lost.json()["error"]["code"]) == (424, "no_session")
    assert book.get("s").verdict().good


ASK = textwrap.dedent("""
    import json, os, sys, urllib.error, urllib.request
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for method, path in map(str.split, sys.argv[1:]):
        request = urllib.request.Request(os.environ["TOOLREEL_URL"] + path, method=method)
        try:
            print(opener.open(request).status)
        except urllib.error.HTTPError as error:
            print(error.code, json.load(error)["error"]["code"])
""")


def replay_all(toolreel: Toolreel, folder: Path, *requests: str) -> tuple[int, list[str], list[str]]:
    """Exit status, what the requests got, and what the command said, of `replay --all -- COMMAND`."""
    ran = toolreel("replay", "--all", "--cassettes", folder, "--", sys.executable, "-c", ASK, *requests)
    return ran.status, ran.out.splitlines(), ran.err.splitlines()


def test_all_cassettes_are_served_while_a_test_run_lasts(cassettes: Path, toolreel: Toolreel) -> None:
    asked = ["GET /@models/a/v1/models/gpt-4o", "GET /@models/b/v1/models/gpt-4o", "DELETE /@/sessions/a", "GET /@/"]
    status, got, said = replay_all(toolreel, cassettes, *asked)
    assert (status, got) == (0, ["200"] * 4)
    assert said[0].startswith(f"Replaying all of {cassettes}: http://127.0.0.1:")
    assert said[0].endswith("/@CASSETTE/SESSION/v1")
    assert said[1:] == ["Served 2, missed 0, never played 0."]


def test_what_was_missed_in_any_session_makes_the_exit_status_3(cassettes: Path, toolreel: Toolreel) -> None:
    asked = ["GET /@models/a/v1/gone", "DELETE /@/sessions/a", "GET /v1/models/gpt-4o", "GET /@gone/b/v1/x"]
    status, got, said = replay_all(toolreel, cassettes, *asked)
    assert (status, got) == (3, ["424 no_match", "200", "424 no_session", "424 no_session"])
    assert said[1:3] == [
        "toolreel: Miss (no_match): Session a: GET /gone is like no recorded request of cassette models: there is no "
        "GET of such a path.",
        "toolreel: Miss (no_session): GET /v1/models/gpt-4o: No session is named; write it into the base URL, "
        "/@CASSETTE/SESSION/v1, or into the headers x-toolreel-cassette and x-toolreel-session.",
    ]
    assert said[3].startswith("toolreel: Miss (no_session): GET /v1/x: There is no cassette ")
    assert said[4:] == ["Served 0, missed 3, never played 1."]


def test_a_named_replay_has_sessions_beside_its_own(cassettes: Path, toolreel: Toolreel) -> None:
    asked = ["GET /v1/models/gpt-4o", "GET /@models/s/v1/models/gpt-4o", "DELETE /@/sessions/s"]
    ran = toolreel("replay", "models", "--cassettes", cassettes, "--", sys.executable, "-c", ASK, *asked)
    assert (ran.status, ran.out.splitlines()) == (0, ["200"] * 3)


@pytest.mark.parametrize("words", [[], ["models", "--all"]])
def test_names_or_all(words: list[str], toolreel: Toolreel) -> None:
    ran = toolreel("replay", *words)
    assert (ran.status, ran.complaint) == (2, "Name the cassettes to replay, or give --all and no names.")


TOKEN = "a-token-of-a-test-run"
GUARDED = textwrap.dedent("""
    import os, urllib.error, urllib.request
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = os.environ["OPENAI_BASE_URL"] + "/models/gpt-4o"
    for key in (os.environ["OPENAI_API_KEY"], "another"):
        request = urllib.request.Request(url, headers={"authorization": f"Bearer {key}", "host": "replay:4010"})
        try:
            print(opener.open(request).status)
        except urllib.error.HTTPError as error:
            print(error.code)
""")


def test_a_guarded_server_listens_everywhere_and_wants_its_token(cassettes: Path, toolreel: Toolreel) -> None:
    arguments = ["models", "--cassettes", cassettes, "--listen", "0.0.0.0:0", "--token", TOKEN]
    ran = toolreel("replay", *arguments, "--", sys.executable, "-c", GUARDED)
    assert (ran.status, ran.out.splitlines()) == (0, ["200", "401"])
    assert TOKEN not in ran.err


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--listen", "0.0.0.0:0"], "toolreel listens on this machine only"),
        (["--listen", "0.0.0.0:0", "--token", ""], "toolreel listens on this machine only"),
        (["--listen", "0.0.0.0:0", "--token", "short"], "has 16 characters or more"),
        (["--via", "proxy", "--token", TOKEN], "--token is for the base-URL door"),
    ],
)
def test_beyond_this_machine_a_token_is_demanded(
    arguments: list[str], part: str, cassettes: Path, toolreel: Toolreel
) -> None:
    ran = toolreel("replay", "models", "--cassettes", cassettes, *arguments)
    assert ran.status == 2
    assert part in ran.complaint
