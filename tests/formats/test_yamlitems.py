from __future__ import annotations

import io
import tracemalloc
from typing import Any

import pytest

from toolreel.formats import yamlitems
from toolreel.formats.found import FormatError
from toolreel.formats.yamlitems import Plain, YamlDocument

LISTS = frozenset({"items"})


def walked(text: str | bytes) -> list[tuple[str, Any]]:
    data = text.encode() if isinstance(text, str) else text
    return list(YamlDocument(io.BytesIO(data), LISTS).walk())  # type: ignore[arg-type]


def test_items_come_one_by_one_and_other_members_whole() -> None:
    assert walked("a: [1, {items: []}]\nitems:\n- 1\n- x\n- {y: null}\nb: {}\n") == [
        ("a", ["1", {"items": []}]),
        ("items", "1"),
        ("items", "x"),
        ("items", {"y": None}),
        ("b", {}),
    ]


def test_plain_scalars_stay_the_text_that_they_are() -> None:
    """`2026-06-17` is no date, `0x1f` no 31, and `no` not false: they may be bodies."""
    [(_, values)] = walked("values: [2026-06-17, 0x1f, no, 1.10, 'quoted', \"2\"]")
    assert values == ["2026-06-17", "0x1f", "no", "1.10", "quoted", "2"]
    assert [type(value) is Plain for value in values] == [True, True, True, True, False, False]


def test_nothing_is_none() -> None:
    assert walked("values: [~, null, Null, '', '~', ]\nitems:\n") == [
        ("values", [None, None, None, "", "~"]),
        ("items", None),
    ]


@pytest.mark.parametrize("tag", ["!!binary", "!binary"])
def test_bytes_are_base64(tag: str) -> None:
    assert walked(f"a: {tag} |\n  AAEC\n  /w==\n") == [("a", b"\0\1\2\xff")]


@pytest.mark.parametrize("tag", ["!!str", "!", "!str", "!!python/unicode", "!!python/str"])
def test_tags_of_text_are_text(tag: str) -> None:
    assert walked(f"a: {tag} '12'\n") == [("a", "12")]


def test_aliases_repeat_what_was_said() -> None:
    """VCR.py and Ruby VCR write them for lists that are the same object."""
    assert walked("items:\n- h: &id001 [a, b]\n- h: *id001\nz: *id001\n") == [
        ("items", {"h": ["a", "b"]}),
        ("items", {"h": ["a", "b"]}),
        ("z", ["a", "b"]),
    ]


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['true']",
        "!!python/object/new:os.system ['true']",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!ruby/object:Gem::Installer {i: x}",
        "!ruby/struct:VCR::Request {method: get}",
        "!ruby/regexp /a/",
        "!include /etc/passwd",
        "!!set {a}",
        "!!omap [a: 1]",
    ],
)
def test_no_tag_makes_an_object(tag: str) -> None:
    with pytest.raises(FormatError, match=r"has the YAML tag .* \(line 2\), and toolreel reads plain YAML only"):
        walked(f"items:\n- {tag}\n")


def test_a_billion_laughs_are_refused_at_once() -> None:
    lines = ["a0: &a0 [lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="says more with its aliases than can be read"):
            walked("\n".join(lines))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("text", ["items: &a [*a]", "items:\n- *nobody\n", "a: &a {b: *a}"])
def test_an_alias_of_itself_or_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match="anchor"):
        walked(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: " + "[" * 10_000, "is nested deeper than 100 levels"),
        ("\n".join("  " * n + f"a{n}:" for n in range(200)), "is nested deeper than 100 levels"),
        ("items:\n- a: 'b", r"is broken YAML, found unexpected end of stream \(line 2\)"),
        ("items:\n- a: b\n  - c", r"is broken YAML, .* \(line 3\)"),
        ("items:\n\t- a", "is broken YAML"),
        ("- a\n- b\n", "holds no mapping"),
        ("just a text", "holds no mapping"),
        ("", "holds no document"),
        ("{[a]: 1}", "has a key that is no text"),
        ("a: {[b]: 1}", "has a key that is no text"),
        ("a: !!binary 'a'", "has broken base64"),
        (b"a: '\xff\xfe'", "is not UTF-8"),
        (b"a: '\x00'", "is not UTF-8, or holds characters that YAML does not allow"),
    ],
)
def test_broken_documents_are_named(text: str | bytes, what: str) -> None:
    with pytest.raises(FormatError, match=what):
        walked(text)


def test_a_value_that_never_ends_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlitems, "LARGEST", 1 << 20)

    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size) or b"x " * ((size or 0) // 2)

    with pytest.raises(FormatError, match="more than 1 MiB"):
        list(YamlDocument(Endless(b"items:\n- '"), LISTS).walk())  # type: ignore[arg-type]


def test_what_was_read_before_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlitems, "LARGEST", 100_000)
    item = "- '" + "x" * 50_000 + "'\n"
    assert len(walked("items:\n" + item * 10)) == 10


def test_it_reads_without_the_c_library_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("yaml.CSafeLoader")
    test_items_come_one_by_one_and_other_members_whole()
    with pytest.raises(FormatError, match="is not UTF-8"):
        walked(b"a: '\xff\xfe'")
