from __future__ import annotations

from pathlib import Path

import pytest

from toolreel.errors import CommandError
from toolreel.normalise.replace import PRESETS
from toolreel.normalise.strings import in_text
from toolreel.store.settings import Normalise, Replace, Settings, load_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in a project that has no settings."""
    folder = tmp_path / "project" / "tests" / "unit"
    folder.mkdir(parents=True)
    return folder


def test_without_a_file_the_defaults_hold(folder: Path) -> None:
    settings = load_settings(folder)
    assert settings == Settings()
    assert (settings.cassettes, settings.normalise, settings.redact) == (None, Normalise(), {})
    assert settings.replacing() is None


SETTINGS = r"""
cassettes = "tapes"
[normalise]
presets = ["dates", "uuids"]
replace = [{pattern = "build-([a-z])[0-9]+", with = 'build-\1'}]
[redact]
keys = ["pin"]
"""
LOADED = Settings(
    cassettes="tapes",
    normalise=Normalise(
        presets=("dates", "uuids"),
        replace=(Replace.model_validate({"pattern": "build-([a-z])[0-9]+", "with": r"build-\1"}),),
    ),
    redact={"keys": ["pin"]},
)


def test_a_file_of_our_own_holds_everything(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "toolreel.toml").write_text(SETTINGS)
    assert load_settings(folder) == LOADED


def test_the_file_of_the_project_may_hold_it_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    table = "[tool.toolreel]" + SETTINGS.replace("[normalise]", "[tool.toolreel.normalise]").replace(
        "[redact]", "[tool.toolreel.redact]"
    )
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\n{table}')
    assert load_settings(folder) == LOADED


@pytest.mark.parametrize(
    ("files", "cassettes"),
    [
        pytest.param({"toolreel.toml": "cassettes = 'above'"}, "project/above", id="above"),
        pytest.param(
            {"pyproject.toml": "[tool.toolreel]\ncassettes = 'above'"}, "project/above", id="above-in-pyproject"
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'above'", "tests/toolreel.toml": "cassettes = 'nearer'"},
            "project/tests/nearer",
            id="the-nearest-counts",
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'above'", "tests/toolreel.toml": ""}, None, id="even-if-it-is-empty"
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'above'", "tests/pyproject.toml": "[tool.toolreel]\n"},
            None,
            id="even-if-the-table-is-empty",
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'above'", "tests/pyproject.toml": "[tool.ruff]\nline-length = 9"},
            "project/above",
            id="a-pyproject-of-others-does-not-count",
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'above'", "tests/pyproject.toml": "tool = 'hammer'"},
            "project/above",
            id="a-tool-that-is-no-table-does-not-count",
        ),
        pytest.param(
            {"toolreel.toml": "cassettes = 'own'", "pyproject.toml": "[tool.toolreel]\ncassettes = 'project'"},
            "project/own",
            id="our-own-file-comes-first",
        ),
        pytest.param({"toolreel.toml/x": ""}, None, id="a-folder-is-no-file"),
    ],
)
def test_the_nearest_file_counts(folder: Path, files: dict[str, str], cassettes: str | None) -> None:
    for name, text in files.items():
        path = folder.parents[1] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    expected = None if cassettes is None else str(folder.parents[2] / cassettes)
    assert load_settings(folder).cassettes == expected, "seen from the file's own folder"


def test_the_folder_may_be_named_from_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.parent / "toolreel.toml").write_text("cassettes = 'above'\nreplay.faults = 'f.toml'\nreplay.pace = 'x2'")
    monkeypatch.chdir(folder)
    there = load_settings(Path())
    assert (there.cassettes, there.replay.faults) == (str(folder.parent / "above"), str(folder.parent / "f.toml"))
    assert there.replay.pace == "x2"
    monkeypatch.chdir(folder.parent)
    here = load_settings(Path())
    assert (here.cassettes, here.replay.faults) == ("above", "f.toml")


def test_a_path_that_is_absolute_is_the_one(folder: Path, tmp_path: Path) -> None:
    text = f"cassettes = '{tmp_path}'\nreplay.faults = '{tmp_path / 'f.toml'}'"
    (folder.parent / "toolreel.toml").write_text(text)
    there = load_settings(folder)
    assert (there.cassettes, there.replay.faults) == (str(tmp_path), str(tmp_path / "f.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("casettes = 'x'", "casettes: there is no such setting", id="unknown-key"),
        pytest.param("[normalize]", "normalize: there is no such setting", id="unknown-table"),
        pytest.param(
            "[normalise]\nreplaces = []", "normalise.replaces: there is no such setting", id="unknown-key-in-a-table"
        ),
        pytest.param(
            "[normalise]\nreplace = [{pattern = 'a', with = 'b', flags = 'i'}]",
            "normalise.replace.0.flags: there is no such setting",
            id="unknown-key-in-a-rule",
        ),
        pytest.param(
            "[normalise]\nreplace = [{pattern = 'a'}]",
            "normalise.replace.0.with: this is missing",
            id="rule-without-with",
        ),
        pytest.param(
            "[normalise]\nreplace = [{pattern = 'a', with = 'b'}, {with = 'b'}]",
            "normalise.replace.1.pattern: this is missing",
            id="second-rule-without-pattern",
        ),
        pytest.param(
            "[normalise]\nreplace = [{pattern = 'a', with = 1}]",
            "normalise.replace.0.with: this must be a text",
            id="number-for-text",
        ),
        pytest.param("cassettes = ['x']", "cassettes: this must be a text", id="list-for-text"),
        pytest.param("[normalise]\npresets = 'dates'", "normalise.presets: this must be a list", id="text-for-list"),
        pytest.param("redact = true", "redact: this must be a table", id="truth-for-table"),
        pytest.param("normalise = 'all'", "normalise: this must be a table", id="text-for-table"),
        pytest.param(
            "[normalise]\nreplace = ['x']", "normalise.replace.0: this must be a table", id="text-for-a-rule"
        ),
    ],
)
@pytest.mark.parametrize("name", ["toolreel.toml", "pyproject.toml"])
def test_a_setting_that_is_wrong_is_named(folder: Path, name: str, text: str, says: str) -> None:
    own = name == "toolreel.toml"
    (folder / name).write_text(
        text if own else f"[tool.toolreel]\n{text}".replace("\n[norm", "\n[tool.toolreel.norm")
    )
    with pytest.raises(CommandError) as caught:
        load_settings(folder)
    assert str(caught.value) == f"Settings {folder / name}: {says}."


def test_a_table_of_ours_that_is_none_is_named(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool]\ntoolreel = 3")
    with pytest.raises(CommandError) as caught:
        load_settings(folder)
    assert str(caught.value) == f"Settings {folder / 'pyproject.toml'}: tool.toolreel: this must be a table."


@pytest.mark.parametrize("name", ["toolreel.toml", "pyproject.toml"])
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"cassettes = ", "Invalid value (at end of document)."),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
    ],
    ids=["no-toml", "no-utf-8"],
)
def test_a_file_that_cannot_be_read_is_named(folder: Path, name: str, data: bytes, says: str) -> None:
    (folder / name).write_bytes(data)
    with pytest.raises(CommandError) as caught:
        load_settings(folder)
    assert str(caught.value) == f"Settings {folder / name} cannot be read: {says}"


# ------------------------------------------------------------------------------------------------------- replacing


def replaced(settings: Settings, text: str) -> str:
    find = settings.replacing()
    assert find is not None
    return in_text(text, find)


def test_the_users_rules_and_the_presets_act_together() -> None:
    said = "on 2026-01-02 build-a77 of 01234567-89ab-cdef-0123-456789abcdef"
    assert replaced(LOADED, said) == "on 2000-01-01 build-a of 00000000-0000-0000-0000-000000000000"


def test_a_preset_is_off_unless_it_is_named() -> None:
    settings = Settings(normalise=Normalise(presets=("uuids",)))
    assert replaced(settings, "on 2026-01-02") == "on 2026-01-02"


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_named(name: str) -> None:
    assert Settings(normalise=Normalise(presets=(name,))).replacing() is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "presets = ['dates', 'times']",
            "Settings, normalise.presets: there is no preset 'times'; there are dates, uuids, tmp-paths.",
            id="unknown-preset",
        ),
        pytest.param(
            "replace = [{pattern = '(', with = 'x'}]",
            "Settings, normalise.replace: the pattern '(' with 'x' is no regular expression: "
            "missing ), unterminated subpattern at position 0.",
            id="no-pattern",
        ),
        pytest.param(
            r"replace = [{pattern = '(a)', with = '\2'}]",
            r"Settings, normalise.replace: the pattern '(a)' with '\\2' is no regular expression: "
            r"invalid group reference 2 at position 1.",
            id="no-such-group",
        ),
        pytest.param(
            r"replace = [{pattern = 'a', with = 'x'}, {pattern = '[0-9]*', with = ''}]",
            "Settings, normalise.replace: the pattern '[0-9]*' matches nothing at all, "
            "and would be found everywhere.",
            id="found-everywhere",
        ),
    ],
)
def test_a_rule_that_cannot_work_is_refused_in_one_sentence(folder: Path, text: str, says: str) -> None:
    (folder / "toolreel.toml").write_text(f"[normalise]\n{text}")
    with pytest.raises(CommandError) as caught:
        load_settings(folder).replacing()
    assert str(caught.value) == says
