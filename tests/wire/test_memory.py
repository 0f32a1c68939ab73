"""Memory while recording: flat, however long a stream or a download is. Linux only, where /proc tells it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from .test_durability import recorder

MIB = 1 << 20
FRAME = b'data: {"object":"thread.message.delta","delta":"' + b"x" * 950 + b'"}\n\n'

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc"),
]


class Large(BaseHTTPRequestHandler):
    """GET /download/N and /stream/N: N MiB, as a file and as an event stream."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        _, kind, size = self.path.removeprefix("/v1").split("/")
        piece, media = (FRAME, "text/event-stream") if kind == "stream" else (bytes(1000), "application/octet-stream")
        count = int(size) * MIB // len(piece)
        self.send_response(200)
        self.send_header("content-type", media)
        self.send_header("content-length", str(count * len(piece)))
        self.end_headers()
        with suppress(OSError):
            for _ in range(count // 8):
                self.wfile.write(piece * 8)
            self.wfile.write(piece * (count % 8))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Says nothing."""


@contextmanager
def upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Large)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def peak_mib(pid: int) -> float:
    """The most memory that a process has held, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@pytest.mark.parametrize("kind", ["stream", "download"])
def test_memory_is_flat_while_a_hundred_megabytes_are_recorded(folder: Path, kind: str) -> None:
    with upstream() as url, recorder(folder, url) as (base, process):
        read(f"{base}/{kind}/2")
        before = peak_mib(process.pid)
        read(f"{base}/{kind}/100")
        after = peak_mib(process.pid)
    sys.stdout.write(f"{kind}: peak {before:.0f} MiB after 2 MiB, {after:.0f} MiB after 100 MiB more\n")
    assert after - before < 40


def read(url: str) -> None:
    with httpx.stream("GET", url, trust_env=False, timeout=300) as answer:
        assert answer.status_code == 200
        for _ in answer.iter_raw():
            pass
