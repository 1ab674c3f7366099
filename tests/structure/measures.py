"""Figures of a tree: how large it is, how large its parts are, and which names in it mean two things."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from statistics import median, quantiles

from tests.structure.tree import Tree, classes, modules, parsed

MOST_FILES = 20
"""Files that a folder may hold, without its `__init__.py`."""

Places = Mapping[str, tuple[str, ...]]
"""Where a name stands, by name."""


def function_lines(tree: Tree) -> list[int]:
    """The length in lines of every function and method."""
    nodes = (node for text in tree.values() for node in ast.walk(parsed(text)))
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def folder_sizes(tree: Tree) -> Counter[str]:
    """Files by folder."""
    return Counter(str(path.parent) for path, _ in modules(tree))


def full_folders(tree: Tree) -> dict[str, int]:
    """The folders with more than `MOST_FILES`."""
    return {folder: files for folder, files in folder_sizes(tree).items() if files > MOST_FILES}


def classes_twice(tree: Tree) -> Places:
    """Public class names that are defined more than once."""
    return _twice(classes(tree))


def stems_twice(tree: Tree) -> Places:
    """File names that stand in more than one folder; a folder's own name counts as one of its parent's."""
    return _twice((path.stem, str(path)) for path, _ in modules(tree) if path.stem != "__main__")


def _twice(pairs: Iterator[tuple[str, str]]) -> Places:
    places: dict[str, list[str]] = defaultdict(list)
    for name, place in pairs:
        places[name].append(place)
    return {name: tuple(places[name]) for name in sorted(places) if len(places[name]) > 1}


def stage_namers(tree: Tree) -> tuple[str, ...]:
    """Files that name a stage, as `Stage.CANARY`, and so may have to change with a new one."""
    return tuple(name for name, text in tree.items() if "Stage." in text and any(_stages(parsed(text))))


def _stages(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id="Stage"), attr=member) if member.isupper():
                yield member
            case _:
                pass


def longest(tree: Tree) -> PurePosixPath:
    """The file with the most lines."""
    return max(modules(tree), key=lambda module: len(module[1].splitlines()))[0]


def figures(tree: Tree) -> dict[str, str]:
    """What the page shows of a tree, in its order."""
    lengths, sizes = function_lines(tree), folder_sizes(tree)
    files = sum(sizes.values())
    fullest, most = max(sizes.items(), key=lambda item: item[1])
    return {
        "files (without `__init__.py`)": f"{files:,}",
        "files with `__init__.py`": f"{len(tree):,}",
        "lines": f"{sum(len(text.splitlines()) for text in tree.values()):,}",
        "functions": f"{len(lengths):,}",
        "lines of a function, median": f"{median(lengths):g}",
        "lines of a function, 95 %": f"{quantiles(lengths, n=20)[-1]:g}",
        "folders with files": f"{len(sizes):,}",
        "files in the fullest folder": f"{most} ({fullest})",
        f"folders above {MOST_FILES} files": f"{len(full_folders(tree))}",
        "public class names defined twice": f"{len(classes_twice(tree))}",
        "file names in two folders": f"{len(stems_twice(tree))}",
        "files that name a stage": f"{len(stage_namers(tree))}",
    }
