"""The environments that lead clients to the doors, and which upstreams can be."""

from __future__ import annotations

import re

import pytest

from toolreel.commands.doors import (
    BASE_URL,
    PROXY,
    base_url_environment,
    check_door,
    checked_tunnels,
    needs_mitmproxy,
    parse_upstream,
    pointing,
    proxy_environment,
)
from toolreel.errors import CommandError
from toolreel.server.hosts import Listen

HERE = Listen("127.0.0.1", 8080)
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY")


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
    upstream = parse_upstream(text)
    assert (upstream.origin, upstream.path) == (origin, path)


@pytest.mark.parametrize(
    "text",
    ["", "api.openai.com", "localhost:8080", "ftp://h", "https://", "https:///v1", "http://h:0", "http://h:x",
     "http://h:99999", "http://[::1", "http://u@h", "http://u:p@h", "http://h/?x=1", "http://h/#x"],
)  # fmt: skip
def test_what_is_no_upstream_is_named(text: str) -> None:
    with pytest.raises(CommandError) as raised:
        parse_upstream(text)
    assert str(raised.value) == f"--upstream {text}: no server; write a URL such as https://api.openai.com."


@pytest.mark.parametrize(
    ("url", "hosts", "others"),
    [
        ("https://api.openai.com", ["api.openai.com:443"], ["api.openai.com:80", "api-openai.com:443"]),
        ("https://api.openai.com/v1", ["api.openai.com:443"], ["x.api.openai.com:443", "api.openai.com.x:443"]),
        ("http://Example.com", ["example.com:80"], ["example.com:443"]),
        ("https://localhost:8443", ["localhost:8443"], ["localhost:443", "localhost:84430"]),
        ("https://[::1]:8443", ["::1:8443"], ["::1:443"]),
    ],
)
def test_the_pattern_of_an_upstream_fits_its_host_and_port_only(
    url: str, hosts: list[str], others: list[str]
) -> None:
    pattern = parse_upstream(url).pattern
    assert all(re.search(pattern, host) for host in hosts)
    assert not any(re.search(pattern, host) for host in others)


def test_tls_is_for_the_base_url_door() -> None:
    check_door(BASE_URL, tls=True)
    with pytest.raises(CommandError, match="--tls is for the base-URL door"):
        check_door(PROXY, tls=True)


def test_several_upstreams_are_for_the_proxy_door() -> None:
    both = [parse_upstream("https://a"), parse_upstream("https://b")]
    check_door(PROXY, tls=False, upstreams=both)
    check_door(BASE_URL, tls=False, upstreams=both[:1])
    with pytest.raises(CommandError, match="--upstream can be given several times with --via proxy only"):
        check_door(BASE_URL, tls=False, upstreams=both)


def test_a_base_url_door_is_named_to_all_clients() -> None:
    environment = base_url_environment(HERE, "/v1", tls=False, replays=False)
    assert environment["OPENAI_BASE_URL"] == environment["OPENAI_API_BASE"] == "http://127.0.0.1:8080/v1"
    assert environment["AZURE_OPENAI_ENDPOINT"] == environment["TOOLREEL_URL"] == "http://127.0.0.1:8080"
    secure = base_url_environment(Listen("::1", 8080), "/v1", tls=True, replays=False)
    assert secure["OPENAI_BASE_URL"] == "https://[::1]:8080/v1"
    assert secure["AZURE_OPENAI_ENDPOINT"] == "https://[::1]:8080"


@pytest.mark.parametrize(
    ("path", "project", "known", "expected"),
    [
        ("/v1", None, None, "/api/projects/toolreel"),
        ("/v1", "", None, "/api/projects/toolreel"),
        ("/api/projects/p", None, None, "/api/projects/p"),
        ("/api/projects/p", None, "https://x.services.ai.azure.com/api/projects/mine", "/api/projects/p"),
        ("", "/api/projects/p", None, "/api/projects/p"),
        ("/v1", None, "https://x.services.ai.azure.com/api/projects/mine?a=1", "/api/projects/mine"),
        ("/v1", None, "https://x.services.ai.azure.com", "/api/projects/toolreel"),
    ],
)
def test_a_foundry_project_keeps_its_name(
    path: str, project: str | None, known: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROJECT_ENDPOINT", raising=False)
    monkeypatch.delenv("AZURE_AI_PROJECT_ENDPOINT", raising=False)
    if known:
        monkeypatch.setenv("PROJECT_ENDPOINT", known)
    environment = base_url_environment(HERE, path, tls=True, replays=False, project=project)
    assert environment["PROJECT_ENDPOINT"] == f"https://127.0.0.1:8080{expected}"
    other = expected if known is None or path != "/v1" else "/api/projects/toolreel"
    assert environment["AZURE_AI_PROJECT_ENDPOINT"] == f"https://127.0.0.1:8080{other}"


def test_a_key_is_made_up_for_replays_that_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    for environment in (
        base_url_environment(HERE, "/v1", tls=False, replays=True),
        proxy_environment(HERE, [], replays=True),
    ):
        assert all(environment[name] for name in KEYS)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    assert "OPENAI_API_KEY" not in base_url_environment(HERE, "/v1", tls=False, replays=True)
    for environment in (
        base_url_environment(HERE, "/v1", tls=False, replays=False),
        proxy_environment(HERE, [], replays=False),
    ):
        assert not set(KEYS) & set(environment)


def test_the_base_url_door_is_asked_directly_whatever_proxy_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = base_url_environment(HERE, "/v1", tls=False, replays=False)
    assert environment["NO_PROXY"] == environment["no_proxy"] == "localhost,127.0.0.1,::1"
    monkeypatch.setenv("NO_PROXY", "intern.example")
    environment = base_url_environment(HERE, "/v1", tls=False, replays=False)
    assert environment["NO_PROXY"] == environment["no_proxy"] == "intern.example,localhost,127.0.0.1,::1"


def test_all_but_this_machine_goes_through_the_proxy_door() -> None:
    environment = proxy_environment(HERE, ["api.openai.com"], replays=False)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        assert environment[name] == "http://127.0.0.1:8080"
    assert environment["NO_PROXY"] == environment["no_proxy"] == "localhost,127.0.0.1,::1"
    assert environment["NODE_USE_ENV_PROXY"] == "1"


def test_an_upstream_on_this_machine_goes_through_the_proxy_door_too() -> None:
    environment = proxy_environment(HERE, ["localhost", "api.openai.com"], replays=False)
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1,::1"


def test_what_is_told_to_a_person() -> None:
    environment = base_url_environment(HERE, "/v1", tls=True, replays=False)
    assert pointing(BASE_URL, environment) == "OPENAI_BASE_URL=https://127.0.0.1:8080/v1"
    environment |= {"SSL_CERT_FILE": "bundle.pem"}
    assert pointing(BASE_URL, environment) == "OPENAI_BASE_URL=https://127.0.0.1:8080/v1 SSL_CERT_FILE=bundle.pem"
    environment = proxy_environment(HERE, [], replays=False) | {"SSL_CERT_FILE": "bundle.pem"}
    assert pointing(PROXY, environment) == "HTTPS_PROXY=http://127.0.0.1:8080 SSL_CERT_FILE=bundle.pem"


def test_who_needs_mitmproxy_is_told_how_to_get_it() -> None:
    assert "pip install 'toolreel[proxy]'" in str(needs_mitmproxy())


@pytest.mark.parametrize(
    ("host", "via", "complaint"),
    [
        ("a.example", BASE_URL, "is for the proxy door; at the base URL no other host can be asked."),
        ("https://a.example", PROXY, "https://a.example: no host; write a name such as example.com, without a port."),
        ("", PROXY, ": no host; write a name such as example.com, without a port."),
        ("API.openai.com", PROXY, "API.openai.com: the cassette was recorded there, and replay never goes there."),
    ],
)
def test_tunnels_that_cannot_be(host: str, via: str, complaint: str) -> None:
    with pytest.raises(CommandError) as raised:
        checked_tunnels([host], via, ["api.openai.com"])
    assert str(raised.value) == f"--tunnel {complaint}"


def test_tunnels_are_names_of_hosts_whatever_their_case() -> None:
    assert checked_tunnels(["A.Example", "::1"], PROXY, []) == ["a.example", "::1"]
    assert checked_tunnels([], BASE_URL, []) == []
