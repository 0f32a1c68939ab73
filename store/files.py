"""Cassette files: read with every check, written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Container, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from toolreel.collecting import no_collecting
from toolreel.errors import CassetteError, MachineError
from toolreel.messages import jsontext
from toolreel.messages.bodies import body_bytes, body_files, frame_bytes
from toolreel.messages.model import (
    FORMAT_VERSION,
    Base64Frame,
    Cassette,
    InconsistentError,
    JsonBody,
)

from .layout import cassette_text
from .lines import duplicate_of, line_of
from .names import SUFFIX

_KIND = re.compile(r"(Body|Frame)\]?$")  # how pydantic names the kinds of body and frame in a location
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_Fault = tuple[tuple[str | int, ...], str]
_CONFLICT = re.compile(rb"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)


class LargeBodies:
    """The bodies that stand in files beside a cassette, by the SHA-256 of their bytes."""

    def __init__(self, cassette_path: Path) -> None:
        self.folder = files_folder(cassette_path)

    def read(self, digest: str) -> bytes:
        """The bytes of the body `digest`; raises CassetteError if the file is missing or was changed."""
        path = self.folder / digest
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CassetteError(f"Body file {path} cannot be read ({_reason(error)}); restore it.") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise CassetteError(f"Body file {path} was changed, its SHA-256 is not its name; restore it.")
        return data

    def keep(self, pieces: Iterable[bytes]) -> str:
        """Keeps a body, given in pieces, and gives its SHA-256; raises MachineError if the disk says no."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return _write(self.folder / _BY_DIGEST, pieces)
        except OSError as error:
            raise MachineError(f"A body file in {self.folder} cannot be written: {_reason(error)}.") from None


def files_folder(cassette_path: Path) -> Path:
    """The folder of the large bodies of a cassette: `NAME.files` beside `NAME.json`."""
    return cassette_path.with_name(cassette_path.name.removesuffix(SUFFIX) + ".files")


def load(path: Path) -> Cassette:
    """The cassette in a file; raises CassetteError that names the file, the line and what to do."""
    return parse(read(path), path)


def read(path: Path) -> bytes:
    """The bytes of a cassette file; raises CassetteError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CassetteError(f"There is no cassette {path}; record it with 'toolreel record'.") from None
    except OSError as error:
        raise CassetteError(f"Cassette {path} cannot be read: {_reason(error)}.") from None


def parse(data: bytes, path: Path, *, bodies: bool = True) -> Cassette:
    """The cassette in the bytes of a file; `path` is for messages, and for the `bodies` that must stand beside it."""
    with no_collecting():
        return _parse(data, path, bodies=bodies)


def _parse(data: bytes, path: Path, *, bodies: bool) -> Cassette:
    text, value = _json(data, path)
    _check_version(value, path)
    try:
        cassette = Cassette.model_validate(value)
    except ValidationError as error:
        where, what = _fault(error)
        named = ".".join(map(str, where)) or "the cassette"
        line = line_of(text, where)
        raise CassetteError(f"Cassette {path}, line {line}: {named}: {what}; mend or record it again.") from None
    _check_bytes(cassette, text, path, bodies=bodies)
    return cassette


def _fault(error: ValidationError) -> tuple[list[str | int], str]:
    """Where the first fault is, and what: where several kinds are possible, of the kind that fits best."""
    faults = error.errors()
    if isinstance(cause := faults[0].get("ctx", {}).get("error"), InconsistentError):
        return list(cause.location), str(cause)
    where, what = _first([(fault["loc"], fault["msg"]) for fault in faults])
    return list(where), what.removeprefix("Value error, ")


def _first(faults: list[_Fault]) -> _Fault:
    """The first fault, without the kinds of body and frame in its location."""
    (steps, what), *_ = faults
    at = _kind_at(steps)
    if at is None:
        return steps, what
    kinds: dict[str | int, list[_Fault]] = {}
    for place, message in faults:
        if place[:at] == steps[:at] and _kind_at(place) == at:
            kinds.setdefault(place[at], []).append((place[at + 1 :], message))
    # Faults further in, where there are kinds again, show that a kind was meant.
    meant = min(kinds.values(), key=lambda kind: sum(_kind_at(place) is None for place, _ in kind))
    where, what = _first(meant)
    return (*steps[:at], *where), what


def _kind_at(steps: tuple[str | int, ...]) -> int | None:
    return next((at for at, step in enumerate(steps) if _KIND.search(str(step))), None)


def _json(data: bytes, path: Path) -> tuple[str, Any]:
    try:
        return _parsed(data, path)
    except CassetteError:
        if conflict := _CONFLICT.search(data):  # a line of no JSON: where there is one, it is what went wrong
            line = data.count(b"\n", 0, conflict.start()) + 1
            raise CassetteError(
                f"Cassette {path}, line {line}: a git conflict marker; resolve the conflict."
            ) from None
        raise


def _parsed(data: bytes, path: Path) -> tuple[str, Any]:
    try:
        text = data.decode()
        if text.startswith("\ufeff"):
            raise CassetteError(
                f"Cassette {path}, line 1: a byte order mark stands before the JSON; save it as UTF-8 without."
            )
        value = jsontext.parse_distinct(text)
        if "\\" in text and _SURROGATE.search(text):
            _check_pairs(value, path)
        return text, value
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CassetteError(f"Cassette {path}, line {line}: not UTF-8; restore the file.") from None
    except json.JSONDecodeError as error:
        what = error.msg.lower().removesuffix(" at").removesuffix(" starting")
        cut = " (the file seems to be cut short)" if _seems_cut(error) else ""
        raise CassetteError(
            f"Cassette {path}, line {error.lineno}: not JSON, {what}{cut}; restore the file."
        ) from None
    except jsontext.DuplicateError:
        name, line = duplicate_of(text)
        raise CassetteError(
            f"Cassette {path}, line {line}: the member {name!r} stands twice in one object; keep one of them."
        ) from None
    except (ValueError, RecursionError) as error:
        raise CassetteError(f"Cassette {path}: not JSON that can be read ({error}); restore the file.") from None


def _check_pairs(value: Any, path: Path) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise CassetteError(
            f"Cassette {path}: a text holds half a surrogate pair, which cannot be sent; restore the file."
        ) from None


def _seems_cut(error: json.JSONDecodeError) -> bool:
    whole = error.doc.strip()
    return not error.doc[error.pos :].strip() or (whole.startswith("{") and not whole.endswith("}"))


def _check_version(value: Any, path: Path) -> None:
    version = value.get("toolreel") if isinstance(value, dict) else None
    if isinstance(version, bool) or not isinstance(version, int):
        version = None
    if version is not None and version > FORMAT_VERSION:
        raise CassetteError(
            f"Cassette {path} has format version {version}, this toolreel reads up to {FORMAT_VERSION}; "
            f"install a newer toolreel."
        )
    if version != FORMAT_VERSION:
        raise CassetteError(f'{path} is no cassette: it has no member "toolreel" with the format version.')


def _check_bytes(cassette: Cassette, text: str, path: Path, *, bodies: bool) -> None:
    """What the models cannot see: base64 that is none, body files that are missing."""
    superseded = cassette.take.reads if cassette.take else {}
    files = LargeBodies(path)

    def read_file(digest: str) -> bytes:
        if bodies and not (files.folder / digest).is_file():
            raise ValueError(f"the body file {files.folder / digest} is missing")
        return b""

    for index, interaction in enumerate(cassette.interactions):
        try:
            reads = superseded.get(str(interaction.n), ())
            for body in (interaction.request.body, interaction.response.body, *(read.body for read in reads)):
                if not isinstance(body, JsonBody):
                    body_bytes(body, read_file)
            for frame in interaction.response.frames or ():
                if isinstance(frame, Base64Frame):
                    frame_bytes(frame)
        except ValueError as error:
            line = line_of(text, ["interactions", index])
            raise CassetteError(
                f"Cassette {path}, line {line}: interaction {interaction.n}: {error}; mend or record it again."
            ) from None


def save(path: Path, cassette: Cassette) -> None:
    """Writes a cassette whole or not at all, the old file standing until then; its large bodies are kept already.

    Raises MachineError if the disk says no.
    """
    messages = [message for one in cassette.interactions for message in (one.request, one.response)]
    superseded = chain.from_iterable(cassette.take.reads.values() if cassette.take else ())
    used = set(body_files(*(one.body for one in (*messages, *superseded))))
    write(path, [cassette_text(cassette)], used)


def write(path: Path, pieces: Iterable[str], used: Container[str]) -> None:
    """Does the same with the pieces of a cassette's text.

    `used` are the digests of its large bodies, all of them once the pieces have come.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, (piece.encode() for piece in pieces))
    except OSError as error:
        raise MachineError(f"Cassette {path} cannot be written: {_reason(error)}.") from None
    _drop_unused(files_folder(path), used)


def _write(path: Path, pieces: Iterable[bytes]) -> str:
    """Writes a temporary file beside `path` and renames it, so that nobody ever sees half a file; gives its SHA-256.

    A file called _BY_DIGEST is named after its SHA-256.
    """
    digest = hashlib.sha256()
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path if path.name != _BY_DIGEST else path.with_name(digest.hexdigest()))
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    return digest.hexdigest()


_BY_DIGEST = "body"
"""The name of a file that is to be named after its SHA-256."""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _drop_unused(folder: Path, used: Container[str]) -> None:
    """Body files of an earlier take that no interaction names any more."""
    if not folder.is_dir():
        return
    left = 0
    for path in folder.iterdir():
        if path.name in used:
            left += 1
        else:
            path.unlink(missing_ok=True)
    if not left:
        shutil.rmtree(folder, ignore_errors=True)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
