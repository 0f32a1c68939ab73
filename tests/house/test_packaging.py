"""pyproject.toml against the tree: an editable install hides what the wheel would lack."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINKED = ("addons", "store", "cassettes")
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SETUPTOOLS: dict[str, Any] = PYPROJECT["tool"]["setuptools"]
LOCKS = ROOT / ".ci" / "lock"


def walk(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Each folder and its files, without hidden ones and caches, and not through the links."""
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        yield Path(folder), [name for name in files if not name.startswith(".")]


def package_name(folder: Path) -> str:
    """The import name of a folder of the checkout."""
    parts = folder.relative_to(ROOT).parts
    return ".".join(parts if parts[0] == "toolreel" else ("toolreel", *parts))


PACKAGES = {
    package_name(folder): folder
    for top in ("toolreel", *LINKED)
    for folder, files in walk(ROOT / top)
    if any(name.endswith(".py") for name in files)
}


def test_the_list_of_packages_is_the_tree() -> None:
    assert sorted(SETUPTOOLS["packages"]) == sorted(PACKAGES)


def test_every_package_has_an_init_that_says_what_it_is() -> None:
    silent = [
        name
        for name, folder in PACKAGES.items()
        if not ((folder / "__init__.py").is_file() and (folder / "__init__.py").read_text().startswith('"""'))
    ]
    assert not silent


def test_packages_are_mapped_to_their_folders() -> None:
    expected = {"toolreel": "toolreel"} | {f"toolreel.{name}": name for name in LINKED}
    assert SETUPTOOLS["package-dir"] == expected


@pytest.mark.parametrize("name", LINKED)
def test_links_are_relative(name: str) -> None:
    link = ROOT / "toolreel" / name
    assert link.is_symlink()
    assert str(link.readlink()) == f"../{name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_package_data_is_shipped(package: str) -> None:
    """Each glob reaches one depth only: a data file below it would be missing from the wheel without a word."""
    top = PACKAGES[package]
    globs = SETUPTOOLS["package-data"].get(package, [])
    shipped = {path for pattern in globs for path in top.glob(pattern)}
    subpackages = [folder for folder in PACKAGES.values() if top in folder.parents]
    for folder, files in walk(top):
        if not any(folder.is_relative_to(other) for other in subpackages):
            data = {folder / name for name in files if not name.endswith((".py", ".md"))}
            assert data <= shipped, f"no glob in package-data of {package} matches"


def test_globs_of_package_data_belong_to_packages() -> None:
    assert set(SETUPTOOLS["package-data"]) <= set(PACKAGES)


def requirements(lock: str) -> list[str]:
    """What the lock file must hold, from pyproject.toml."""
    project, dev = PYPROJECT["project"], PYPROJECT["dependency-groups"]["dev"]
    proxy = project["optional-dependencies"]["proxy"]
    wanted: dict[str, list[str]] = {
        "build": PYPROJECT["build-system"]["requires"],
        "core": project["dependencies"],
        "proxy": [*project["dependencies"], *proxy],
        "dev": [*project["dependencies"], *proxy, *dev],
    }
    return wanted[lock]


@pytest.mark.parametrize("lock", ["build", "core", "proxy", "dev"])
def test_the_lock_fits(lock: str) -> None:
    """Every requirement is pinned to versions that satisfy it; else `make lock` was forgotten."""
    text = (LOCKS / f"{lock}.txt").read_text()
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE):
        pins.setdefault(canonicalize_name(name), []).append(version)
    for requirement in map(Requirement, requirements(lock)):
        versions = pins.get(canonicalize_name(requirement.name), [])
        assert versions, f"{requirement.name} is not in .ci/lock/{lock}.txt: run `make lock`"
        assert all(version in requirement.specifier for version in versions)


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_says_how_it_is_made_and_not_from_where(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# ")
    assert "`make lock`" in text.partition("\n")[0]
    assert "://" not in text
    pinned, hashed = re.findall(r"^[a-z0-9].*==.*", text, re.MULTILINE), re.findall(r"==.*\\\n +--hash=", text)
    assert len(pinned) == len(hashed) > 0
