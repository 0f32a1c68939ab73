"""What secrets look like: the default patterns, each usable on a text that is still growing.

A `Shape` finds *candidates*: some beginning, and the run of characters after it that may belong to the secret. What
the run holds decides, once it has ended, whether it is a secret. So each text is read once (linear time), and a text
that is still growing is undecided only from the beginning of a run that touches its end.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .placeholders import BOUND, is_word

Span = tuple[int, int]
Accept = Callable[[re.Match[str], str], Span | None]

# Before a secret stands no letter or digit, but for those of an escape (\n, %3D).
_EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"
SOME = f"{{0,{BOUND}}}+"
"""How much of a run is read before it is decided."""
_STRICT_EDGE = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"


@dataclass(frozen=True, eq=False)
class Shape:
    """One kind of secret.

    `hints`: where it occurs, one of these does, in lower case. `candidate`: its group `run` is the run. `run`: how a
    run goes on. `unfinished`: what may stand between a run and the end of a growing text while the run may still go
    on. `accept`: the secret within a run, of which it is given the first BOUND characters; a secret that reaches the
    last of them goes on with the run. `literals`: how the secret begins, if its beginning is part of the run.
    `concerns`: whether what stands before the run announces a secret.
    """

    name: str
    hints: tuple[str, ...]
    candidate: re.Pattern[str]
    run: re.Pattern[str]
    accept: Accept
    literals: tuple[str, ...] = ()
    concerns: Callable[[re.Match[str]], bool] = lambda _: True
    unfinished: re.Pattern[str] = re.compile(r"\Z")


def matching(expression: str) -> Accept:
    """Accepts a run in which `expression` is found; the secret is its group 1, or all of it."""
    pattern = re.compile(expression)

    def accept(_: re.Match[str], run: str) -> Span | None:
        match = pattern.search(run)
        return match.span(match.lastindex or 0) if match else None

    return accept


def _prefixed(name: str, literals: str, run: str, accept: str, *, edge: str = _EDGE) -> Shape:
    """A secret that begins with one of some literals, in a run of characters of the class `run`."""
    words = tuple(literals.split())
    return Shape(
        name,
        tuple(word.lower() for word in words),
        re.compile(f"{edge}(?P<run>(?:{'|'.join(map(re.escape, words))}){run}{SOME})"),
        re.compile(f"{run}*+"),
        matching(f"{edge}({accept})"),
        words,
    )


def _bearer(_: re.Match[str], run: str) -> Span | None:
    token = run.rstrip(".")
    return (0, len(token)) if len(token) >= 6 and not is_word(token) else None


def _basic(_: re.Match[str], run: str) -> Span | None:
    """Credentials are base64 of `user:password` (RFC 7617); after other uses of the word stands none."""
    token = run.rstrip("=.")
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (0, len(run.rstrip("."))) if ":" in text and text.isprintable() else None


def _userinfo(match: re.Match[str], run: str) -> Span | None:
    """A password in a URL: what stands before `@` (RFC 3986 §3.2.1)."""
    following = match.string[match.end("run") : match.end("run") + 1]
    return (0, len(run)) if run and following == "@" and len(match["run"]) == len(run) else None


def _after(name: str, hints: str, before: str, run: str, accept: Accept, unfinished: str = r"\Z") -> Shape:
    """A secret after something that stays, `before`, in a run of `run`."""
    return Shape(
        name,
        tuple(hints.split("|")),
        re.compile(f"{before}(?P<run>{run}{SOME})"),
        re.compile(f"{run}*+"),
        accept,
        unfinished=re.compile(unfinished),
    )


_KEY_RUN = "[A-Za-z0-9_-]"
_MIXED = r"(?=[A-Za-z0-9]*[0-9])[A-Za-z0-9]{8,}(?![A-Za-z0-9_-])|[A-Za-z0-9]{20,}"  # 8 with a digit, or 20

SHAPES: tuple[Shape, ...] = (
    # OpenAI: sk-, sk-proj-, sk-ant- …, and as they are masked in error messages.
    _prefixed(
        "sk",
        "sk-",
        "[A-Za-z0-9_*•.…-]",
        r"sk-(?:[A-Za-z0-9_-]*(?:[*•]{3,}|(?:\.{3,}|…)\**(?=[A-Za-z0-9_-]{2}))(?:[A-Za-z0-9_*•….-]*[A-Za-z0-9_*•-])?"
        r"|[A-Za-z0-9_-]{8,})",
    ),
    _prefixed(
        "jwt",
        "eyJ",
        "[A-Za-z0-9_.-]",
        r"eyJ[A-Za-z0-9_-]{5,}\.(?:[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_.-]*[A-Za-z0-9_-]|[A-Za-z0-9_-]{4,}\."
        r"|eyJ[A-Za-z0-9_-]{2,})",
    ),
    _prefixed("org", "org-", _KEY_RUN, f"org-(?:{_MIXED})", edge=_STRICT_EDGE),
    _prefixed("project", "proj_", _KEY_RUN, f"proj_(?:{_MIXED})", edge=_STRICT_EDGE),
    _prefixed("user", "user-", _KEY_RUN, f"user-(?:{_MIXED})", edge=_STRICT_EDGE),
    _prefixed("stripe", "sk_live_ sk_test_ rk_live_ rk_test_", _KEY_RUN, "[sr]k_(?:live|test)_[A-Za-z0-9_-]{10,}"),
    _prefixed("realtime", "ek_", "[A-Za-z0-9_]", "ek_[A-Za-z0-9]{16,}"),
    _prefixed("github", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9_]", "gh[pousr]_[A-Za-z0-9_]{20,}"),
    _prefixed("github-pat", "github_pat_", "[A-Za-z0-9_]", "github_pat_[A-Za-z0-9_]{20,}"),
    _prefixed("gitlab", "glpat-", _KEY_RUN, "glpat-[A-Za-z0-9_-]{16,}"),
    _prefixed("aws", "AKIA ASIA", "[0-9A-Z]", "A[KS]IA[0-9A-Z]{16}(?![0-9A-Z])"),
    _prefixed("google", "AIza", _KEY_RUN, "AIza[A-Za-z0-9_-]{30,}"),
    _prefixed("google-oauth", "ya29.", "[A-Za-z0-9_.-]", r"ya29\.[A-Za-z0-9_.-]{19,}[A-Za-z0-9_-]"),
    _prefixed("slack", "xoxa- xoxb- xoxe- xoxp- xoxr- xoxs-", _KEY_RUN, "xox[abeprs]-[A-Za-z0-9_-]{10,}"),
    _prefixed("hugging-face", "hf_", "[A-Za-z0-9]", "hf_[A-Za-z0-9]{30,}"),
    _prefixed("groq", "gsk_", "[A-Za-z0-9]", "gsk_[A-Za-z0-9]{30,}"),
    _prefixed("xai", "xai-", _KEY_RUN, "xai-[A-Za-z0-9_-]{40,}"),
    _prefixed("perplexity", "pplx-", "[A-Za-z0-9]", "pplx-[A-Za-z0-9]{30,}"),
    _prefixed("nvidia", "nvapi-", _KEY_RUN, "nvapi-[A-Za-z0-9_-]{40,}"),
    _prefixed("replicate", "r8_", "[A-Za-z0-9]", "r8_[A-Za-z0-9]{30,}"),
    _prefixed("tavily", "tvly-", _KEY_RUN, "tvly-[A-Za-z0-9_-]{20,}"),
    _prefixed("langsmith", "lsv2_", "[A-Za-z0-9_]", "lsv2_[A-Za-z0-9_]{30,}"),
    _prefixed("npm", "npm_", "[A-Za-z0-9]", "npm_[A-Za-z0-9]{30,}"),
    _prefixed("pypi", "pypi-", _KEY_RUN, "pypi-[A-Za-z0-9_-]{50,}"),
    _after("bearer", "bearer", rf"{_EDGE}(?i:bearer)[ \t]{{1,4}}", "[A-Za-z0-9._~+/=*-]", _bearer),
    _after("basic", "basic", rf"{_EDGE}(?i:basic)[ \t]{{1,4}}", "[A-Za-z0-9+/=_.-]", _basic),
    _after(  # Azure's shared access signatures
        "sas",
        "sig=|sig%3d",
        rf"{_EDGE}sig(?:=|%3[Dd])",
        "[A-Za-z0-9%+/=_-]",
        matching(r"\A(?=.*[0-9%+/=])(.{16,})"),
    ),
    _after(
        "wrong-key",
        "key provided",
        r"(?i:key provided):?[ \t]{1,4}",
        r"[^\s\"'<>,;&(){}\[\]|`\\]",
        matching(r"(.*[^.])"),
    ),
    _after("userinfo", "://", r"://[^\s/:@\"'<>?#]{0,64}:", r"[^\s/@\"'<>\\]", _userinfo),
    _after(
        "pem",
        "private key-----",
        r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY-----",
        r"(?:[A-Za-z0-9+/=\s\\,:]|(?<=[A-Za-z0-9])-(?=[A-Za-z0-9]))",
        matching(r"(?s)\A(?=.*[A-Za-z0-9+/=]{24})(?:\s|\\n)*(.*[^\s\\])"),
        r"-?\Z",
    ),
)
"""The default patterns (product.md §5). Values under secret keys are `toolreel.redaction.assignments`."""


def beginnings(shapes: Iterable[Shape]) -> re.Pattern[str]:
    """Matches at the end of a text that may be the first characters of a secret."""
    literals = sorted({literal for shape in shapes for literal in shape.literals})
    return re.compile(f"{_EDGE}(?:{'|'.join(map(_prefixes, literals))})\\Z")


def _prefixes(literal: str) -> str:
    """An expression for every prefix of `literal` but the empty one."""
    nested = ""
    for char in reversed(literal):
        nested = re.escape(char) + (f"(?:{nested})?" if nested else "")
    return nested
