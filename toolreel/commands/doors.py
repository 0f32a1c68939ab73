"""The two doors of a command: where they are, and the environment that leads an unchanged client to them."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from toolreel.errors import CommandError
from toolreel.messages.http import origin_of
from toolreel.server.hosts import Listen

BASE_URL, PROXY = "base-url", "proxy"
"""The doors: a client's base URL points at toolreel, or toolreel is the client's proxy."""


class Upstream(NamedTuple):
    """A server to record: scheme, host and port, and the path in front of every request's path."""

    origin: str
    path: str


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


def base_url_environment(listen: Listen, path: str, *, replays: bool) -> dict[str, str]:
    """Leads clients to the base-URL door; `path` is what the client's base URL ends with, such as `/v1`.

    In replay a key need not be there, and the clients insist on one.
    """
    url = f"http://{listen.shown}"
    environment = {
        "TOOLREEL_URL": url,
        "OPENAI_BASE_URL": url + path,
        "OPENAI_API_BASE": url + path,
        "AZURE_OPENAI_ENDPOINT": url,
    }
    if replays:
        for name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"):
            if not os.environ.get(name):
                environment[name] = "toolreel-replays-without-a-key"
    return environment


@contextmanager
def proxy_environment(listen: Listen, ca: Path, *, replays: bool) -> Iterator[dict[str, str]]:
    """Leads clients to the proxy door and lets them trust it; the CA bundle lives as long as the block."""
    url = f"http://{listen.shown}"
    local = "localhost,127.0.0.1,::1"
    with tempfile.TemporaryDirectory(prefix="toolreel-ca-") as folder:
        bundle = Path(folder) / "bundle.pem"
        bundle.write_bytes(_roots() + b"\n" + ca.read_bytes())
        environment = {"TOOLREEL_URL": url, "NODE_EXTRA_CA_CERTS": str(ca), "NODE_USE_ENV_PROXY": "1"}
        for name, value in (("HTTPS_PROXY", url), ("HTTP_PROXY", url), ("NO_PROXY", local)):
            environment[name] = environment[name.lower()] = value
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            environment[name] = str(bundle)
        if replays and not os.environ.get("OPENAI_API_KEY"):
            environment["OPENAI_API_KEY"] = "toolreel-replays-without-a-key"
        yield environment


def _roots() -> bytes:
    """The roots that clients trust now: of the environment, else of the system, else of certifi."""
    paths = [
        os.environ.get("SSL_CERT_FILE"),
        os.environ.get("REQUESTS_CA_BUNDLE"),
        ssl.get_default_verify_paths().cafile,
    ]
    for path in paths:
        if path and Path(path).is_file():
            return Path(path).read_bytes()
    import certifi

    return Path(certifi.where()).read_bytes()


def home() -> Path:
    """The folder of this user's CA."""
    return Path(os.environ.get("TOOLREEL_HOME") or Path.home() / ".toolreel")


def proxy_options(environment: Mapping[str, str] | None = None) -> dict[str, object]:
    """mitmproxy's options for every door: this user's CA, and the upstream roots that the environment names."""
    folder = home()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    roots = (environment or os.environ).get("SSL_CERT_FILE")
    return {"confdir": str(folder), "ssl_verify_upstream_trusted_ca": roots or None}


def ca_certificate() -> Path:
    """The certificate of this user's CA, there once a proxy has run."""
    return home() / "mitmproxy-ca-cert.pem"


def needs_mitmproxy() -> CommandError:
    """What to say where mitmproxy is not installed."""
    return CommandError("This needs mitmproxy, which is not installed: pip install 'toolreel[proxy]'.")
