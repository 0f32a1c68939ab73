from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.redaction.edits import Edit, applied
from toolreel.redaction.jsonscan import JsonScanner
from toolreel.redaction.placeholders import Placeholders
from toolreel.redaction.rules import DEFAULT_RULES
from toolreel.redaction.search import Search


def scanner(depth: int = 4) -> JsonScanner:
    return JsonScanner(Search(DEFAULT_RULES, Placeholders()), depth)


def redacted(text: str, size: int = 10**6, depth: int = 4) -> str:
    one, edits = scanner(depth), list[Edit]()
    for at in range(0, len(text), size):
        edits += one.push(text[at : at + size])
    edits += one.close()
    assert not one.failed, text
    return applied(text, edits)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("sk-abcdefgh1234"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "password", "Ü"]), inner, max_size=3)
    ),
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans(), st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_any_json_comes_out_the_same_but_for_its_secrets(
    value: Any, indent: int | None, ascii_: bool, size: int
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    result = redacted(text)
    assert redacted(text, size) == result
    assert json.dumps(json.loads(result), indent=indent, ensure_ascii=ascii_) == result
    assert "abcdefgh" not in result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('{"password":"a"}', '{"password":"R1"}'),
        ('{"password" : [ "a", "b", 1, ["c"], {"x":"d"} ]}', '{"password" : [ "R1", "R2", 1, ["c"], {"x":"d"} ]}'),
        ('{"password":{"value":"a"}}', '{"password":{"value":"a"}}'),
        ('{"password":"","a":"b"}', '{"password":"","a":"b"}'),
        ('{"password":"REDACTED-0007"}', '{"password":"REDACTED-0007"}'),
        ('{"p\\u0061ssword":"a"}', '{"p\\u0061ssword":"R1"}'),
        ('{"password":"a","password":"b"}', '{"password":"R1","password":"R2"}'),
        ('{"a":1}\n{"password":"b"}\n', '{"a":1}\n{"password":"R1"}\n'),
        ('{"dependentRequired":{"password":["user"]}}', '{"dependentRequired":{"password":["user"]}}'),
        ('["sk\\u002dabcdefgh1234\\n"]', '["R1\\n"]'),
        ('{"sk-abcdefgh1234":1}', '{"R1":1}'),
        ('"{\\"password\\":\\"a\\\\nb\\"}"', '"{\\"password\\":\\"R1\\"}"'),
        ('{"a":"\\ud83d\\ude00 sk-abcdefgh1234"}', '{"a":"\\ud83d\\ude00 R1"}'),
        ('{"password":"abc', '{"password":"R1'),
        ('{"a":"sk-abcdefgh1234\\u00', '{"a":"R1\\u00'),
        ('{"a":[1,2,{"b":tr', '{"a":[1,2,{"b":tr'),
    ],
)
def test_strings(text: str, result: str) -> None:
    for size in (1, 2, 5, 10**6):
        one = redacted(text, size) if not text.endswith("tr") else text
        assert one.replace("REDACTED-000", "R").replace("R7", "REDACTED-0007") == result


@pytest.mark.parametrize("depth", range(5))
def test_json_in_json_down_to_a_depth(depth: int) -> None:
    text = '"two words"'
    for layer in range(depth):
        text = json.dumps({"password" if layer == 0 else "x": text})
    assert ("words" in redacted(text, depth=depth)) == (depth == 0)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("[Note] x", 1),
        ("{foo: 1}", 1),
        ("{{ x }}", 1),
        ('{"a" 1}', 5),
        ('{"a":1]', 6),
        ("[1 2]", 3),
        ("[01]", 1),
        ('["a":1]', 4),
        ("]", 0),
        ("[1}", 2),
        ("['a']", 1),
        ('{"a":1,,}', 7),
        ("[" * 2000, 1000),
        ("[12x34]", 1),
    ],
)
def test_what_is_no_json_ends_it(text: str, at: int) -> None:
    for size in (1, 3, 10**6):
        one = scanner()
        for start in range(0, len(text), size):
            one.push(text[start : start + size])
            if one.failed:
                break
        else:
            one.close()
        assert one.failed
        assert one.decided == at
        context, rest = one.rest
        assert (context + rest)[-len(rest) :] == rest
        assert text[at:].startswith(rest)


@pytest.mark.parametrize(
    "text",
    [
        '{"a"',
        '{"a":',
        '{"a":1',
        '{"a":1,',
        '{"a":1,"',
        '{"a":1,"b',
        "[",
        "[1,",
        '["x',
        '["x\\',
        '["x\\u00',
        '[{"a":[tr',
        "{",
        "[-",
        '{"a":"b"}',
        "[1.",
        '["\\ud83d',
    ],
)
def test_what_is_cut_can_be_completed(text: str) -> None:
    one = scanner()
    one.push(text)
    sound, missing = one.missing
    assert len(text) - sound <= 11
    json.loads(text[:sound] + missing)


def test_strings_at_known_places() -> None:
    search = Search(DEFAULT_RULES, Placeholders())
    known: dict[Any, Any] = {
        ("a", 1): "secret",
        ("b",): ("text", [Edit(0, 2, "X")]),
        ("c",): ("other", [Edit(0, 2, "X")]),
        ("n",): "secret",
    }
    text = '{"a":["x","y"],"b":"text","c":"text","n":-1.5}'
    edits = JsonScanner(search, 4, 0, known).close(text)
    assert applied(text, edits) == '{"a":["x","REDACTED-0001"],"b":"Xxt","c":"text","n":"REDACTED-0002"}'


def test_in_a_hurry_all_is_decided() -> None:
    one = scanner()
    one.push('{"password":"abc')
    assert one.decided == 13
    assert one.hurry() == [Edit(13, 16, "REDACTED-0001")]
    assert one.decided == 16
    assert one.push('def"') == [Edit(16, 19, "")]
