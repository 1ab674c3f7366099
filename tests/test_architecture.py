"""The tree keeps its promise: imports point one way, the core is pure, tasks are born in one place.

Rules, each a function from a tree of sources to sentences about what breaks it:
- a part imports only the parts that its line in `MAY_IMPORT` names
- the core imports the standard library's pure modules and xxhash, its comparer parsers of bodies as well; it awaits
  nothing, and calls no built-in that reads or writes the world
- a library that would bring another part's work into the wrong process stays out of the parts in `STAYS_OUT`
- imports are absolute, and no chain of them is a circle; those under `TYPE_CHECKING` or within a function count too
- folders within a part import one way as well: what one of them uses never uses it
- tasks are created in `TASKS` alone, which keeps references to them: the loop itself keeps weak ones
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CORE = {"proxy.core"}
BESIDE = CORE | {
    "proxy",
    "proxy.link",
    "proxy.log",
    "proxy.names",
    "proxy.tasks",
    "proxy.tls",
    "proxy.whole_file",
    "proxy.zones",
}
PARTS = BESIDE | {
    "proxy.api",
    "proxy.clerk",
    "proxy.comparer",
    "proxy.translator",
    "proxy.config",
    "proxy.edge",
    "proxy.store",
    "proxy.control",
}
MAY_IMPORT: dict[str, set[str]] = {
    "proxy": set(),
    "proxy.core": CORE,
    "proxy.api": CORE | {"proxy.api"},
    "proxy.link": CORE | {"proxy.link"},
    "proxy.log": CORE,
    "proxy.names": CORE | {"proxy.names", "proxy.tasks"},
    "proxy.tasks": CORE,
    "proxy.tls": CORE | {"proxy.tls"},
    "proxy.locked_file": set(),
    "proxy.whole_file": set(),
    "proxy.zones": set(),
    "proxy.config": CORE | {"proxy", "proxy.config", "proxy.locked_file", "proxy.tls", "proxy.whole_file"},
    "proxy.edge": BESIDE | {"proxy.edge"},
    "proxy.store": CORE | {"proxy", "proxy.store"},
    "proxy.clerk": BESIDE | {"proxy.clerk", "proxy.store"},
    "proxy.comparer": BESIDE | {"proxy.comparer"},
    "proxy.translator": BESIDE | {"proxy.translator"},
    "proxy.reconcile": CORE | {"proxy.reconcile"},
    "proxy.reachability": CORE
    | {
        "proxy",
        "proxy.clerk",
        "proxy.edge",
        "proxy.names",
        "proxy.reachability",
        "proxy.reconcile",
        "proxy.tasks",
        "proxy.tls",
    },
    "proxy.control": BESIDE | {"proxy.api", "proxy.control", "proxy.store"},
    "proxy.app": PARTS | {"proxy.app"},
    "proxy.demo": PARTS | {"proxy.app", "proxy.cli", "proxy.demo"},
    "proxy.cli": PARTS | {"proxy.app", "proxy.cli", "proxy.demo", "proxy.reachability", "proxy.reconcile"},
    "proxy.__main__": {"proxy.cli"},
    "adapters": CORE | {"adapters"},
}

# fmt: off
PURE = {
    "__future__", "abc", "ast", "base64", "binascii", "bisect", "cmath", "codecs", "collections", "contextlib", "copy",
    "dataclasses", "decimal", "difflib", "enum", "errno", "fractions", "functools", "hashlib", "heapq", "hmac",
    "ipaddress", "itertools", "json", "math", "numbers", "operator", "re", "reprlib", "statistics", "string", "struct",
    "textwrap", "types", "typing", "unicodedata", "urllib.parse", "xxhash", "zlib",
}
# fmt: on
PURE_IN = {"proxy.core.parity": {"brotli", "csv", "html.parser", "msgspec", "re2", "xml.etree", "zstandard"}}
"""Decoders and parsers of bodies: bytes in, values out; no other part of the core reads bodies."""
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "__import__", "breakpoint"}
IMPURE_CALLS |= {"hash"}  # salted: another number in every process

SOCKETS = {"aiohttp", "asyncio", "httptools", "select", "selectors", "socket", "ssl", "uvloop"}
READERS = {"jinja2", "pydantic", "rich", "typer", "yaml"}
STAYS_OUT = {
    "proxy.config": SOCKETS | {"asyncpg", "subprocess", "threading", "time"},
    "proxy.edge": READERS | {"aiohttp", "asyncpg", "prometheus_client", "subprocess", "threading"},
    "proxy.clerk": READERS | {"httptools", "prometheus_client"},
    "proxy.control": READERS - {"jinja2", "pydantic"} | {"httptools"},
}

TASKS = "proxy.tasks"
TASK_MAKERS = {"create_task", "ensure_future"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file. `imports` are (line, full name) and `part` is its line in `MAY_IMPORT`."""

    name: str
    path: str
    tree: ast.Module
    imports: tuple[tuple[int, str], ...]

    @property
    def part(self) -> str:
        return part_of(self.name)


def part_of(name: str) -> str:
    """`proxy.core.split` is in `proxy.core`, `adapters.crm` in `adapters`."""
    return ".".join(name.split(".")[: 2 if name.startswith("proxy.") else 1])


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in {"proxy", "adapters"}


def modules(root: Path) -> list[Module]:
    """Every module of the two packages below `root`."""
    paths = [path for package in ("proxy", "adapters") for path in sorted((root / package).rglob("*.py"))]
    named = {name_of(path.relative_to(root)): path for path in paths}
    return [module_at(root, name, path, frozenset(named)) for name, path in named.items()]


def name_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def module_at(root: Path, name: str, path: Path, known: frozenset[str]) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Module(name=name, path=str(path.relative_to(root)), tree=tree, imports=tuple(imports_of(tree, known)))


def imports_of(tree: ast.Module, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Absolute imports, wherever in the file; `from proxy.core import split` names the module `proxy.core.split`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in known else str(node.module)


def wrong_direction(tree: list[Module]) -> Iterator[str]:
    """Imports that a part's line in `MAY_IMPORT` does not name, and parts that have no line."""
    for module in tree:
        if module.part not in MAY_IMPORT:
            yield f"{module.path}: {module.part} has no line in MAY_IMPORT; give it a place or move it"
            continue
        for line, target in module.imports:
            if is_ours(target) and part_of(target) not in MAY_IMPORT[module.part]:
                yield f"{module.path}:{line}: {module.part} may not import {target}"


def impure_core(tree: list[Module]) -> Iterator[str]:
    """Whatever in the core could see or change the world: imports, awaits, built-ins."""
    for module in tree:
        if module.part != "proxy.core":
            continue
        for line, target in module.imports:
            if not is_ours(target) and not is_pure(target, module.name):
                yield f"{module.path}:{line}: the core may not import {target}"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                yield f"{module.path}:{node.lineno}: the core awaits nothing"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                yield f"{module.path}:{node.lineno}: the core may not call {node.func.id}()"


def is_pure(name: str, within: str) -> bool:
    parts = name.split(".")
    allowed = PURE.union(*(more for part, more in PURE_IN.items() if within.startswith(f"{part}.")))
    return any(".".join(parts[:length]) in allowed for length in range(1, len(parts) + 1))


def out_of_place(tree: list[Module]) -> Iterator[str]:
    """Libraries in a part that must do without them."""
    for module in tree:
        for line, target in module.imports:
            if target.split(".")[0] in STAYS_OUT.get(module.part, ()):
                yield f"{module.path}:{line}: {target} stays out of {module.part}"


def relative(tree: list[Module]) -> Iterator[str]:
    """Imports that begin with a dot."""
    for module in tree:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{module.path}:{node.lineno}: imports are absolute"


def circles(tree: list[Module]) -> Iterator[str]:
    """The first chain of imports that ends where it began."""
    known = {module.name for module in tree}
    graph = {module.name: {target for _, target in module.imports if target in known} for module in tree}
    yield from ordered(graph, "imports go in a circle: ")


def ordered(graph: dict[str, set[str]], complaint: str) -> Iterator[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield complaint + " <- ".join(error.args[1])


def folders_in_circles(tree: list[Module]) -> Iterator[str]:
    """The first chain of folders whose imports end where they began; a module beside folders stands for itself."""
    rooms = {module.name: room_of(module.name) for module in tree}
    graph: dict[str, set[str]] = {}
    for module in tree:
        used = {rooms[target] for _, target in module.imports if target in rooms}
        graph.setdefault(rooms[module.name], set()).update(used - {rooms[module.name]})
    if not any(circles(tree)):  # a circle of modules is told as such
        yield from ordered(graph, "folders import in a circle: ")


def room_of(name: str) -> str:
    """`proxy.edge.wire` for what lies in it; `proxy.edge.tally` lies beside the folders and is its own room."""
    return name.rpartition(".")[0] if name.count(".") > 2 else name


def stray_tasks(tree: list[Module]) -> Iterator[str]:
    """Any mention, called or not, of what makes a task, outside the one module that keeps them."""
    for module in tree:
        for node in ast.walk(module.tree):
            if module.name != TASKS and mentioned(node) in TASK_MAKERS:
                yield f"{module.path}:{node.lineno}: tasks are created in {TASKS} only"  # type: ignore[attr-defined]


def mentioned(node: ast.AST) -> str:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name
        case _:
            return ""


RULES = (wrong_direction, impure_core, out_of_place, relative, circles, folders_in_circles, stray_tasks)


@pytest.fixture(scope="module")
def tree() -> list[Module]:
    """The tree, read once."""
    return modules(ROOT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(tree: list[Module], rule: Callable[[list[Module]], Iterator[str]]) -> None:
    """No source file of Banyan breaks this rule of the architecture."""
    assert list(rule(tree)) == []


def test_the_walk_sees_the_tree(tree: list[Module]) -> None:
    """What the rules look at is the real tree: both packages, the core's files and the imports between them."""
    seen = {module.name: module for module in tree}

    assert {"proxy", "proxy.__main__", "proxy.core", "adapters"} <= seen.keys()
    assert "proxy.cli.main" in {target for _, target in seen["proxy.__main__"].imports}


CORE_FILE = "proxy/core/a.py"
VIOLATIONS = {
    "core imports a higher part": ({CORE_FILE: "import proxy.config.b"}, "proxy.core may not import proxy.config"),
    "siblings": ({"proxy/edge/a.py": "from proxy.control.b import c"}, "proxy.edge may not import proxy.control.b"),
    "sibling named by its package": (
        {"proxy/store/a.py": "from proxy import config", "proxy/config/__init__.py": ""},
        "proxy.store may not import proxy.config",
    ),
    "upward": ({"proxy/control/a.py": "import proxy.app.b"}, "proxy.control may not import proxy.app.b"),
    "for types only": (
        {"proxy/edge/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import proxy.app.b"},
        "a.py:3: proxy.edge may not import proxy.app.b",
    ),
    "within a function": ({"proxy/store/a.py": "def f():\n    import proxy.edge.b"}, "a.py:2: proxy.store may not"),
    "api knows the core only": ({"proxy/api/a.py": "import proxy.log"}, "proxy.api may not import proxy.log"),
    "link knows the core only": ({"proxy/link/a.py": "import proxy.log"}, "proxy.link may not import proxy.log"),
    "config does not log": ({"proxy/config/a.py": "import proxy.log"}, "proxy.config may not import proxy.log"),
    "demo is for the command line": ({"proxy/app/a.py": "import proxy.demo.b"}, "proxy.app may not import proxy.demo"),
    "an adapter is named, not imported": ({"proxy/app/a.py": "import adapters.crm"}, "may not import adapters.crm"),
    "an adapter beyond the core": ({"adapters/crm.py": "import proxy.edge.b"}, "adapters may not import proxy.edge.b"),
    "a part without a place": ({"proxy/utility.py": ""}, "proxy.utility has no line"),
    "clock": ({CORE_FILE: "import time"}, "the core may not import time"),
    "dice": ({CORE_FILE: "from random import random"}, "the core may not import random"),
    "half a package": ({CORE_FILE: "import urllib.request"}, "the core may not import urllib.request"),
    "library": ({CORE_FILE: "import msgspec"}, "the core may not import msgspec"),
    "library in the comparer": ({"proxy/core/parity/a.py": "import aiohttp"}, "the core may not import aiohttp"),
    "coroutine": ({CORE_FILE: "async def f(): ..."}, "a.py:1: the core awaits nothing"),
    "disk": ({CORE_FILE: "x = open('f')"}, "the core may not call open()"),
    "salted": ({CORE_FILE: "x = hash('tenant')"}, "the core may not call hash()"),
    "sockets in config": ({"proxy/config/a.py": "import asyncio"}, "asyncio stays out of proxy.config"),
    "yaml on the data plane": ({"proxy/edge/a.py": "import yaml"}, "yaml stays out of proxy.edge"),
    "relative": ({"proxy/edge/a.py": "from . import b"}, "imports are absolute"),
    "circle": (
        {
            "proxy/edge/a.py": "import proxy.edge.b",
            "proxy/edge/b.py": "import proxy.edge.c",
            "proxy/edge/c.py": "import proxy.edge.a",
        },
        "circle",
    ),
    "circle of folders": (
        {
            "proxy/edge/wire/a.py": "import proxy.edge.shadow.c",
            "proxy/edge/wire/b.py": "",
            "proxy/edge/shadow/c.py": "",
            "proxy/edge/shadow/d.py": "import proxy.edge.wire.b",
        },
        "folders import in a circle",
    ),
    "circle for types": (
        {"proxy/edge/a.py": "import proxy.edge.b", "proxy/edge/b.py": "if TYPE_CHECKING:\n    import proxy.edge.a"},
        "circle",
    ),
    "task": ({"proxy/edge/a.py": "asyncio.create_task(f())"}, "a.py:1: tasks are created in proxy.tasks only"),
    "task by the loop": ({"proxy/app/a.py": "loop.create_task(f())"}, "tasks are created in"),
    "task by another name": ({"proxy/app/a.py": "from asyncio import ensure_future as go"}, "tasks are created in"),
}


@pytest.mark.parametrize(("sources", "complaint"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_found(tmp_path: Path, sources: dict[str, str], complaint: str) -> None:
    """Each way to break a rule is reported, with the file and what it may not do, and by one rule only."""
    grow(tmp_path, sources)

    complaints = [sentence for rule in RULES for sentence in rule(modules(tmp_path))]

    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_what_is_allowed_is_not_reported(tmp_path: Path) -> None:
    """A tree that uses each licence it has, to the full, breaks no rule."""
    grow(
        tmp_path,
        {
            "proxy/core/a.py": "import re, xxhash\nfrom collections.abc import Mapping\nfrom urllib.parse import quote",
            "proxy/core/parity/a.py": "import msgspec, brotli, zstandard, csv\nfrom html.parser import HTMLParser",
            "proxy/link/messages.py": "import msgspec\nimport proxy.core.a",
            "proxy/log.py": "import structlog\nimport proxy.core.a",
            "proxy/config/a.py": "import yaml, pydantic\nimport proxy.core.a",
            "proxy/edge/wire/a.py": "import asyncio, httptools\nimport proxy.link.messages\nfrom proxy.core import a",
            "proxy/edge/shadow/a.py": "import proxy.edge.wire.a, proxy.edge.b",
            "proxy/edge/b.py": "import proxy.edge.wire.a, proxy.log",
            "proxy/store/a.py": "import asyncpg\nimport proxy.core.a",
            "proxy/api/a.py": "import msgspec\nimport proxy.core.a",
            "proxy/control/a.py": "import proxy.store.a, proxy.api.a, proxy.link.m\nfrom proxy import __version__",
            "proxy/tasks.py": "asyncio.create_task(f())",
            "proxy/app/a.py": "import proxy.config.a, proxy.edge.b, proxy.control.a, proxy.tasks",
            "proxy/demo/a.py": "import proxy.app.a",
            "proxy/cli/main.py": "import proxy.demo.a",
            "proxy/__main__.py": "from proxy.cli.main import main",
            "adapters/crm.py": "import proxy.core.a\nimport aiohttp",
        },
    )

    assert [sentence for rule in RULES for sentence in rule(modules(tmp_path))] == []


def grow(root: Path, sources: dict[str, str]) -> None:
    """Write a small tree; packages come by themselves."""
    for name, text in {"proxy/__init__.py": "", **sources}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
