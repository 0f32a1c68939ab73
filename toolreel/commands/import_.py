"""`toolreel import`: recordings of other tools become cassettes."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from toolreel.errors import CassetteError, CommandError, ToolreelError
from toolreel.formats.entries import Importer
from toolreel.formats.found import FormatError, Found, Left, LeftError
from toolreel.formats.report import Report
from toolreel.formats.table import LOOK, CassetteAlreadyError, NoRecordingError, Opened
from toolreel.formats.times import date_of, milliseconds
from toolreel.inspect.words import printable, printable_lines
from toolreel.normalise.strings import Find
from toolreel.redaction import DEFAULT_RULES, Redactor, Rules
from toolreel.store.names import name_from
from toolreel.store.recordings import Source, begin, tool_name

from .bars import making, reading
from .console import complaint, json_result, note, result, results
from .doors import Upstream
from .record import written


@dataclass(frozen=True, slots=True)
class Manner:
    """How to import: over existing cassettes or not, from which servers, and what is varied and secret."""

    folder: Path
    force: bool = False
    upstreams: Sequence[Upstream] = ()
    replace: Find | None = None
    redact: Rules = DEFAULT_RULES


@dataclass(frozen=True, slots=True)
class Job:
    """The files that are to become one cassette."""

    name: str
    files: Sequence[Path]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job; `path` if it became a cassette, `problem` if not."""

    job: Job
    reports: Sequence[Report]
    path: Path | None = None
    problem: ToolreelError | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "cassette": self.job.name if self.path else None,
            "path": str(self.path) if self.path else None,
            "problem": str(self.problem) if self.problem else None,
            "sources": [report.as_json() for report in self.reports],
        }


def import_(files: Sequence[Path], name: str | None, *, manner: Manner, as_json: bool = False) -> int:
    """Imports files, or trees of them; gives the exit status. Raises ToolreelError if a single cassette fails."""
    if any(file.is_dir() for file in files):
        return _trees(files, name, manner, as_json=as_json)
    jobs = [Job(name, files)] if name else [Job(_name_of(file.name), [file]) for file in files]
    _refuse_twins(jobs)
    if len(jobs) > 1:
        return _several(jobs, manner, as_json=as_json)
    done = _one(jobs[0], manner)
    if done.problem:
        raise done.problem
    if as_json:
        json_result([done.as_json()])
    else:
        for line in chain.from_iterable(report.lines() for report in done.reports):
            result(_on_one_line(line))
    return 0


def _on_one_line(text: str) -> str:
    """Files come from anyone, and so do their names: nothing in them steers the terminal."""
    return " ".join(printable_lines(text))


# ------------------------------------------------------------------------------------------------------ one cassette


def _one(job: Job, manner: Manner) -> Done:
    """Makes one cassette of one or more files, and says so; what is wrong stands in the result."""
    reports: list[Report] = []
    try:
        path = _imported(job, manner, reports)
    except ToolreelError as problem:
        return Done(job, reports, problem=problem)
    return Done(job, reports, path)


def _imported(job: Job, manner: Manner, reports: list[Report]) -> Path:
    importer = Importer(Redactor(manner.redact))
    source = Source(tool_name(), None)
    recording = begin(manner.folder, job.name, force=manner.force, replace=manner.replace, source=source)
    earliest: str | None = None
    try:
        with reading(job.files) as told:
            for number, file in enumerate(job.files):
                reports.append(report := Report(str(file)))
                for place, found in _wanted(file, importer, report, manner.upstreams, partial(told, number)):
                    try:
                        for entry in report.watch(found, importer.entries(found)):
                            recording.journal.append([entry])
                    except LeftError as error:
                        report.left.append(importer.left(Left(place, str(error), found.request.path)))
                        continue
                    date = found.recorded_at or date_of(found.answer.head.headers)
                    earliest = min(filter(None, (earliest, date)), default=None)
        if not importer.count:
            raise CassetteError(_nothing(reports))
    except BaseException:
        recording.discard()
        raise
    with making(job.files, importer.count) as looked:
        made = recording.finish(_source(reports, earliest), looked)
    note(written(made, recording.path))
    return recording.path


def _source(reports: Sequence[Report], earliest: str | None) -> Source:
    """Who recorded, and when."""
    if len(reports) == 1 and reports[0].take:
        return Source(*reports[0].take)
    tools = dict.fromkeys(report.tool for report in reports if report.taken)
    return Source(f"{', '.join(tools)}, imported by {tool_name()}", earliest)


def _wanted(
    file: Path, importer: Importer, report: Report, upstreams: Sequence[Upstream], told: Callable[[int], None]
) -> Iterator[tuple[int, Found]]:
    """The interactions of a file that are wanted, and their places in it; the others are noted.

    Raises ToolreelError.
    """
    placeholders = importer.foreign.count
    try:
        with io.BufferedReader(io.FileIO(file), LOOK) as opened:
            source = Opened(opened)
            for place, found in enumerate(source, start=1):
                told(opened.raw.tell())
                if source.take and (began := milliseconds(source.take[1])):
                    importer.count_from(began)
                if isinstance(found, Left):
                    report.left.append(importer.left(found))
                elif any(map(_goes_to(found), upstreams)) or not upstreams:
                    yield place, found
                else:
                    report.elsewhere[found.request.origin or "an unknown server"] += 1
            report.tool, report.take = source.tool, source.take
    except CassetteAlreadyError as error:
        raise OursError(f"File {file} {error}; it needs no import, only a place among your cassettes.") from None
    except NoRecordingError as error:
        raise NotOneError(f"File {file} {error}; formats: {_FORMATS}.") from None
    except FormatError as error:
        raise CassetteError(f"File {file} {error}; restore or record it again.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CommandError(f"File {file} cannot be read: {reason}.") from None
    finally:
        report.placeholders = importer.foreign.count - placeholders


class NotOneError(CassetteError):
    """A file is no recording of any known tool; `shown` says so in a table."""

    shown = "no recording"


class OursError(NotOneError):
    """A file is a cassette."""

    shown = "a cassette already, needs no import"


_FORMATS = "VCR.py, Ruby VCR, go-vcr, .NET/Azure test proxy, httprr, HAR, mitmproxy flows"


def _goes_to(found: Found) -> Callable[[Upstream], bool]:
    """Whether a request went to a server, below its path."""
    request = found.request

    def goes_to(upstream: Upstream) -> bool:
        return request.origin == upstream.origin and f"{request.path}/".startswith(f"{upstream.path}/")

    return goes_to


def _nothing(reports: Sequence[Report]) -> str:
    """Why there is no cassette."""
    files = " and ".join(report.file for report in reports[:3])
    left = next((left for report in reports for left in report.left), None)
    elsewhere = [name for report in reports for name in report.elsewhere]
    if left:
        why = f"of interaction {left.place}: {left.reason}"
    elif elsewhere:
        why = f"all went to other servers, such as {elsewhere[0]}"
    else:
        why = "no interaction is in it"
    return f"Nothing in {files} can be taken ({why}); give another file."


# ------------------------------------------------------------------------------------------------------------- trees


def _trees(files: Sequence[Path], prefix: str | None, manner: Manner, *, as_json: bool) -> int:
    """Each file below the folders becomes a cassette of its own, in the same places below `prefix`."""
    found: dict[Path, str] = {}
    for file in files:
        if file.is_dir():
            found |= {path: path.relative_to(file).as_posix() for path in _below(file)}
        else:
            found[file] = file.name
    names = _names(found)
    jobs = [Job(f"{prefix}/{name}" if prefix else name, [path]) for path, name in names.items()]
    if not jobs:
        raise CommandError(f"There is no file in {files[0]}; name another folder.")
    _refuse_twins(jobs)
    return _several(jobs, manner, as_json=as_json)


def _refuse_twins(jobs: Sequence[Job]) -> None:
    """Raises CommandError if two files would become one cassette, the later in the place of the earlier."""
    before: dict[str, Job] = {}
    for job in jobs:
        twin = before.setdefault(job.name.casefold(), job)
        if twin is not job:
            raise CommandError(
                f"Files {twin.files[0]} and {job.files[0]} would both become cassette {job.name}; "
                "import one of them by itself, with -o NAME."
            )


def _below(folder: Path) -> Iterator[Path]:
    """The files below a folder in a steady order; hidden ones are left out, and pipes, which may never end."""
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found = (Path(path, name) for name in sorted(files) if not name.startswith("."))
        yield from (file for file in found if file.is_file() or not file.exists())


def _names(files: dict[Path, str]) -> dict[Path, str]:
    """A cassette name for each file; those that differ in their ending only keep it in the name."""
    names = {path: _name_of(text) for path, text in files.items()}
    counts = Counter(name.casefold() for name in names.values())
    return {
        path: name if counts[name.casefold()] == 1 else name_from(files[path].replace(".", "-"))
        for path, name in names.items()
    }


def _name_of(path: str) -> str:
    return name_from(_ENDINGS.sub("", path))


_ENDINGS = re.compile(r"(?:\.(?:json|ya?ml|har|zhar|httprr|flows?|mitm|dump|txt|gz))+\Z", re.IGNORECASE)


def _several(jobs: Sequence[Job], manner: Manner, *, as_json: bool) -> int:
    """Makes a cassette of each job, and shows a table of what became of them."""
    results_: list[Done] = []
    for job in jobs:
        done = _one(job, manner)
        results_.append(done)
        if done.problem and not isinstance(done.problem, NotOneError):
            complaint(_on_one_line(str(done.problem)))
    if as_json:
        json_result([done.as_json() for done in results_])
    else:
        results().print(_table(results_))
        _print_reports(results_)
    failed = [done.problem for done in results_ if done.problem]
    broken = [problem for problem in failed if not isinstance(problem, NotOneError)]
    if broken:
        return broken[0].exit_status
    return failed[0].exit_status if len(failed) == len(results_) else 0


def _table(results_: Sequence[Done]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("file", "cassette", "format"):
        table.add_column(column, overflow="fold")
    for column in ("interactions", "streams", "submits", "not taken"):
        table.add_column(column, justify="right")
    for done in results_:
        report = done.reports[0] if done.reports else Report(str(done.job.files[0]))
        if done.path:
            left = len(report.left) + report.elsewhere.total()
            counts = [str(count) for count in (report.taken, report.streams, report.submits, left)]
            cells = [report.file, done.job.name, report.tool, *counts]
        else:
            cells = [
                report.file,
                done.problem.shown if isinstance(done.problem, NotOneError) else "failed, see above",
            ]
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def _print_reports(results_: Sequence[Done]) -> None:
    """The details of those that differ in more than times and chunks from what a recorder would have noted."""
    for done in results_:
        for report in done.reports if done.path else ():
            if report.left or report.elsewhere or report.left_out or report.placeholders or report.lacks:
                for line in report.lines():
                    result(_on_one_line(line))
