"""Every published case by its id, with the test that proves it and, where a test has no time for all of it, the suite.

`index.json` is the list.
"""

from __future__ import annotations

import ast
import functools
import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("index.json")
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One case. `kind`: A bytes, B a scripted upstream, C processes and system, D load, E the file."""

    id: str
    rule: str
    kind: str
    title: str
    test: str
    suite: str = ""

    @property
    def where(self) -> str:
        """For the table."""
        suites = f", `python -m {self.suite}`" if self.suite else ""
        file, _, name = self.test.partition("::")
        return f"`{name}` in {file}{suites}"


def load_index() -> list[Entry]:
    """In the order of publication."""
    return [Entry(**each) for each in json.loads(FILE.read_text(encoding="ascii"))]


INDEX = load_index()


def sentence_of(test: str) -> str:
    """The docstring of a test named `path::function`; empty when there is none of that name."""
    file, _, name = test.partition("::")
    return _sentences(ROOT / file).get(name, "")


@functools.cache
def _sentences(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, functions)]
    return {node.name: ast.get_docstring(node) or "" for node in nodes}
