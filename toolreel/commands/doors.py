"""The two doors of a command: where they are, and the environment that leads an unchanged client to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from toolreel.errors import CommandError
from toolreel.messages.http import origin_of
from toolreel.server.hosts import Listen

from .trust import home, roots

BASE_URL, PROXY = "base-url", "proxy"
"""The doors: a client's base URL points at toolreel, or toolreel is the client's proxy."""

_LOCAL = ("localhost", "127.0.0.1", "::1")
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY")
"""Variables in which clients look for a key."""
_PROJECT_ENDPOINTS = ("PROJECT_ENDPOINT", "AZURE_AI_PROJECT_ENDPOINT")
"""Variables in which programs for Azure AI Foundry look for `https://…/api/projects/NAME`."""
_PROJECT = re.compile(r"/api/projects/[^/?#]+")


class Upstream(NamedTuple):
    """A server to record: scheme, host and port, and the path in front of every request's path."""

    origin: str
    path: str

    @property
    def pattern(self) -> str:
        """A regular expression for its host and port, written as mitmproxy writes them."""
        parts = urlsplit(self.origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return rf"\A{re.escape(parts.hostname or '')}:{port}\Z"


def parse_upstream(text: str) -> Upstream:
    """`https://api.openai.com`, with a path if need be; raises CommandError."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        valid = port_is_valid = False
    if not (valid and port_is_valid) or parts.query or parts.fragment:
        raise CommandError(f"--upstream {text}: no server; write a URL such as https://api.openai.com.")
    return Upstream(origin_of(text), parts.path.rstrip("/"))


def check_door(via: str, *, tls: bool, upstreams: Sequence[Upstream] = ()) -> None:
    """Raises CommandError for options that the door cannot have."""
    if via == PROXY and tls:
        raise CommandError("--tls is for the base-URL door; the proxy door ends the TLS of clients as they wish.")
    if via == BASE_URL and len(upstreams) > 1:
        raise CommandError("--upstream can be given several times with --via proxy only; name one server.")


def checked_tunnels(tunnels: Sequence[str], via: str, recorded: Iterable[str]) -> list[str]:
    """The names of hosts to which the proxy door lets everything through; raises CommandError."""
    if tunnels and via != PROXY:
        raise CommandError("--tunnel is for the proxy door; at the base URL no other host can be asked.")
    known = set(recorded)
    for host in tunnels:
        if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9a-fA-F:]+", host):
            raise CommandError(f"--tunnel {host}: no host; write a name such as example.com, without a port.")
        if host.lower() in known:
            raise CommandError(f"--tunnel {host}: the cassette was recorded there, and replay never goes there.")
    return [host.lower() for host in tunnels]


def base_url_environment(
    listen: Listen, path: str, *, tls: bool, replays: bool, project: str | None = None
) -> dict[str, str]:
    """Leads clients to the base-URL door; `path` is what the client's base URL ends with, such as `/v1`.

    `project` is the path of an upstream that may be a Foundry project, if it is another. In replay a key need not be
    there, and the clients insist on one.
    """
    url = f"{'https' if tls else 'http'}://{listen.shown}"
    environment = {
        "TOOLREEL_URL": url,
        "OPENAI_BASE_URL": url + path,
        "OPENAI_API_BASE": url + path,
        "AZURE_OPENAI_ENDPOINT": url,
        **{name: url + _project(project or path, os.environ.get(name)) for name in _PROJECT_ENDPOINTS},
        **(_keys() if replays else {}),
    }
    known = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    return environment | _both("NO_PROXY", ",".join([*([known] if known else []), *_LOCAL]))


def _project(path: str, endpoint: str | None) -> str:
    """The path of a project: of the door, else of the endpoint that the environment names, else any."""
    for place in (path, endpoint or ""):
        if match := _PROJECT.search(place):
            return match[0]
    return "/api/projects/toolreel"


def proxy_environment(listen: Listen, hosts: Iterable[str], *, replays: bool) -> dict[str, str]:
    """Leads clients to the proxy door; `hosts` are those that it is for, which may be on this machine too."""
    url = f"http://{listen.shown}"
    wanted = set(hosts)
    environment = {"TOOLREEL_URL": url, "NODE_USE_ENV_PROXY": "1", **(_keys() if replays else {})}
    direct = ",".join(name for name in _LOCAL if name not in wanted)
    for name, value in (("HTTPS_PROXY", url), ("HTTP_PROXY", url), ("NO_PROXY", direct)):
        environment |= _both(name, value)
    return environment


def _both(name: str, value: str) -> dict[str, str]:
    """A variable in both the spellings that programs look for."""
    return {name: value, name.lower(): value}


def _keys() -> dict[str, str]:
    """What clients insist on and replay does not look at, where it is not there."""
    wanted = dict.fromkeys(KEYS, "toolreel-replays-without-a-key") | {"OPENAI_API_VERSION": "2024-10-21"}
    return {name: value for name, value in wanted.items() if not os.environ.get(name)}


def proxy_options() -> dict[str, object]:
    """mitmproxy's options for every door: this user's authority, and the upstream roots that clients trust."""
    known = roots()
    return {"confdir": str(home()), "ssl_verify_upstream_trusted_ca": str(known) if known else None}


def pointing(via: str, environment: dict[str, str]) -> str:
    """What a person has to tell a client, as far as one line can."""
    door = "HTTPS_PROXY" if via == PROXY else "OPENAI_BASE_URL"
    return " ".join(f"{name}={environment[name]}" for name in (door, "SSL_CERT_FILE") if name in environment)


def needs_mitmproxy() -> CommandError:
    """What to say where mitmproxy is not installed."""
    return CommandError("This needs mitmproxy, which is not installed: pip install 'toolreel[proxy]'.")
