from __future__ import annotations

import ssl
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from toolreel.commands import trust
from toolreel.commands.trust import authority, home, roots, trusting
from toolreel.errors import CommandError
from toolreel.server.tls import Authority

BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(scope="module")
def ours() -> Authority:
    return authority()


def test_the_home_can_be_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home() == tmp_path / ".toolreel"
    monkeypatch.setenv("TOOLREEL_HOME", str(tmp_path / "x"))
    assert home() == tmp_path / "x"
    authority()
    assert (tmp_path / "x").is_dir()


def test_where_cryptography_is_missing_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "toolreel.server.tls")
    with pytest.raises(CommandError, match="TLS needs cryptography, which is not installed: pip install"):
        authority()


@pytest.mark.parametrize("name", BUNDLES)
def test_clients_trust_what_the_environment_says_and_us(
    name: str, ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(b"what the user trusts")
    monkeypatch.setenv(name, str(own))
    assert roots() == own
    with trusting(ours) as environment:
        bundles = {environment[bundle] for bundle in BUNDLES}
        assert len(bundles) == 1
        assert Path(*bundles).read_bytes() == b"what the user trusts\n" + ours.pem
    assert not Path(*bundles).exists()


def test_a_bundle_that_is_not_there_is_passed_over(
    ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert roots() != tmp_path / "none.pem"
    with trusting(ours) as environment:
        context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
        assert context.cert_store_stats()["x509_ca"] > 10, "and the roots of the system, or of certifi"


def test_where_nobody_knows_any_root_clients_trust_us(ours: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "_SYSTEM", ())
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile=None))
    monkeypatch.setitem(sys.modules, "certifi", None)
    with trusting(ours) as environment:
        assert Path(environment["SSL_CERT_FILE"]).read_bytes() == ours.pem


def test_node_gets_ours_beside_what_it_was_given(
    ours: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trusting(ours) as environment:
        assert Path(environment["NODE_EXTRA_CA_CERTS"]).read_bytes() == ours.pem
    own = tmp_path / "own.pem"
    own.write_bytes(b"more")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(own))
    with trusting(ours) as environment:
        assert Path(environment["NODE_EXTRA_CA_CERTS"]).read_bytes() == b"more\n" + ours.pem
