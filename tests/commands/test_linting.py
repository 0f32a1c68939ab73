from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolreel.commands.cli import main
from toolreel.commands.linting import findings, lint
from toolreel.errors import CassetteError, CommandError
from toolreel.redaction import DEFAULT_RULES
from toolreel.store.places import Place

SAMPLE = (Path(__file__).parents[2] / "cassettes" / "weather.json").read_text()
KEY = "sk-proj-" + "Abcdefgh12345678" * 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cassettes"
    folder.mkdir()
    (folder / "clean.json").write_text(SAMPLE)
    return folder


def linted(folder: Path, *names: str, max_age: str | None = None) -> int:
    return lint(folder, names, max_age=max_age, as_json=False)


def test_nothing_is_found_in_a_clean_cassette(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(folder) == 0
    assert capsys.readouterr() == ("", "1 cassette: nothing found.\n")


def test_a_finding_says_where_what_and_what_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.json").write_text(SAMPLE.replace("Use the tools.", f"Use {KEY}.", 1))
    assert linted(folder) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == (
        "bad 1 request.body.instructions: error (secret): here stands what looks like a secret; record again with "
        "this toolreel, or write REDACTED-0001 in its place; and revoke the secret."
    )
    assert err == "2 cassettes: 1 error.\n"
    assert KEY not in out
    assert linted(folder, "clean") == 0
    assert linted(folder, str(folder / "bad.json")) == 1


def test_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "cut.json").write_text(SAMPLE.replace(',\n     {"event": "done", "text": "[DONE]"}', "", 1))
    assert lint(folder, (), max_age=None, as_json=True) == 1
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["cassette"], one["rule"], one["level"], one["n"]) == ("cut", "last-frame", "warning", 3)


def test_a_note_is_no_reason_to_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = SAMPLE.replace(',\n     {"event": "done", "text": "[DONE]"}', "", 1)
    at = cut.index('"ending": "complete"', cut.index('"n": 3,'))
    (folder / "left.json").write_text(cut[:at] + cut[at:].replace('"complete"', '"client_gone"', 1))
    assert linted(folder) == 0
    out, err = capsys.readouterr()
    assert "left 3 answer.frames[17]: note (last-frame): the client left" in out
    assert err == "2 cassettes: 1 note.\n"


def test_a_broken_cassette_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.json").write_text(SAMPLE[:1000])
    (folder / "odd.json").write_text("[]")
    assert linted(folder) == 1
    out = capsys.readouterr().out
    assert "broken: error (broken): Cassette" in out
    assert "restore the file." in out
    assert "odd: error (broken):" in out


def test_a_body_file_that_was_changed_is_a_finding(folder: Path) -> None:
    digest = "a" * 64
    text = SAMPLE.replace('"body": {"style": "pretty2", "json": {', f'"body": {{"file": "{digest}"}}, "x": {{', 1)
    cut = text.index(', "x": {')
    end = text.index('}}},\n   "ending"', cut)
    (folder / "large.json").write_text(text[:cut] + text[end + 2 :])
    (folder / "large.files").mkdir()
    (folder / "large.files" / digest).write_bytes(b"changed")
    (folder / "large.files" / ("b" * 64)).write_bytes(b"left over")
    found = findings(Place("large", folder, folder / "large.json"), rules=DEFAULT_RULES)
    assert [one.rule for one in found] == ["broken"]
    assert "its SHA-256 is not its name" in found[0].message


def test_age_is_looked_at_if_that_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "old.json").write_text(SAMPLE.replace('"recorded_at": "2026', '"recorded_at": "2006'))
    assert linted(folder, "old") == 0
    assert linted(folder, "old", max_age="365d") == 1
    assert "more than the 365 that were asked for" in capsys.readouterr().out
    with pytest.raises(CommandError, match="is no age"):
        linted(folder, max_age="long")


def test_the_users_own_secrets_are_found(folder: Path) -> None:
    (folder.parent / "toolreel.toml").write_text('[redact]\nkeys = ["instructions"]\n')
    assert linted(folder) == 1


def test_a_cassette_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(CassetteError, match="did you mean 'clean'"):
        linted(folder, "clear")


def test_an_empty_folder_is_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(tmp_path / "none") == 0
    assert capsys.readouterr().err == "0 cassettes: nothing found.\n"


def test_what_is_nested_too_deep_is_named_and_no_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep = '{"a":' * 950 + "1" + "}" * 950
    (folder / "deep.json").write_text(SAMPLE.replace('"instructions": "Use the tools."', f'"instructions": {deep}'))
    assert linted(folder) == 1
    assert "deep: error (broken): " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["show", "deep", "--cassettes", str(folder)])
    assert ended.value.code == CassetteError.exit_status
    (line,) = capsys.readouterr().err.splitlines()  # how deep is too deep, and for whom first, depends on Python
    assert "nested too deep" in line or "maximum recursion depth" in line


@pytest.mark.parametrize("given", ["tree", "tree/", "cassettes/tree", "./cassettes/tree/"])
def test_a_folder_of_cassettes_may_be_named(folder: Path, given: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "tree" / "deep").mkdir(parents=True)
    (folder / "bad.json").write_text("{")
    (folder / "tree" / "clean.json").write_text(SAMPLE)
    (folder / "tree" / "deep" / "bad.json").write_text(SAMPLE.replace("Use the tools.", f"Use {KEY}.", 1))
    assert linted(folder, given) == 1
    out, err = capsys.readouterr()
    assert out.startswith("tree/deep/bad 1 request.body.instructions: error (secret)")
    assert err == "2 cassettes: 1 error.\n"
    assert lint(folder, [given], max_age=None, as_json=True) == 1
    assert [one["cassette"] for one in json.loads(capsys.readouterr().out)] == ["tree/deep/bad"]
