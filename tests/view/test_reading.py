from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.inspect.tapes import SAMPLE
from toolreel.inspect.findings import Finding, Level
from toolreel.replay.miss import Miss, MissCode
from toolreel.store.misses import note_misses

from .looking import TOKEN, Viewer
from .streams import timed


def test_the_timeline_goes_from_the_question_to_the_answer(viewer: Viewer) -> None:
    page = viewer.page("cassette/weather")
    order = [
        "thread_1",
        "What is the weather in Paris and Tokyo?",
        "run_1",
        "get_weather",
        '"city"',
        "requires_action",
    ]
    order += ["submit_tool_outputs", '"light rain"', "In Paris it is 18° and light rain", "completed", "thread_2"]
    at = 0
    for part in order:
        at = page.text.index(part, at) + 1
    assert "19 frames in 584 ms" in page.text
    assert "✓ Nothing found" in page.text
    assert {f"n{n}" for n in range(1, 13)} <= {attributes.get("id") for _, attributes in page.elements}


def test_the_requests_and_frames_stand_behind_the_steps(viewer: Viewer) -> None:
    page = viewer.page("cassette/weather")
    behind = [one for one in page.all("details") if one.get("class") == "behind"]
    assert len(behind) == 12
    assert all("open" not in one for one in behind)
    assert page.text.count("thread.run.step.delta") == 26
    assert 'joined of 6 pieces { "city" : "Paris" }' in page.text


def test_runs_hold_their_requests(viewer: Viewer) -> None:
    page = viewer.page("cassette/weather")
    assert [one["aria-label"] for one in page.all("section") if one.get("class") == "run"] == [
        "run_1, from request 3",
        "run_2, from request 7",
    ]


def test_findings_stand_at_the_top_and_at_their_place(viewer: Viewer) -> None:
    page = viewer.page("cassette/sub/unanswered")
    assert page.text.count("and nobody submits them") == 2
    assert f"/{TOKEN}/cassette/sub/unanswered#n4" in page.links
    assert "and nobody submits them" in viewer.page("request/4/sub/unanswered").text
    assert "and nobody submits them" not in viewer.page("request/3/sub/unanswered").text


def test_misses_stand_with_their_cassette_and_lead_to_what_is_nearest(viewer: Viewer, folder: Path) -> None:
    viewer.page()
    note_misses(folder, ["weather"], [Miss(MissCode.NO_MATCH, "No. Nearest is interaction 3 of it.", None)])
    note_misses(folder, ["weather"], [Miss(MissCode.NO_MATCH, "No. Nearest is interaction 99 of it.", None)])
    page = viewer.page("cassette/weather")
    assert page.text.count("Look at request") == 1
    assert f"/{TOKEN}/cassette/weather#n3" in page.links
    assert page.text.count("Nearest is interaction 3") == 2  # at the top and with the request
    assert page.text.count("Nearest is interaction 99") == 1
    assert "Nearest" not in viewer.page("cassette/sub/food").text


def test_a_miss_of_several_cassettes_stands_at_no_request(viewer: Viewer, folder: Path) -> None:
    viewer.page()
    note_misses(folder, ["weather", "sub/food"], [Miss(MissCode.NO_MATCH, "No. Nearest is interaction 3.", None)])
    page = viewer.page("cassette/weather")
    assert page.text.count("Nearest is interaction 3") == 1
    assert "Look at request" not in page.text


def test_many_misses_and_findings_leave_room_for_the_timeline(
    viewer: Viewer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer.page()
    note_misses(folder, ["weather"], [Miss(MissCode.NO_MATCH, f"No {n}.", None) for n in range(25)])
    finding = Finding("odd", Level.NOTE, None, "", "It is odd", "look at it")
    monkeypatch.setattr(viewer.library, "_findings", lambda place: [finding] * 60)
    page = viewer.page("cassette/weather")
    assert "No 24. " in page.text
    assert "No 4. " not in page.text
    assert "… and 5 earlier ones. All misses" in page.text
    assert page.text.count("It is odd") == 50
    assert "… and 10 more. All findings" in page.text


def test_conversations_are_listed_where_there_are_several(viewer: Viewer) -> None:
    page = viewer.page("cassette/weather")
    assert "#2 thread_1 What is the weather in Paris and Tokyo? 3 requests, 2 tool calls" in page.text
    assert {"#c1", "#c2", "#c3"} <= set(page.links)


def test_a_broken_file_is_shown_as_such(viewer: Viewer, folder: Path) -> None:
    (folder / "deep.json").write_text(
        SAMPLE.read_text().replace('"instructions": "Use the tools."', f'"instructions": {"[" * 2000 + "]" * 2000}')
    )
    page = viewer.page("cassette/broken")
    assert "✕ broken This cassette cannot be read" in page.text
    assert "the file seems to be cut short" in page.text
    assert [one["role"] for one in page.all("p") if "role" in one] == ["alert"]
    assert "nested too deep" in viewer.page("cassette/deep").text
    assert "cut short" in viewer.page("request/1/broken", 404).text


@pytest.mark.parametrize(
    "path", ["cassette/none", "request/1/none", "raw/answer/1/none", "cassette/../x", "cassette/"]
)
def test_what_is_not_there(viewer: Viewer, path: str) -> None:
    assert "Not found" in viewer.page(path, 404).text


@pytest.mark.parametrize(
    "path", ["request/0/weather", "request/13/weather", "request/x/weather", "raw/other/1/weather"]
)
def test_a_request_that_is_not_there(viewer: Viewer, path: str) -> None:
    assert "Not found" in viewer.page(path, 404).text


def test_a_bug_is_a_page_too(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewer.library, "names", lambda: 1 / 0)
    page = viewer.page("diff", 500)
    assert "toolreel failed (ZeroDivisionError)" in page.text


def test_all_of_one_request(viewer: Viewer) -> None:
    page = viewer.page("request/4/weather")
    for part in (
        "content-type text/event-stream",
        '"tool_call_id"',
        "joined of",
        "In Paris it is 18°",
        "661 ms",
        "[DONE]",
    ):
        assert part in page.text, part
    assert [f"/{TOKEN}/request/{n}/weather" for n in (3, 5) if f"/{TOKEN}/request/{n}/weather" in page.links]
    assert "Next →" not in page.text
    assert len(page.all("tr")) == 29
    assert page.all("svg")[1]["aria-label"].startswith("When the 28 frames came: the first after 8 ms")


def test_a_long_stream_has_pages(viewer: Viewer, folder: Path) -> None:
    (folder / "long.json").write_text(timed(2000))
    page = viewer.page("request/4/long")
    assert len(page.all("tr")) == 201
    assert f"/{TOKEN}/request/4/long?page=11#frames" not in page.links
    assert f"/{TOKEN}/request/4/long?page=2#frames" in page.links
    second = viewer.page("request/4/long?page=2")
    assert "f201" in [one.get("id") for one in second.all("tr")]
    assert "201 1400 ms +7 thread.message.delta word199" in second.text
    assert len(page.source) < 500_000
    whole = viewer.page("cassette/long")  # more than is shown inline
    assert "Request and answer 4 , 2004 frames" in whole.text
    assert "all 16890 characters" in whole.text
    assert len(whole.source) < 100_000


def test_a_long_timeline_has_pages(viewer: Viewer, folder: Path) -> None:
    value: Any = json.loads((folder / "sub" / "food.json").read_text())
    last: Any = value["interactions"][-1]
    value["interactions"] += [
        {**last, "n": n, "request": {**last["request"], "query": [["n", str(n)]]}} for n in range(9, 260)
    ]
    (folder / "many.json").write_text(json.dumps(value))
    first, second = viewer.page("cassette/many"), viewer.page("cassette/many?page=2")
    assert sum(one.get("class") == "step" for one in first.all("li")) == 200
    assert sum(one.get("class") == "step" for one in second.all("li")) == 59
    assert f"/{TOKEN}/cassette/many?page=2#n259" in viewer.page("request/259/many").links


def test_the_bytes_are_text_or_a_file(viewer: Viewer, folder: Path) -> None:
    stream = viewer.ask(f"/{TOKEN}/raw/answer/3/weather")
    assert stream.headers["content-type"] == "text/plain; charset=utf-8"
    assert stream.text.startswith("event: thread.run.created\ndata: {")
    assert viewer.ask(f"/{TOKEN}/raw/request/3/weather").json()["stream"] is True
    text = (folder / "weather.json").read_text()
    at = text.index('"body": {"style": "compact", "json": {')
    cut = text[:at] + '"body": {"base64": "AP/+"}' + text[text.index('}}},\n   "response"', at) + 2 :]
    (folder / "bytes.json").write_text(cut)
    body = viewer.ask(f"/{TOKEN}/raw/request/1/bytes")
    assert body.content == b"\x00\xff\xfe"
    assert body.headers["content-disposition"] == 'attachment; filename="request-1.bin"'
    assert "3 bytes that are no text" in viewer.page("request/1/bytes").text


def test_what_is_left_of_a_coding_that_was_cut_is_told(viewer: Viewer, folder: Path) -> None:
    cassette = json.loads((folder / "weather.json").read_text())
    cassette["take"]["interactions"]["3"] |= {"encoding": "gzip", "hidden": 7}
    (folder / "cut.json").write_text(json.dumps(cassette))
    assert "7 bytes more of gzip, which nobody kept." in viewer.page("request/3/cut").text
