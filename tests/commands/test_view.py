"""`view`: a server until Ctrl-C."""

from __future__ import annotations

import re
import webbrowser
from pathlib import Path

import httpx
import pytest

from toolreel.commands import child
from toolreel.commands import view as module
from toolreel.commands.cli import main
from toolreel.commands.git import git
from toolreel.commands.view import view, viewing
from toolreel.errors import CassetteError
from toolreel.server.hosts import Listen

FREE = Listen("127.0.0.1", 0)
SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cassettes"
    folder.mkdir()
    (folder / "weather.json").write_text(SAMPLE)
    return folder


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


class Sitting:
    """Somebody who sits before the screen: which address was printed, and which the browser was opened at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.opened: list[str] = []
        self.text = ""
        self._capsys = capsys
        monkeypatch.setattr(webbrowser, "open", lambda url: self.opened.append(url))
        monkeypatch.setattr(child, "wait_for_end", self._look)

    def _look(self) -> None:
        self.printed = re.findall(r"http://\S+", self._capsys.readouterr().err.replace("\n", " "))[0]
        self.text = get(self.printed).text


@pytest.fixture
def sitting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sitting:
    return Sitting(monkeypatch, capsys)


def test_it_serves_the_list_and_says_where(folder: Path, sitting: Sitting) -> None:
    assert view(folder, None, listen=FREE, browser=True) == 0
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[A-Za-z0-9_-]{32}/", sitting.printed)
    assert "<h1>Cassettes</h1>" in sitting.text
    assert not sitting.opened  # nobody sits at a terminal


def test_the_browser_is_opened_where_there_is_a_screen(
    folder: Path, sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_has_screen", lambda: True)
    view(folder, "weather", listen=FREE, browser=True)
    assert sitting.opened == [sitting.printed]
    assert sitting.printed.endswith("/cassette/weather")
    view(folder, "weather", listen=FREE, browser=False)
    assert len(sitting.opened) == 1


def test_a_browser_in_the_terminal_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert not module._has_screen()
    monkeypatch.setenv("DISPLAY", ":0")
    assert module._has_screen()
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    assert not module._has_screen()


def test_the_path_of_a_file_elsewhere_is_shown(folder: Path, sitting: Sitting, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "where.json").write_text(SAMPLE)
    assert view(folder, str(tmp_path / "else" / "where.json"), listen=FREE, browser=False) == 0
    assert ">where</h1>" in sitting.text


def test_every_start_has_its_own_token(folder: Path) -> None:
    with viewing(folder, FREE) as one, viewing(folder, FREE) as two:
        token = one.split("/")[3]
        assert token != two.split("/")[3]
        other = two.replace(two.split("/")[3], token)
        assert (get(one).status_code, get(two).status_code, get(other).status_code) == (200, 200, 404)


def test_a_path_that_a_proxy_would_tidy_up_leads_nowhere_else(folder: Path) -> None:
    (folder.parent / "secret.json").write_text(SAMPLE)
    with viewing(folder, FREE) as url:
        for path in ("cassette/..%2fsecret", "cassette/%2e%2e/secret", "cassette//etc/passwd", "static/..%2fapp.py"):
            assert get(url + path).status_code == 404


def test_a_cassette_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(CassetteError, match="did you mean 'weather'"):
        view(folder, "wether", listen=FREE, browser=False)


def test_it_listens_on_this_machine_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["view", "--listen", "0.0.0.0:0", "--no-open"])
    assert ended.value.code == 2
    assert "listens on this machine only" in capsys.readouterr().err


@pytest.fixture
def checkout(folder: Path) -> Path:
    for command in ("init", "add -A", "-c user.name=A -c user.email=a@example.com commit -m One"):
        git(folder.parent, *command.split())
    return folder


def test_in_a_checkout_a_cassette_is_compared_with_what_it_was(checkout: Path) -> None:
    (checkout / "weather.json").write_text(SAMPLE.replace("light rain", "fog"))
    with viewing(checkout, FREE) as url:
        assert "light rain" in get(f"{url}diff?b=weather&rev=HEAD").text
        assert "Changes since git HEAD" in get(f"{url}cassette/weather").text


def test_elsewhere_it_is_not(folder: Path) -> None:
    with viewing(folder, FREE) as url:
        assert "in no checkout of git" in get(f"{url}diff?b=weather&rev=HEAD").text
        assert "git" not in get(f"{url}cassette/weather").text


def test_neither_a_revision_nor_a_name_makes_git_do_anything_else(checkout: Path) -> None:
    with viewing(checkout, FREE) as url:
        for revision in ("--output=owned", "-p", "HEAD%00", "HEAD%0Ax", "x;touch owned", "$(touch owned)", ":/One"):
            assert 'role="alert"' in get(f"{url}diff?b=weather&rev={revision}").text, revision
        for name in ("../weather", "--output=owned", "weather%00", "weather;touch owned"):
            assert 'role="alert"' in get(f"{url}diff?b={name}&rev=HEAD").text, name
    assert not list(checkout.parent.rglob("*owned*"))
