from __future__ import annotations

from typing import Any

import pytest

from toolreel.redaction.rules import DEFAULT_RULES, Path, leaves, plain_key, rules_from


@pytest.mark.parametrize(
    "name",
    ["password", "PassWord", "api_key", "Api-Key", "X-API-KEY", "DB_PASSWORD", "OPENAI_API_KEY", "X-Amz-Signature"],
)
def test_secret_keys(name: str) -> None:
    assert DEFAULT_RULES.is_secret_key(name)


@pytest.mark.parametrize(
    "name", ["", "token", "max_completion_tokens", "passwords", "my_password", "PASSWORD_HINT", "key", "PASSWORDX"]
)
def test_other_keys(name: str) -> None:
    assert not DEFAULT_RULES.is_secret_key(name)


def test_keys_are_compared_without_case_and_dashes() -> None:
    assert plain_key("X-Api_KEY") == "xapikey"


def test_every_secret_key_has_a_hint() -> None:
    assert all(any(hint in key for hint in DEFAULT_RULES.key_hints) for key in DEFAULT_RULES.secret_keys)


def test_the_user_adds_to_the_defaults() -> None:
    rules = rules_from(
        {
            "patterns": [{"pattern": "acme_[0-9]+", "max_length": 40}],
            "keys": ["Acme-Id"],
            "json_paths": ["$.metadata.customer"],
        }
    )
    assert rules.is_secret_key("acme_id")
    assert rules.is_secret_key("password")
    assert rules.patterns[0].max_length == 40
    selected = rules.selected({"metadata": {"customer": ["x", 1, True, None]}})
    assert selected == frozenset[Path]({("metadata", "customer", 0), ("metadata", "customer", 1)})
    assert rules_from({}) == DEFAULT_RULES


def test_strings_and_numbers_are_leaves() -> None:
    assert set(leaves({"a": [1, {"b": "x"}], "c": None, "d": False})) == {("a", 0), ("a", 1, "b")}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pattern": []}, "redact.pattern is not a setting; there are json_paths, keys, patterns"),
        ({"keys": "password"}, "redact.keys must be a list, not 'password'"),
        ({"keys": ["-"]}, "redact.keys[0] must be the name of a key, not '-'"),
        ({"keys": [1]}, "redact.keys[0] must be the name of a key, not 1"),
        ({"patterns": ["x"]}, "redact.patterns[0] must be a table"),
        ({"patterns": [{"pattern": "x"}]}, "redact.patterns[0] must be a table"),
        ({"patterns": [{"pattern": 1, "max_length": 1}]}, "redact.patterns[0] must be a table"),
        (
            {"patterns": [{"pattern": "x", "max_length": 0}]},
            "redact.patterns[0].max_length must be a whole number from 1 to 512",
        ),
        ({"patterns": [{"pattern": "x", "max_length": 513}]}, "redact.patterns[0].max_length must be a whole number"),
        (
            {"patterns": [{"pattern": "x", "max_length": True}]},
            "redact.patterns[0].max_length must be a whole number",
        ),
        ({"patterns": [{"pattern": "(", "max_length": 9}]}, "redact.patterns[0].pattern is no regular expression"),
        ({"patterns": [{"pattern": "x*", "max_length": 9}]}, "redact.patterns[0].pattern also matches nothing"),
        ({"json_paths": [1]}, "redact.json_paths[0] must be a JSONPath such as"),
        ({"json_paths": ["$.a", "$.["]}, "redact.json_paths[1] is no JSONPath (RFC 9535): '$.['"),
        ({"json_paths": ["a.b"]}, "redact.json_paths[0] must be a JSONPath such as $.metadata.customer, not 'a.b'"),
        ({"json_paths": [""]}, "redact.json_paths[0] must be a JSONPath such as $.metadata.customer, not ''"),
    ],
)
def test_settings_that_are_not_understood(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        rules_from(settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
