"""Secrets: whatever redaction would take out, were the cassette recorded now."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from toolreel.messages import jsontext
from toolreel.messages.bodies import FileReader, body_bytes, frame_bytes
from toolreel.messages.http import Headers, HttpRequest, media_type
from toolreel.messages.model import Cassette, Frame, Interaction, RequestBody
from toolreel.recording import headers as allowed
from toolreel.redaction import Redactor, Rules

from .alike import Ids, differing
from .findings import Finding, Level, Recording


def secrets(recording: Recording, rules: Rules, read_file: FileReader) -> Iterator[Finding]:
    """Secrets in paths, queries, headers, bodies and frames, also of superseded answers; headers that may hold some.

    No finding shows what was found.
    """
    redactor = Redactor(rules)
    for interaction in recording.cassette.interactions:
        n = interaction.n
        for place in _places(recording.cassette, interaction, redactor, read_file):
            yield Finding(
                "secret",
                Level.ERROR,
                n,
                place,
                "here stands what looks like a secret",
                "record again with this toolreel, or write REDACTED-0001 in its place; and revoke the secret",
            )
        for place, name in _not_allowed(recording.cassette, interaction):
            yield Finding(
                "header",
                Level.ERROR,
                n,
                f"{place}.{name}",
                "this header is none of those that are recorded, for it may hold a secret",
                "remove it",
            )


def bodies_of(cassette: Cassette, n: int) -> list[RequestBody | None]:
    """All bodies of an interaction: of the request, of the answer, and of answers that it superseded."""
    interaction = cassette.interactions[n - 1]
    reads = cassette.take.reads.get(str(n), ()) if cassette.take else ()
    return [interaction.request.body, interaction.response.body, *(read.body for read in reads)]


def _places(cassette: Cassette, interaction: Interaction, redactor: Redactor, read_file: FileReader) -> Iterator[str]:
    request, response = interaction.request, interaction.response
    sent = HttpRequest("GET", request.path)
    if redactor.request(sent) != sent:
        yield "request.path"
    for name, value in request.query:
        sent = HttpRequest("GET", f"/?{urlencode([(name, value)])}")
        if redactor.request(sent) != sent:
            yield f"request.query.{name}"
    yield from _in_headers("request", request.headers, redactor)
    yield from _in_headers("answer", response.headers, redactor)
    performance = cassette.take.interactions.get(str(interaction.n)) if cassette.take else None
    yield from _in_headers("take", (performance.headers if performance else None) or (), redactor)
    of_request, of_answer, *superseded = bodies_of(cassette, interaction.n)
    yield from _in_body("request.body", of_request, media_type(request.headers), redactor, read_file)
    for place, body in (("answer.body", of_answer), *(("take.reads", body) for body in superseded)):
        yield from _in_body(place, body, media_type(response.headers), redactor, read_file)
    yield from _in_frames(response.frames or (), redactor)


def _in_headers(place: str, headers: Headers, redactor: Redactor) -> Iterator[str]:
    for pair in headers:
        if redactor.headers((pair,)) != (pair,):
            yield f"{place}.headers.{pair[0]}"


def _in_body(
    place: str, body: RequestBody | None, media: str, redactor: Redactor, read_file: FileReader
) -> Iterator[str]:
    data = body_bytes(body, read_file)
    if not data:
        return
    if media.startswith("multipart/"):
        media = "multipart/form-data; boundary=toolreel-boundary"
    redacted = redactor.body(data, media)
    if redacted == data:
        return
    try:
        before, after = (jsontext.parse(text.decode()) for text in (data, redacted))
    except ValueError:
        yield place
        return
    leaves = list(differing(before, after, Ids(set(), set())))
    for leaf in leaves:
        yield place + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in leaf.path)
    if not leaves:  # a text that says the same JSON, spelled in another way
        yield place


def _in_frames(frames: tuple[Frame, ...], redactor: Redactor) -> Iterator[str]:
    """The first frame of a stream in which a secret begins; its pieces in later ones are the same secret."""
    sent = [frame_bytes(frame) for frame in frames]
    stream = redactor.stream()
    kept = [written for frame in sent for written in stream.feed(frame)]
    held, _ = stream.close(b"")
    for index, (before, after) in enumerate(zip(sent, [*kept, *held], strict=False)):
        if before != after:
            yield f"answer.frames[{index}]"
            return


_OF_UNDECODED = "answer.headers", "content-encoding"
"""Kept where the body is not in the coding that its header names: then it is replayed as it came."""


def _not_allowed(cassette: Cassette, interaction: Interaction) -> Iterator[tuple[str, str]]:
    performance = cassette.take.interactions.get(str(interaction.n)) if cassette.take else None
    for place, headers, kept in (
        ("request.headers", interaction.request.headers, allowed.request_headers),
        ("answer.headers", interaction.response.headers, allowed.response_headers),
        ("take.headers", (performance.headers if performance else None) or (), allowed.volatile_headers),
    ):
        for name, _ in dict.fromkeys(headers):
            if not kept(((name, ""),)) and (place, name) != _OF_UNDECODED:
                yield place, name
