"""`python -m tests.structure.questions [SEED]`: what a stranger may be asked to find, drawn by chance.

Five keys of docs/routes.md, five bounds of docs/limits.md, five events of the log. CONTRIBUTING.md holds the draw of
`SEED`, made once; what was drawn must still be there to be asked for.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from random import Random

from tests.structure.tree import ROOT, Tree, on_disk, parsed

SEED = 12
EACH = 5
DRAWN = (
    *("state", "listen", "unknown_methods", "path", "endpoints"),
    *("fields", "a body that trickles", "connections of a client", "one field", "body"),
    *("successor_started", "hook_not_delivered", "worker_unlinked", "admin_request_failed", "embedded_postgres_down"),
)
"""What `SEED` drew when the questions were first asked; a pool that grew since would draw otherwise."""
_ROW = re.compile(r"^\| (`[^|]+) \|", re.MULTILINE)
_BOUND = re.compile(r"^\| ([^|`-][^|]*?) \|", re.MULTILINE)
_NAME = re.compile(r"`([a-z_]+)`")
_HEADS = {"bound", "key", "word", "value"}
_LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def keys() -> list[str]:
    """The keys that the tables of docs/routes.md have in their first column."""
    text = (ROOT / "docs" / "routes.md").read_text(encoding="utf-8")
    return sorted({name for cell in _ROW.findall(text) for name in _NAME.findall(cell)})


def bounds() -> list[str]:
    """What docs/limits.md says is bounded."""
    text = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    return sorted(set(_BOUND.findall(text)) - _HEADS)


def events(tree: Tree) -> list[str]:
    """The events that the product logs."""
    return sorted({name for text in tree.values() if "_log" in text for name in _logged(parsed(text))})


def _logged(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_log"), attr=level), args=[ast.Constant(str(name)), *_]
            ):
                if level in _LEVELS:
                    yield name
            case _:
                pass


def pools() -> tuple[list[str], list[str], list[str]]:
    """What may be drawn."""
    return keys(), bounds(), events(on_disk())


def drawn(seed: int) -> list[str]:
    """Five of each, by chance."""
    dice = Random(seed)
    return [name for pool in pools() for name in dice.sample(pool, EACH)]


if __name__ == "__main__":
    print("\n".join(drawn(int(sys.argv[1]) if sys.argv[1:] else SEED)))
