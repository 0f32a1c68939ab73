"""The environments that lead clients to the doors, and which upstreams can be."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from toolreel.commands.doors import (
    Upstream,
    base_url_environment,
    ca_certificate,
    home,
    needs_mitmproxy,
    parse_upstream,
    proxy_environment,
    proxy_options,
)
from toolreel.errors import CommandError
from toolreel.server.hosts import Listen

DOOR = Listen("127.0.0.1", 8080)
URL = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://api.openai.com", "https://api.openai.com", ""),
        ("https://api.openai.com/", "https://api.openai.com", ""),
        ("https://API.OpenAI.com:443", "https://api.openai.com", ""),
        ("HTTPS://api.openai.com:8443", "https://api.openai.com:8443", ""),
        ("http://localhost:8080/v1", "http://localhost:8080", "/v1"),
        ("http://[::1]:8080/a/b/", "http://[::1]:8080", "/a/b"),
        ("http://h:80/openai", "http://h", "/openai"),
    ],
)
def test_an_upstream_is_an_origin_and_a_path(text: str, origin: str, path: str) -> None:
    assert parse_upstream(text) == Upstream(origin, path)


@pytest.mark.parametrize(
    "text",
    ["", "api.openai.com", "localhost:8080", "ftp://h", "https://", "https:///v1", "http://h:0", "http://h:x",
     "http://h:99999", "http://[::1", "http://u@h", "http://u:p@h", "http://h/?x=1", "http://h/#x"],
)  # fmt: skip
def test_what_is_no_upstream_is_named(text: str) -> None:
    with pytest.raises(CommandError) as raised:
        parse_upstream(text)
    assert str(raised.value) == f"--upstream {text}: no server; write a URL such as https://api.openai.com."


def test_the_base_url_environment_points_every_known_variable_at_the_door() -> None:
    assert base_url_environment(DOOR, "/v1", replays=False) == {
        "TOOLREEL_URL": URL,
        "OPENAI_BASE_URL": f"{URL}/v1",
        "OPENAI_API_BASE": f"{URL}/v1",
        "AZURE_OPENAI_ENDPOINT": URL,
    }


def test_in_replay_a_key_is_made_up_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "")
    environment = base_url_environment(Listen("::1", 1), "", replays=True)
    assert "OPENAI_API_KEY" not in environment, "the user's own stays"
    assert environment["AZURE_OPENAI_API_KEY"]
    assert environment["OPENAI_BASE_URL"] == "http://[::1]:1"


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text("toolreel's CA")
    return path


def test_the_proxy_environment_names_proxy_and_trust_in_every_spelling(ca: Path) -> None:
    with proxy_environment(DOOR, ca, replays=False) as environment:
        bundle = environment["SSL_CERT_FILE"]
        assert environment == {
            "TOOLREEL_URL": URL,
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), URL),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1,::1"),
            **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), bundle),
            "NODE_EXTRA_CA_CERTS": str(ca),
            "NODE_USE_ENV_PROXY": "1",
        }
    assert not Path(bundle).exists(), "the bundle lives as long as the door"


def test_the_proxy_environment_of_a_replay_has_a_key(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy_environment(DOOR, ca, replays=True) as environment:
        assert environment["OPENAI_API_KEY"]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    with proxy_environment(DOOR, ca, replays=True) as environment:
        assert "OPENAI_API_KEY" not in environment


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_bundle_is_what_the_client_trusted_and_our_ca(
    name: str, ca: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.pem"
    own.write_text("the company's CA")
    monkeypatch.setenv(name, str(own))
    with proxy_environment(DOOR, ca, replays=False) as environment:
        assert Path(environment["SSL_CERT_FILE"]).read_text() == "the company's CA\ntoolreel's CA"


def test_without_roots_of_its_own_the_environment_has_those_of_the_system(
    ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    with proxy_environment(DOOR, ca, replays=False) as environment:
        text = Path(environment["SSL_CERT_FILE"]).read_text()
    assert text.count("BEGIN CERTIFICATE") > 10
    assert text.endswith("\ntoolreel's CA")


def test_on_a_system_without_roots_certifi_has_some(ca: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("certifi")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(cafile=None))
    with proxy_environment(DOOR, ca, replays=False) as environment:
        assert Path(environment["SSL_CERT_FILE"]).read_text().count("BEGIN CERTIFICATE") > 10


def test_the_authority_is_kept_in_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == Path.home() / ".toolreel"
    monkeypatch.setenv("TOOLREEL_HOME", str(tmp_path / "a" / "b"))
    assert ca_certificate() == tmp_path / "a" / "b" / "mitmproxy-ca-cert.pem"
    assert proxy_options()["confdir"] == str(tmp_path / "a" / "b")
    assert home().stat().st_mode & 0o777 == 0o700


def test_the_upstreams_roots_are_those_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLREEL_HOME", str(tmp_path))
    assert "SSL_CERT_FILE" not in os.environ
    assert proxy_options()["ssl_verify_upstream_trusted_ca"] is None
    assert proxy_options({"SSL_CERT_FILE": "/x.pem"})["ssl_verify_upstream_trusted_ca"] == "/x.pem"
    monkeypatch.setenv("SSL_CERT_FILE", "/y.pem")
    assert proxy_options()["ssl_verify_upstream_trusted_ca"] == "/y.pem"


def test_who_needs_mitmproxy_is_told_how_to_get_it() -> None:
    assert "pip install 'toolreel[proxy]'" in str(needs_mitmproxy())
