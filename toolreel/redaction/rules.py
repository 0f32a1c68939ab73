"""What counts as a secret: the defaults, and what the user adds to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from .assignments import assignment_shapes
from .placeholders import BOUND
from .shapes import SHAPES, Shape, beginnings

Path = tuple[str | int, ...]

_SECRET_KEYS = """
    accesskey accesskeysecret accesstoken accountkey adminpassword apikey apisecret apitoken appsecret
    authorization authtoken awssecretaccesskey bearertoken bottoken clientassertion clientsecret confirmpassword
    connectionstring cookie currentpassword dbpassword encryptionkey githubtoken gitlabtoken idtoken jwtsecret
    mysqlpassword newpassword npmtoken ocpapimsubscriptionkey oldpassword passphrase passwd password pgpassword
    privatekey proxyauthorization pwd refreshtoken rootpassword sastoken sasurl secret secretaccesskey secretkey
    sessiontoken setcookie sharedaccesskey sharedaccesssignature sharedsecret signingsecret slacktoken
    subscriptionkey userpassword webhooksecret xamzsecuritytoken xamzsignature xapikey xauthtoken xgoogapikey
    xgoogsignature
"""
SECRET_KEYS = frozenset(_SECRET_KEYS.split())
"""Names of members, parameters and fields whose string values are secrets, in lower case, without `-` and `_`."""


def plain_key(name: str) -> str:
    """A key as it is compared: without case, `-` and `_`."""
    return name.replace("-", "").replace("_", "").lower()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of the user's: group 1 (or the whole match) is a secret of at most `max_length` characters."""

    expression: re.Pattern[str]
    max_length: int


class JsonPath(Protocol):
    """A compiled JSONPath (RFC 9535)."""

    def finditer(self, data: Any) -> Iterable[Any]:
        """The nodes that it selects, with their `parts`."""


@dataclass(frozen=True)
class Rules:
    """What counts as a secret. `secret_keys` are as `plain_key` makes them."""

    patterns: tuple[Pattern, ...] = ()
    secret_keys: frozenset[str] = SECRET_KEYS
    json_paths: tuple[JsonPath, ...] = ()
    shapes: tuple[Shape, ...] = field(default=SHAPES)

    def is_secret_key(self, name: str) -> bool:
        """Whether the value under `name` is a secret; in `DB_PASSWORD`, as variables are named, the end counts."""
        if plain_key(name) in self.secret_keys:
            return True
        if "_" not in name or name.upper() != name:
            return False
        parts = name.lower().split("_")
        return any("".join(parts[at:]) in self.secret_keys for at in range(1, len(parts)))

    @cached_property
    def assignments(self) -> tuple[Shape, ...]:
        """Shapes of values under secret keys in text."""
        return assignment_shapes(self.is_secret_key)

    @cached_property
    def beginnings(self) -> re.Pattern[str]:
        """Matches the first characters of a secret at the end of a text."""
        return beginnings(self.shapes)

    @cached_property
    def key_hints(self) -> tuple[str, ...]:
        """Where a secret key occurs, one of these does, in text without case, `-` and `_`."""
        keys = sorted(self.secret_keys, key=len)
        return tuple(key for at, key in enumerate(keys) if not any(other in key for other in keys[:at]))

    def selected(self, value: Any) -> frozenset[Path] | None:
        """Places of all strings and numbers that the JSONPaths select in `value`; None if it can't be told."""
        places: set[Path] = set()
        if not self.json_paths:
            return frozenset()
        try:
            for path in self.json_paths:
                for node in path.finditer(value):
                    places.update(leaves(node.obj, tuple(node.parts)))
        except (RecursionError, ValueError, json_path_error()):
            return None
        return frozenset(places)


def leaves(value: Any, place: Path = ()) -> Iterable[Path]:
    """The places of all strings and numbers in a JSON value."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from leaves(member, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*place, index))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield place


DEFAULT_RULES = Rules()

_SETTINGS = frozenset({"patterns", "keys", "json_paths"})


def rules_from(settings: Mapping[str, Any]) -> Rules:
    """The defaults and `[redact]` of the configuration: `patterns`, `keys`, `json_paths`.

    Raises ValueError, one sentence, for a setting that is not understood.
    """
    if unknown := sorted(set(settings) - _SETTINGS):
        raise ValueError(f"redact.{unknown[0]} is not a setting; there are {', '.join(sorted(_SETTINGS))}")
    patterns = tuple(_pattern(item, f"redact.patterns[{at}]") for at, item in _list(settings, "patterns"))
    keys = frozenset(_key(item, f"redact.keys[{at}]") for at, item in _list(settings, "keys"))
    json_paths = tuple(json_path(item, f"redact.json_paths[{at}]") for at, item in _list(settings, "json_paths"))
    return Rules(patterns, SECRET_KEYS | keys, json_paths)


def _list(settings: Mapping[str, Any], name: str) -> Iterable[tuple[int, Any]]:
    value = settings.get(name, [])
    if not isinstance(value, list | tuple):
        raise ValueError(f"redact.{name} must be a list, not {value!r}")
    return enumerate(value)


def _pattern(item: Any, place: str) -> Pattern:
    if (
        not isinstance(item, Mapping)
        or set(item) != {"pattern", "max_length"}
        or not isinstance(item["pattern"], str)
    ):
        raise ValueError(f'{place} must be a table such as {{pattern = "acme_[0-9]+", max_length = 40}}')
    length = item["max_length"]
    if not isinstance(length, int) or isinstance(length, bool) or not 1 <= length <= BOUND:
        raise ValueError(f"{place}.max_length must be a whole number from 1 to {BOUND}, not {length!r}")
    try:
        expression = re.compile(item["pattern"])
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{place}.pattern is no regular expression that Python understands: {error}") from None
    if expression.match(""):
        raise ValueError(f"{place}.pattern also matches nothing at all, so it would be found everywhere")
    return Pattern(expression, length)


def _key(item: Any, place: str) -> str:
    if not isinstance(item, str) or not plain_key(item):
        raise ValueError(f"{place} must be the name of a key, not {item!r}")
    return plain_key(item)


def json_path(item: Any, place: str) -> JsonPath:
    """A compiled JSONPath; raises ValueError, one sentence, that names `place`."""
    if not isinstance(item, str) or not item.startswith("$"):
        raise ValueError(f"{place} must be a JSONPath such as $.metadata.customer, not {item!r}")
    from jsonpath import JSONPathEnvironment  # here, because it costs 0.15 s and few use it

    class Environment(JSONPathEnvironment):
        max_recursion_depth = 300

    try:
        compiled: JsonPath = Environment(strict=True).compile(item)
    except json_path_error() as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{place} is no JSONPath (RFC 9535): {item!r}: {reason}") from None
    return compiled


def json_path_error() -> type[Exception]:
    """What following a JSONPath raises."""
    from jsonpath.exceptions import JSONPathError

    return JSONPathError
