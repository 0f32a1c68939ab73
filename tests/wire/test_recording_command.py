"""`toolreel record` from its beginning to its end: what becomes a cassette, what is kept, and what is said."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from toolreel.commands import console
from toolreel.commands import record as record_command
from toolreel.errors import MachineError
from toolreel.store.files import load
from toolreel.store.journal import Journal

from .certificates import server_context
from .conftest import Toolreel
from .tapes import get, make
from .upstream import PATIENCE_S, End, Reply, free_port, serving, stream

MODELS = Reply([b'{"object":"list"}'])
FRAME = b'event: thread.run.created\ndata: {"id":"run_1"}\n\n'

# A client that takes any answer and prints it; its own exit status is the first argument.
CLIENT = """
import os, sys, urllib.request, urllib.error
opener = urllib.request.build_opener(urllib.request.ProxyHandler(
    {"http": os.environ["HTTP_PROXY"]} if "HTTP_PROXY" in os.environ else {}
))
os.environ["NO_PROXY"] = os.environ["no_proxy"] = ""
base = os.environ.get("OPENAI_BASE_URL")
for url in sys.argv[2:]:
    try:
        answer = opener.open(base + url if base else url)
    except urllib.error.HTTPError as error:
        answer = error
    print(answer.status, answer.headers["content-type"], answer.read().decode().replace("\\n", ""))
sys.exit(int(sys.argv[1]))
"""


def client(status: int, *urls: str) -> list[str]:
    return ["--", sys.executable, "-c", CLIENT, str(status), *urls]


def test_what_a_command_asked_becomes_the_cassette(folder: Path, toolreel: Toolreel) -> None:
    with serving(MODELS, stream(FRAME)) as upstream:
        arguments = ["record", "a/tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, "/models", "/events"))
    assert ran.status == 0, ran.err
    assert ran.out.splitlines()[0] == '200 application/json {"object":"list"}'
    path = folder / "a" / "tape.json"
    assert ran.err.splitlines()[-1] == f"Wrote {path}: 2 interactions, streams among them: 1."
    cassette = load(path)
    assert cassette.upstreams == (f"{upstream.url}/v1",)
    assert [interaction.request.path for interaction in cassette.interactions] == ["/events", "/models"]
    ran = toolreel("replay", "a/tape", "--cassettes", folder, *client(0, "/events", "/models"))
    assert ran.status == 0, ran.err


def test_what_a_command_asked_through_the_proxy_becomes_the_cassette(folder: Path, toolreel: Toolreel) -> None:
    with serving(MODELS) as upstream, serving(MODELS) as other:
        arguments = ["record", "tape", "--upstream", upstream.url, "--via", "proxy", "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, f"{upstream.url}/v1/models", f"{other.url}/v1/models"))
    assert ran.status == 0, ran.err
    assert len(ran.out.splitlines()) == 2
    assert ran.err.splitlines()[-1].endswith("tape.json: 1 interaction, streams among them: 0.")
    assert load(folder / "tape.json").upstreams == (f"{upstream.url}/v1",)


def test_an_upstream_with_a_path_gets_it_in_front_of_every_path(folder: Path, toolreel: Toolreel) -> None:
    with serving(MODELS, MODELS) as upstream:
        arguments = ["record", "tape", "--upstream", f"{upstream.url}/gateway/v1/", "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, "/models", "/gateway/v1/files"))
        assert [request.target for request in upstream.requests] == ["/gateway/v1/models", "/gateway/v1/files"]
    assert ran.status == 0, ran.err


def test_a_failing_command_leaves_a_recording_that_can_be_recovered(folder: Path, toolreel: Toolreel) -> None:
    with serving(MODELS) as upstream:
        arguments = ["record", "tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, *client(5, "/models"))
        path = folder / "tape.json"
        assert ran.status == 5
        assert ran.complaint == (
            f"{sys.executable} ended with status 5: cassette {path} was not written; "
            f"the recording is kept, 'toolreel recover tape' makes the cassette of it."
        )
        assert not path.exists()

        ran = toolreel(*arguments, "--", "true")
        assert "An earlier recording of tape was never finished; 'toolreel recover tape'" in ran.err
    ran = toolreel("recover", "tape", "--cassettes", folder)
    assert (ran.status, ran.err) == (0, f"Wrote {path}: 1 interaction, streams among them: 0.\n")
    assert load(path).interactions[0].request.path == "/models"
    assert toolreel("recover", "tape", "--force", "--cassettes", folder).status == 2, "it is done"


def test_a_cassette_that_cannot_be_written_leaves_a_recording_that_can_be_recovered(
    folder: Path, toolreel: Toolreel
) -> None:
    """A folder in which nobody may write would be none for root, so a file stands in its place."""
    folder.mkdir(exist_ok=True)
    (folder / "a").touch()
    path = folder / "a" / "tape.json"
    with serving(MODELS) as upstream:
        ran = toolreel("record", "a/tape", "--upstream", upstream.url, "--cassettes", folder, *client(0, "/models"))
    assert ran.status == 74
    assert ran.complaint == (
        f"Cassette {path} cannot be written: file exists. "
        "The recording is kept, 'toolreel recover a/tape' makes the cassette of it."
    )
    (folder / "a").unlink()
    assert toolreel("recover", "a/tape", "--cassettes", folder).status == 0
    assert load(path).interactions[0].request.path == "/models"


def test_a_failing_command_without_a_request_leaves_nothing(folder: Path, toolreel: Toolreel) -> None:
    ran = toolreel("record", "tape", "--cassettes", folder, "--", "false")
    assert ran.status == 1
    assert ran.complaint == f"false ended with status 1: cassette {folder / 'tape.json'} was not written; " + (
        "nothing was recorded."
    )
    assert toolreel("recover", "tape", "--cassettes", folder).status == 2


def test_a_command_that_asks_nothing_records_nothing(folder: Path, toolreel: Toolreel) -> None:
    upstream = f"http://127.0.0.1:{free_port()}"
    why = "Nothing was recorded, because no request got an answer; "
    for via, hint in (
        ("base-url", "point the client's base URL at the address above."),
        (
            "proxy",
            f"see that the client asks {upstream}, takes the proxy from HTTPS_PROXY, "
            f"and has no NO_PROXY for that host.",
        ),
    ):
        arguments = ["record", "tape", "--upstream", upstream, "--via", via, "--cassettes", folder]
        ran = toolreel(*arguments, "--", "true")
        assert (ran.status, ran.complaint) == (2, why + hint)
        assert not (folder / "tape.json").exists()


def test_an_upstream_that_cannot_be_reached_is_told_to_the_client_and_at_the_end(
    folder: Path, toolreel: Toolreel
) -> None:
    upstream = f"http://127.0.0.1:{free_port()}"
    for via, url in (("base-url", "/models"), ("proxy", f"{upstream}/v1/models")):
        arguments = ["record", "tape", "--upstream", upstream, "--via", via, "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, url))
        assert ran.status == 69
        assert ran.complaint.startswith(f"Cassette {folder / 'tape.json'} was not written, because an upstream")
        assert "; check --upstream, the network and, for its certificate, SSL_CERT_FILE, and record" in ran.complaint
        assert "The upstream did not answer GET /v1/models: " in ran.err
        assert_upstream_error(ran.out)
        assert not (folder / "tape.json").exists()


def assert_upstream_error(out: str) -> None:
    """What the client printed: 502, and a JSON error of toolreel's own."""
    status, kind, body = out.split(" ", 2)
    assert (status, kind) == ("502", "application/json")
    error: dict[str, Any] = json.loads(body)["error"]
    assert error["type"] == "toolreel_upstream"
    assert error["message"].startswith("The upstream did not answer: ")
    assert "<html" not in body


def test_an_upstream_that_hangs_up_without_an_answer_is_told_at_the_end(folder: Path, toolreel: Toolreel) -> None:
    with serving(MODELS, Reply(end=End.NO_ANSWER)) as upstream:
        arguments = ["record", "tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, "/models", "/files"))
    assert ran.status == 69
    assert_upstream_error(ran.out.splitlines()[1])
    assert not (folder / "tape.json").exists()
    assert "'toolreel recover tape' makes the cassette of it" in ran.complaint
    assert toolreel("recover", "tape", "--cassettes", folder).status == 0
    assert [one.request.path for one in load(folder / "tape.json").interactions] == ["/models"]


def test_an_upstream_whose_certificate_nobody_vouches_for_is_refused(
    folder: Path, tmp_path: Path, toolreel: Toolreel
) -> None:
    context, _ = server_context(tmp_path)
    with serving(tls=context) as upstream:
        arguments = ["record", "tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, "/models"))
        assert upstream.requests == [], "no request was sent to it"
    assert ran.status == 69
    assert "certificate" in ran.err.lower()
    assert ran.complaint
    assert_upstream_error(ran.out)
    assert "certificate" in ran.out.lower()


def test_an_existing_cassette_stays_until_the_new_one_is_complete(folder: Path, toolreel: Toolreel) -> None:
    path = make(folder, "tape", get("/models", b"old"))
    before = path.read_bytes()
    with serving(MODELS, MODELS) as upstream:
        arguments = ["record", "tape", "--force", "--upstream", upstream.url, "--cassettes", folder]
        assert toolreel(*arguments, *client(1, "/models")).status == 1
        assert path.read_bytes() == before
        assert toolreel(*arguments, *client(0, "/models")).status == 0
    assert path.read_bytes() != before


def test_without_a_command_ctrl_c_ends_the_recording_and_keeps_it(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(MODELS) as upstream, ending_by(signal.SIGINT, monkeypatch, ask="/models"):
        ran = toolreel("record", "tape", "--upstream", upstream.url, "--cassettes", folder)
    assert ran.status == 0, ran.err
    assert "Press Ctrl-C to end the recording." in ran.err
    assert len(load(folder / "tape.json").interactions) == 1


def test_a_recording_that_is_ended_without_a_request_is_nothing(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ending_by(signal.SIGTERM, monkeypatch):
        ran = toolreel("record", "tape", "--cassettes", folder)
    assert ran.status == 2
    assert ran.complaint.startswith("Nothing was recorded, ")


@contextmanager
def ending_by(number: signal.Signals, monkeypatch: pytest.MonkeyPatch, ask: str | None = None) -> Iterator[None]:
    """Asks something once the recorder waits, then sends this process the signal."""
    said: list[str] = []

    def note(text: str) -> None:
        said.append(text)
        console.note(text)

    monkeypatch.setattr(record_command, "note", note)
    default = signal.getsignal(signal.SIGTERM)
    pulse, deadline = threading.Event(), time.monotonic() + PATIENCE_S

    def use_and_end() -> None:
        while signal.getsignal(signal.SIGTERM) == default:  # nobody waits yet
            assert time.monotonic() < deadline
            pulse.wait(0.005)
        if ask:
            base = next(text for text in said if "OPENAI_BASE_URL=" in text).partition("=")[2]
            httpx.get(base + ask, trust_env=False)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=use_and_end)
    thread.start()
    yield
    thread.join(PATIENCE_S)


def test_a_journal_that_breaks_refuses_new_requests_and_fails_the_recording(
    folder: Path, toolreel: Toolreel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise MachineError("The journal cannot be written (disk full); free the disk, then record again.")

    with serving() as upstream:
        monkeypatch.setattr(Journal, "append", broken)
        arguments = ["record", "tape", "--upstream", upstream.url, "--cassettes", folder]
        ran = toolreel(*arguments, *client(0, "/models", "/models"))
        assert upstream.connections == 0, "traffic never passes unrecorded"
    assert ran.status == 74
    assert "disk full" in ran.complaint
    for line in ran.out.splitlines():
        status, kind, body = line.split(" ", 2)
        assert (status, kind) == ("503", "application/json")
        assert json.loads(body)["error"]["type"] == "toolreel_recorder"
    assert not (folder / "tape.json").exists()
