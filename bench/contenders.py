"""Who is measured: toolreel, its peers, and the floors that no replaying server of their kind can beat."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from . import recordings
from .environments import HERE, Tools
from .exchanges import HOST, JSON_TYPE, STREAM_TYPE, Exchange, cassette
from .processes import Cores, Program, free_port, running

SERVERS = HERE / "servers"
ROOT = HERE.parent
_NOWHERE = "http://127.0.0.1:9"


class Kind(StrEnum):
    """What a contender is to toolreel."""

    OURS = "toolreel"
    PEER = "peer"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Command:
    """How a contender is started."""

    arguments: Sequence[str | Path]
    env: dict[str, str]


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those that are measured; `package` says whose version to tell."""

    name: str
    kind: Kind
    package: str

    def exchange(self, exchange: Exchange) -> Exchange:
        """What to ask it in place of an exchange."""
        return _chat(exchange) if self.package == "@copilotkit/aimock" else exchange

    @property
    def is_exact(self) -> bool:
        """Whether it answers with the recorded bytes."""
        return self.package != "@copilotkit/aimock"


TOOLREEL = Contender("toolreel", Kind.OURS, "toolreel")
TALKBACK = Contender("talkback", Kind.PEER, "talkback")
MOUNTEBANK = Contender("mountebank", Kind.PEER, "mountebank")
MITMPROXY = Contender("mitmproxy server replay", Kind.PEER, "mitmproxy")
WIREMOCK = Contender("WireMock", Kind.PEER, "wiremock")
AIMOCK = Contender("aimock", Kind.PEER, "@copilotkit/aimock")
BARE = Contender("bare httptools + uvloop", Kind.FLOOR, "httptools")
LOOKUP = Contender("bare httptools + uvloop, a dict", Kind.FLOOR, "httptools")
GRANIAN = Contender("bare granian, RSGI", Kind.FLOOR, "granian")
UVICORN = Contender("bare uvicorn", Kind.FLOOR, "uvicorn")
DOOR = Contender("toolreel's door, constant", Kind.FLOOR, "toolreel")
ON_UVICORN = Contender("toolreel's door on uvicorn, constant", Kind.FLOOR, "uvicorn")
ON_GRANIAN = Contender("toolreel's door on granian, constant", Kind.FLOOR, "granian")
CONSTANT = Contender("mitmproxy, constant addon", Kind.FLOOR, "mitmproxy")
TOOLREEL_PROXY = Contender("toolreel --via proxy", Kind.OURS, "toolreel")


def servers(tools: Tools) -> list[Contender]:
    """All that serve HTTP at a base URL; toolreel's turn is between those of its nearest rivals."""
    peers = [MOUNTEBANK, MITMPROXY, *([WIREMOCK] if tools.java else []), AIMOCK]
    return [DOOR, TOOLREEL, TALKBACK, *peers, BARE, GRANIAN, UVICORN, CONSTANT, ON_GRANIAN, ON_UVICORN]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where contenders are started: `folder` holds what they read and write."""

    tools: Tools
    cores: Cores
    folder: Path

    @contextmanager
    def running(
        self, contender: Contender, exchanges: Sequence[Exchange], *, proxy: bool = False
    ) -> Iterator[Program]:
        """A contender that replays a recording, at a base URL or as a proxy that intercepts TLS.

        Floors know the first exchange only, but for LOOKUP. It may not answer yet.
        """
        port = free_port()
        folder = Path(tempfile.mkdtemp(prefix=f"{contender.package.replace('/', '-')}-", dir=self.folder))
        command = self._command(contender, exchanges, folder, port, proxy=proxy)
        with running(
            contender.name, command.arguments, port, folder=folder, core=self.cores.server, env=command.env
        ) as program:
            yield program

    def _command(
        self, contender: Contender, exchanges: Sequence[Exchange], folder: Path, port: int, *, proxy: bool
    ) -> Command:
        if contender is LOOKUP:
            known = [(one.method, one.path, one.body.decode(), one.answer.decode()) for one in exchanges]
            (folder / "known.json").write_text(json.dumps(known))
            return Command([self.tools.python, SERVERS / "lookup.py", str(port), folder / "known.json"], {})
        if contender.kind is Kind.FLOOR:
            return self._floor(contender, exchanges[0], folder, port, proxy=proxy)
        if contender.kind is Kind.OURS:
            cassette(folder / "cassettes/bench.json", exchanges)
            return toolreel(folder, "replay", "bench", "--listen", f"127.0.0.1:{port}", via_proxy=proxy)
        if contender is MITMPROXY:
            recordings.for_mitmproxy(folder / "flows", exchanges, f"https://{HOST}" if proxy else _NOWHERE)
            options = ["server_replay_reuse=true", "server_replay_extra=500", "server_replay_refresh=false"]
            replay = [item for option in options for item in ("--set", option)]
            return self._mitmdump(folder, port, proxy, ["--server-replay", str(folder / "flows"), *replay])
        return self._other_peer(contender, exchanges, folder, port)

    def _other_peer(self, contender: Contender, exchanges: Sequence[Exchange], folder: Path, port: int) -> Command:
        node, modules = self.tools.node, self.tools.modules
        if contender is TALKBACK:
            recordings.for_talkback(folder / "tapes", exchanges)
            return Command([node, SERVERS / "talkback.js", str(port), folder / "tapes"], {"NODE_PATH": str(modules)})
        if contender is MOUNTEBANK:
            recordings.for_mountebank(folder / "imposters.json", exchanges, port)
            options = ["--port", str(free_port()), "--host", "127.0.0.1", "--nologfile", "--loglevel", "error"]
            options += ["--configfile", str(folder / "imposters.json"), "--pidfile", str(folder / "mb.pid")]
            return Command([node, modules / "mountebank/bin/mb", "start", *options], {})
        if contender is WIREMOCK:
            recordings.for_wiremock(folder / "root", exchanges)
            jar = next((modules / "wiremock/build").glob("wiremock-standalone-*.jar"))
            options = ["--port", str(port), "--bind-address", "127.0.0.1", "--root-dir", str(folder / "root")]
            options += ["--no-request-journal", "--disable-banner", "--disable-gzip"]
            return Command([self.tools.java or "java", "-jar", jar, *options], {})
        said = json.loads(_chat(exchanges[0]).body)["messages"][0]["content"]
        recordings.for_aimock(folder / "fixtures.json", said, "w" * 2_600)
        options = ["--port", str(port), "--fixtures", str(folder / "fixtures.json"), "--log-level", "silent"]
        return Command([node, modules / "@copilotkit/aimock/dist/cli.js", *options, "--chunk-size", "13"], {})

    def _floor(self, contender: Contender, exchange: Exchange, folder: Path, port: int, *, proxy: bool) -> Command:
        answer, kind = folder / "answer", exchange.content_type
        answer.write_bytes(exchange.answer)
        told = {"ANSWER": str(answer), "ANSWER_TYPE": kind}
        if contender is BARE:
            return Command([self.tools.python, SERVERS / "bare.py", str(port), answer, kind], {})
        if contender is DOOR:
            return Command([sys.executable, SERVERS / "door.py", str(port), answer, kind], {"PYTHONPATH": str(ROOT)})
        if contender is CONSTANT:
            return self._mitmdump(folder, port, proxy, ["-s", str(SERVERS / "constant.py")], told)
        if contender in (ON_UVICORN, ON_GRANIAN):  # toolreel's own dependencies are not where uvicorn and granian are
            told["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        if contender in (UVICORN, ON_UVICORN):
            app = "asgi:app" if contender is UVICORN else "entered:asgi"
            options = ["--loop", "uvloop", "--http", "httptools", "--log-level", "critical", "--no-access-log"]
            serve = ["-m", "uvicorn", app, "--app-dir", str(SERVERS), "--port", str(port), *options]
        else:
            app = "rsgi:app" if contender is GRANIAN else "entered:rsgi"
            options = ["--interface", "rsgi", "--no-ws", "--log-level", "critical", "--working-dir", str(SERVERS)]
            serve = ["-m", "granian", app, "--port", str(port), *options]
        return Command([self.tools.python, *serve], told)

    def _mitmdump(
        self, folder: Path, port: int, proxy: bool, options: list[str], env: dict[str, str] | None = None
    ) -> Command:
        """`mitmdump` as anybody would start it; quiet, which is faster."""
        mode = "regular" if proxy else f"reverse:{_NOWHERE}"
        options = [*options, "--set", "connection_strategy=lazy", "--set", "upstream_cert=false"]
        where = ["--mode", mode, "--listen-host", "127.0.0.1", "--listen-port", str(port)]
        return Command([self.tools.mitmdump, "-q", *where, "--set", f"confdir={folder}", *options], env or {})


def toolreel(folder: Path, *arguments: str, via_proxy: bool = False) -> Command:
    """A command of this checkout's toolreel, whose cassettes and authority are in `folder`."""
    door = ["--via", "proxy"] if via_proxy else []
    env = {
        "PYTHONPATH": str(ROOT),
        "TOOLREEL_HOME": str(folder / "home"),
        "TOOLREEL_CASSETTES": str(folder / "cassettes"),
    }
    kept = {name: "" for name in ("TOOLREEL_STORE",) if name in os.environ}
    return Command([sys.executable, "-m", "toolreel", *arguments, *door], env | kept)


def _chat(exchange: Exchange) -> Exchange:
    """aimock knows no runs: a chat completion of about the same size, plain or as a stream of 200 frames."""
    streams = exchange.content_type == STREAM_TYPE
    asked = {"model": "gpt-4o", "stream": streams, "messages": [{"role": "user", "content": "x" * 400}]}
    return Exchange("POST", "/v1/chat/completions", json.dumps(asked).encode(), b"", JSON_TYPE)
