from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolreel.messages.jsontext import MAX_DEPTH, STYLES, compact, parse, spell, spelled

QUICK = settings(max_examples=150, deadline=None)

# Strings of every kind that UTF-8 can hold, floats that JSON can hold, integers beyond 64 bits.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal in value, type and order of members; Python alone takes 1, 1.0 and True for the same."""
    return json.dumps(one) == json.dumps(other)


def nested(depth: int, inner: str = "") -> bytes:
    return f"{'[' * depth}{inner}{']' * depth}".encode()


def test_thirteen_styles_are_known() -> None:
    assert len(STYLES) == len(set(STYLES)) == 13
    assert spell({"a": [1]}, "unknown") == spell({"a": [1]}, "pretty2")


@pytest.mark.parametrize("style", STYLES)
@given(value=JSON)
@settings(max_examples=40, deadline=None)
def test_every_style_is_recognised_and_gives_back_value_and_bytes(style: str, value: Any) -> None:
    data = spell(value, style).encode()
    found = spelled(data)
    assert found is not None
    assert same(found.value, value)
    assert spell(found.value, found.style).encode() == data


@QUICK
@given(value=JSON, ascii_=st.booleans())
def test_what_is_pretty_is_what_json_takes_for_it(value: Any, ascii_: bool) -> None:
    said = json.dumps(value, indent=2, ensure_ascii=ascii_)
    assert spell(value, "pretty2+ascii" if ascii_ else "pretty2") == said


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": -float("inf")}])
def test_no_style_spells_what_json_has_not(style: str, value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        spell(value, style)


@pytest.mark.parametrize(
    ("text", "style"),
    [
        pytest.param('{"a":1,"b":[2]}', "compact", id="compact"),
        pytest.param('{"a": 1, "b": [2]}', "spaced", id="spaced"),
        pytest.param('{\n  "a": 1,\n  "b": [\n    2\n  ]\n}', "pretty2", id="pretty"),
        pytest.param('{"a":1,"b":[2]}\n', "compact+nl", id="compact-newline"),
        pytest.param('{\n  "a": 1\n}\n', "pretty2+nl", id="pretty-newline"),
        pytest.param('["é"]', "compact", id="raw-letters"),
        pytest.param('["\\u00e9"]', "compact+ascii", id="escaped-letters"),
        pytest.param('["\\ud83d\\ude00"]', "compact+ascii", id="escaped-pair-of-surrogates"),
        pytest.param('["\\u0001"]', "compact+ascii", id="escaped-control-character"),
        pytest.param('["é\\u0001"]', "compact", id="raw-letter-beside-control-character"),
        pytest.param('{"a": "\\u00e9"}\n', "spaced+ascii+nl", id="spaced-ascii-newline"),
        pytest.param('{\n  "a": "\\u00e9"\n}\n', "pretty2+ascii+nl", id="pretty-ascii-newline"),
        pytest.param("null", "compact", id="null"),
        pytest.param('""', "compact", id="empty-string"),
        pytest.param("{}", "compact", id="empty-object"),
        pytest.param("[]\n", "compact+nl", id="empty-array-newline"),
        pytest.param('{\n  "a": {},\n  "b": []\n}', "pretty2", id="empty-values-in-pretty"),
        pytest.param("1.0", "compact", id="float-with-zero"),
        pytest.param("-0.0", "compact", id="negative-float-zero"),
        pytest.param("1e+16", "compact", id="float-in-pythons-spelling"),
        pytest.param("123456789012345678901234567890", "compact", id="beyond-64-bits"),
        pytest.param("9" * 4300, "compact", id="longest-integer"),
        pytest.param('["a\\nb"]', "compact", id="newline-within-string"),
        pytest.param("[1,\u2028]".replace("\u2028", '"\u2028"'), "compact", id="line-separator"),
    ],
)
def test_the_style_of_a_text_is_found(text: str, style: str) -> None:
    found = spelled(text.encode())
    assert found is not None
    assert found.style == style
    assert same(found.value, json.loads(text))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"1.10", id="trailing-zero"),
        pytest.param(b"1e16", id="exponent-without-sign"),
        pytest.param(b"1E+16", id="capital-exponent"),
        pytest.param(b"-0", id="negative-integer-zero"),
        pytest.param(b"1e400", id="beyond-double"),
        pytest.param(b"0.1000000000000000055", id="more-digits-than-a-double-has"),
        pytest.param(b'{"a":1,"a":2}', id="duplicate-keys"),
        pytest.param(b'{"a":1,"a":1}', id="duplicate-members"),
        pytest.param(b'"\\/"', id="escaped-slash"),
        pytest.param(b'"\\u00E9"', id="capital-escape"),
        pytest.param(b'"\\u0041"', id="needless-escape"),
        pytest.param('["é","\\u00e9"]'.encode(), id="mixed-escapes"),
        pytest.param(b"NaN", id="nan"),
        pytest.param(b"[Infinity]", id="infinity"),
        pytest.param(b"[-Infinity]", id="minus-infinity"),
        pytest.param(b'"\\ud800"', id="escaped-lone-surrogate"),
        pytest.param(b'{"\\udc00":1}', id="escaped-lone-surrogate-in-key"),
        pytest.param(b'"\xed\xa0\x80"', id="raw-lone-surrogate"),
        pytest.param(b"9" * 4301, id="more-than-4300-digits"),
        pytest.param(nested(MAX_DEPTH + 1), id="too-deep"),
        pytest.param(nested(100_000), id="far-too-deep"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, id="too-deep-objects"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
        pytest.param(b'{"a":1} ', id="trailing-space"),
        pytest.param(b' {"a":1}', id="leading-space"),
        pytest.param(b'{"a":1}\r\n', id="trailing-crlf"),
        pytest.param(b'{"a":1}\n\n', id="two-newlines"),
        pytest.param(b'\n{"a":1}', id="leading-newline"),
        pytest.param(b'{"a" :1}', id="space-before-colon"),
        pytest.param(b'{"a": 1,"b": 2}', id="mixed-separators"),
        pytest.param(b'{\n    "a": 1\n}', id="indented-by-four"),
        pytest.param(b'{\r\n  "a": 1\r\n}', id="pretty-with-crlf"),
        pytest.param(b"{\n}", id="empty-object-on-two-lines"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n", id="newline-only"),
        pytest.param(b"{} {}", id="two-values"),
        pytest.param(b'{"a":1', id="cut"),
        pytest.param(b"data", id="no-json"),
        pytest.param(b"\xff\xfe{\x00}\x00", id="utf-16"),
        pytest.param(b"\xff", id="no-utf-8"),
    ],
)
def test_a_text_that_no_style_gives_back_is_no_json(data: bytes) -> None:
    assert spelled(data) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(nested(MAX_DEPTH), id="arrays"),
        pytest.param(nested(MAX_DEPTH, "1"), id="arrays-around-a-number"),
        pytest.param(b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH, id="objects"),
    ],
)
def test_the_greatest_depth_is_still_json(data: bytes) -> None:
    assert spelled(data) is not None


# Texts that are nearly JSON: its own tokens in any order, with the spellings that get lost.
TOKENS = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        '"a"',
        '"a":',
        "\\",
        "\\u00e9",
        "\\ud800",
        "é",
        "\x7f",
        "\n",
        " ",
        "  ",
        "0",
        "-",
        "1",
        ".",
        "e",
        "E",
        "+",
        "true",
        "null",
        "NaN",
        "-0",
        "1.0",
        "\t",
        "\r",
        "\ufeff",
        "\u2028",
    ]
)
NEAR_JSON = st.lists(TOKENS).map("".join).map(lambda text: text.encode())
MUTILATED = st.tuples(JSON, st.sampled_from(STYLES), st.integers(0, 40), TOKENS).map(
    lambda drawn: _insert(spell(drawn[0], drawn[1]), drawn[2], drawn[3]).encode()
)


def _insert(text: str, at: int, token: str) -> str:
    return text[:at] + token + text[at:]


@given(st.binary() | TEXTS.map(str.encode) | NEAR_JSON | MUTILATED)
@settings(max_examples=600, deadline=None)
def test_what_is_found_always_gives_back_the_bytes(data: bytes) -> None:
    found = spelled(data)
    if found is not None:
        assert spell(found.value, found.style).encode() == data
        compact(found.value).encode()  # a file in UTF-8 can hold it


@given(JSON)
@QUICK
def test_parse_reads_what_spell_writes(value: Any) -> None:
    assert all(same(parse(spell(value, style)), value) for style in STYLES)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("NaN", id="nan"),
        pytest.param("-Infinity", id="infinity"),
        pytest.param("[" * 100_000, id="too-deep"),
        pytest.param("1" * 4301, id="too-long-a-number"),
        pytest.param("\ufeff1", id="byte-order-mark"),
        pytest.param("{'a': 1}", id="single-quotes"),
        pytest.param("", id="nothing"),
    ],
)
def test_parse_refuses_what_is_no_json_with_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_spell_refuses_numbers_that_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        spell(float("nan"), "compact")


def test_an_unknown_style_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        spell({}, "pretty4")
