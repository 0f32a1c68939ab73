from __future__ import annotations

from pathlib import Path

from toolreel.errors import CommandError
from toolreel.view.comparing import said

from .looking import TOKEN, Viewer


def test_what_changed_and_nothing_else(viewer: Viewer) -> None:
    page = viewer.page("diff?a=sub/food&b=sub/friday")
    assert "1 conversation differs" in page.text
    assert "get_favorite_food_for_day_of_week arguments.day_of_week and in 1 other place" in page.text
    assert "was Thursday is Friday" in page.text
    assert {f"/{TOKEN}/request/4/sub/food", f"/{TOKEN}/request/4/sub/friday"} <= set(page.links)


def test_two_takes_of_one_conversation_are_the_same(viewer: Viewer) -> None:
    assert "✓ Same conversation" in viewer.page("diff?a=weather&b=weather").text


def test_what_only_one_has(viewer: Viewer) -> None:
    page = viewer.page("diff?a=sub/unanswered&b=weather")
    assert "only before" in page.text
    assert "only after" in page.text
    assert "Recorded from http://127.0.0.1:4010/v1, not https://api.openai.com/v1." in page.text


def test_the_form_offers_every_cassette(viewer: Viewer) -> None:
    page = viewer.page("diff?a=weather")
    assert "weather" in [one["value"] for one in page.all("option")]
    assert [one["value"] for one in page.all("input")[1:]] == ["weather", ""]


def test_where_there_is_git_a_revision_can_be_given(folder: Path) -> None:
    def past(revision: str, path: Path) -> bytes:
        if revision != "v1":
            raise CommandError(f"There is no {revision}.")
        return path.with_name("food.json").read_bytes()

    viewer = Viewer(folder, past)
    page = viewer.page("diff?b=sub/friday&rev=v1")
    assert "sub/friday at v1 → now 1 conversation differs" in page.text
    assert "was Thursday is Friday" in page.text
    assert f"/{TOKEN}/request/4/sub/friday" in page.links
    assert [one["value"] for one in page.all("input")[1:]] == ["", "", "sub/friday", "v1"]
    assert "✓ Same conversation" in viewer.page("diff?b=sub/food&rev=git:v1").text
    assert "There is no <v2>." in viewer.page("diff?b=sub/food&rev=%3Cv2%3E").text
    assert [one["value"] for one in viewer.page("diff?a=weather").all("input")[1:]] == [
        "weather",
        "",
        "weather",
        "HEAD",
    ]
    hidden = [one["value"] for one in viewer.page("cassette/weather").all("input") if one.get("type") == "hidden"]
    assert hidden == ["weather", "weather", "HEAD"]


def test_elsewhere_none_is_offered(viewer: Viewer) -> None:
    assert len(viewer.page("diff").all("form")) == 2
    assert "git" not in viewer.page("cassette/weather").text
    assert "in no checkout of git" in viewer.page("diff?b=weather&rev=HEAD").text


def test_what_cannot_be_compared_is_said(viewer: Viewer) -> None:
    assert "did you mean 'weather'" in viewer.page("diff?a=wether&b=weather").text
    assert "cut short" in viewer.page("diff?a=broken&b=weather").text


def test_long_values_are_cut() -> None:
    assert said("x" * 5000) == "x" * 4000 + "…"
    assert said({"a": ["ü"]}) == '{\n  "a": [\n    "ü"\n  ]\n}'
