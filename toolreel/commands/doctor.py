"""`toolreel doctor`: whether what toolreel needs on this machine is there, tried and not guessed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from rich.table import Table
from rich.text import Text

from toolreel.errors import ToolreelError
from toolreel.replay.manner import DEFAULT_MANNER
from toolreel.server.control import Desk
from toolreel.server.hosts import Listen
from toolreel.store.names import cassette_names
from toolreel.store.settings import Replay, load_settings

from .console import json_result, results
from .matching import rules_of
from .replay import base_url_door, new_book, proxy_door
from .trust import home, roots

BAD = 1
"""Exit status if something does not work that should."""
PATIENCE_S = 20

_FREE = Listen("127.0.0.1", 0)
_MISSED = "424"
"""What every request is answered with here: the doors have no cassette."""
_NOWHERE = "https://toolreel.invalid/v1/models"
"""A server that nobody reaches by another way than the proxy (RFC 6761 §6.4)."""
_PYTHON = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=10).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
_NODE = "fetch(process.argv[1]).then((answer) => console.log(answer.status))"
_CURL = ["--silent", "--show-error", "--output", os.devnull, "--write-out", "%{http_code}\n", "--max-time", "10"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: it is `ok`, worth a `note`, or `bad`."""

    level: Literal["ok", "note", "bad"]
    what: str
    remark: str


def doctor(folder: Path, *, as_json: bool) -> int:
    """Looks at everything and says what it found; gives the exit status."""
    findings = list(examined(folder))
    if as_json:
        json_result([asdict(finding) for finding in findings])
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for one in findings:
            table.add_row(Text(one.level, style=_STYLES[one.level]), Text(one.what), Text(one.remark))
        results().print(table)
    return BAD if any(finding.level == "bad" for finding in findings) else 0


_STYLES = {"ok": "green", "note": "yellow", "bad": "red"}


def examined(folder: Path) -> Iterator[Finding]:
    """Everything, in the order in which a person would look."""
    yield from _versions()
    yield from _settings(folder)
    yield from _authority()
    yield from _proxy_variables(os.environ)
    desk = Desk(new_book(folder, DEFAULT_MANNER))
    yield from _door("base-url door", base_url_door(desk, _FREE), proxied=False)
    if _version("mitmproxy"):
        yield from _door("proxy door", proxy_door(desk, _FREE), proxied=True)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "toolreel", f"{version('toolreel')} on Python {python}")
    for package, without in _WANTED.items():
        found = _version(package)
        yield Finding("ok" if found else "note", package, found or f"not installed: {without}")


_WANTED = {
    "mitmproxy": "nothing can be recorded here, and there is no proxy door; pip install 'toolreel[proxy]'.",
    "cryptography": "no https at the base URL; pip install 'toolreel[tls]'.",
    "openai": "no 'toolreel demo'; pip install openai.",
}


def _settings(folder: Path) -> Iterator[Finding]:
    try:
        settings = load_settings(Path.cwd())
        rules_of(settings, Replay())
        settings.redacting()
    except ToolreelError as error:
        yield Finding("bad", "settings", str(error))
    else:
        yield Finding("ok", "settings", "they can be read, or there are none")
    names = cassette_names(folder)
    yield Finding("ok" if names else "note", "cassettes", f"{len(names)} in {folder.absolute()}")


def _authority() -> Iterator[Finding]:
    from .trust import authority

    if not _version("cryptography"):
        return  # the note on it says what there is not
    if not any(home().glob("*-ca.pem")):
        yield Finding("note", "certificate authority", f"none yet; it is made in {home()} when TLS is first wanted")
        return
    try:
        ours = authority()
    except ToolreelError as error:
        yield Finding("bad", "certificate authority", str(error))
        return
    ends = ours.certificate.not_valid_after_utc
    lasts = ends > datetime.now(UTC)
    yield Finding("ok" if lasts else "bad", "certificate authority", f"in {home()}, valid until {ends:%Y-%m-%d}")
    known = roots()
    if known is not None and ours.pem.strip() in known.read_bytes():
        yield Finding("ok", "trusted", f"by {known}, so by all clients of this shell")
    else:
        yield Finding("note", "trusted", "by a COMMAND after '--' only; other clients must be told whom to trust")


def _proxy_variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    names = [name for name in environment if name.upper() in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")]
    direct = environment.get("NO_PROXY", "") + "," + environment.get("no_proxy", "")
    if names and "127.0.0.1" not in direct and direct.strip(",") != "*":
        remark = "name a proxy for everything; put 127.0.0.1 into NO_PROXY (a COMMAND after '--' has it there)"
        yield Finding("note", ", ".join(sorted(names)), remark)
    else:
        yield Finding("ok", "proxy variables", "none stands between a client and the base-url door")


def _door(name: str, door: AbstractContextManager[Mapping[str, str]], *, proxied: bool) -> Iterator[Finding]:
    """Opens a door, and sends each client that is installed here through it."""
    try:
        with door as environment:
            if not proxied:
                _ask(environment["TOOLREEL_URL"])
            yield Finding("ok", name, f"opens, at {environment['TOOLREEL_URL']} this time")
            url = _NOWHERE if proxied else environment["OPENAI_BASE_URL"] + "/models"
            for client, command in _clients():
                yield _through(f"{client}, {name}", [*command, url], environment, proxied=proxied)
    except (ToolreelError, OSError) as error:
        yield Finding("bad", name, str(error))


def _ask(url: str) -> None:
    """Asks a door directly, whatever proxies there are; raises OSError if it does not answer."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/@/")
        json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _clients() -> Iterator[tuple[str, list[str]]]:
    yield "python", [sys.executable, "-c", _PYTHON]
    for name, arguments in (("curl", _CURL), ("node", ["-e", _NODE])):
        if (path := shutil.which(name)) is not None:
            yield name, [path, *arguments]


def _through(what: str, command: list[str], environment: Mapping[str, str], *, proxied: bool) -> Finding:
    """Whether a client goes by the environment that a COMMAND gets."""
    try:
        ran = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding("bad", what, f"no answer within {PATIENCE_S} s")
    if ran.stdout.strip() == _MISSED:
        return Finding("ok", what, "goes by the variables and trusts the authority" if proxied else "arrives")
    lines = ran.stderr.strip().splitlines()
    said = next((line.strip() for line in reversed(lines) if "rror" in line), f"status {ran.stdout.strip()}")
    if proxied:
        remark = f"does not come through; older clients do not know the variables: use the base URL. ({said})"
        return Finding("note", what, remark)
    return Finding("bad", what, f"does not arrive: {said}")
