"""The script: what the "model" behind the stand-in does, read from a TOML file.

The format is described at the top of `default.toml`, which ships with the package. Parsing and choosing are pure;
only `load_script` touches a file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from .objects import JsonObject
from .template import names_in

FAIL_CODES = ("rate_limit_exceeded", "server_error", "invalid_prompt")
INCOMPLETE_REASONS = ("max_completion_tokens", "max_prompt_tokens")
NO_RULE_ANSWER = "My script has no rule for this message."


class ScriptError(Exception):
    """A script that cannot be used; the message is one sentence with the file, what is wrong, and what to do."""


@dataclass(frozen=True)
class Timing:
    """How long things take, in milliseconds."""

    queued_ms: float = 150
    tools_ms: float = 250
    answer_ms: float = 250
    frame_ms: float = 15
    cancel_ms: float = 200


@dataclass(frozen=True)
class Call:
    """A scripted function call; the strings in `arguments` are templates."""

    tool: str
    arguments: JsonObject


@dataclass(frozen=True)
class Failure:
    """The `last_error` of a run that is to fail."""

    code: str
    message: str


@dataclass(frozen=True)
class Rule:
    """One rule: when it applies (`match`; None always), the rounds of calls, and how the run ends."""

    match: re.Pattern[str] | None = None
    rounds: tuple[tuple[Call, ...], ...] = ()
    answer: str = ""
    fail: Failure | None = None
    incomplete: str | None = None


@dataclass(frozen=True)
class Script:
    """A whole script: timing, beginnings of keys that are refused, rules in order."""

    rules: tuple[Rule, ...] = ()
    timing: Timing = Timing()
    refused: tuple[str, ...] = ("sk-bad",)


@dataclass(frozen=True)
class Part:
    """The rule a run plays, with the words it was matched with (`message` and the named groups)."""

    rule: Rule
    groups: Mapping[str, str]


def choose(script: Script, text: str) -> Part:
    """The first rule that matches the user's text."""
    for rule in script.rules:
        found = rule.match.search(text) if rule.match else None
        if found or rule.match is None:
            named = found.groupdict(default="") if found else {}
            return Part(rule, {"message": text, **named})
    return Part(Rule(answer=NO_RULE_ANSWER), {"message": text})


def load_script(path: Path | None) -> Script:
    """The script in this file, or the one that ships with the package for None. Raises ScriptError."""
    if path is None:
        return parse_script(files("toolreel.standin").joinpath("default.toml").read_text("utf-8"), "default.toml")
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ScriptError(f"cannot read the script {path} ({reason}): name a readable TOML file.") from error
    except UnicodeDecodeError as error:
        raise ScriptError(f"the script {path} is not UTF-8 text: save it as UTF-8.") from error
    return parse_script(text, str(path))


def parse_script(text: str, name: str) -> Script:
    """The script in this TOML text; `name` is the file's name for messages. Raises ScriptError."""
    try:
        return _script(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"the script {name} is not valid TOML, {error}: correct it there.") from error
    except _WrongError as error:
        raise ScriptError(f"the script {name} cannot be used: {error}.") from error


class _WrongError(Exception):
    """What is wrong and what to do, without the file's name and the full stop."""


def _script(data: JsonObject) -> Script:
    _known(data, ("timing", "keys", "rule"), "the top level")
    keys = _table(data.get("keys", {}), "[keys]")
    _known(keys, ("refused",), "[keys]")
    refused = keys.get("refused", ["sk-bad"])
    if not isinstance(refused, list) or not all(isinstance(key, str) and key for key in refused):
        raise _WrongError("keys.refused must be a list of non-empty strings")
    rules = data.get("rule", [])
    if not isinstance(rules, list):
        raise _WrongError("rules must be written as [[rule]], with two brackets")
    return Script(
        rules=tuple(_rule(_table(rule, f"rule {n}"), f"rule {n}") for n, rule in enumerate(rules, 1)),
        timing=_timing(_table(data.get("timing", {}), "[timing]")),
        refused=tuple(refused),
    )


def _timing(data: JsonObject) -> Timing:
    _known(data, [field.name for field in fields(Timing)], "[timing]")
    for name, value in data.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
            raise _WrongError(f"timing.{name} must be a number of milliseconds, zero or more")
    return Timing(**data)


def _rule(data: JsonObject, where: str) -> Rule:
    _known(data, ("match", "rounds", "answer", "fail", "incomplete"), where)
    rule = Rule(
        match=_pattern(data["match"], where) if "match" in data else None,
        rounds=_rounds(data.get("rounds", []), where),
        answer=_string(data.get("answer", ""), f"'answer' of {where}"),
        fail=_failure(_table(data["fail"], f"'fail' of {where}"), where) if "fail" in data else None,
        incomplete=_one_of(data["incomplete"], INCOMPLETE_REASONS, f"'incomplete' of {where}")
        if "incomplete" in data
        else None,
    )
    if bool(rule.answer) == bool(rule.fail):
        raise _WrongError(f"{where} must have either 'answer' or 'fail'")
    if rule.fail and rule.incomplete:
        raise _WrongError(f"{where} has both 'fail' and 'incomplete': keep one")
    _check_names(rule, where)
    return rule


def _check_names(rule: Rule, where: str) -> None:
    """Refuse placeholders that can never have a value, and calls that use outputs of their own or a later round."""
    known = {"message", *(rule.match.groupindex if rule.match else ())}
    for calls in rule.rounds:
        for call in calls:
            _check_template(call.arguments, known, f"the arguments of {call.tool} in {where}")
        known.update(call.tool for call in calls)
    _check_template(rule.answer, known, f"'answer' of {where}")


def _check_template(node: Any, known: set[str], where: str) -> None:
    for name in names_in(node):
        if name not in known:
            raise _WrongError(
                f"{where} uses {{{name}}}, which is no named group of its match and no tool called before:"
                f" correct the name, or write {{{{{name}}}}} for plain text"
            )


def _pattern(value: Any, where: str) -> re.Pattern[str]:
    try:
        return re.compile(_string(value, f"'match' of {where}"), re.IGNORECASE)
    except re.error as error:
        raise _WrongError(f"'match' of {where} is no regular expression ({error}): correct it") from error


def _rounds(value: Any, where: str) -> tuple[tuple[Call, ...], ...]:
    if not isinstance(value, list) or not all(isinstance(calls, list) and calls for calls in value):
        raise _WrongError(f"'rounds' of {where} must be a list of rounds, each a list of calls: [[{{ tool = … }}]]")
    return tuple(tuple(_call(_table(call, f"a call of {where}"), where) for call in calls) for calls in value)


def _call(data: JsonObject, where: str) -> Call:
    _known(data, ("tool", "arguments"), f"a call of {where}")
    tool = _string(data.get("tool"), f"'tool' of a call of {where}")
    if not re.fullmatch(r"[A-Za-z_][\w-]{0,63}", tool, re.ASCII):
        raise _WrongError(f"'{tool}' in {where} is no function name: use letters, digits, _ and -")
    arguments = _table(data.get("arguments", {}), f"'arguments' of {tool} in {where}")
    _check_json(arguments, f"the arguments of {tool} in {where}")
    return Call(tool, arguments)


def _check_json(node: Any, where: str) -> None:
    """TOML has dates and times; JSON has not."""
    if isinstance(node, (dict, list)):
        for child in node.values() if isinstance(node, dict) else node:
            _check_json(child, where)
    elif not isinstance(node, (str, int, float)):
        raise _WrongError(f"{where} hold {node}, which JSON cannot: write it as a string")


def _failure(data: JsonObject, where: str) -> Failure:
    _known(data, ("code", "message"), f"'fail' of {where}")
    code = _one_of(data.get("code"), FAIL_CODES, f"'fail.code' of {where}")
    return Failure(code, _string(data.get("message"), f"'fail.message' of {where}"))


def _known(data: JsonObject, names: Iterable[str], where: str) -> None:
    allowed = list(names)
    for key in data:
        if key not in allowed:
            raise _WrongError(f"{where} has an unknown entry '{key}': it takes {', '.join(allowed)}")


def _table(value: Any, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise _WrongError(f"{where} must be a table")
    return value


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _WrongError(f"{where} must be a string")
    return value


def _one_of(value: Any, allowed: tuple[str, ...], where: str) -> str:
    if value not in allowed:
        raise _WrongError(f"{where} must be one of {', '.join(allowed)}")
    return str(value)
