"""Settings: `toolreel.toml`, or `[tool.toolreel]` in `pyproject.toml`, of this folder or the nearest above it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolreel.errors import CommandError
from toolreel.normalise.replace import PRESETS, Rule, finder, rule
from toolreel.normalise.strings import Find
from toolreel.redaction import Rules, rules_from

DEFAULT_FOLDER = "cassettes"
"""Where cassettes are kept unless somebody says otherwise."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Replace(_Table):
    """One rule of `[normalise] replace`."""

    pattern: str
    replacement: str = Field(alias="with")


class Normalise(_Table):
    """`[normalise]`: `presets` are names of `toolreel.normalise.replace.PRESETS`."""

    presets: tuple[str, ...] = ()
    replace: tuple[Replace, ...] = ()


class Testing(_Table):
    """`[pytest]`: what holds for the tests of a project that give it no other way.

    `upstream` is the server to record, `recorder` the program that does it, `tls` serves https.
    """

    mode: Literal["none", "once", "all"] = "none"
    strict: bool = True
    poll: Literal["collapse", "faithful"] = "collapse"
    clock: Literal["recorded", "now", "fixed"] = "recorded"
    tls: bool = False
    upstream: str | None = None
    recorder: str | None = None


class Replay(_Table):
    """`[replay]`: how requests are compared and answers sent; the names are those of the options of the command.

    `faults` names a fault file, as seen from the working directory.
    """

    model_config = ConfigDict(populate_by_name=True)

    ignore: tuple[str, ...] = ()
    ignore_query: tuple[str, ...] = Field(alias="ignore-query", default=())
    match_query: tuple[str, ...] = Field(alias="match-query", default=())
    match_header: tuple[str, ...] = Field(alias="match-header", default=())
    tool_output: tuple[str, ...] = Field(alias="tool-output", default=())
    pace: str = "instant"
    chunks: str = "frame"
    faults: str | None = None


class Ids(_Table):
    """`[ids]`: `free` are prefixes of the program's own ids that differ from run to run."""

    free: tuple[Annotated[str, Field(min_length=1)], ...] = ()


class Settings(_Table):
    """All settings; each has the value that holds without a settings file.

    `cassettes` is the folder of the cassettes, as seen from the working directory.
    """

    cassettes: str | None = None
    normalise: Normalise = Normalise()
    redact: dict[str, Any] = {}
    pytest: Testing = Testing()
    replay: Replay = Replay()
    ids: Ids = Ids()

    def replacing(self) -> Find | None:
        """What `[normalise]` replaces; None if nothing. Raises CommandError for a rule that cannot work."""
        unknown = [name for name in self.normalise.presets if name not in PRESETS]
        if unknown:
            raise CommandError(
                f"Settings, normalise.presets: there is no preset {unknown[0]!r}; there are {', '.join(PRESETS)}."
            )
        rules: list[Rule] = [one for name in self.normalise.presets for one in PRESETS[name]]
        for one in self.normalise.replace:
            try:
                rules.append(rule(one.pattern, one.replacement))
            except ValueError as error:
                raise CommandError(f"Settings, normalise.replace: {error}.") from None
        return finder(rules) if rules else None

    def redacting(self) -> Rules:
        """The secrets that are known anyway, and those of `[redact]`. Raises CommandError."""
        try:
            return rules_from(self.redact)
        except ValueError as error:
            raise CommandError(f"Settings, redact: {error}") from None


def load_settings(folder: Path) -> Settings:
    """The settings that hold in `folder`; raises CommandError that names the file and what is wrong with it."""
    for place in (folder.absolute(), *folder.absolute().parents):
        for name in ("toolreel.toml", "pyproject.toml"):
            path = place / name
            if path.is_file() and (table := _table(path)) is not None:
                return _settings(path, table)
    return Settings()


def _table(path: Path) -> Any:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"Settings {path} cannot be read: {error}.") from None
    if path.name == "toolreel.toml":
        return content
    tool = content.get("tool")
    return tool.get("toolreel") if isinstance(tool, dict) else None


def _settings(path: Path, table: Any) -> Settings:
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "tool.toolreel"
        what = _FAULTS.get(fault["type"], fault["msg"].lower())
        raise CommandError(f"Settings {path}: {where}: {what}.") from None
    return settings if path.parent == Path.cwd() else _seen_from_here(settings, path.parent)


def _seen_from_here(settings: Settings, folder: Path) -> Settings:
    """Settings whose file stands in another folder, which is where their own paths begin."""
    replay = settings.replay.model_copy(update={"faults": _joined(folder, settings.replay.faults)})
    return settings.model_copy(update={"cassettes": _joined(folder, settings.cassettes), "replay": replay})


def _joined(folder: Path, path: str | None) -> str | None:
    return None if path is None else str(folder / path)


_FAULTS = {
    "extra_forbidden": "there is no such setting",
    "missing": "this is missing",
    "string_type": "this must be a text",
    "string_too_short": "this must not be empty",
    "tuple_type": "this must be a list",
    "dict_type": "this must be a table",
    "model_type": "this must be a table",
    "bool_type": "this must be true or false",
    "bool_parsing": "this must be true or false",
}
"""What pydantic finds, in the words of TOML."""
