"""What the code of an adapter may do: values in, values out. By what it is written, before it is ever run.

Rule 1: what is found here is told to whoever wrote it. It is no wall: what code does all the same, its process cannot
        (`proxy/translator/confinement.py`).
Rule 2: what is imported is changed by nobody: neither what a module or class has, nor what that holds.
Rule 3: the same message comes to the same: no clock, no dice, nothing that is kept from one message to the next.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from proxy.core.translation.adapter_code import FUNCTIONS

# fmt: off
MODULES: Final = frozenset({
    "__future__", "adapters", "base64", "binascii", "bisect", "calendar", "collections", "collections.abc", "copy",
    "dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "html",
    "itertools", "json", "math", "numbers", "operator", "re", "string", "struct", "textwrap", "typing", "unicodedata",
    "urllib.parse",
})
"""What code may import."""
IMPURE: Final = frozenset({
    "__builtins__", "__import__", "__loader__", "__spec__", "breakpoint", "compile", "delattr", "eval", "exec", "exit",
    "globals", "hash", "help", "id", "input", "locals", "open", "print", "quit", "setattr", "vars",
})
"""Names that lead out of a function; `hash` and `id` are others in every process."""
# fmt: on
CLOCKS: Final = frozenset({"now", "utcnow", "today"})
_LONGEST = 256 * 1024


class CodeFault(NamedTuple):
    """What is wrong with code, and where: lines and columns count from 1."""

    line: int
    column: int
    message: str


def faults_in(source: str) -> list[CodeFault]:
    """Everything that can be said without running it."""
    if len(source) > _LONGEST:
        return [CodeFault(1, 1, f"is longer than {_LONGEST // 1024}KiB")]
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return [CodeFault(error.lineno or 1, error.offset or 1, f"is no Python: {error.msg}")]
    except (ValueError, RecursionError, MemoryError):
        return [CodeFault(1, 1, "is no Python that can be read: it nests too deep, or has a NUL")]
    return sorted([*_impure(tree), *_functions(tree), *_changed_imports(tree)])


def _impure(tree: ast.Module) -> Iterator[CodeFault]:
    for node in ast.walk(tree):
        message = _why_impure(node)
        if message:
            yield CodeFault(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, message)


def _changed_imports(tree: ast.Module) -> Iterator[CodeFault]:
    """Rule 2: `json.kept = 1`, `del re.x`, `Answer.seen[0] += 1`."""
    imported = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            name = _rooted_in(node)
            if name in imported:
                message = f"changes {name}, which is imported: each message is by itself"
                yield CodeFault(node.lineno, node.col_offset + 1, message)


def _rooted_in(node: ast.expr) -> str:
    """The name at the beginning of `a.b[0].c`; empty: there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _why_impure(node: ast.AST) -> str:
    match node:
        case ast.Import(names):
            return _why_not_imported([alias.name for alias in names])
        case ast.ImportFrom(module, names, level):
            if level:
                return "imports a file beside it; an adapter is one file"
            return _why_not_imported([module or ""]) if any(names) else ""
        case ast.Name(id=name) if name in IMPURE:
            return f"uses {name}: an adapter has a message and gives one back, and does nothing else"
        case ast.Attribute(attr=name) if name.startswith("__") and name.endswith("__"):
            return f"reaches for {name}, which is Python's own"
        case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS:
            return f"calls {name}(): the same message must come to the same, whatever the time"
        case ast.Global(names):
            return f"keeps {', '.join(names)} from one message to the next; each message is by itself"
        case ast.AsyncFunctionDef() | ast.Await() | ast.AsyncFor() | ast.AsyncWith():
            return "waits for something; an adapter waits for nothing"
        case _:
            return ""


def _why_not_imported(names: list[str]) -> str:
    """A module that may be imported may be imported with what is below it."""
    for name in names:
        if name not in MODULES:
            return f"imports {name}: an adapter is pure, and may import {', '.join(sorted(MODULES - {'__future__'}))}"
    return ""


def _functions(tree: ast.Module) -> Iterator[CodeFault]:
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, parameter in FUNCTIONS.items():
        node = found.get(name)
        wanted = f"def {name}({parameter})"
        if node is None:
            yield CodeFault(1, 1, f"lacks {wanted}")
        elif not _takes_one(node.args) or node.decorator_list:
            yield CodeFault(node.lineno, node.col_offset + 1, f"must be {wanted}: it is called with the message alone")


def _takes_one(args: ast.arguments) -> bool:
    positional = [*args.posonlyargs, *args.args]
    needed = len(positional) - len(args.defaults)
    return needed <= 1 <= len(positional) + bool(args.vararg) and all(args.kw_defaults)
