"""Breaks toolreel on purpose: every function of a package, found by looking, raises or gives nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

import pytest

RAISES, GIVES_NOTHING = "raises", "gives-nothing"
BUG = "a bug on purpose"


@dataclass(frozen=True)
class Part:
    """A function of a module, or a method, property or the like of a class."""

    owner: Any
    name: str

    @property
    def id(self) -> str:
        where = self.owner.__name__ if isinstance(self.owner, ModuleType) else self.owner.__module__
        inside = "" if isinstance(self.owner, ModuleType) else f".{self.owner.__name__}"
        return f"{where.removeprefix('toolreel.')}{inside}.{self.name}"


def modules_of(package: str) -> list[ModuleType]:
    folder = importlib.import_module(package)
    return [importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(folder.__path__)]


def parts_of(modules: list[ModuleType]) -> list[Part]:
    """All public functions of the modules, and of their public classes."""
    found = []
    for module in modules:
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            if isinstance(thing, FunctionType):
                found.append(Part(module, name))
            elif inspect.isclass(thing):
                found += [Part(thing, member) for member, value in vars(thing).items() if _is_part(member, value)]
    return found


def _is_part(name: str, value: Any) -> bool:
    kinds = (FunctionType, staticmethod, classmethod, property, cached_property)
    return not name.startswith("_") and isinstance(value, kinds)


@contextmanager
def broken(part: Part, how: str) -> Iterator[list[str]]:
    """While the block runs the part is broken, wherever it is used; gives a note of every use."""
    used: list[str] = []

    def instead(*_: Any, **__: Any) -> None:
        used.append(part.name)
        if how == RAISES:
            raise RuntimeError(BUG)

    with pytest.MonkeyPatch.context() as patch:
        if isinstance(part.owner, ModuleType):
            real = getattr(part.owner, part.name)
            for module in [found for name, found in sys.modules.items() if name.startswith("toolreel")]:
                for name in [name for name, thing in vars(module).items() if thing is real]:
                    patch.setattr(module, name, instead)
        else:
            patch.setattr(part.owner, part.name, _like(vars(part.owner)[part.name], instead))
        yield used


def _like(real: Any, instead: Callable[..., None]) -> Any:
    if isinstance(real, property | cached_property):
        return property(instead)
    return staticmethod(instead) if isinstance(real, staticmethod | classmethod) else instead
