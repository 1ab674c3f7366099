"""What every file of the project keeps to, checked by the tools that pyproject.toml sets up and by a look at the text.

Rules of ours, each a function from a folder to sentences about what breaks it:
- a Python file has at most 600 lines, a function at most 50; one above 400 says why in its docstring, in a line that
  begins with `Long: `
- a folder has at most 20 Python files
- no file is named for what it might hold one day: utils, helpers, common, manager
- every test's docstring is the sentence it proves
- nothing is left for later: no marks of unfinished work, no test that is passed over
- no file names a package registry or a path of somebody's machine
"""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = [name for name in ("proxy", "adapters", "examples", "tests", "bench", "holds") if (ROOT / name).exists()]
MADE = {".git", ".venv", ".cache", ".banyan", ".hypothesis", "__pycache__", "dist", "node_modules"}

FILE_LINES, UNEXPLAINED_LINES = 600, 400
WHY_LONG = re.compile(r"^Long: \S+", re.MULTILINE)
FUNCTION_LINES = 50
FOLDER_FILES = 20
EMPTY_NAMES = re.compile(r"(^|_)(util|helper|common|manager|misc)s?(_|$)")
UNFINISHED = re.compile(
    r"\b(TO[D]O|FIXM[E]|XX[X]|HAC[K])\b|\bNotImplementedErro[r]\b|\bmark\.(skip|xfail)|\bpytest\.(skip|xfail|importorskip)\("
    r"|\bunittest\.skip"
)
REGISTRIES = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org|docker\.io|ghcr\.io|index[-_]url\b)",
    re.IGNORECASE,
)
PRIVATE_PATHS = re.compile(r"(?<![\w.}])/(root|home|Users|work|workspace)/\w")


def files(root: Path) -> Iterator[Path]:
    """Every file of the project; what tools and runs leave behind is not."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - MADE)
        yield from (Path(folder, name) for name in sorted(names))


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Name and text of every file that is text."""
    for path in files(root):
        try:
            yield str(path.relative_to(root)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def functions(root: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Place and node of every function in every Python file."""
    for name, text in texts(root):
        if name.endswith(".py"):
            for node in functions_in(text):
                yield f"{name}:{node.lineno}", node


@functools.cache
def functions_in(text: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Read once for all rules."""
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def long_files(root: Path) -> Iterator[str]:
    for name, text in texts(root):
        if not name.endswith(".py") or (lines := len(text.splitlines())) <= UNEXPLAINED_LINES:
            continue
        if lines > FILE_LINES:
            yield f"{name}: {lines} lines; split it by what it knows"
        elif not WHY_LONG.search(ast.get_docstring(ast.parse(text)) or ""):
            yield f"{name}: {lines} lines, and its docstring has no line `Long: WHY`"


def long_functions(root: Path) -> Iterator[str]:
    for place, node in functions(root):
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES:
            yield f"{place}: {node.name} has {lines} lines"


def crowded_folders(root: Path) -> Iterator[str]:
    folders = Counter(path.parent for path in files(root) if path.suffix == ".py" and path.name != "__init__.py")
    for folder, count in folders.items():
        if count > FOLDER_FILES:
            yield f"{folder.relative_to(root)}: {count} files; a concept among them wants a folder"


def empty_names(root: Path) -> Iterator[str]:
    for path in files(root):
        inner = path.relative_to(root)
        if any(EMPTY_NAMES.search(part) for part in (*inner.parent.parts, inner.stem)):
            yield f"{inner}: name it for what it knows"


def mute_tests(root: Path) -> Iterator[str]:
    for place, node in functions(root):
        if place.startswith("tests") and node.name.startswith("test_") and not ast.get_docstring(node):
            yield f"{place}: {node.name} does not say what it proves"


def unfinished(root: Path) -> Iterator[str]:
    yield from found(root, UNFINISHED, "is left for later")


def registries(root: Path) -> Iterator[str]:
    yield from found(root, REGISTRIES, "names a registry; packages come from whichever one the reader's tools use")


def private_paths(root: Path) -> Iterator[str]:
    yield from found(root, PRIVATE_PATHS, "is a path of one machine")


def found(root: Path, pattern: re.Pattern[str], complaint: str) -> Iterator[str]:
    for name, text in texts(root):
        for number, line in enumerate(text.splitlines(), 1):
            if hit := pattern.search(line):
                yield f"{name}:{number}: {hit[0]} {complaint}"


RULES = (long_files, long_functions, crowded_folders, empty_names, mute_tests, unfinished, registries, private_paths)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_keeps_the_rule(rule: Callable[[Path], Iterator[str]]) -> None:
    """No file of the project breaks this rule."""
    assert list(rule(ROOT)) == []


@pytest.mark.parametrize(
    "tool",
    [["ruff", "check", "--no-fix"], ["ruff", "format", "--check"], ["mypy", "--strict", "--no-error-summary"]],
    ids=["lint", "format", "types"],
)
def test_the_tools_agree(tool: list[str]) -> None:
    """What ruff and mypy look for, as pyproject.toml sets them up, is in no Python file."""
    run = subprocess.run([sys.executable, "-m", *tool, *PYTHON], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr


def word(*parts: str) -> str:
    """A forbidden word, written so that this file does not contain it."""
    return "".join(parts)


VIOLATIONS = {
    "long file": ("proxy/a.py", '"""A.\n\nLong: one table.\n"""\n' + "x = 1\n" * 600, "604 lines; split"),
    "unexplained file": ("proxy/a.py", "x = 1\n" * 401, "401 lines, and its docstring"),
    "long function": ("bench/a.py", "def f():\n" + "    x = 1\n" * 50, "a.py:1: f has 51 lines"),
    "long method": ("tests/a.py", "class A:\n    async def f():\n" + "        x = 1\n" * 50, "a.py:2: f has 51"),
    "empty name": ("proxy/edge/utils.py", "", "name it for what it knows"),
    "empty name within": ("tests/session_helper.py", "", "name it for what it knows"),
    "empty folder name": ("proxy/common/a.py", "", "name it for what it knows"),
    "mute test": ("tests/test_a.py", "async def test_a(): ...", "test_a does not say what it proves"),
    "mark": ("docs/a.md", word("TO", "DO: write"), "docs/a.md:1"),
    "stub": ("proxy/a.py", word("raise NotImplemented", "Error"), "is left for later"),
    "test passed over": ("tests/a.py", word("pytestmark = pytest.mark.", "skip"), "is left for later"),
    "test passed over within": ("tests/a.py", word("pytest.", "skip('no network')"), "is left for later"),
    "registry": ("requirements/run.txt", word("# from https://py", "pi.org/simple"), "names a registry"),
    "registry option": ("requirements/run.txt", word("--index", "-url x"), "names a registry"),
    "private path": ("docs/a.md", word("see /ho", "me/ann/notes"), "is a path of one machine"),
}


@pytest.mark.parametrize(("name", "text", "complaint"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_found(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    """Each way to break a rule is reported, and by one rule only."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(text, encoding="utf-8")

    complaints = [sentence for rule in RULES for sentence in rule(tmp_path)]

    assert len(complaints) == 1
    assert complaint in complaints[0]


def test_a_long_file_that_says_why_is_no_violation(tmp_path: Path) -> None:
    """Between 400 and 600 lines a reason is enough."""
    (tmp_path / "a.py").write_text('"""A.\n\nLong: one table.\n"""\n' + "x = 1\n" * 500, encoding="utf-8")

    assert [sentence for rule in RULES for sentence in rule(tmp_path)] == []


def test_a_crowded_folder_is_found(tmp_path: Path) -> None:
    """Twenty files beside an `__init__.py` are no violation, one more is."""
    (tmp_path / "proxy").mkdir()
    for name in ("__init__", *(f"part{number}" for number in range(20))):
        (tmp_path / f"proxy/{name}.py").touch()

    assert list(crowded_folders(tmp_path)) == []

    (tmp_path / "proxy/more.py").touch()

    assert list(crowded_folders(tmp_path)) == ["proxy: 21 files; a concept among them wants a folder"]


def test_what_runs_leave_behind_is_not_judged(tmp_path: Path) -> None:
    """Installed packages and caches are not the project's text."""
    for name in (".venv/lib/utils.py", ".cache/common.py", "node_modules/a/helper.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()

    assert [sentence for rule in RULES for sentence in rule(tmp_path)] == []
