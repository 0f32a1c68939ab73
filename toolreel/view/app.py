"""The browser view as an ASGI application: which address shows which page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib import resources

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from .addresses import Addresses
from .comparing import comparing
from .findings import findings
from .guard import Guard
from .library import Library
from .listing import listing, misses, searching
from .pages import Page, Pages
from .reading import cassette, raw, request

_PAGES: Mapping[str, Page] = {
    "/": listing,
    "/search": searching,
    "/diff": comparing,
    "/findings": findings,
    "/misses": misses,
    "/cassette/{name:path}": cassette,
    "/request/{n:int}/{name:path}": request,
    "/raw/{side}/{n:int}/{name:path}": raw,
}

_STATIC = {"view.css": "text/css", "view.js": "text/javascript", "icon.svg": "image/svg+xml"}


def create_app(library: Library, token: str) -> ASGIApp:
    """The pages of a library, under `/TOKEN/`."""
    pages = Pages(library, Addresses(token))
    routes = [Route(path, pages.serving(page)) for path, page in _PAGES.items()]
    routes.append(Route("/static/{file}", _static()))
    return Guard(Starlette(routes=routes, exception_handlers={404: pages.nothing_here, Exception: pages.bug}), token)


def _static() -> Callable[[Request], Awaitable[Response]]:
    folder = resources.files("toolreel.view") / "static"
    files = {name: (folder / name).read_bytes() for name in _STATIC}

    async def serve(asked: Request) -> Response:
        name = asked.path_params["file"]
        if name not in files:
            return Response("There is no such file.\n", 404, media_type="text/plain")
        return Response(files[name], media_type=_STATIC[name])

    return serve
