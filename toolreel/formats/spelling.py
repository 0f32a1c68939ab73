"""JSON that a format stored parsed, written back as it was sent, as far as its length can tell."""

from __future__ import annotations

import json
import re
from typing import Any

from toolreel.messages import jsontext

from .found import LeftError
from .jsonitems import Number
from .yamlitems import Plain

_MARK = "\x00number:"
_MARKED = re.compile(r'"\\u0000number:([-+.0-9eE]+)"')
_FORMS = ("compact", "pretty2", "spaced")
_STYLES = tuple(f"{form}{more}" for more in ("", "+nl", "+ascii", "+ascii+nl") for form in _FORMS)
"""Those that are usual first: several may have the right length."""


def written_back(value: Any, length: int | None) -> tuple[bytes, bool]:
    """The bytes of a JSON value in the style that gives `length` bytes, and whether there is one.

    Raises LeftError for a value that cannot be written.
    """
    try:
        value = _writable(value)
        for style in _STYLES if length is not None else ():
            if len(data := _spelled(value, style)) == length:
                return data, True
        return _spelled(value, jsontext.UNKNOWN), False
    except (ValueError, RecursionError) as error:
        raise LeftError(f"its JSON cannot be written ({error})") from None


def _spelled(value: Any, style: str) -> bytes:
    return _MARKED.sub(r"\1", jsontext.spell(value, style)).encode("utf-8", "surrogatepass")


def _writable(value: Any) -> Any:
    """The value with a mark in place of numbers that keep their spelling; what YAML leaves plain gets its type."""
    if isinstance(value, Number):
        return f"{_MARK}{value.spelling}"
    if isinstance(value, Plain):
        return _typed(value)
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(key): _writable(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_writable(item) for item in value]
    if isinstance(value, bytes):
        raise ValueError("it holds bytes")
    return value


def _typed(text: Plain) -> Any:
    """What a plain scalar is to the tools that write parsed bodies as YAML: true, false, a number, or a text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = jsontext.parse(text)
    except ValueError:
        return str(text)
    return value if isinstance(value, int | float) else str(text)
