"""Requests that two servers in a row might read in two ways (RFC 9112 §11.2): each server of ours refuses them."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from toolreel.commands.standin import standing_in
from toolreel.commands.view import viewing
from toolreel.server.hosts import Listen

from .doors import FREE, replaying
from .tapes import get, make
from .upstream import PATIENCE_S

HEAD = b"POST /v1/threads HTTP/1.1\r\nhost: localhost\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n"

REFUSED = {
    "two lengths": HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "lengths in a list": HEAD + b"content-length: 1, 2\r\n\r\nab",
    "a length with a sign": HEAD + b"content-length: +2\r\n\r\nab",
    "a length below zero": HEAD + b"content-length: -2\r\n\r\nab",
    "a length in hexadecimal": HEAD + b"content-length: 0x2\r\n\r\nab",
    "a length with a space": HEAD + b"content-length: 1 2\r\n\r\nab",
    "an empty length": HEAD + b"content-length:\r\n\r\nab",
    "a coding that is not known": HEAD + b"transfer-encoding: gzip\r\n\r\n0\r\n\r\n",
    "a coding before chunked": HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a coding after chunked": HEAD + b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a coding that is none": HEAD + b"transfer-encoding: identity\r\n\r\n0\r\n\r\n",
    "a coding that looks like chunked": HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding in quotes": HEAD + b'transfer-encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "a coding after a control": HEAD + b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "two codings": HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "a name with a space": HEAD + b"content length: 2\r\n\r\nab",
    "a name that is empty": HEAD + b": 2\r\n\r\nab",
    "no colon": HEAD + b"nonsense\r\n\r\n",
    "a NUL in a value": HEAD + b"x: a\x00b\r\n\r\n",
    "a CR in a value": HEAD + b"x: a\rcontent-length: 2\r\n\r\nab",
    "a space before the first field": b"GET /v1/models HTTP/1.1\r\n host: localhost\r\n\r\n",
    "two hosts": HEAD + b"host: localhost\r\n\r\n",
    "no host": b"GET /v1/models HTTP/1.1\r\n\r\n",
    "no version": b"GET /v1/models\r\nhost: localhost\r\n\r\n",
    "another protocol": b"GET /v1/models SIP/1.1\r\nhost: localhost\r\n\r\n",
    "a tab in the target": b"GET /v1/\tmodels HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a space in the target": b"GET /v1/mod els HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "what is not ASCII in the target": b"GET /v1/\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a chunk without a size": CHUNKED + b"\r\nab\r\n0\r\n\r\n",
    "a chunk size that is none": CHUNKED + b"xyz\r\nab\r\n0\r\n\r\n",
    "a chunk size below zero": CHUNKED + b"-2\r\nab\r\n0\r\n\r\n",
    "a chunk size with 0x": CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
    "a chunk size after a space": CHUNKED + b" 2\r\nab\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
}
"""What no server of ours takes."""

REFUSED_BY_THE_DOOR = {
    "length and coding": HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": HEAD + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
    "a chunk size of 76 bits": CHUNKED + b"fffffffffffffffffff\r\nab\r\n0\r\n\r\n",
    "the same length twice": HEAD + b"content-length: 2\r\ncontent-length: 2\r\n\r\nab",
    "a field in two lines": HEAD + b"x: a\r\n b\r\n\r\n",
    "a coding in the second line": HEAD + b"transfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "lines that end with LF": b"GET /v1/models HTTP/1.1\nhost: localhost\n\n",
    "a field that ends with LF": HEAD + b"x: a\ny: b\r\n\r\n",
    "a head that ends with LF": HEAD + b"x: a\r\n\n",
    "a chunk size that ends with LF": CHUNKED + b"2\nab\r\n0\r\n\r\n",
    "a chunk that ends with LF": CHUNKED + b"2\r\nab\n0\r\n\r\n",
    "a chunk extension that ends with LF": CHUNKED + b"2;x\nab\r\n0\r\n\r\n",
    "a length in a trailer": CHUNKED + b"0\r\ncontent-length: 2\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + b"0\r\n\r\n",
    "HTTP/2.0": b"GET /v1/models HTTP/2.0\r\nhost: localhost\r\n\r\n",
    "HTTP/9.9": b"GET /v1/models HTTP/9.9\r\nhost: localhost\r\n\r\n",
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}
"""What h11 takes for good, and reads in one way only."""

SERVERS = ("replay", "standin", "view")


@contextmanager
def server(name: str, folder: Path) -> Iterator[Listen]:
    """The address of one of our servers."""
    with ExitStack() as stack:
        if name == "standin":
            yield stack.enter_context(standing_in(FREE))
            return
        make(folder, "tape", get("/models", b"{}"))
        if name == "view":
            url = stack.enter_context(viewing(folder, FREE))
        else:
            url = stack.enter_context(replaying(folder, "tape", "base-url")).base
        host, port = url.removeprefix("http://").partition("/")[0].split(":")
        yield Listen(host, int(port))


def answers_to(address: Listen, data: bytes) -> list[int]:
    """The statuses of all that comes back until the server ends the connection."""
    came = b""
    with socket.create_connection(address, timeout=PATIENCE_S) as raw:
        raw.sendall(data)
        try:
            while piece := raw.recv(65536):
                came += piece
        except ConnectionResetError:
            pass
    return list(map(int, re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", came)))


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Listen]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(server(name, tmp_path_factory.mktemp(name))) for name in SERVERS}


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(case: str, name: str, addresses: dict[str, Listen]) -> None:
    answers = answers_to(addresses[name], REFUSED[case] + SMUGGLED)
    assert len(answers) == 1, "what comes after it is no request"
    assert answers[0] in (400, 501, 505)


@pytest.mark.parametrize("case", REFUSED_BY_THE_DOOR)
def test_the_door_is_stricter_still(case: str, addresses: dict[str, Listen]) -> None:
    answers = answers_to(addresses["replay"], REFUSED_BY_THE_DOOR[case] + SMUGGLED)
    assert len(answers) == 1
    assert answers[0] in (400, 501, 505)


@pytest.mark.parametrize("name", SERVERS)
def test_a_good_request_before_a_bad_one_is_answered(name: str, addresses: dict[str, Listen]) -> None:
    answers = answers_to(addresses[name], SMUGGLED + b"\x00garbage\r\n\r\n" + SMUGGLED)
    assert len(answers) == 2
    assert answers[1] == 400


@pytest.mark.parametrize("name", SERVERS)
def test_good_requests_of_odd_forms_are_answered(name: str, addresses: dict[str, Listen]) -> None:
    good = [
        HEAD + b"content-length: 0\r\n\r\n",
        HEAD + b"Content-Length:2 \r\n\r\n{}",
        CHUNKED.replace(b"chunked", b"CHUNKED") + b"02;x=y\r\n{}\r\n0\r\nx-trailer: a\r\n\r\n",
        HEAD + b"x: \t\r\nx:\xff\r\ncontent-length: 2\r\n\r\n{}",
        SMUGGLED[:-2] + b"connection: close\r\n\r\n",
    ]
    assert len(answers_to(addresses[name], b"".join(good))) == len(good)
