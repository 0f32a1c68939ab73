"""Books of sessions on cassettes made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolreel.errors import CassetteError
from toolreel.messages.bodies import body_of
from toolreel.messages.http import HttpRequest
from toolreel.messages.model import Cassette, Interaction, Request, Response
from toolreel.replay.answer import Answer
from toolreel.replay.book import Book
from toolreel.replay.manner import Manner, session_in
from toolreel.replay.session import Session
from toolreel.replay.tape import Tape

KIND = (("content-type", "application/json"),)


def tape(name: str, *paths: str) -> Tape:
    """A cassette of POSTs, each answered with its cassette's name and its place."""
    interactions = tuple(
        Interaction(
            n=n,
            request=Request(method="POST", path=path),
            response=Response(status=200, headers=KIND, body=body_of(f'"{name} {n}"'.encode())),
        )
        for n, path in enumerate(paths, start=1)
    )
    return Tape(name, Cassette(upstreams=("http://h/v1",), interactions=interactions), lambda digest: b"")


TAPES = {"one": tape("one", "/a", "/b"), "two/too": tape("two/too", "/b", "/c")}


def tape_of(name: str) -> Tape:
    if name not in TAPES:
        raise CassetteError(f"There is no cassette {name}.")
    return TAPES[name]


def make(manner: Manner, tapes: Sequence[Tape]) -> Session:
    return session_in(manner, tapes, 0.0)


def new_book(**options: Any) -> Book:
    return Book(tape_of, make, **options)


def ask(book: Book, target: str, *headers: tuple[str, str], method: str = "POST") -> tuple[int, str]:
    """Status and body of an answer."""
    return said(book.answer(HttpRequest(method, target, headers)))


def said(answer: Answer) -> tuple[int, str]:
    return answer.status, b"".join(answer.pieces).decode()
