from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.replay.miss import Miss, MissCode
from toolreel.store.misses import note_misses
from toolreel.view.listing import excerpt

from .looking import TOKEN, Seen, Viewer

EVERY = ["broken", "failed", "sub/food", "sub/friday", "sub/unanswered", "weather"]


def names(page: Seen) -> list[str]:
    """The cassettes on a page, by the addresses that lead to them."""
    before = f"/{TOKEN}/cassette/"
    return [link.removeprefix(before) for link in page.links if link.startswith(before)]


def test_the_list_has_every_cassette_with_its_figures(viewer: Viewer) -> None:
    page = viewer.page()
    assert names(page) == EVERY
    assert "weather 12 2 4 2 0 46 kB 2026-11-22" in page.text
    assert "✕ broken Cassette" in page.text
    assert "the file seems to be cut short" in page.text


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("name=o", ["broken", "sub/food"]),
        ("name=sub/f*", ["sub/food", "sub/friday"]),
        ("tool=get_weather", ["failed", "weather"]),
        ("streams=1", ["failed", "weather"]),
        ("failed=1", ["failed"]),
        ("streams=1&sort=failures", ["failed", "weather"]),
        ("streams=1&reverse=1", ["weather", "failed"]),
        ("sort=nonsense&page=x", EVERY),
        ("name=nothing", []),
        ("tool=%3Cscript%3E", []),
    ],
)
def test_filters_and_sorting(viewer: Viewer, query: str, listed: list[str]) -> None:
    page = viewer.page(f"?{query}")
    assert names(page) == listed
    assert listed or "No cassette fits." in page.text


def test_the_form_shows_what_was_asked_for(viewer: Viewer) -> None:
    page = viewer.page("?name=%22f%22&tool=get_weather&sort=size&failed=1")
    selected = [one["value"] for one in page.all("option") if "selected" in one]
    assert selected == ["get_weather", "size"]
    assert [one["name"] for one in page.all("input") if "checked" in one] == ["failed"]
    assert '"f"' in [one.get("value") for one in page.all("input")]


def test_a_long_list_has_pages(viewer: Viewer, folder: Path) -> None:
    data = (folder / "sub" / "unanswered.json").read_bytes()
    for n in range(101):
        (folder / "sub" / f"copy{n:03}.json").write_bytes(data)
    page = viewer.page("?name=copy&sort=name")
    assert len(names(page)) == 100
    assert f"/{TOKEN}/?name=copy&page=2" in page.links
    assert names(viewer.page("?name=copy&page=2")) == ["sub/copy100"]


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_folder_says_what_to_do(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "none"
    if there:
        folder.mkdir()
    page = Viewer(folder).page()
    assert f"There are no cassettes in {folder} yet." in page.text
    assert "toolreel record NAME" in page.text
    assert not (tmp_path / ".toolreel").exists()


def test_search_shows_where_words_stand(viewer: Viewer) -> None:
    page = viewer.page("search?q=paris+rain")
    assert f"/{TOKEN}/request/4/weather" in page.links
    assert "In Paris it is 18° and light rain" in page.text
    assert page.source.count("<mark>Paris</mark>") == 2  # in two takes of the same conversation
    assert [one["value"] for one in page.all("input")] == ["paris rain"]


@pytest.mark.parametrize("words", ["", "   ", '""', "zebra", "%00"])
def test_search_without_a_find(viewer: Viewer, words: str) -> None:
    page = viewer.page(f"search?q={words}")
    assert names(page) == []
    assert "Nothing found." in page.text or "Whole words" in page.text


def test_what_is_found_in_many_places_has_pages(viewer: Viewer, folder: Path) -> None:
    data = (folder / "sub" / "unanswered.json").read_bytes()
    for n in range(60):
        (folder / "sub" / f"copy{n:03}.json").write_bytes(data)
    page = viewer.page("search?q=thursday")
    assert "Page 1 of 2" in page.text
    assert f"/{TOKEN}/search?q=thursday&page=2" in page.links
    first, last = names(page), names(viewer.page("search?q=thursday&page=9"))
    assert len(first) + len(last) in (64, 65)  # one may be on both
    assert first < last
    assert viewer.page("search?q=hursda&page=2").text.count("hursda") > 1


def test_what_was_found_is_marked_and_nothing_else_is_markup() -> None:
    assert excerpt("a <b>\x02<i>\x03 thread_000000000000000000000001") == "a &lt;b&gt;<mark>&lt;i&gt;</mark> thread_1"


def test_misses_are_told_the_newest_first(viewer: Viewer, folder: Path) -> None:
    assert "No misses." in viewer.page("misses").text
    viewer.page()  # makes the store
    for text in ("first <b>", "second"):
        note_misses(folder, ["weather"], [Miss(MissCode.NO_MATCH, text, "$.model")])
    page = viewer.page("misses")
    assert page.text.index("second") < page.text.index("first <b>")
    assert "no_match" in page.text
    assert "$.model" in page.text
    assert names(page) == ["weather", "weather"]


def test_a_miss_of_a_cassette_that_is_gone_is_told_too(viewer: Viewer, folder: Path) -> None:
    viewer.page()
    note_misses(folder, ["weather", "gone"], [Miss(MissCode.NO_MATCH, "No.", None)] * 101)
    page = viewer.page("misses")
    assert "weather gone No." in page.text
    assert names(page) == ["weather"] * 100
    assert names(viewer.page("misses?page=2")) == ["weather"]
