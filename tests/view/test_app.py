"""All pages together: what each must have, and that nothing a cassette says becomes more than text."""

from __future__ import annotations

import re
from importlib import resources
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest

from toolreel.replay.miss import Miss, MissCode
from toolreel.store.misses import note_misses

from .hostile import ALL, EVIL, write
from .looking import TOKEN, Seen, Viewer

PATHS = ("", "search?q=paris", "diff?a=weather&b=sub/food", "misses", "cassette/weather", "cassette/broken")
MORE = ("findings", "findings?level=note", "request/3/weather", "request/99/weather", "nothing", "search", "diff")


def any_page(viewer: Viewer, path: str) -> Seen:
    return viewer.page(path, 404 if path in ("request/99/weather", "nothing") else 200)


@pytest.mark.parametrize("path", [*PATHS, *MORE])
def test_every_page_can_be_used_with_a_keyboard_and_a_screen_reader(viewer: Viewer, path: str) -> None:
    page = any_page(viewer, path)
    assert page.source.startswith('<!doctype html>\n<html lang="en">')
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert page.links[0] == "#main"
    assert page.all("main")[0]["id"] == "main"
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {attributes["for"] for attributes in page.all("label") if "for" in attributes}
    for one in page.all("input") + page.all("select"):
        assert one.get("type") in ("hidden", "checkbox") or one["id"] in named
    for _, attributes in page.elements:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    assert all("scope" in one for one in page.all("th"))
    assert all(one.get("aria-label") or one.get("aria-hidden") for one in page.all("svg"))
    assert all(
        one["aria-label"] and one["tabindex"] == "0" for one in page.all("div") if one.get("class") == "scroll"
    )


@pytest.mark.parametrize("path", [*PATHS, *MORE])
def test_nothing_stands_in_a_page_that_its_policy_forbids(viewer: Viewer, path: str) -> None:
    harmless(any_page(viewer, path))


def harmless(page: Seen) -> None:
    assert not {tag for tag, _ in page.elements} & {"img", "iframe", "object", "embed", "base", "style", "video"}
    assert [one["src"] for one in page.all("script")] == [f"/{TOKEN}/static/view.js"]
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action"):
            address = attributes.get(name, "#main")
            assert re.fullmatch("#main|#c[0-9]+", address) or address.startswith(f"/{TOKEN}/")


def test_what_a_cassette_says_is_text_on_every_page(tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    names = write(folder)
    viewer = Viewer(folder)
    paths = ["", "search?q=owned", f"search?q={quote(ALL)}", f"?name={quote(ALL)}&tool={quote(ALL)}", "misses"]
    paths += [f"request/{n}/hostile" for n in range(1, 8)] + [f"cassette/{quote(name)}" for name in names]
    paths += [f"diff?a={quote(ALL)}&b={quote(ALL)}", "diff?a=hostile&b=hostile", "findings"]
    paths += [f"diff?b=hostile&rev={quote(ALL)}", f"findings?name={quote(ALL)}&level={quote(ALL)}&rule={quote(ALL)}"]
    viewer.page()
    note_misses(folder, ["hostile"], [Miss(MissCode.NO_MATCH, ALL, ALL)])
    for path in paths:
        page = viewer.page(path)
        harmless(page)
        assert "owned" not in [attributes.get("id") for _, attributes in page.elements]
        assert str(9871 * 9871) not in page.text
        assert not set(page.source) & {"\u202e", "\u2066", "\x00", "\x1b", "\u2028", "\x7f"}
    whole = viewer.page("cassette/hostile").text
    for evil in EVIL[:6]:
        assert evil in whole, evil
    assert "Not found" in viewer.page(f"cassette/{quote(ALL)}", 404).text


def test_the_bytes_of_a_hostile_cassette_are_no_page(tmp_path: Path) -> None:
    write(tmp_path)
    answer = Viewer(tmp_path).ask(f"/{TOKEN}/raw/answer/7/hostile")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("name", "kind"), [("view.css", "text/css"), ("view.js", "text/javascript")])
def test_style_and_script_are_served(viewer: Viewer, name: str, kind: str) -> None:
    answer = viewer.ask(f"/{TOKEN}/static/{name}")
    assert answer.headers["content-type"].startswith(kind)
    assert "http:" not in answer.text
    assert "url(" not in answer.text
    assert "innerHTML" not in answer.text


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_text_has_enough_contrast_light_and_dark(viewer: Viewer) -> None:
    css = viewer.ask(f"/{TOKEN}/static/view.css").text
    blocks = [block.partition("}")[0] for block in css.split(":root {")[1:]]
    for block in blocks:
        colours = dict(line.strip(" ;").split(": ") for line in block.splitlines() if ": #" in line)
        for ink in ("ink", "soft", "accent", "good", "bad", "warn", "call", "run", "user"):
            for ground in ("ground", "paper", "sunk", "accent-soft"):
                assert contrast(colours[f"--{ink}"], colours[f"--{ground}"]) >= 4.5, (ink, ground)
        for pair in (
            ("bad", "bad-soft"),
            ("warn", "warn-soft"),
            ("ink", "mark"),
            ("ink", "bad-soft"),
            ("paper", "accent"),
        ):
            assert contrast(colours[f"--{pair[0]}"], colours[f"--{pair[1]}"]) >= 4.5, pair
    assert len(blocks) == 2


STYLES = (resources.files("toolreel.view") / "static" / "view.css").read_text()
LIGHT, DARK = STYLES.split("@media (prefers-color-scheme: dark)")[:2]
GROUNDS = ("ground", "paper", "sunk")
ON = {
    **dict.fromkeys(("ink", "soft", "accent", "good", "bad", "warn", "call", "run", "user"), GROUNDS),
    "paper": ("accent",),
}
ON_SOFT = [("ink", "accent-soft"), ("accent", "accent-soft"), ("good", "accent-soft"), ("ink", "bad-soft")]
ON_SOFT += [("bad", "bad-soft"), ("warn", "warn-soft"), ("ink", "mark")]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"), [*((text, ground) for text, grounds in ON.items() for ground in grounds), *ON_SOFT]
)
def test_texts_stand_out_from_their_ground(scheme: str, text: str, ground: str) -> None:
    """As WCAG AA wants it."""
    colours: dict[str, str] = dict(re.findall(r"--([a-z-]+): #([0-9a-f]{6});", scheme))
    one, two = sorted((luminance(colours[text]), luminance(colours[ground])))
    assert (two + 0.05) / (one + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """How bright a colour is, by WCAG's formula."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
