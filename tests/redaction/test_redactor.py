"""The acceptance test of this room: every kind of secret in every place a secret can stand."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.http import HttpRequest, ResponseHead
from toolreel.messages.sse import FrameSplitter
from toolreel.redaction import PLACEHOLDER, Placeholders, Redactor, rules_from

QUICK = settings(max_examples=200, deadline=None)


@dataclass(frozen=True)
class Kind:
    """A kind of secret: what it is, and the text in which it stands."""

    name: str
    secret: str
    text: str = "{}"
    oneline: bool = True

    @property
    def planted(self) -> str:
        return self.text.format(self.secret)


B64 = "q3F/Zk9+aB7xLw2Pv5YtR8sKmN4cJ6hGdE1uXiOoSbQ="
PEM = """
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj
MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu
NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ
"""
KINDS = (
    Kind("openai key", "sk-Qm4Zt81LkPw93xVbNc72RyTd5HsJf60A"),
    Kind("project key", "sk-proj-Qm4Zt81LkPw93xVbNc72_RyTd5HsJf60A-7uEoWi"),
    Kind("service account key", "sk-svcacct-9xVbNc72RyTd5HsJf60AQm4Zt81L"),
    Kind("anthropic key", "sk-ant-api03-VbNc72RyTd5HsJf60AQm4Zt81LkPw93x"),
    Kind("masked key", "sk-bad12**************************wxyz", "Incorrect API key provided: {}. You can"),
    Kind("key with dots", "sk-Zt81...RyTd"),
    Kind("key of another kind", "my-own-key-77x", "Incorrect API key provided: {}. You can find"),
    Kind("bearer", "a8Fk2-Lq9_Zx7.Wc4~Tn1", "Authorization: Bearer {}"),
    Kind("bearer in lower case", "a8Fk2Lq9Zx7Wc4Tn1", "authorization: bearer {} is what I sent"),
    Kind("basic", base64.b64encode(b"admin:v3ry-S3cret!pw").decode(), "Authorization: Basic {}"),
    Kind("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
    Kind("organisation", "org-Zt81LkPw93xVbNc72RyTd5Hs"),
    Kind("project", "proj_Zt81LkPw93xVbNc72RyTd5Hs"),
    Kind("user", "user-zt81lkpw93xvbnc72rytd5hs"),
    Kind("sas", quote(B64, safe=""), "https://acme.blob.core.windows.net/c?sv=2022-11-02&sig={}&se=2030"),
    Kind("sas in an encoded url", quote(B64, safe="").replace("%", "%25"), "https%3A%2F%2Fx%2Fc%3Fsv%3D1%26sig%3D{}"),
    Kind("account key", B64, "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={};EndpointSuffix=core"),
    Kind("shared access key", B64, "Endpoint=sb://acme/;SharedAccessKeyName=Root;SharedAccessKey={}"),
    Kind("password in a url", "Tz7!kQ2mVx", "postgres://app:{}@db.example.com:5432/orders"),
    Kind("github", "ghp_Zt81LkPw93xVbNc72RyTd5HsJf60AQm4Zt81"),
    Kind("github, fine-grained", "github_pat_11AAbbCC0dEeFf99_GgHhIiJjKkLlMm"),
    Kind("aws", "AKIAZT81LKPW93XVBNC7"),
    Kind("google", "AIzaSyZt81LkPw93xVbNc72RyTd5HsJf60AQm4"),
    Kind("slack", "xoxb-2871939281-Zt81LkPw93xVbNc72Ry"),
    Kind("assignment", "Tz7kQ2mVxW", "export OPENAI_API_KEY={} && run"),
    Kind("yaml", "Tz7kQ2mVxW", "client_secret: {}"),
    Kind("json in prose", "red swordfish, blue", 'He sent {{"password": "{}"}} to me'),
    Kind("pem", PEM, "-----BEGIN RSA PRIVATE KEY-----{}-----END RSA PRIVATE KEY-----", oneline=False),
)
BEFORE, AFTER = "Grüße «before» the place ", ", «after» it: user-friendly."


def around(kind: Kind) -> str:
    return BEFORE + kind.planted + AFTER


def spellings(secret: str) -> Iterator[str]:
    """Pieces of 8 characters of the secret, in each of its spellings."""
    wholes = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        secret.replace("/", "\\/"),
    }
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + secret.encode()).decode()[4:-4]
        wholes |= {coded, coded.replace("+", "-").replace("/", "_")}
    for whole in wholes:
        for at in range(len(whole) - 7):
            yield whole[at : at + 8]


def assert_gone(result: bytes, secret: str) -> None:
    for text in (result.decode("latin-1"), result.replace(b"\0", b"").decode("latin-1")):
        left = [piece for piece in spellings(secret) if len(set(piece) - set("*-")) > 3 and piece in text]
        assert not left, (left, text)


def nested(text: str, depth: int) -> str:
    for _ in range(depth):
        text = json.dumps({"note": text, "n": 1}, ensure_ascii=False)
    return text


def multipart(content: str, kind: str) -> tuple[bytes, str]:
    body = (
        '--xyz\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
        '--xyz\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
        f"Content-Type: {kind}\r\n\r\n{content}\r\n--xyz--\r\n"
    )
    return body.encode(), 'multipart/form-data; boundary="xyz"'


def delta(value: str) -> bytes:
    data = {"id": "msg_00000001", "object": "thread.message.delta"}
    data["delta"] = {"content": [{"index": 0, "type": "text", "text": {"value": value}}]}  # type: ignore[assignment]
    return b"event: thread.message.delta\ndata: " + compact(data) + b"\n\n"


def arguments(value: str) -> bytes:
    call = {"index": 0, "type": "function", "function": {"arguments": value}}
    data = {"id": "step_00000001", "object": "thread.run.step.delta"}
    data["delta"] = {"step_details": {"type": "tool_calls", "tool_calls": [call]}}  # type: ignore[assignment]
    return b"event: thread.run.step.delta\ndata: " + compact(data) + b"\n\n"


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def streamed(frames: list[bytes], tail: bytes = b"", *, cut: bool = False) -> tuple[list[bytes], bytes]:
    stream = Redactor().stream()
    out = [frame for given in frames for frame in stream.feed(given)]
    last, tail = stream.close(tail, cut=cut)
    return out + last, tail


def body(data: bytes, content_type: str) -> bytes:
    return Redactor().body(data, content_type)


def path_of(text: str) -> bytes:
    return Redactor().request(HttpRequest("GET", "/v1/" + quote(text, safe=""))).target.encode()


def query_of(text: str) -> bytes:
    return (
        Redactor().request(HttpRequest("GET", "/v1/x?" + urlencode({"a": "1", "q": text, "z": "é"}))).target.encode()
    )


def header_of(text: str) -> bytes:
    return Redactor().head(ResponseHead(200, (("apim-note", text),))).headers[0][1].encode("latin-1", "replace")


def json_of(text: str) -> bytes:
    return json.dumps({"id": "x", "note": text, "usage": {"total_tokens": 1}}, indent=2).encode()


PLACES: dict[str, Callable[[str], bytes]] = {
    "text": lambda text: body(text.encode(), "text/plain"),
    "text without a type": lambda text: body(text.encode(), ""),
    "text of an unknown type": lambda text: body(text.encode(), "application/octet-stream"),
    "latin-1": lambda text: body(text.encode("latin-1"), "text/plain; charset=latin-1"),
    "after a byte order mark": lambda text: body(b"\xef\xbb\xbf" + text.encode(), "text/plain"),
    "header": header_of,
    "path": path_of,
    "query": query_of,
    "form": lambda text: body(urlencode({"a": "1", "q": text}).encode(), "application/x-www-form-urlencoded"),
    "json value": lambda text: body(json_of(text), "application/json"),
    "json value with escapes": lambda text: body(
        b'{"a":"' + "".join(f"\\u{ord(char):04x}" for char in text).encode() + b'"}', "application/json"
    ),
    "json key": lambda text: body(json.dumps({text: 1}).encode(), "application/json"),
    "json in one string": lambda text: body(nested(text, 2).encode(), "application/json"),
    "json in two strings": lambda text: body(nested(text, 3).encode(), "application/json"),
    "json in three strings": lambda text: body(nested(text, 4).encode(), "application/json"),
    "json that keeps no spelling": lambda text: body(
        b'{"x": 1.10, "a": 1, "a":' + json.dumps(text).encode() + b"  }", "application/json"
    ),
    "json lines": lambda text: body(2 * (nested(text, 1).encode() + b"\n"), "application/jsonl"),
    "json that is cut": lambda text: body(nested(text, 1).encode()[:-3], "application/json"),
    "multipart, text": lambda text: body(*multipart(text, "text/plain")),
    "multipart, json": lambda text: body(*multipart(nested(text, 1), "application/json")),
    "binary": lambda text: body(b"\x89PNG\xff\x00" + text.encode() + b"\x00\xfe", "image/png"),
    "utf-16": lambda text: body(text.encode("utf-16-le"), "text/plain; charset=utf-16"),
    "utf-16, big endian": lambda text: body(b"\0" + text.encode("utf-16-be"), "application/octet-stream"),
    "error message": lambda text: body(
        json.dumps({"error": {"message": text, "type": "x", "param": None}}, indent=2).encode(), "application/json"
    ),
    "tool output": lambda text: body(
        compact({"tool_outputs": [{"tool_call_id": "call_1", "output": nested(text, 1)}]}), "application/json"
    ),
    "frame": lambda text: streamed([b"event: x\ndata: " + compact({"object": "x", "note": text}) + b"\n\n"])[0][0],
    "frame of several lines": lambda text: streamed(
        [b"data: " + json.dumps({"a": {"b": text}}, indent=1).encode().replace(b"\n", b"\ndata: ") + b"\n\n"]
    )[0][0],
    "comment": lambda text: streamed([b": " + text.replace("\n", "\n: ").encode() + b"\n\n"])[0][0],
    "event stream as a body": lambda text: body(delta(text) * 2, "text/event-stream; charset=utf-8"),
    "delta": lambda text: b"".join(streamed([delta(text)])[0]),
    "tail": lambda text: streamed([], delta(text)[:-2])[1],
}
MANY_LINES = ("header", "comment")  # places where a line end would end the place


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_left_of_a_secret(place: str, kind: Kind) -> None:
    if place in MANY_LINES and not kind.oneline:
        pytest.skip("no line ends here")
    result = PLACES[place](around(kind))
    assert_gone(result, kind.secret)
    plain = result.replace(b"\0", b"")
    for word in (b"before", b"after", b"friendly", b"place"):
        spelled = "".join(f"\\u{char:04x}" for char in word).encode()
        assert word in plain or spelled in plain


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("frame", [delta, arguments], ids=["message", "arguments"])
def test_a_secret_split_over_deltas(frame: Callable[[str], bytes], kind: Kind) -> None:
    text = around(kind) if frame is delta else nested(around(kind), 1)
    whole = joined(streamed([frame(text)])[0])
    start = text.index(kind.planted[:8]) if kind.planted[:8] in text else 0
    for first in range(start, len(text), 1 if kind.oneline else 7):
        for cuts in ((first,), (first, min(first + 3, len(text))))[: 1 + (first % 4 == 0)]:
            places = [0, *cuts, len(text)]
            frames = [frame(text[a:b]) for a, b in itertools.pairwise(places)]
            out, _ = streamed(frames)
            assert len(out) == len(frames)
            assert joined(out) == whole
            assert [strip(one) for one in out] == [strip(one) for one in frames]
    assert_gone(whole.encode(), kind.secret)
    assert "Grüße «before» the place" in whole


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_secret_in_a_stream_that_is_cut(kind: Kind) -> None:
    text = around(kind)
    data = delta(text[:40]) + delta(text[40:])
    for at in range(len(delta(text[:40])), len(data), 3 if kind.oneline else 17):
        splitter = FrameSplitter()
        frames = splitter.feed(data[:at])
        last, tail = splitter.close()
        out, cut = streamed(frames + last, tail, cut=True)
        assert len(out) == len(frames) + len(last)
        value = "".join(re.findall('"value":"([^"]*)', (b"".join(out) + cut).decode("utf-8", "replace")))
        assert longest_left(value, kind.secret) < 12, value


def longest_left(text: str, secret: str) -> int:
    """The length of the longest beginning of `secret` that ends `text`."""
    return max(size for size in range(len(secret) + 1) if text.endswith(secret[:size]))


def joined(frames: list[bytes]) -> str:
    texts = []
    for frame in frames:
        value = json.loads(frame.partition(b"data: ")[2])["delta"]
        if "content" in value:
            texts.append(value["content"][0]["text"]["value"])
        else:
            texts.append(value["step_details"]["tool_calls"][0]["function"]["arguments"])
    return "".join(texts)


def strip(frame: bytes) -> bytes:
    """A frame without the string that is sent in pieces."""
    for name in (b'"value":', b'"arguments":'):
        if name in frame:
            return frame[: frame.index(name)]
    return frame


SECRETS = [
    ("password", "swordfish"),
    ("Password", "x"),
    ("api_key", "0123456789abcdef"),
    ("api-key", "0123456789abcdef"),
    ("X-API-Key", "0123456789abcdef"),
    ("apiKey", "0123456789abcdef"),
    ("client_secret", "with spaces in it"),
    ("refreshToken", "1//0abc"),
    ("connectionString", "Server=x;User=sa"),
    ("private_key", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"),
    ("SAS_TOKEN", "sv=1&se=2"),
    ("AZURE_OPENAI_API_KEY", "0123456789abcdef"),
]
NO_SECRETS = [
    ("max_completion_tokens", "1000"),
    ("total_tokens", "12345678"),
    ("token", "abcdefgh1234"),
    ("tool_call_id", "call_abcdefgh1234"),
    ("password_hint", "the usual one"),
    ("secretary", "Mrs 1234 Smith"),
    ("passwordless", "yes-since-2024"),
    ("key", "abc12345678"),
]


@pytest.mark.parametrize(("key", "value"), SECRETS)
def test_strings_under_secret_keys_are_secrets(key: str, value: str) -> None:
    data = json.dumps({"a": 1, key: value, "b": [{key: [value, 1, None]}]}, indent=2).encode()
    assert json.loads(body(data, "application/json")) == {
        "a": 1,
        key: "REDACTED-0001",
        "b": [{key: ["REDACTED-0001", 1, None]}],
    }
    form = urlencode({"a": "1", key: value, "z": "2"})
    assert body(form.encode(), "application/x-www-form-urlencoded").decode() == f"a=1&{key}=REDACTED-0001&z=2"
    assert Redactor().request(HttpRequest("GET", f"/x?{form}")).target == f"/x?a=1&{key}=REDACTED-0001&z=2"
    if "_" not in key:
        assert Redactor().headers(((key.lower(), value),)) == ((key.lower(), "REDACTED-0001"),)
    part = f'--b\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n--b--'.encode()
    expected = part.replace(b"\n" + value.encode() + b"\r", b"\nREDACTED-0001\r")
    assert body(part, "multipart/form-data; boundary=b") == expected


@pytest.mark.parametrize(("key", "value"), NO_SECRETS)
def test_strings_under_other_keys_are_not(key: str, value: str) -> None:
    data = json.dumps({key: value, "b": [{key: [value, 1, None]}]}, indent=2).encode()
    assert body(data, "application/json") == data
    form = urlencode({"a": "1", key: value, "z": "2"})
    assert body(form.encode(), "application/x-www-form-urlencoded").decode() == form
    assert Redactor().headers(((key, value),)) == ((key, value),)


UNTOUCHED = [
    "task-force, risk-averse, desk-bound, user-friendly-interface, org-chart, org-wide, user-defined, proj_dir",
    "Use Basic authentication or Bearer authentication; the bearer of this letter; basic training.",
    "The password: it must be at least 8 characters. Password: required. secret: str = None",
    "password = get_password1(); api_key=os.environ['OPENAI_API_KEY']; client = OpenAI(api_key=api_key)",
    "sk-learn and sk-SK are no keys; keys look like sk-... and tokens like eyJ...",
    "thread_abc123abc123abc123abc123 call_QmAbcDef1234567890abcdef asst_1 file-abc123abc123abc123abc1",
    "see https://example.com:8080/a@b and mailto:someone@example.com, sha256=0123abcd, ----- BEGIN -----",
    '{"max_completion_tokens": 1000, "usage": {"total_tokens": 12, "prompt_tokens": 3}, "cached_tokens": 0}',
    '{"type":"object","properties":{"password":{"type":"string","description":"secret"},"api_key":{"enum":["a"]}},'
    '"required":["password","secret"],"dependentRequired":{"password":["user"]}}',
    '{"password": null, "secret": 12, "api_key": "", "authorization": {"type": "none"}, "pwd": [1, true]}',
    "for sig in signals: sig=signal(sig)\ndef f(password: str, secret: Optional[str] = None) -> None:",
    "",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor().text(text) == text
    for one in ("text/plain", "application/json", "image/png", "application/x-www-form-urlencoded"):
        assert body(text.encode(), one) == text.encode()
    out, _ = streamed([delta(char) for char in text])
    assert out == [delta(char) for char in text]


def test_the_recordings_of_the_real_api_stay(recordings: Path) -> None:
    """They hold no secrets but in headers: their authors replaced them."""
    redactor = Redactor()
    for line in (recordings / "assistants_wire.jsonl").read_text().splitlines():
        row = json.loads(line)
        target = row["url"].partition("//")[2].partition("/")[2]
        sent = HttpRequest(row["method"], "/" + target, body=(row["request_body"] or "").encode())
        assert redactor.request(sent) == sent
        answer = (row["response_body"] or "").encode()
        if answer.startswith(b"event:"):
            frames, stream = FrameSplitter().feed(answer), redactor.stream()
            out = [frame for given in frames for frame in stream.feed(given)]
            assert out + stream.close()[0] == frames
        assert redactor.body(answer, "application/json") == answer
    assert len(redactor.placeholders) == 0


def test_the_same_secret_has_the_same_placeholder_in_a_take() -> None:
    redactor = Redactor()
    first = redactor.body(b'{"api_key": "k-111111", "password": "k-222222"}', "application/json")
    assert first == b'{"api_key": "REDACTED-0001", "password": "REDACTED-0002"}'
    assert redactor.request(HttpRequest("GET", "/a?pwd=k-222222")).target == "/a?pwd=REDACTED-0002"
    assert Redactor().text("password=k-222222") == "password=REDACTED-0001"
    assert Redactor(placeholders=redactor.placeholders).text("password=k-222222") == "password=REDACTED-0002"


def test_a_secret_that_was_seen_is_found_in_every_spelling() -> None:
    redactor = Redactor()
    secret = 'hunter/2"xyz+é'
    redactor.body(json.dumps({"password": secret}).encode(), "application/json")
    for spelled in (
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps({"deep": json.dumps({"a": secret})})),
        base64.b64encode(b"user:" + secret.encode()).decode(),
        base64.urlsafe_b64encode(b"u:" + secret.encode() + b".").decode(),
    ):
        assert_gone(redactor.text(spelled).encode(), secret)
        if not spelled.startswith('"'):
            assert_gone(redactor.text(f"before {spelled} after").encode(), secret)
    assert_gone(redactor.body(b"\xff\0" + base64.b64encode(secret.encode()), "image/png"), secret)


def test_headers_that_were_harmless_are_looked_at_again_once_a_secret_is_seen() -> None:
    redactor, headers = Redactor(), (("x-note", "K7q9ZpX2mW4vB8nR"),)
    for _ in range(2):
        assert redactor.headers(headers) == headers
    redactor.watch((("api-key", "K7q9ZpX2mW4vB8nR"),))
    for _ in range(2):
        assert redactor.headers(headers) == (("x-note", "REDACTED-0001"),)
    for number in range(1_000):
        redactor.headers((("x-number", str(number)),))
    assert len(redactor._harmless) <= 256


def test_a_secret_is_found_before_the_place_that_gives_it_away() -> None:
    redactor = Redactor()
    request = HttpRequest(
        "POST", "/a?note=hunter2xyz", (("content-type", "application/json"),), b'{"secret":"hunter2xyz"}'
    )
    redacted = redactor.request(request)
    assert redacted.target == "/a?note=REDACTED-0001"
    assert redacted.body == b'{"secret":"REDACTED-0001"}'


@pytest.mark.parametrize("word", ["assistant", "requires_action", "password", "********"])
def test_words_are_not_looked_for_elsewhere(word: str) -> None:
    redactor = Redactor()
    assert redactor.text(json.dumps({"secret": word, "status": word})) == json.dumps(
        {"secret": "REDACTED-0001", "status": word}
    )


def test_the_scheme_before_a_credential_stays() -> None:
    redactor = Redactor()
    assert redactor.text('{"Authorization": "Bearer abc"}') == '{"Authorization": "Bearer REDACTED-0001"}'
    assert redactor.text('{"Authorization": "Bearer REDACTED-0001"}') == '{"Authorization": "Bearer REDACTED-0001"}'
    assert redactor.text('{"Authorization": "Bearer "}') == '{"Authorization": "Bearer "}'


def test_binary_bodies_keep_their_length_and_are_counted() -> None:
    redactor = Redactor()
    data = b"\x00\xff" + b"sk-abcdefgh12345678" + b"\xfe"
    assert redactor.body(data, "image/png") == b"\x00\xff" + b"*" * 19 + b"\xfe"
    assert redactor.overwritten == 1
    assert len(redactor.placeholders) == 0
    assert redactor.text("sk-abcdefgh12345678") == "REDACTED-0001"


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        pytest.param(
            b"\0password=" + "Pässwörd-1".encode() + b"\n\xff", b"\0password=" + b"*" * 12 + b"\n\xff", id="utf-8"
        ),
        pytest.param(
            b"\0password=" + "Pässwörd-1".encode("latin-1") + b"\n",
            b"\0password=*\xff***\xff****\n",
            id="latin-1",
        ),
        pytest.param(b'\xff"password": "a\0b\xe9c"', b'\xff"password": "*\0*\xff*"', id="zero"),
        pytest.param(b"\xff" + "Zoë-Weiß-81x".encode(), b"\xff" + b"*" * 14, id="seen-before"),
    ],
)
def test_secrets_in_binary_bodies_may_have_any_letters(data: bytes, kept: bytes) -> None:
    redactor = Redactor()
    redactor.text('{"password": "Zoë-Weiß-81x"}')
    redacted = redactor.body(data, "image/png")
    assert (redacted, len(redacted)) == (kept, len(data))
    assert redactor.overwritten == 1
    assert redactor.body(redacted, "image/png") == redacted
    assert redactor.overwritten == 1, "it was counted already"


def test_a_secret_of_a_binary_body_is_looked_for_in_texts() -> None:
    redactor = Redactor()
    redactor.body(b"\0password=" + "Pässwörd-1".encode() + b"\n\xff", "image/png")
    assert redactor.text("it is Pässwörd-1") == "it is REDACTED-0001"


@given(
    st.lists(
        st.sampled_from(
            [
                b"\0",
                b"\xff",
                b"\xe9",
                "é".encode(),
                b'"password": "',
                b"password=",
                b'"',
                b"\n",
                b"sk-abcdefgh12",
                b"xY3z",
                b"k\0e\0y\0",
            ]
        )
    )
)
def test_overwriting_again_changes_nothing(pieces: list[bytes]) -> None:
    data = b"\xff" + b"".join(pieces)
    redacted = Redactor().body(data, "image/png")
    assert len(redacted) == len(data)
    assert Redactor().body(redacted, "image/png") == redacted


@pytest.mark.parametrize("prefix", [b"", b"\0"], ids=["text", "binary"])
def test_of_a_body_that_is_cut_no_half_of_a_secret_is_left(prefix: bytes) -> None:
    redactor = Redactor()
    redactor.text('{"password": "Zq8-abcdefghijklmnop"}')
    for half in (b"ghp_aB3dEf9hij", b"Zq8-abcdefghijk"):
        assert half in Redactor().body(prefix + b"it is " + half, "text/plain"), "so much may stand"
        assert half not in redactor.body(prefix + b"it is " + half, "text/plain", cut=True)


CONNECTION = "Endpoint=sb://a.servicebus.windows.net/?x;SharedAccessKey=aB3+dEf/gHi9+kLm0Nop="


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(CONNECTION, CONNECTION.partition("Key=")[0] + "Key=REDACTED-0001", id="text-with-a-URL"),
        pytest.param(f"see {CONNECTION}", f"see {CONNECTION.partition('Key=')[0]}Key=REDACTED-0001", id="in-prose"),
        pytest.param(
            "https://a.b/c?note=SharedAccessKey%3DaB3+dEf/gHi9+kLm0Nop",
            "https://a.b/c?note=SharedAccessKey%3DREDACTED-0001",
            id="plus-that-is-one",
        ),
        pytest.param(
            "https://a.b/c?note=Bearer+aB3dEf7gHi9&x=1", "https://a.b/c?note=Bearer+REDACTED-0001&x=1", id="space"
        ),
        pytest.param("https://a.b/c?q=a+b://c+d", "https://a.b/c?q=a+b://c+d", id="nothing"),
    ],
)
def test_a_plus_in_a_header_or_a_query_is_one_or_a_space(before: str, after: str) -> None:
    assert Redactor().headers((("location", before),)) == (("location", after),)
    if before.startswith("https"):
        assert Redactor().request(HttpRequest("GET", before)).target == after


def test_every_other_byte_stays() -> None:
    data = (
        b'{"x" : 1.10,\t"a":"\\u00e9\\/sk-abcdefgh1234\\n", "a": 1 ,"b":"{\\"c\\": \\"\\\\u0073k-abcdefgh1234\\"}"}\n'
    )
    expected = b'{"x" : 1.10,\t"a":"\\u00e9\\/REDACTED-0001\\n", "a": 1 ,"b":"{\\"c\\": \\"REDACTED-0001\\"}"}\n'
    assert body(data, "application/json") == expected


def test_json_paths_select_strings_and_numbers() -> None:
    rules = rules_from({"json_paths": ["$.metadata.customer", "$..ssn", "$.delta.content[*].text.value"]})
    redactor = Redactor(rules)
    data = (
        b'{"metadata": {"customer": {"name": "Ann", "no": 12}, "x": "y"}, "a": [{"ssn": 123456789}, {"ssn": null}]}'
    )
    expected = (
        b'{"metadata": {"customer": {"name": "REDACTED-0001", "no": "REDACTED-0002"}, "x": "y"}, '
        b'"a": [{"ssn": "REDACTED-0003"}, {"ssn": null}]}'
    )
    assert redactor.body(data, "application/json") == expected
    assert redactor.body(expected, "application/json") == expected
    assert redactor.body(data[:-40], "application/json").startswith(expected[:60])
    stream = redactor.stream()
    out = [*stream.feed(delta("Ann ")), *stream.feed(delta("Lee")), *stream.close()[0]]
    assert joined(out) == "REDACTED-0004"


def test_a_number_that_is_a_secret_becomes_a_string() -> None:
    redactor = Redactor(rules_from({"patterns": [{"pattern": r"\b4[0-9]{15}\b", "max_length": 16}]}))
    assert redactor.text('{"card": 4111111111111111, "b": "4111111111111111"}') == (
        '{"card": "REDACTED-0001", "b": "REDACTED-0001"}'
    )
    assert redactor.text(json.dumps({"deep": '{"card":4111111111111111}'})) == json.dumps(
        {"deep": '{"card":"REDACTED-0001"}'}
    )


PIECES = st.sampled_from(
    [
        "sk-",
        "abcdefgh1234",
        "eyJhbGciOi",
        ".",
        "Bearer ",
        "password",
        '"',
        "\\",
        "=",
        ": ",
        " ",
        "\n",
        "{",
        "}",
        "[",
        "]",
        ",",
        "REDACTED-0001",
        "REDACTED-",
        "user-",
        "org-",
        "AKIA",
        "ABCDEF1234567890",
        "hunter2xyz",
        "\\u0073",
        "&",
        "%3D",
        "-----BEGIN PRIVATE KEY-----",
        "://u:",
        "@",
        "***",
        "...",
        '{"secret":"',
        "é",
        "�",
        "key provided: ",
        "sig=",
    ]
)
TEXTS = st.text() | st.lists(PIECES, max_size=12).map("".join)
BYTES = st.binary() | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))
TYPES = st.sampled_from(
    [
        "application/json",
        "text/plain",
        "",
        "image/png",
        "application/x-www-form-urlencoded",
        "text/event-stream",
        "multipart/form-data; boundary=.",
        "multipart/mixed; boundary=sk-",
    ]
)


@given(TEXTS)
@QUICK
def test_redacting_a_text_again_changes_nothing(text: str) -> None:
    redactor = Redactor()
    once = redactor.text(text)
    assert redactor.text(once) == once
    assert Redactor().text(once) == once


@given(BYTES, TYPES)
@QUICK
def test_redacting_a_body_again_changes_nothing(data: bytes, content_type: str) -> None:
    redactor = Redactor()
    once = redactor.body(data, content_type)
    assert Redactor().body(once, content_type) == once
    if content_type != "text/event-stream":  # there, what stands before the place that gives it away has gone out
        assert redactor.body(once, content_type) == once


@given(
    TEXTS.map(lambda text: text.encode("utf-8", "replace").decode()),
    st.sampled_from(["location", "apim-x", "api-key"]),
)
@QUICK
def test_redacting_a_request_again_changes_nothing(text: str, name: str) -> None:
    redactor = Redactor()
    once = redactor.request(HttpRequest("POST", "/" + text, ((name, text),), text.encode()))
    assert redactor.request(once) == once


@given(TEXTS)
@QUICK
def test_only_secrets_change(text: str) -> None:
    """What stands around placeholders stood there before, in the same order."""
    at = 0
    for piece in PLACEHOLDER.split(Redactor().text(text)):
        for part in piece.split('"'):
            at = text.find(part, at)
            assert at >= 0
            at += len(part)


@pytest.mark.parametrize(
    "text",
    [
        "s",
        "sk-",
        "sk-a.",
        "sk- ",
        "eyJ",
        "eyJ.",
        "eyJaaaaaa.",
        '"',
        '\\"',
        "[",
        '{"a":',
        "password:",
        'password="',
        "password: ",
        "Bearer ",
        "Bearer abc1234 ",
        "://a:",
        "-----BEGIN PRIVATE KEY-----",
        "a_",
        "sig=",
        "user-",
        "org-a ",
        "a:",
        "%3",
        "key:'",
    ],
)
def test_no_text_takes_long(text: str) -> None:
    """Linear time: a megabyte of any of these is read in seconds, and would take hours otherwise."""
    long = "password: " + text * (100_000 // len(text))
    assert Redactor().text(long)
    assert streamed([delta(long)])[0]


def test_many_secrets_do_not_take_long() -> None:
    keys = [f"sk-abcdefgh{number:08d}" for number in range(5_000)]
    placeholders = Placeholders()
    assert Redactor(placeholders=placeholders).text(json.dumps(keys)).endswith('"REDACTED-5000"]')
    assert Redactor(placeholders=placeholders).text(" ".join(keys)).endswith("REDACTED-5000")
