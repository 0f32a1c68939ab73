"""Secrets of many kinds, and a search that finds them, whole or in halves, whatever they are spelled in."""

from __future__ import annotations

import base64
import json
import random
import re
import string
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

GRAM = 8  # as many bytes as a machine word has
"""So many characters of a secret, one after the other, are a leak."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret: how it is made, and the text in which it usually stands."""

    make: Callable[[random.Random], str]
    phrase: str = "{}"

    def said(self, secret: str) -> str:
        return self.phrase.replace("{}", secret)


def _random(characters: str, length: int, before: str = "", after: str = "") -> Callable[[random.Random], str]:
    def make(source: random.Random) -> str:
        return before + "".join(source.choices(characters, k=length - 2)) + "7q" + after

    return make


_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def _jwt(source: random.Random) -> str:
    claims = json.dumps({"sub": "".join(source.choices(_ALNUM, k=12)), "iat": source.randrange(10**9)})
    body = base64.urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{body}.{''.join(source.choices(_ALNUM, k=43))}"


def _basic(source: random.Random) -> str:
    return base64.b64encode(f"user:{''.join(source.choices(_ALNUM, k=24))}".encode()).decode()


def _pem(source: random.Random) -> str:
    return "\n".join("".join(source.choices(_ALNUM + "+/", k=64)) for _ in range(4)) + "\nq8w7e6r5t4y3=="


KINDS: dict[str, Kind] = {
    "openai": Kind(_random(_ALNUM, 40, "sk-proj-")),
    "openai-old": Kind(_random(_ALNUM, 48, "sk-")),
    "openai-masked": Kind(
        lambda source: f"sk-{_random(_ALNUM, 9)(source)}***************{_random(_ALNUM, 4)(source)}"
    ),
    "anthropic": Kind(_random(_ALNUM + "_-", 90, "sk-ant-api03-", "AA")),
    "jwt": Kind(_jwt),
    "bearer": Kind(_random(_ALNUM, 32), "Bearer {}"),
    "basic": Kind(_basic, "Basic {}"),
    "organisation": Kind(_random(_ALNUM, 24, "org-")),
    "project": Kind(_random(_ALNUM, 24, "proj_")),
    "user": Kind(_random(_ALNUM, 24, "user-")),
    "sas": Kind(_random(_ALNUM, 40, "", "%2B9%3D"), "https://a.blob.example/c?sv=2024&sig={}&se=1"),
    "url-password": Kind(_random(_ALNUM, 20), "postgres://root:{}@db.example/x"),
    "stripe": Kind(_random(_ALNUM, 24, "sk_live_")),
    "github": Kind(_random(_ALNUM, 36, "ghp_")),
    "github-pat": Kind(_random(_ALNUM + "_", 82, "github_pat_")),
    "gitlab": Kind(_random(_ALNUM, 20, "glpat-")),
    "aws": Kind(lambda source: "AKIA" + "".join(source.choices(string.ascii_uppercase + string.digits, k=16))),
    "google": Kind(_random(_ALNUM, 35, "AIza")),
    "google-oauth": Kind(_random(_ALNUM, 60, "ya29.")),
    "slack": Kind(_random(_ALNUM, 24, "xoxb-")),
    "hugging-face": Kind(_random(_ALNUM, 34, "hf_")),
    "groq": Kind(_random(_ALNUM, 52, "gsk_")),
    "xai": Kind(_random(_ALNUM, 80, "xai-")),
    "realtime": Kind(_random(_ALNUM, 32, "ek_")),
    "wrong-key": Kind(_random(_HEX, 32), "Incorrect API key provided: {}"),
    "azure": Kind(_random(_HEX, 32), "api-key: {}"),
    "password": Kind(_random(_ALNUM, 16), "password={}"),
    "connection": Kind(_random(_ALNUM + "+/", 86, "", "=="), "AccountName=a;AccountKey={};EndpointSuffix=x"),
    "pem": Kind(_pem, "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----"),
}
ONE_LINE = [name for name in KINDS if name != "pem"]
"""Those that can stand in a header."""


class Secrets:
    """Makes a secret of its own for each place, the same for the same `performance` and place."""

    def __init__(self, performance: str) -> None:
        self.made: dict[str, str] = {}
        self._performance = performance

    def of(self, place: str, kind: str) -> str:
        """The secret of this kind in this place."""
        name = f"{place} {kind}"
        self.made[name] = KINDS[kind].make(random.Random(f"{self._performance} {name}"))
        return self.made[name]

    def any(self, place: str, before: str = "", after: str = "") -> str:
        """A secret that only its key or its header tells for one."""
        self.made[place] = before + _random(_ALNUM, 30)(random.Random(f"{self._performance} {place}")) + after
        return self.made[place]

    def text(self, place: str, kind: str) -> str:
        """The secret as it is said, between two marks that must stay."""
        before, after = marks(place, kind)
        return f"{before} {KINDS[kind].said(self.of(place, kind))} {after}"

    def texts(self, place: str, kinds: Iterable[str] = KINDS) -> str:
        """All kinds, one after the other."""
        return "\n".join(self.text(place, kind) for kind in kinds)


def marks(place: str, kind: str) -> tuple[str, str]:
    """What stands before and after a secret."""
    return f"({place}.{kind}<", f">{kind}.{place})"


# ------------------------------------------------------------------------------------------------------- searching


def _coded(data: bytes) -> Iterator[str]:
    """The base64 of `data` within any other data: at three offsets, without the characters that share a byte."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + data).decode()
        core = coded[(0, 2, 3)[offset] : 8 * (offset + len(data)) // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")


def spellings(secret: str) -> set[str]:
    """What a secret may be spelled in."""
    data = secret.encode()
    plain = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        quote(secret, safe="").lower(),
        data.hex(),
    ]
    return {*plain, *(core for form in plain[:2] for core in _coded(form.encode()))}


def layers(data: bytes, depth: int = 3) -> Iterator[bytes]:
    """The bytes, and what is packed in them: base64, gzip and deflate, two bytes for a letter."""
    yield data
    if depth == 0:
        return
    if b"\0" in data:
        yield data.replace(b"\0", b"")
    for match in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data):
        bits = zlib.MAX_WBITS | 16 if match[0][0] == 0x1F else zlib.MAX_WBITS
        unpacked = b""
        unpacker = zlib.decompressobj(bits)
        try:
            for at in range(match.start(), len(data)):  # one by one, so that what comes before a break is had
                unpacked += unpacker.decompress(data[at : at + 1])
                if unpacker.eof:
                    break
        except zlib.error:
            pass
        if unpacked:
            yield from layers(unpacked, depth - 1)
    for match in re.finditer(rb"[A-Za-z0-9+/_-]{16,}", data):
        run = match[0].replace(b"-", b"+").replace(b"_", b"/")[: len(match[0]) // 4 * 4]
        yield from layers(base64.b64decode(run), 0 if len(run) < 40 else depth - 1)


_PUBLIC = re.compile(
    r"\A(sk-proj-|sk-ant-api03-|sk-|org-|proj_|user-|sk_live_|ghp_|github_pat_|glpat-|AKIA|AIza|ya29\.|xoxb-|hf_|gsk_"
    r"|xai-|ek_|eyJ\w*\.eyJ)"
)
"""How secrets of a kind begin, all alike; such a beginning, like a row of asterisks, tells nothing."""


class Finder:
    """Finds any GRAM characters of any of the secrets, however they are spelled."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._names: dict[int, str] = {}
        for name, secret in secrets.items():
            told = [part for part in re.split(r"\*{3,}", _PUBLIC.sub("", secret)) if len(part) >= GRAM]
            assert told, name
            for spelling in (spelling for part in told for spelling in spellings(part)):
                data = spelling.encode()
                for at in range(len(data) - GRAM + 1):
                    self._names.setdefault(int.from_bytes(data[at : at + GRAM], sys.byteorder), name)
        self._grams = frozenset(self._names)

    def names(self, data: bytes) -> set[str]:
        """The names of the secrets in some bytes."""
        return {self._names[word] for layer in layers(data) for word in self._words(layer)}

    def found(self, data: bytes) -> set[str]:
        """The secrets in some bytes, each with what was seen of it."""
        seen: set[str] = set()
        for layer in layers(data):
            for word in self._words(layer):
                at = layer.index(word.to_bytes(GRAM, sys.byteorder))
                seen.add(f"{self._names[word]}: {layer[max(at - 30, 0) : at + 40]!r}")
        return seen

    def _words(self, data: bytes) -> Iterator[int]:
        for offset in range(GRAM):
            words = memoryview(data)[offset : len(data) - (len(data) - offset) % GRAM].cast("Q")
            yield from self._grams.intersection(words)

    def found_below(self, *folders: Path) -> set[str]:
        """The secrets in all files of some folders, and in their names."""
        files = [path for folder in folders for path in folder.rglob("*")]
        seen = {found for path in files for found in self.found(str(path).encode())}
        return seen | {
            f"{path.name}: {found}" for path in files if path.is_file() for found in self.found(path.read_bytes())
        }
