"""The rules by which more requests match than are equal: each can be left out, to see what it lets through."""

from __future__ import annotations

from dataclasses import replace

from toolreel.replay.rules import MatchRules, Mode


def bare(rules: MatchRules) -> MatchRules:
    """None of them, but what counts beyond the usual still counts."""
    return MatchRules(match_query=rules.match_query, match_headers=rules.match_headers)


def lacking(rules: MatchRules) -> dict[str, MatchRules]:
    """The rules without each of those that let more match, by its name among the options and settings."""
    found = {
        f"--ignore {path}": replace(rules, ignore=tuple(other for other in rules.ignore if other is not path))
        for path in rules.ignore
    }
    for name in sorted(rules.ignore_query):
        found[f"--ignore-query {name}"] = replace(rules, ignore_query=rules.ignore_query - {name})
    for name, mode in rules.tools.items():
        if mode is not Mode.EXACT:
            found[f"--tool-output {name}={mode}"] = replace(rules, tools={**rules.tools, name: Mode.EXACT})
    if rules.tool_default is not Mode.EXACT:
        found[f"--tool-output {rules.tool_default}"] = replace(rules, tool_default=Mode.EXACT)
    for prefix in rules.free:
        found[f"ids.free {prefix}"] = replace(rules, free=tuple(other for other in rules.free if other != prefix))
    if rules.replace:
        found["normalise"] = replace(rules, replace=None)
    return found
