"""What all pages have in common: templates, and errors that are pages too."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from toolreel.errors import CassetteError, CommandError, ToolreelError
from toolreel.inspect.alike import parsed
from toolreel.inspect.words import counted, duration, short_ids, size

from .addresses import Addresses
from .folding import folded
from .library import Library
from .strip import bars
from .texts import breaks, clipped, shown


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page is made with."""

    library: Library
    to: Addresses
    render: Callable[..., Response]


Page = Callable[[Desk, Request], Response]
"""Makes the answer to a request; may raise ToolreelError."""


class Pages:
    """Runs pages, and turns what goes wrong into one."""

    def __init__(self, library: Library, to: Addresses) -> None:
        self._desk = Desk(library, to, self._render)

    def _render(self, template: str, status: int = 200, **values: Any) -> Response:
        library = self._desk.library
        everywhere = {"to": self._desk.to, "folder": str(library.folder), "has_past": library.has_past}
        text = _environment().get_template(template).render(everywhere | values)
        return HTMLResponse(text.encode("utf-8", "backslashreplace"), status)

    def serving(self, page: Page) -> Callable[[Request], Response]:
        """The endpoint of a page; it may read files, and so runs in a thread."""

        def serve(request: Request) -> Response:
            try:
                return page(self._desk, request)
            except RecursionError:
                message = "This cassette holds JSON that is nested too deep to be looked at."
                return self._error("Nested too deep", message, 200)
            except (CassetteError, CommandError) as error:
                return self._error("Not found", str(error), 404)
            except ToolreelError as error:
                return self._error("That did not work", str(error), 500)

        return serve

    def _error(self, title: str, message: str, status: int) -> Response:
        return self._render("error.html", status, title=title, message=message)

    async def nothing_here(self, _request: Request, _error: Exception) -> Response:
        """An address that there is not."""
        return self._error("Not found", "There is no page at this address.", 404)

    async def bug(self, _request: Request, error: Exception) -> Response:
        """What nobody thought of."""
        message = f"toolreel failed ({type(error).__name__}). This is a bug of toolreel's; please report it."
        return self._error("That is a bug", message, 500)


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("toolreel.view"),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["parsed"] = parsed
    environment.filters |= {
        "bars": bars,
        "breaks": breaks,
        "clipped": clipped,
        "counted": lambda count, *words: counted(count, *words),
        "duration": duration,
        "folded": folded,
        "ids": lambda text: short_ids(str(text)),
        "size": size,
    }
    return environment
