"""The page that compares two cassettes, or one with what it was."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from toolreel.errors import CassetteError, CommandError
from toolreel.inspect.differences import difference

from .pages import Desk

_LIMIT = 4000


def comparing(desk: Desk, request: Request) -> Response:
    """What is different in two cassettes, or in one since a revision."""
    before, after, revision = (request.query_params.get(side, "").strip() for side in ("a", "b", "rev"))
    revision = revision.removeprefix("git:")  # as the command line has it
    found, problem = None, ""
    if after and (before or revision):
        try:
            old = desk.library.at(revision, after) if revision else desk.library.open(before).cassette
            found = difference(old, desk.library.open(after).cassette)
        except (CassetteError, CommandError) as error:
            problem = str(error)
    return desk.render(
        "diff.html",
        before="" if revision else before,
        after=after,
        revision=revision,
        names=desk.library.names(),
        found=found,
        problem=problem,
        said=said,
    )


def said(value: Any) -> str:
    """A value that is different, as JSON; a text as it stands."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text if len(text) <= _LIMIT else f"{text[:_LIMIT]}…"
