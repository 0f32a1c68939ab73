"""The page about secrets names what is looked for."""

from __future__ import annotations

import pathlib
import re
import tomllib

from toolreel.redaction.rules import SECRET_KEYS, Path, rules_from
from toolreel.redaction.shapes import SHAPES

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "secrets.md").read_text()


def block(kind: str) -> str:
    found = re.search(f"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_name_stands_on_the_page() -> None:
    assert block("text").split() == sorted(SECRET_KEYS)


def test_every_look_stands_on_the_page() -> None:
    for shape in SHAPES:
        assert any(literal in PAGE for literal in shape.literals or shape.hints) or shape.hints[0] in PAGE.lower()


def test_the_settings_on_the_page_are_understood() -> None:
    rules = rules_from(tomllib.loads(block("toml"))["redact"])
    assert rules.is_secret_key("Customer-No")
    tools = {"env": [{"name": "API_TOKEN", "value": "a"}, {"name": "HOME", "value": "b"}]}
    assert rules.selected({"tools": tools}) == frozenset[Path]({("tools", "env", 0, "value")})
    assert rules.patterns[0].max_length == len("acme_0123456789ab")
