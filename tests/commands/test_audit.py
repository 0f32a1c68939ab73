"""`audit`: for people, for programs, and for CI."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.normalise.takes import normal, post
from toolreel.commands.audit import audit, without_one
from toolreel.commands.cli import main
from toolreel.errors import FINDINGS, CassetteError
from toolreel.replay.rules import MatchRules
from toolreel.store.files import save
from toolreel.store.settings import Settings

WEATHER = Path(__file__).parents[2] / "cassettes" / "weather.json"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two cassettes, and no settings."""
    monkeypatch.chdir(tmp_path)
    key = {"q": "on 2025-05-05", "api_key": "REDACTED-0001", "n": 1, "seed": 2}
    save(tmp_path / "keyed.json", normal(post("/chat/completions", {"said": "yes"}, key)))
    shutil.copy(WEATHER, tmp_path / "weather.json")
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_sound_cassette(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["weather"], folder=folder, most=30, as_json=False) == 0
    head, *rows, last = lines(capsys)
    assert head.split() == ["n", "request", "mutants", "apart", "variants", "found"]
    assert rows[3].split()[:5] == ["4", "POST", "/threads/thread_1/runs/run_1/submit_tool_outputs", "30", "of"]
    assert len(rows) == 12
    assert last.startswith("weather: 12 requests; ")
    assert "0 answered that should not be" in last


def test_a_cassette_may_be_named_by_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit([str(folder / "keyed.json")], folder=folder / "other", most=1, as_json=False) == 0
    assert ": 1 request; " in lines(capsys)[-1]


def test_placeholders_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["keyed"], folder=folder, most=1000, as_json=False) == 0
    assert "let through at $.api_key: placeholder REDACTED-0001" in "\n".join(lines(capsys))


def test_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(["keyed", "weather"], folder=folder, most=10, as_json=True) == 0
    keyed, weather = json.loads(capsys.readouterr().out)
    assert (keyed["cassette"], keyed["sound"], len(weather["requests"])) == ("keyed", True, 12)
    assert {one["mutants"] for one in weather["requests"]} == {10}


def test_findings_have_an_exit_status(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolreel.replay.rules.MatchRules._query", lambda rules, pairs: ())
    assert audit(["keyed"], folder=folder, most=1000, as_json=False) == FINDINGS
    out = "\n".join(lines(capsys))
    assert "answered, added: query toolreel_audit" in out
    assert "1 answered that should not be" in out
    assert audit(["keyed"], folder=folder, most=1000, as_json=True) == FINDINGS


def test_settings_and_options_hold_and_are_named(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "toolreel.toml").write_text(
        '[normalise]\npresets = ["dates", "uuids"]\nreplace = [{pattern = "o[a-z]", with = "an"}]\n'
        "[replay]\nignore = ['$.n']\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["audit", "keyed", "--cassettes", str(folder), "--json", "--ignore", "$.seed"])
    assert ended.value.code == 0
    (found,) = json.loads(capfd.readouterr().out)
    rules = {one["rule"] for one in found["requests"][0]["passages"]}
    assert rules == {
        "placeholder REDACTED-0001",
        "normalise.presets 'dates'",
        "--ignore $['n']",
        "--ignore $['seed']",
    }


def test_each_rule_is_left_out_once() -> None:
    settings = Settings.model_validate(
        {"normalise": {"presets": ["dates"], "replace": [{"pattern": "a", "with": "b"}]}, "cassettes": "c"}
    )
    lacking = without_one(MatchRules(replace=settings.replacing(), free=("req_",)), settings)
    assert set(lacking) == {"ids.free req_", "normalise.presets 'dates'", "normalise.replace 'a'"}
    find = lacking["normalise.replace 'a'"].replace
    assert find is not None
    assert [span.replacement for span in find("a 2025-05-05")] == ["2000-01-01"]
    assert lacking["ids.free req_"].replace is not None


def test_a_cassette_that_is_not_there(folder: Path) -> None:
    with pytest.raises(CassetteError):
        audit(["none"], folder=folder, most=10, as_json=False)


def test_of_a_folder_a_line_each_and_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "tree").mkdir()
    for name in ("keyed.json", "weather.json"):
        (folder / name).rename(folder / "tree" / name)
    assert audit(["tree/"], folder=folder, most=2, as_json=False) == 0
    numbers = "requests  mutants  wrongly answered  let through  variants  not answered"
    head, keyed, weather = lines(capsys)
    assert head == f"cassette      {numbers}  result"
    assert keyed.split()[:3] == ["tree/keyed", "1", "2"]
    assert keyed.endswith("  0  sound")
    assert weather.split()[:3] == ["tree/weather", "12", "24"]

    monkeypatch.setattr("toolreel.replay.rules.MatchRules._query", lambda rules, pairs: ())
    assert audit(["tree"], folder=folder, most=1000, as_json=False) == FINDINGS
    out = "\n".join(lines(capsys))
    assert "answered, added: query toolreel_audit" in out
    assert "tree/keyed: 1 request; " in out
    assert out.endswith("not sound, see above")


def test_of_several_a_broken_one_is_named_and_the_status_is_the_worst(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.json").write_text("{")
    assert audit([str(folder)], folder=folder, most=1, as_json=False) == CassetteError.exit_status
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["cassette", "broken", "keyed", "weather"]
    assert "broken, see above" in out
    assert err.startswith(f"toolreel: Cassette {folder / 'broken.json'}, line 1: not JSON")

    assert audit(["broken", "keyed"], folder=folder, most=1, as_json=True) == CassetteError.exit_status
    broken, keyed = json.loads(capsys.readouterr().out)
    assert (broken["sound"], broken["requests"], keyed["sound"]) == (False, [], True)
    assert "not JSON" in broken["problem"]
    assert "problem" not in keyed
    with pytest.raises(CassetteError):
        audit(["broken"], folder=folder, most=1, as_json=False)


def test_what_is_nested_too_deep_is_named_and_does_not_stop_the_others(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = '{"a":' * 950 + "1" + "}" * 950
    text = WEATHER.read_text().replace('"instructions": "Use the tools."', f'"instructions": {deep}')
    (folder / "deep.json").write_text(text)
    assert audit(["deep", "keyed"], folder=folder, most=1, as_json=False) == CassetteError.exit_status
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["cassette", "deep", "keyed"]
    (line,) = err.splitlines()
    assert "deep.json" in line
    assert "nested too deep" in line or "maximum recursion depth" in line
