"""What code of adapters can import, as it was before the first message, and again before each other one.

Rule 1: what is set, replaced or taken away in a module, or in a class that adapters are given, is as it was afterwards:
        no message finds anything of one before it, and none is translated by what one before has changed.
Rule 2: what is changed inside a list or dict that a module has is not found; `pure_code.py` refuses what it sees of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


class KeptModules:
    """To be made once everything is imported, before any code runs."""

    def __init__(self, modules: Iterable[ModuleType], classes: Iterable[type]) -> None:
        """As they are now."""
        self._modules = [(vars(module), dict(vars(module))) for module in modules]
        self._classes = [(each, dict(vars(each))) for each in classes]

    def restore(self) -> None:
        """Rule 1. Names are compared all at once, which costs little where they hold what they held."""
        for live, had in self._modules:
            if live != had:
                live.clear()
                live.update(had)
        for each, had in self._classes:
            if vars(each) != had:
                _restore(each, had)


def _restore(of: type, had: Mapping[str, Any]) -> None:
    now = dict(vars(of))
    for name in now.keys() - had.keys():
        delattr(of, name)
    for name, value in had.items():
        if now.get(name) is not value:
            setattr(of, name, value)
