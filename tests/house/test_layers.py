"""Who may import whom, and how large things may grow; read from the source, nothing is imported."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINKED = ("addons", "store", "cassettes")

# From the ground up. A room imports from rooms of lower levels only, and from itself.
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "collecting"}),
    frozenset({"messages"}),
    frozenset({"dialects"}),
    frozenset({"redaction"}),
    frozenset({"normalise"}),
    frozenset({"replay", "recording"}),
    frozenset({"formats"}),
    frozenset({"store", "cassettes"}),
    frozenset({"server"}),
    frozenset({"addons", "standin", "inspect", "audit"}),
    frozenset({"view"}),
    frozenset({"commands"}),
    frozenset({"pytest_plugin"}),
    frozenset({"__main__"}),
)
LEVEL_OF = {room: level for level, rooms in enumerate(LEVELS) for room in rooms}

# Rooms that are given values and return values, and what they therefore do without.
PURE = frozenset(
    {"errors", "messages", "dialects", "normalise", "redaction", "replay", "recording", "formats", "inspect", "audit"}
)
NOT_IN_PURE = frozenset(
    {"asyncio", "glob", "multiprocessing", "os", "pathlib", "queue", "random", "secrets", "select", "selectors"}
    | {"shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "uuid"}
)
NOT_CALLED_IN_PURE = frozenset({"input", "now", "open", "print", "today", "utcnow"})

# The one place for each of these.
ONLY_IN = {"mitmproxy": "addons", "sqlite_utils": "store"}

LONGEST_MODULE = 350
LONGEST_FUNCTION = 60

# Rooms whose every module must have its test file. Add a room when its tests are complete.
MIRRORED: frozenset[str] = frozenset()
# Modules of such rooms that have none: name, and where they are tested instead.
TESTED_ELSEWHERE: dict[str, str] = {}
# Folders of tests that mirror no room.
# Tests of a whole room.
SPANNING = frozenset(
    {
        Path("tests/recording/test_secrets.py"),
        Path("tests/normalise/test_promise.py"),
        Path("tests/replay/test_concurrency.py"),
        Path("tests/replay/test_random_programs.py"),
        Path("tests/replay/test_real_conversations.py"),
    }
)
WITHOUT_MIRROR = frozenset({"bench", "docs", "house", "wire"})


def modules() -> dict[str, Path]:
    """Every module of the package, by its import name."""
    found = {}
    for top in ("toolreel", *LINKED):
        for folder, folders, files in os.walk(ROOT / top):  # does not follow the links in toolreel/
            folders[:] = [name for name in folders if name != "__pycache__"]
            for file in files:
                if file.endswith(".py"):
                    path = Path(folder, file)
                    parts = path.relative_to(ROOT).with_suffix("").parts
                    name = ".".join(parts if top == "toolreel" else ("toolreel", *parts))
                    found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text(), str(path)) for name, path in MODULES.items()}


def room_of(module: str) -> str:
    """`replay` of `toolreel.replay.match`, `errors` of `toolreel.errors`, nothing of `toolreel` itself."""
    return module.split(".")[1] if "." in module else ""


def imports(module: str) -> Iterator[tuple[ast.stmt, str]]:
    """The statement and the full name of everything imported, in functions and for type checkers too."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([package, node.module] if node.module else [package]) if node.level else node.module
            for alias in node.names:
                yield node, f"{base}.{alias.name}"


def place(module: str, node: ast.stmt | ast.expr) -> str:
    return f"{MODULES[module].relative_to(ROOT)}:{node.lineno}"


def test_every_room_has_its_level() -> None:
    assert {room_of(module) for module in MODULES} - {""} <= set(LEVEL_OF), "say in LEVELS where the new room stands"


def test_a_room_imports_only_from_rooms_below() -> None:
    wrong = [
        f"{place(module, node)}: {room_of(module) or 'toolreel itself'} imports {name}"
        for module in MODULES
        for node, name in imports(module)
        if name.startswith("toolreel.") and room_of(name) in LEVEL_OF and room_of(name) != room_of(module)
        if LEVEL_OF[room_of(name)] >= LEVEL_OF.get(room_of(module), 0)
    ]
    assert not wrong


def test_pure_rooms_import_nothing_that_does_io() -> None:
    wrong = [
        f"{place(module, node)}: imports {name}"
        for module in MODULES
        if room_of(module) in PURE
        for node, name in imports(module)
        if name.partition(".")[0] in NOT_IN_PURE
    ]
    assert not wrong


def test_pure_rooms_open_nothing_and_ask_no_clock() -> None:
    wrong = [
        f"{place(module, node)}: calls {ast.unparse(node.func)}"
        for module in MODULES
        if room_of(module) in PURE
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in NOT_CALLED_IN_PURE
    ]
    assert not wrong


def test_mitmproxy_and_sqlite_utils_have_one_place_each() -> None:
    wrong = [
        f"{place(module, node)}: imports {name}"
        for module in MODULES
        for node, name in imports(module)
        if ONLY_IN.get(name.partition(".")[0], room_of(module)) != room_of(module)
    ]
    assert not wrong


def test_relative_imports_have_one_dot() -> None:
    """Two dots fail in type checkers, because of the linked folders."""
    wrong = [
        place(module, node)
        for module in MODULES
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]
    assert not wrong


def test_modules_stay_short() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in MODULES.values()}
    long = [f"{path} has {lines} lines" for path, lines in lengths.items() if lines > LONGEST_MODULE]
    assert not long, "is each one room or several?"


def test_functions_stay_short() -> None:
    long = [
        f"{place(module, node)}: {node.name} has {length} lines"
        for module in MODULES
        for node in ast.walk(TREES[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


def mirror_of(module: str) -> Path:
    """The test file of a module: tests/replay/test_match.py of toolreel.replay.match."""
    *rooms, name = module.split(".")[1:]
    return Path("tests", *rooms, f"test_{name}.py")


def own_modules() -> set[str]:
    """Modules that hold something to test."""
    return {module for module, path in MODULES.items() if path.name not in {"__init__.py", "__main__.py"}}


def test_every_test_file_belongs_to_a_module() -> None:
    mirrors = {mirror_of(module) for module in own_modules()}
    files = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    strays = {path for path in files - mirrors - SPANNING if path.parts[1] not in WITHOUT_MIRROR}
    assert not strays, "tests of no module; what spans several modules belongs in tests/wire"


def test_every_module_has_its_test_file() -> None:
    expected = {module for module in own_modules() if room_of(module) in MIRRORED} - set(TESTED_ELSEWHERE)
    missing = {module for module in expected if not (ROOT / mirror_of(module)).is_file()}
    assert not missing, "write the test file, or say in TESTED_ELSEWHERE where the module is tested"


def test_no_reason_outlives_its_module() -> None:
    untested = {module for module in TESTED_ELSEWHERE if not (ROOT / mirror_of(module)).is_file()}
    assert set(TESTED_ELSEWHERE) <= untested & own_modules()
