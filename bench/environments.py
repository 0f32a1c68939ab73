"""What the benchmark needs and the project does not: peers in environments of their own, and the load generators."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import BenchError

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("TOOLREEL_BENCH_CACHE") or HERE.parent / ".bench")
_PINS = re.compile(r'^"?([@\w/-]+)(?:\[\w+\])?"?(?:==|: ")([\d.]+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tools:
    """Where everything is; `java` is None where there is none, and then WireMock is left out."""

    python: Path
    """Of the environment with vcrpy, cassetter, granian, uvicorn, httptools and uvloop."""
    modules: Path
    """The folder of the packages for Node."""
    node: str
    java: str | None
    wrk: str
    hey: str
    mitmdump: str

    def version(self, name: str) -> str:
        """The version of a peer or floor."""
        pins = dict(_PINS.findall((HERE / "requirements.txt").read_text()))
        pins |= dict(_PINS.findall((HERE / "package.json").read_text().replace("    ", "")))
        return pins.get(name) or importlib.metadata.version(name)


def prepare() -> Tools:
    """Installs what is missing, once; raises BenchError."""
    for name in ("wrk", "hey"):
        _debian(name)
    node = _program("node", "talkback and mountebank need it")
    _program("npm", "talkback and mountebank are installed with it")
    return Tools(
        python=_python(),
        modules=_modules(),
        node=node,
        java=shutil.which("java"),
        wrk=_program("wrk", "it makes the load"),
        hey=_program("hey", "it makes the load for the TLS proxy doors"),
        mitmdump=_mitmdump(),
    )


def _program(name: str, why: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise BenchError(f"{name} is not installed, and {why}: on Debian, apt-get install {name}.")
    return found


def _debian(name: str) -> None:
    """Installs a package of Debian's if it is missing and we may."""
    if shutil.which(name) is None and shutil.which("apt-get") and os.geteuid() == 0:
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", name])


def _mitmdump() -> str:
    found = Path(sys.executable).with_name("mitmdump")
    if not found.exists():
        raise BenchError("mitmproxy is not installed beside toolreel: pip install 'toolreel[proxy]'.")
    return str(found)


def _python() -> Path:
    folder, wanted = CACHE / f"python-{sys.version_info[0]}.{sys.version_info[1]}", HERE / "requirements.txt"
    if _is_stale(folder, wanted):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)])
        _run([str(folder / "bin/python"), "-m", "pip", "-q", "install", "-r", str(wanted)])
        _mark(folder, wanted)
    return folder / "bin/python"


def _modules() -> Path:
    folder, wanted = CACHE / "node", HERE / "package.json"
    if _is_stale(folder, wanted):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(wanted, folder)
        _run(["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", "--silent"])
        _mark(folder, wanted)
    return folder / "node_modules"


def _is_stale(folder: Path, wanted: Path) -> bool:
    stamp = folder / ".ready"
    return not stamp.exists() or stamp.read_text() != _digest(wanted)


def _mark(folder: Path, wanted: Path) -> None:
    (folder / ".ready").write_text(_digest(wanted))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout)[-600:].strip()}")
