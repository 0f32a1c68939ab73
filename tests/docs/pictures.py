"""The pictures of the pages: `python -m tests.docs.pictures` takes them anew, of the program as it is."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import Literal

from tests.view.chromium import chromium
from toolreel.commands.view import viewing
from toolreel.server.hosts import Listen

from .food import FOLDER
from .pages import DOCS

PICTURES = DOCS / "pictures"

TAKEN = {
    "list": ("", 620),
    "timeline": ("cassette/weather#c2", 760),
    "stream": ("request/4/weather#frames", 620),
    "findings": ("findings", 640),
}
"""The name of each picture, the page that it shows, and how high it is."""

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

_WIDTH = 1120


def take_pictures() -> None:
    """Writes every picture, light and dark."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, chdir(name), chromium() as browser:
        folder = Path("cassettes")  # so that no picture shows where it was taken
        shutil.copytree(FOLDER, folder)
        shutil.copy(DOCS.parent / "cassettes" / "weather.json", folder)
        (folder / "cut.json").write_text((folder / "weather.json").read_text()[:2000])
        with viewing(folder, Listen("127.0.0.1", 0)) as url:
            for scheme in SCHEMES:
                page = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
                for picture, (path, height) in TAKEN.items():
                    page.set_viewport_size({"width": _WIDTH, "height": height})
                    page.goto(url + path)
                    page.screenshot(path=PICTURES / f"{picture}-{scheme}.png")


if __name__ == "__main__":
    take_pictures()
