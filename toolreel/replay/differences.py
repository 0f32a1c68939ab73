"""Where two requests differ: each place as a JSON path, and what stands there in both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice, zip_longest
from typing import Any

from toolreel.redaction import PLACEHOLDER

from .canonical import HIDDEN, SETS, Asked, dumps, plain

_MOST = 30
"""So many differences are looked for; what differs more is another request anyway."""
_COMPARED = 300
"""Of so many characters texts are compared to see how near they are."""


class Missing:
    """What stands nowhere."""


MISSING = Missing()


class Part(StrEnum):
    """The part of a request in which a difference lies."""

    PATH = "path"
    DEPLOYMENT = "deployment"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Difference:
    """`name` is the JSON path in the body, or the name of a parameter or header. `call` is the id of the tool call
    that the difference is about."""

    part: Part
    name: str
    asked: Any
    recorded: Any
    call: str | None = None

    @property
    def param(self) -> str:
        """Where it is, for programs."""
        if self.part is Part.BODY:
            return self.name
        return f"{self.part}.{self.name}" if self.name else self.part

    @property
    def weight(self) -> float:
        """How much lies between both: from 1, nearly nothing, to 2; more in the path."""
        if isinstance(self.asked, str) and isinstance(self.recorded, str):
            matcher = SequenceMatcher(None, self.asked[:_COMPARED], self.recorded[:_COMPARED], autojunk=False)
            likeness = matcher.quick_ratio()
        else:
            there = [one for one in (self.asked, self.recorded) if one is not MISSING]
            is_one = len(there) == 1 and isinstance(there[0], list | dict)
            likeness = 1 / (1 + len(there[0])) if is_one else 0.0  # nothing is nearly `{}`
        return (2 - likeness) * (3 if self.part is Part.PATH else 1)


def differences(asked: Asked, recorded: Asked) -> list[Difference]:
    """The differences between two requests of one method, in the order in which people read them."""
    return list(islice(_differences(asked, recorded), _MOST))


def _differences(asked: Asked, recorded: Asked) -> Iterator[Difference]:
    if _differ(asked.path, recorded.path, ""):
        yield Difference(Part.PATH, "", asked.path, recorded.path)
    by_path = (asked.deployment is None) is not (recorded.deployment is None)
    if by_path and not asked.means_model_of(recorded):
        recorded_model = recorded.deployment or recorded.model
        yield Difference(Part.DEPLOYMENT, "", asked.deployment or asked.model, recorded_model)
    elif not by_path and asked.deployment != recorded.deployment:
        yield Difference(Part.DEPLOYMENT, "", asked.deployment, recorded.deployment)
    yield from _of_pairs(Part.QUERY, asked.query, recorded.query)
    yield from _of_pairs(Part.HEADER, asked.headers, recorded.headers)
    for one in _of_bodies(asked, recorded):
        if not (by_path and one.name == "$.model"):
            yield one


def _of_pairs(
    part: Part, asked: Iterable[tuple[str, str]], recorded: Iterable[tuple[str, str]]
) -> Iterator[Difference]:
    ours, theirs = _by_name(asked), _by_name(recorded)
    for name in dict.fromkeys([*ours, *theirs]):
        for one, other in zip_longest(ours.get(name, ()), theirs.get(name, ()), fillvalue=MISSING):
            if _differ(one, other, ""):
                yield Difference(part, name, one, other)


def _by_name(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _of_bodies(asked: Asked, recorded: Asked) -> Iterator[Difference]:
    if recorded.value == HIDDEN:  # nobody kept it
        return
    if asked.is_json and recorded.is_json and asked.value and recorded.value:
        yield from _of_values("$", asked.value[0], recorded.value[0])
        return
    one, other = (_whole(body) for body in (asked, recorded))
    if _differ(one, other, ""):
        yield Difference(Part.BODY, "$", one, other)


def _whole(asked: Asked) -> Any:
    if not asked.is_json:
        return asked.text
    return asked.value[0] if asked.value else MISSING


def _of_values(path: str, asked: Any, recorded: Any, key: str = "") -> Iterator[Difference]:
    if isinstance(asked, dict) and isinstance(recorded, dict) and key != "output":
        for name in dict.fromkeys([*asked, *recorded]):
            one, other = asked.get(name, MISSING), recorded.get(name, MISSING)
            yield from _of_values(path + step(name), one, other, name)
    elif isinstance(asked, list) and isinstance(recorded, list):
        if key in SETS and (aligned := _aligned(asked, recorded, SETS[key])):
            yield from _of_sets(path, aligned)
            return
        for index, (one, other) in enumerate(zip_longest(asked, recorded, fillvalue=MISSING)):
            yield from _of_values(f"{path}[{index}]", one, other)
    elif _differ(asked, recorded, key):
        yield Difference(Part.BODY, path, asked, recorded)


def _of_sets(path: str, aligned: list[tuple[str, int, Any, Any]]) -> Iterator[Difference]:
    for call, index, one, other in aligned:
        for found in _of_values(f"{path}[{index}]", one, other):
            yield Difference(found.part, found.name, found.asked, found.recorded, call)


def _aligned(asked: list[Any], recorded: list[Any], member: str) -> list[tuple[str, int, Any, Any]]:
    """Items that are about the same call, with the index of the first; nothing if they cannot be told apart."""
    ours, theirs = ({_id(item, member): item for item in items} for items in (asked, recorded))
    if "" in ours or "" in theirs or len(ours) != len(asked) or len(theirs) != len(recorded):
        return []
    places = {call: index for index, call in enumerate([*ours, *(call for call in theirs if call not in ours)])}
    return [(call, index, ours.get(call, MISSING), theirs.get(call, MISSING)) for call, index in places.items()]


def _id(item: Any, member: str) -> str:
    found = item.get(member) if isinstance(item, dict) else None
    return found if isinstance(found, str) else ""


def _differ(asked: Any, recorded: Any, key: str) -> bool:
    if isinstance(asked, Missing) or isinstance(recorded, Missing):
        return asked is not recorded
    if isinstance(asked, str) and isinstance(recorded, str) and PLACEHOLDER.search(recorded):
        return not re.fullmatch(".+".join(map(re.escape, PLACEHOLDER.split(recorded))), asked, re.DOTALL)
    return dumps(plain(asked, str, key)) != dumps(plain(recorded, str, key))


def step(name: str) -> str:
    """The step of a JSON path to a member (RFC 9535)."""
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return f".{name}"
    quoted = json.dumps(name, ensure_ascii=False)[1:-1].replace("'", "\\'").replace('\\"', '"')
    return f"['{quoted}']"
