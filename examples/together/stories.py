"""Which stories there are, and which of them want the machine for themselves.

Rule: a story is a package beside this one with a routes.yaml. Where what it measures means nothing while others compute
(a ratio of two times, a bar on one), its `__init__.py` says `ALONE = True`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from examples.stage.children import ROOT


@dataclass(frozen=True, slots=True)
class Story:
    """One of them."""

    name: str
    alone: bool = False

    @property
    def module(self) -> str:
        """For `python -m`."""
        return f"examples.{self.name}"


def stories() -> list[Story]:
    """By name."""
    names = [path.parent.name for path in sorted((ROOT / "examples").glob("*/routes.yaml"))]
    return [Story(name, getattr(import_module(f"examples.{name}"), "ALONE", False)) for name in names]
