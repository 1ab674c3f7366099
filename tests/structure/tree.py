"""The product's sources as they lie on disk, or as they lay at a commit."""

from __future__ import annotations

import ast
import io
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent.parent
PRODUCT = "proxy"

Tree = Mapping[str, str]
"""Text by path; every path begins with `proxy/` and ends with `.py`."""


def on_disk(root: Path = ROOT) -> Tree:
    """The working tree."""
    paths = sorted((root / PRODUCT).rglob("*.py"))
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def at_commit(commit: str, root: Path = ROOT) -> Tree:
    """The tree of a commit; CalledProcessError where git knows none of that name."""
    archive = ["git", "archive", "--format=tar", commit, PRODUCT]
    packed = subprocess.run(archive, cwd=root, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {name: text for name, text in _texts(tar) if name.endswith(".py")}


def _texts(tar: tarfile.TarFile) -> Iterator[tuple[str, str]]:
    for member in sorted(tar.getmembers(), key=lambda member: member.name):
        if file := tar.extractfile(member):
            yield member.name, file.read().decode("utf-8", "replace")


@cache
def parsed(text: str) -> ast.Module:
    """Each figure looks at every file: it is read once."""
    return ast.parse(text)


def modules(tree: Tree) -> Iterator[tuple[PurePosixPath, str]]:
    """Path and text of every file but the `__init__.py` that only make a folder a package."""
    for name, text in tree.items():
        if not name.endswith("__init__.py"):
            yield PurePosixPath(name), text


def classes(tree: Tree) -> Iterator[tuple[str, str]]:
    """Name and place (`proxy/core/stage.py:9`) of every public class that stands at the top of a file."""
    for name, text in tree.items():
        for node in parsed(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, f"{name}:{node.lineno}"
