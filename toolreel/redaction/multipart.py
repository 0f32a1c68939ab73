"""The parts of a multipart body (RFC 2046 §5.1, RFC 7578), one by one, every other byte kept."""

from __future__ import annotations

import re
from collections.abc import Callable

_PARAMETER = re.compile(r';[ \t]*([\w*-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
_HEAD_END = re.compile(rb"(?:\A|\r?\n)\r?\n")


def parameter(value: str, name: str) -> str | None:
    """A parameter of a header field such as content-type (RFC 9110 §5.6.6)."""
    for key, quoted, token in _PARAMETER.findall(value):
        if key.lower() == name:
            return re.sub(r"\\(.)", r"\1", quoted) or token
    return None


def with_parts(
    data: bytes, boundary: str, head: Callable[[bytes], bytes], body: Callable[[bytes, str, str], bytes]
) -> bytes:
    """The body with each part's head and content replaced.

    `body` is given the content, its content-type and the part's name; what stands before the first and after the
    last boundary is a part without a head.
    """
    line = re.escape(boundary.encode("utf-8", "surrogateescape"))
    first, *others = re.split(rb"((?:\A|\r?\n)--" + line + rb"(?:--)?[ \t]*(?=\r?\n|\Z))", data)
    pieces = [body(first, "", "")] if first else []
    for delimiter, part in zip(others[::2], others[1::2], strict=True):
        pieces += [delimiter, *_part(part, head, body)]
    return b"".join(pieces)


def _part(part: bytes, head: Callable[[bytes], bytes], body: Callable[[bytes, str, str], bytes]) -> list[bytes]:
    match = _HEAD_END.search(part, 1)
    if not match:
        return [head(part)]
    fields = part[: match.start()]
    text = fields.decode("latin-1")
    disposition, kind = _field(text, "content-disposition"), _field(text, "content-type")
    content = part[match.end() :]
    return [
        head(fields),
        match.group(),
        body(content, kind, parameter(disposition, "name") or "") if content else b"",
    ]


def _field(head: str, name: str) -> str:
    match = re.search(rf"(?im)^{name}:[ \t]*([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", head)
    return match[1] if match else ""
