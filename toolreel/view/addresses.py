"""The addresses of the pages."""

from __future__ import annotations

from urllib.parse import quote, urlencode


class Addresses:
    """Addresses under `/TOKEN/`; whatever a name holds, it stays one part of the path."""

    def __init__(self, token: str) -> None:
        self.home = f"/{token}/"

    def page(self, name: str, /, **query: str | int) -> str:
        """A page that is there once: `search`, `diff`, `misses`."""
        return self.home + name + self._query(query)

    def cassette(self, name: str, fragment: str = "", /, **query: str | int) -> str:
        """The timeline of a cassette."""
        return f"{self.home}cassette/{_quoted(name)}{self._query(query)}{'#' if fragment else ''}{fragment}"

    def request(self, name: str, n: int, fragment: str = "", /, **query: str | int) -> str:
        """All of one request and its answer."""
        return f"{self.home}request/{n}/{_quoted(name)}{self._query(query)}{'#' if fragment else ''}{fragment}"

    def raw(self, name: str, n: int, side: str) -> str:
        """The bytes of a request or an answer."""
        return f"{self.home}raw/{side}/{n}/{_quoted(name)}"

    @staticmethod
    def _query(query: dict[str, str | int]) -> str:
        return f"?{urlencode(query, errors='surrogatepass')}" if query else ""


def _quoted(name: str) -> str:
    return quote(name, safe="/", errors="surrogatepass")
