from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.view import findings as module

from .looking import TOKEN, Seen, Viewer


def named(page: Seen) -> list[str]:
    """The cassettes on a page, in their order."""
    before = f"/{TOKEN}/cassette/"
    return [link.removeprefix(before) for link in page.links if link.startswith(before)]


def test_what_is_wrong_stands_there_for_every_cassette_the_worst_first(viewer: Viewer) -> None:
    page = viewer.page("findings")
    assert named(page) == ["broken", "sub/unanswered"]
    assert "1 error, 1 warning in 2 cassettes of 6" in page.text
    assert "✕ error broken Cassette" in page.text
    assert "! warning calls request 4 answer run_1 waits for the outputs" in page.text
    assert f"/{TOKEN}/request/4/sub/unanswered" in page.links
    assert [one.get("aria-current") for one in page.all("a") if one["href"].endswith("/findings")] == ["page"]


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("name=unans", ["sub/unanswered"]),
        ("name=sub/*", ["sub/unanswered"]),
        ("level=error", ["broken"]),
        ("level=note", []),
        ("rule=calls", ["sub/unanswered"]),
        ("rule=calls&level=error", []),
        ("level=nonsense", []),
        ("page=7", ["broken", "sub/unanswered"]),
    ],
)
def test_filters(viewer: Viewer, query: str, listed: list[str]) -> None:
    page = viewer.page(f"findings?{query}")
    assert named(page) == listed
    assert listed or "No finding fits." in page.text


def test_the_form_shows_what_was_asked_for(viewer: Viewer) -> None:
    page = viewer.page("findings?name=%22u%22&level=error&rule=calls")
    assert page.source.count("<option selected>") == 2
    assert '"u"' in [one.get("value") for one in page.all("input")]


def test_many_findings_have_pages(viewer: Viewer, folder: Path) -> None:
    broken = (folder / "broken.json").read_bytes()
    for n in range(150):
        (folder / f"b{n:03}.json").write_bytes(broken)
    page = viewer.page("findings?level=error")
    assert "151 errors" in page.text
    assert len(named(page)) == 100
    assert f"/{TOKEN}/findings?level=error&page=2" in page.links
    assert len(named(viewer.page("findings?level=error&page=2"))) == 51


def test_where_nothing_is_wrong_that_is_said(viewer: Viewer, folder: Path) -> None:
    (folder / "broken.json").unlink()
    (folder / "sub" / "unanswered.json").unlink()
    page = viewer.page("findings")
    assert "✓ Nothing found in 4 cassettes" in page.text
    assert len(page.all("form")) == 1


def test_what_takes_long_goes_on_when_it_is_asked_for(viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BRIEFLY", -1)
    for query in ("name=sub", "page=1"):
        page = viewer.page(f"findings?{query}")
        assert "0 cassettes looked at, 6 not yet." in page.text
        assert "✓" not in page.text
    assert f"/{TOKEN}/findings?on=1" in page.links
    assert f"/{TOKEN}/findings?on=1&name=sub" in viewer.page("findings?name=sub").links
    assert named(viewer.page("findings?on=1&name=sub")) == ["sub/unanswered"]
    assert named(viewer.page("findings?page=1")) == ["broken", "sub/unanswered"]


def test_where_there_is_no_cassette_that_is_said(tmp_path: Path) -> None:
    page = Viewer(tmp_path / "none").page("findings")
    assert f"There are no cassettes in {tmp_path}/none yet." in page.text
    assert "✓" not in page.text
