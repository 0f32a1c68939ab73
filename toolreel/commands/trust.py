"""Whom clients trust: this user's certificate authority, beside all that they trust anyway."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from toolreel.errors import CommandError

if TYPE_CHECKING:
    from toolreel.server.tls import Authority

_NAMED = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name the file with the roots that a program trusts, in place of those it knows itself."""
_ADDED = "NODE_EXTRA_CA_CERTS"
"""The one that names more roots, beside those that it knows itself."""
VARIABLES = (*_NAMED, _ADDED)
"""All that `trusting` sets."""
_SYSTEM = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def home() -> Path:
    """The folder of this user's authority."""
    return Path(os.environ.get("TOOLREEL_HOME") or Path.home() / ".toolreel")


def authority() -> Authority:
    """This user's authority, made when first wanted; raises ToolreelError."""
    try:
        from toolreel.server.tls import authority as kept_in
    except ModuleNotFoundError:
        raise CommandError("TLS needs cryptography, which is not installed: pip install 'toolreel[tls]'.") from None
    return kept_in(home())


def roots() -> Path | None:
    """The file of the roots that clients trust now: of the environment, else of the system, else of certifi."""
    named = [os.environ.get(name) for name in _NAMED]
    for path in (*named, ssl.get_default_verify_paths().cafile, *_SYSTEM):
        if path and Path(path).is_file():
            return Path(path)
    try:
        import certifi
    except ModuleNotFoundError:
        return None
    return Path(certifi.where())


@contextmanager
def trusting(authority: Authority) -> Iterator[dict[str, str]]:
    """The variables that make clients trust the authority too; the files they name live as long as the block."""
    known, added = roots(), os.environ.get(_ADDED)
    with tempfile.TemporaryDirectory(prefix="toolreel-ca-") as folder:
        bundle, extra = Path(folder) / "bundle.pem", Path(folder) / "extra.pem"
        bundle.write_bytes((known.read_bytes() + b"\n" if known else b"") + authority.pem)
        also = Path(added).read_bytes() + b"\n" if added and Path(added).is_file() else b""
        extra.write_bytes(also + authority.pem)
        yield dict.fromkeys(_NAMED, str(bundle)) | {_ADDED: str(extra)}
