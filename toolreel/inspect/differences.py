"""What is different in two takes: by conversation, step, tool call and joined text, never by token."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from toolreel.dialects.paths import split_base
from toolreel.dialects.routes import route
from toolreel.messages.model import Cassette
from toolreel.normalise.performed import unfold
from toolreel.normalise.symbols import minted_ids

from .alike import ABSENT, Ids, Leaf, aligned, differing, loosely, parsed
from .calls import tool_calls
from .conversations import Conversation, conversations_of
from .essence import essence
from .exchange import Exchange


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is different: where it stands first, and what it was and is; None where there is nothing.

    `tool` and `arguments` are those of the tool call that it belongs to. `echoes` are the other places with the same
    change.
    """

    where: str
    before: Any
    after: Any
    tool: str | None = None
    echoes: int = 0


@dataclass(frozen=True, slots=True)
class StepDifference:
    """A step of both takes that is not the same, or one that only one of them has: then the other `n` is None."""

    before_n: int | None
    after_n: int | None
    method: str
    path: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversationDifference:
    """A conversation of both takes that is not the same, or one that only one of them has."""

    before: str | None
    after: str | None
    steps: tuple[StepDifference, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """All that is different; `upstreams` if they are, which is not counted: the conversation may be the same."""

    conversations: tuple[ConversationDifference, ...]
    upstreams: tuple[tuple[str, ...], tuple[str, ...]] | None = None

    @property
    def same(self) -> bool:
        """Whether both are takes of the same conversation."""
        return not self.conversations

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"same": self.same, **asdict(self)}


class _Side:
    """One of the two takes."""

    def __init__(self, cassette: Cassette) -> None:
        self.minted = minted_ids(unfold(cassette))
        self.said = {one.n: essence(one) for one in cassette.interactions}
        self.conversations = conversations_of(cassette)
        calls = tool_calls(map(Exchange, cassette.interactions))
        self.tools = {call.id: call.tool for call in calls}


def difference(before: Cassette, after: Cassette) -> Difference:
    """What is different in the take `after`."""
    old, new = _Side(before), _Side(after)
    # One pairing of ids for all conversations: an assistant that several use is the same in all of them.
    ids = Ids(old.minted, new.minted)
    found = []
    for one, other in _paired(old, new):
        steps = _steps(old, new, one, other, ids)
        if steps:
            found.append(ConversationDifference(one.name if one else None, other.name if other else None, steps))
    same_place = before.upstreams == after.upstreams
    return Difference(tuple(found), None if same_place else (before.upstreams, after.upstreams))


def _paired(old: _Side, new: _Side) -> list[tuple[Conversation | None, Conversation | None]]:
    """The conversations of both, side by side: equal ones first, then those whose requests, then whose routes are."""
    left, right = list(old.conversations), list(new.conversations)
    pairs: list[tuple[Conversation | None, Conversation | None]] = []
    for key in (_whole, _asked, _routes, _beginning):
        waiting: dict[str, list[Conversation]] = {}
        for other in right:
            waiting.setdefault(key(new, other), []).append(other)
        for one in list(left):
            if others := waiting.get(key(old, one)):
                other = others.pop(0)
                pairs.append((one, other))
                left.remove(one)
                right.remove(other)
    pairs += [(one, None) for one in left]
    pairs += [(None, other) for other in right]
    return sorted(pairs, key=lambda pair: next(one.number for one in reversed(pair) if one))


def _whole(side: _Side, conversation: Conversation) -> str:
    return _key([side.said[n] for n in conversation.interactions])


def _asked(side: _Side, conversation: Conversation) -> str:
    said = [side.said[n] for n in conversation.interactions]
    return _key([[one["method"], one["path"], one["request"]] for one in said])


def _routes(side: _Side, conversation: Conversation) -> str:
    return _key([_step_key(side.said[n]) for n in conversation.interactions])


def _beginning(side: _Side, conversation: Conversation) -> str:
    return _step_key(side.said[conversation.interactions[0]])


def _key(value: Any) -> str:
    return json.dumps(loosely(value), sort_keys=True, default=str)


def _step_key(said: dict[str, Any]) -> str:
    """Steps with equal keys are compared with each other."""
    name = route(said["method"], split_base(said["path"])[1]).name
    return f"{said['method']} {loosely(name)}"


def _steps(
    old: _Side, new: _Side, one: Conversation | None, other: Conversation | None, ids: Ids
) -> tuple[StepDifference, ...]:
    before, after = (list(side.interactions) if side else [] for side in (one, other))
    keys = {("a", n): _step_key(old.said[n]) for n in before} | {("b", n): _step_key(new.said[n]) for n in after}
    pairs = aligned([("a", n) for n in before], [("b", n) for n in after], lambda step: keys[step])
    noted = _Noted(old, new, ids)
    for _, a, b in pairs:
        if a is not ABSENT and b is not ABSENT and keys[a] == keys[b]:
            noted.compare(a[1], b[1])
            continue
        noted.alone(*(None if side is ABSENT else side[1] for side in (a, b)))
    return noted.steps()


class _Noted:
    """Gathers the changes of a conversation: what is the same change in several places is noted at the first."""

    def __init__(self, old: _Side, new: _Side, ids: Ids) -> None:
        self._old, self._new, self._ids = old, new, ids
        self._steps: list[tuple[StepDifference, list[tuple[str, Change]]]] = []
        self._echoes: dict[str, int] = {}
        self._first: dict[str, str] = {}
        """The change that a key is an echo of, by its own key."""

    def compare(self, a: int, b: int) -> None:
        """Notes what is different in step `b` of the new take."""
        before, after = self._old.said[a], self._new.said[b]
        leaves = list(differing(before, after, self._ids))
        changes = []
        for leaf, call, where in sorted((self._placed(leaf, before, after) for leaf in leaves), key=_rank):
            own = _key_of_change(call, where, leaf) if call else ""
            plain = _key_of_change("", "" if isinstance(leaf.before, str) else where.rpartition(".")[2], leaf)
            if (first := self._first.get(own or plain)) is not None:
                self._echoes[first] += 1
                continue
            key = own or plain
            self._first[key] = key
            self._first.setdefault(plain, key)
            self._echoes[key] = 0
            tool = self._new.tools.get(call) or self._old.tools.get(call)
            changes.append((key, Change(where, _value(leaf.before), _value(leaf.after), tool)))
        if changes:
            self._steps.append((StepDifference(a, b, after["method"], after["path"]), changes))

    def alone(self, a: int | None, b: int | None) -> None:
        """Notes steps that only one of the takes has."""
        if a is not None:
            said = self._old.said[a]
            self._steps.append((StepDifference(a, None, said["method"], said["path"]), []))
        if b is not None:
            said = self._new.said[b]
            self._steps.append((StepDifference(None, b, said["method"], said["path"]), []))

    def steps(self) -> tuple[StepDifference, ...]:
        """All that was noted, each change with the number of its other places."""
        return tuple(
            replace(step, changes=tuple(replace(change, echoes=self._echoes[key]) for key, change in changes))
            for step, changes in self._steps
        )

    def _placed(self, leaf: Leaf, before: Any, after: Any) -> tuple[Leaf, str, str]:
        """A leaf, the tool call that it belongs to, if any, and where it stands in that or in the step."""
        call, depth = "", 0
        value = after if leaf.after is not ABSENT else before
        known = self._new.tools if leaf.after is not ABSENT else self._old.tools
        for at, step in enumerate(leaf.path):
            value = _inside(value, step)
            for key in ("tool_call_id", "call_id", "id"):
                if isinstance(value, dict) and isinstance(found := value.get(key), str) and found in known:
                    call, depth = found, at + 1
                    break
        return leaf, call, _where(leaf.path[depth:], after)


def _rank(placed: tuple[Leaf, str, str]) -> tuple[int, ...]:
    """Tool calls are told first, then texts, then all the rest."""
    leaf, call, _ = placed
    return (0 if call else 1 if "texts" in leaf.path[:2] else 2,)


def _key_of_change(call: str, where: str, leaf: Leaf) -> str:
    return json.dumps([call, where, _value(leaf.before), _value(leaf.after)], sort_keys=True, default=str)


def _value(value: Any) -> Any:
    return None if value is ABSENT else value


def _inside(value: Any, step: str | int) -> Any:
    """A member of a JSON value, or of the JSON that a text is."""
    if isinstance(value, str):
        value = parsed(value)
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _where(path: Sequence[str | int], said: Any) -> str:
    """A path as people write it; of a joined text, the place of that text."""
    if path[:2] == ("answer", "texts") and len(path) > 3 and path[3] == "text":
        place = _inside(_inside(_inside(_inside(said, "answer"), "texts"), path[2]), "place")
        return _written((str(place), *path[4:]))
    return _written(path[1:] if path[:1] in (("function",), ("code_interpreter",)) else path)


def _written(path: Sequence[str | int]) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
