"""The pages in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.food import FOLDER
from tests.inspect.tapes import SAMPLE
from tests.view.chromium import CHROMIUM, chromium
from tests.view.hostile import write
from tests.view.streams import timed
from toolreel.commands.cli import main
from toolreel.commands.git import git
from toolreel.commands.view import viewing
from toolreel.server.hosts import Listen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium: as root on Debian, .ci/browser installs it")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser") / "cassettes"
    folder.mkdir()
    for path in (SAMPLE, *FOLDER.glob("*.json")):
        shutil.copy(path, folder)
    (folder / "broken.json").write_text(SAMPLE.read_text()[:1000])
    (folder / "long.json").write_text(timed(2000))
    write(folder)
    with viewing(folder, Listen("127.0.0.1", 0)) as url:
        yield url


class Watch:
    """What a page did that it must not."""

    def __init__(self, page: Page, home: str) -> None:
        self.troubles: list[str] = []
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", lambda dialog: self.troubles.append(dialog.message))
        page.on("request", lambda request: self._asked(request.url, home))

    def _asked(self, url: str, home: str) -> None:
        if not url.startswith(home):
            self.troubles.append(url)


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """A page of its own, on which nothing may go wrong."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    watch = Watch(page, url)
    yield page
    context.close()
    assert not watch.troubles


def is_whole(page: Page) -> None:
    """Nothing is wider than the window, and nothing from a cassette ran."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    assert page.title() != "owned"
    assert page.locator("#owned, main img, main iframe, main script, main style").count() == 0


def test_from_the_list_to_a_frame(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("link", name="weather", exact=True).click()
    page.get_by_role("heading", name="Timeline").wait_for()
    is_whole(page)
    behind = page.locator("#n4 details.behind")
    assert not behind.get_by_text("submit", exact=False).first.is_visible()
    behind.locator("summary").first.click()
    assert behind.get_by_text('"tool_outputs"').first.is_visible()
    page.get_by_role("link", name="4 POST").click()
    rows = page.locator("table.frames tbody tr")
    rows.nth(27).wait_for()
    assert rows.count() == 28
    rows.nth(10).locator("summary").first.click()
    assert rows.nth(10).locator(".json .key").first.is_visible()
    assert page.get_by_role("img", name="When the 28 frames came").is_visible()
    is_whole(page)


def test_finding_and_folding(page: Page, url: str) -> None:
    page.goto(f"{url}request/4/weather")
    find = page.get_by_label("Find in this page")
    find.fill("thread.run.step.completed")
    status = page.locator(".scripted [role=status]")
    status.filter(has_text=" of ").wait_for()
    total = int(status.inner_text().split(" of ")[1])
    assert page.locator(".hit").count() == total > 0
    assert page.locator(".hit.current").is_visible()
    find.press("Enter")
    assert status.inner_text() == f"{min(2, total)} of {total}"
    find.fill("nowhere at all")
    status.filter(has_text="nothing found").wait_for()
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator("main details:not([open])").count() == 0
    page.get_by_role("button", name="Fold all", exact=True).click()
    assert page.locator("main details[open]").count() == 0


def test_the_keyboard_alone_is_enough(page: Page, url: str) -> None:
    page.goto(f"{url}cassette/food")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.localName"))
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert {"a", "button", "summary"} <= seen
    summary = page.locator("#n2 details.behind > summary")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("#n2 details.behind").get_attribute("open") is not None


def test_what_is_wrong_leads_to_its_place(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("link", name="Findings").click()
    page.get_by_label("Finding", exact=True).select_option("calls")
    page.get_by_role("button", name="Show").click()
    assert page.get_by_role("status").inner_text() == "1 warning in 1 cassette"
    page.get_by_role("link", name="request 4").click()
    page.get_by_role("heading", name="Findings").wait_for()
    assert page.get_by_text("nobody submits them").is_visible()
    is_whole(page)


def test_what_changed_since_a_revision(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    shutil.copy(SAMPLE, folder)
    for command in ("init", "add -A", "-c user.name=A -c user.email=a@example.com commit -m One"):
        git(tmp_path, *command.split())
    (folder / "weather.json").write_text(SAMPLE.read_text().replace("light rain", "fog"))
    with viewing(folder, Listen("127.0.0.1", 0)) as url:
        page = browser.new_page()
        watch = Watch(page, url)
        page.goto(f"{url}cassette/weather")
        page.get_by_role("button", name="Changes since git HEAD").click()
        assert page.get_by_text("2 conversations differ").is_visible()
        assert page.locator(".side.was").first.inner_text().split() == ["was", "light", "rain"]
        assert page.locator(".side.is").first.inner_text().split() == ["is", "fog"]
        page.get_by_role("textbox", name="Revision").fill("-p")
        page.get_by_role("textbox", name="Revision").press("Enter")
        assert page.get_by_role("alert").inner_text().endswith("'-p' is no revision.")
        is_whole(page)
        page.close()
    assert not watch.troubles


@pytest.mark.parametrize(("dark", "width"), [(False, 1280), (True, 360)])
def test_every_page_shows_light_and_dark_and_narrow(browser: Browser, url: str, dark: bool, width: int) -> None:
    context = browser.new_context(color_scheme="dark" if dark else "light", viewport={"width": width, "height": 800})
    page = context.new_page()
    watch = Watch(page, url)
    paths = ("", "cassette/weather", "cassette/broken", "cassette/hostile", "request/4/long", "request/4/hostile")
    for path in (*paths, "diff?a=food&b=friday", "search?q=owned", "findings", "misses"):
        page.goto(url + path)
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        is_whole(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground.removeprefix("rgb(")[:-1].split(","))) < 200) is dark
    context.close()
    assert not watch.troubles


def test_a_long_stream_is_there_at_once_and_can_be_gone_through(page: Page, url: str) -> None:
    page.goto(f"{url}cassette/long")
    page.get_by_role("link", name="Request and answer 4").click()
    assert page.get_by_text("Page 1 of 11").first.is_visible()
    page.get_by_role("link", name="Next →").first.click()
    page.locator("#f400").wait_for()  # the last one
    assert page.locator("table.frames tbody tr").count() == 200


def test_without_a_script_the_pages_work(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{url}request/4/weather")
    assert not page.get_by_role("button", name="Unfold all").is_visible()
    page.locator("table.frames tbody tr").first.locator("summary").first.click()
    assert page.locator("table.frames tbody tr .json .key").first.is_visible()
    page.get_by_role("searchbox").fill("paris")
    page.get_by_role("searchbox").press("Enter")
    assert page.locator("mark").first.inner_text() == "Paris"
    context.close()


def test_what_a_hostile_cassette_says_does_nothing_when_it_is_clicked(page: Page, url: str) -> None:
    page.goto(f"{url}cassette/hostile")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.get_by_text("onmouseover").first.hover()
    page.get_by_text("javascript:").first.click()
    is_whole(page)
    page.goto(url)
    page.get_by_role("link", name="<img src=x").click()
    page.get_by_role("heading", name="This cassette cannot be read").wait_for()
    is_whole(page)


def test_an_imported_recording_of_the_real_api(browser: Browser, recordings: Path, tmp_path: Path) -> None:
    folder, name = tmp_path / "cassettes", "dotnet_StreamingToolCall"
    with pytest.raises(SystemExit):
        main(["import", str(recordings / f"{name}.json"), "--cassettes", str(folder)])
    with viewing(folder, Listen("127.0.0.1", 0)) as url:
        page = browser.new_page()
        watch = Watch(page, url)
        page.goto(f"{url}cassette/{name}")
        assert page.get_by_text("✓ Nothing found").is_visible()
        told = page.locator(".conversation").last.inner_text()
        order = ["thread_1", "run_1", "What should I wear", "get_current_weather", "warm and sunny", "lightweight"]
        assert [text for text in order if text in told] == order
        assert [told.index(text) for text in order] == sorted(told.index(text) for text in order)
        is_whole(page)
        page.goto(f"{url}request/3/{name}")
        assert page.locator("table.frames tbody tr").count() == 51
        is_whole(page)
        page.close()
    assert not watch.troubles


def test_an_empty_directory(browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    with viewing(folder, Listen("127.0.0.1", 0)) as url:
        page = browser.new_page()
        watch = Watch(page, url)
        for path, text in {
            "": "There are no cassettes in",
            "findings": "There are no cassettes in",
            "misses": "No misses.",
            "diff": "By conversation, step",
            "search?q=paris": "Nothing found.",
        }.items():
            page.goto(url + path)
            assert page.locator("main").get_by_text(text).is_visible(), path
            is_whole(page)
        page.close()
    assert not watch.troubles
