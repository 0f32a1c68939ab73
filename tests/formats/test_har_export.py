"""A cassette that goes out as HAR and comes in again is the same cassette, and the HAR is one."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import warnings
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.normalise.takes import above
from tests.recording.assembling import assemble
from toolreel.formats.entries import Importer
from toolreel.formats.found import Found
from toolreel.formats.har_export import har_of
from toolreel.formats.times import milliseconds
from toolreel.messages.bodies import frame_of
from toolreel.messages.model import (
    Base64Body,
    Body,
    Cassette,
    Ending,
    FileBody,
    Interaction,
    JsonBody,
    Part,
    PartsBody,
    Performance,
    Request,
    Response,
    Take,
    TextBody,
    UnknownBody,
)
from toolreel.normalise.cassette import normalise
from toolreel.store.files import load

from .writers import SHIPPED, imported, opened

SCHEMA = json.loads((Path(__file__).parent / "har-1.2.schema.json").read_text())
LARGE = b"\x00large" * 300_000
DIGEST = hashlib.sha256(LARGE).hexdigest()


def read_file(digest: str) -> bytes:
    assert digest == DIGEST
    return LARGE


def har(cassette: Cassette) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(exported(cassette))
    jsonschema.validate(value, SCHEMA)
    return value


def exported(cassette: Cassette) -> bytes:
    return "".join(har_of(cassette, read_file, "0.1.0")).encode()


def back(data: bytes) -> Cassette:
    """What an import of a HAR gives."""
    source, importer, spooled = opened(data), Importer(), dict[int, list[bytes]]()
    entries = []
    for one in source:
        assert isinstance(one, Found), one
        if source.take and (began := milliseconds(source.take[1])):
            importer.count_from(began)
        for entry in importer.entries(one):
            if type(entry).__name__ == "BodyPiece":
                spooled.setdefault(entry.key, []).append(entry.data)  # type: ignore[union-attr]
            entries.append(entry)

    def keep(pieces: Any) -> str:
        return hashlib.sha256(b"".join(pieces)).hexdigest()

    tool, recorded_at = source.take or ("", None)
    received = assemble(
        entries, recorded_at=recorded_at, tool=tool, keep_file=keep, spooled=lambda key: spooled.get(key, ())
    )
    return normalise(received)[0]


def cassette(request: Request, response: Response, performance: Performance | None = None, **more: Any) -> Cassette:
    """A cassette of one interaction in its normal form."""
    one = Interaction(n=1, request=request, response=response, **more)
    performances = {"1": performance} if performance else {}
    take = Take(recorded_at="2026-01-01T00:00:00Z", tool="toolreel 0", interactions=performances)
    return normalise(Cassette(upstreams=("https://api.openai.com/v1",), interactions=(one,), take=take))[0]


GET = Request(method="GET", path="/threads/thread_x")
OK = Response(status=200, headers=(("content-type", "text/plain"),), body=TextBody(text="ok"))


def test_the_shipped_cassette_comes_back_whole() -> None:
    """Above `take`, and the take too: times, frames, chunks, polls, the recorder."""
    shipped = load(SHIPPED)
    value = har(shipped)
    assert len(value["log"]["entries"]) > len(shipped.interactions), "polls stand one by one"
    assert back(exported(shipped)) == normalise(shipped)[0] == shipped


def test_real_recordings_come_back_whole(recordings: Path) -> None:
    """Whatever tool recorded them; what their formats did not keep stays unknown on the way."""
    files = [path for path in recordings.iterdir() if path.suffix in (".json", ".yaml", ".yml", ".httprr")]
    assert len(files) >= 12
    for path in files:
        cassette = imported(path.read_bytes())
        har(cassette)
        assert back(exported(cassette)) == cassette, path.name


def test_a_cassette_without_its_take_comes_back() -> None:
    shipped = load(SHIPPED).model_copy(update={"take": None})
    har(shipped)
    again = back(exported(shipped))
    assert above(again) == above(shipped)
    assert again.take
    assert again.take.recorded_at is None
    assert not any(one.ms for one in again.take.interactions.values())


SSE = (("content-type", "text/event-stream"),)
FRAMES = tuple(frame_of(data) for data in (b"event: a\ndata: {}\n\n", b": comment\r\n\r\n", b"data: \xff\n\n"))


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        pytest.param(GET.model_copy(update={"body": TextBody(text="")}), OK, id="empty-body"),
        pytest.param(GET, OK.model_copy(update={"body": TextBody(text="")}), id="empty-answer"),
        pytest.param(GET, OK.model_copy(update={"body": None}), id="no-answer-body"),
        pytest.param(GET, Response(status=204), id="no-content"),
        pytest.param(GET, OK.model_copy(update={"status": 599}), id="status-without-a-phrase"),
        pytest.param(GET.model_copy(update={"body": Base64Body(base64="AP8=")}), OK, id="binary-body"),
        pytest.param(GET, OK.model_copy(update={"body": Base64Body(base64="AP8=")}), id="binary-answer"),
        pytest.param(GET.model_copy(update={"body": UnknownBody(unknown=True)}), OK, id="unknown-body"),
        pytest.param(
            GET.model_copy(update={"body": JsonBody(value={"a": 1}, style="unknown")}), OK, id="unknown-spelling"
        ),
        pytest.param(
            GET,
            OK.model_copy(update={"body": JsonBody(value=["é"], style="unknown")}),
            id="spelling-of-answer",
        ),
        pytest.param(GET, OK.model_copy(update={"body": TextBody(text='{"a":1.10}')}), id="text"),
        pytest.param(GET.model_copy(update={"query": (("a[]", "x y&z=é"), ("b", ""))}), OK, id="query"),
        pytest.param(GET.model_copy(update={"path": "/files/%C3%A9%2F"}), OK, id="escaped-path"),
        pytest.param(GET, Response(status=200, headers=SSE, frames=FRAMES), id="frames"),
        pytest.param(GET, Response(status=200, headers=SSE, frames=()), id="no-frames"),
        pytest.param(GET, OK.model_copy(update={"body": FileBody(file=DIGEST)}), id="large-file"),
        pytest.param(
            GET,
            Response(
                status=302, headers=(("location", "/x"), ("apim-a", "1"), ("apim-a", "2")), body=TextBody(text="")
            ),
            id="headers",
        ),
        pytest.param(
            GET,
            OK.model_copy(
                update={"headers": (("content-encoding", "gzip"),), "body": Base64Body(base64="H4sIAAAAAAAAAw==")}
            ),
            id="an-encoding-that-could-not-be-taken-off",
        ),
        pytest.param(
            GET.model_copy(
                update={
                    "headers": (("content-type", "multipart/form-data; boundary=toolreel-boundary"),),
                    "body": PartsBody(
                        parts=(
                            Part(
                                headers=(("Content-Disposition", 'form-data; name="a"'),), body=TextBody(text="one")
                            ),
                            Part(headers=(), body=Base64Body(base64="AP8=")),
                        )
                    ),
                }
            ),
            OK,
            id="multipart",
        ),
    ],
)
def test_what_har_has_no_place_for_comes_back(request_: Request, response: Response) -> None:
    made = cassette(request_, response)
    har(made)
    assert above(back(exported(made))) == above(made)


@pytest.mark.parametrize("ending", Ending)
def test_endings_come_back(ending: Ending) -> None:
    made = cassette(GET, OK, ending=ending)
    assert back(exported(made)).interactions[0].ending is ending


def test_servers_that_nobody_knows_come_back() -> None:
    made = cassette(GET, OK).model_copy(update={"upstreams": ("/v1",)})
    assert har(made)["log"]["entries"][0]["request"]["url"] == "http://localhost/v1/threads/thread_x"
    assert back(exported(made)).upstreams == ("/v1",)


def test_times_are_dates_and_headers_of_the_take_stand_with_the_others() -> None:
    performance = Performance(
        ms=(1500, 2250), headers=(("retry-after", "1"),), encoding="gzip", frame_ms=(100, 700), chunks=(20, 30)
    )
    made = cassette(GET, Response(status=200, headers=SSE, frames=FRAMES[:2]), performance)
    [entry] = har(made)["log"]["entries"]
    assert entry["startedDateTime"] == "2026-01-01T00:00:01.500Z"
    assert entry["time"] == 750
    assert entry["timings"] == {"send": 0, "wait": 100, "receive": 650}
    assert {"name": "retry-after", "value": "1"} in entry["response"]["headers"]
    assert back(exported(made)) == made


def test_what_is_left_of_a_coding_comes_back() -> None:
    left = Performance(ms=(5, 7), encoding="gzip", rest="AAD//w==", hidden=7)
    made = cassette(GET, OK, left, ending=Ending.CUT)
    assert back(exported(made)) == made
    forged = json.loads(exported(made))
    forged["log"]["entries"][0]["_toolreel"] |= {
        "rest": base64.b64encode(b"sk-" + b"aB3" * 9).decode(),
        "hidden": "x",
    }
    take = back(json.dumps(forged).encode()).take
    assert take
    assert (take.interactions["1"].rest, take.interactions["1"].hidden) == (None, 30)


def test_a_date_that_nobody_knows_is_none() -> None:
    made = cassette(GET, OK, Performance(ms=(5, 7)))
    assert made.take
    made = made.model_copy(update={"take": made.take.model_copy(update={"recorded_at": None})})
    again = back(exported(made))
    assert again.take
    assert (again.take.recorded_at, again.take.interactions["1"].ms) == (None, (0, 2))


def test_placeholders_stay_what_they_are() -> None:
    body: Body = JsonBody(value={"key": "REDACTED-0001", "word": "REDACTED", "x": "Sanitized"}, style="compact")
    made = cassette(GET.model_copy(update={"body": body}), OK)
    assert above(imported(exported(made))) == above(made)


def test_an_empty_cassette_is_an_empty_har() -> None:
    made = Cassette(upstreams=(), interactions=())
    assert har(made)["log"]["entries"] == []


def test_the_schema_refuses_what_is_no_har() -> None:
    made = cassette(GET, OK)
    changes: list[dict[str, Any]] = [{"time": -1}, {"startedDateTime": "now"}, {"unknown": 1}, {"timings": {}}]
    for change in changes:
        value = har(made)
        value["log"]["entries"][0] |= change
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(value, SCHEMA)


def test_mitmproxy_reads_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from mitmproxy.http import HTTPFlow
        from mitmproxy.io import FlowReader

    body = JsonBody(value={"a": 1}, style="compact")
    made = cassette(GET.model_copy(update={"method": "POST", "body": body}), OK)
    [flow] = FlowReader(io.BytesIO(exported(made))).stream()
    assert isinstance(flow, HTTPFlow)
    assert flow.request.url == "https://api.openai.com/v1/threads/thread_x"
    assert flow.request.content == b'{"a":1}'
    assert flow.response
    assert (flow.response.status_code, flow.response.content) == (200, b"ok")
