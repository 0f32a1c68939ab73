from __future__ import annotations

from toolreel.audit.relaxations import bare, lacking
from toolreel.redaction.rules import json_path
from toolreel.replay.rules import MatchRules, Mode

PATHS = tuple(json_path(path, "ignore") for path in ("$.metadata", "$.user"))
RULES = MatchRules(
    ignore=PATHS,
    ignore_query=frozenset({"limit"}),
    match_query=frozenset({"api-version"}),
    match_headers=frozenset({"openai-beta"}),
    tools={"get_time": Mode.SHAPE, "get_weather": Mode.EXACT},
    tool_default=Mode.IGNORE,
    free=("req_",),
    replace=lambda text: [],
)


def test_each_rule_can_be_left_out() -> None:
    found = lacking(RULES)
    assert list(found) == [
        "--ignore $['metadata']",
        "--ignore $['user']",
        "--ignore-query limit",
        "--tool-output get_time=shape",
        "--tool-output ignore",
        "ids.free req_",
        "normalise",
    ]
    assert found["--ignore $['user']"].ignore == PATHS[:1]
    assert found["--ignore-query limit"].ignore_query == frozenset()
    assert found["--tool-output get_time=shape"].tools == {"get_time": Mode.EXACT, "get_weather": Mode.EXACT}
    assert found["--tool-output ignore"].tool_default is Mode.EXACT
    assert found["ids.free req_"].free == ()
    assert found["normalise"].replace is None
    assert all(rules.match_headers for rules in found.values())


def test_bare_of_all_rules_what_counts_counts() -> None:
    assert lacking(bare(RULES)) == {}
    assert (bare(RULES).match_query, bare(RULES).match_headers) == (RULES.match_query, RULES.match_headers)
    assert lacking(MatchRules()) == {}
