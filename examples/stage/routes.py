"""The operator's copy of routes.yaml, and its edits: a value of a route, line by line, as in an editor."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RoutesFile:
    """One file."""

    path: Path

    def set(self, route: str, **values: str) -> list[str]:
        """These keys of the route; an empty value takes the line out. What was changed, as one tells it."""
        return self.set_all((route,), **values).get(route, [])

    def set_all(self, routes: Iterable[str], **values: str) -> dict[str, list[str]]:
        """The same of several routes, in one save; of those that are changed."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        said = {
            route: [change for key, value in values.items() if (change := _set(lines, route, key, value))]
            for route in routes
        }
        self.save("\n".join([*lines, ""]))
        return {route: changes for route, changes in said.items() if changes}

    def save(self, text: str) -> None:
        """The whole file, at once."""
        fresh = self.path.with_suffix(".tmp")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, self.path)  # noqa: PTH105 -- both are paths, and replace is the point


def _set(lines: list[str], route: str, key: str, value: str) -> str:
    first = lines.index(f"  - name: {route}")
    end = next((at for at in range(first + 1, len(lines)) if re.match(r"  - |\S|$", lines[at])), len(lines))
    at = next((at for at in range(first, end) if lines[at].startswith(f"    {key}: ")), None)
    if at is None:
        at = next(at for at in range(first, end) if lines[at].startswith("    stage: ")) + 1
        if value:
            lines.insert(at, f"    {key}: {value}")
        return f"line {at + 1}: {key}: {value} added" * bool(value)
    before = lines[at].removeprefix(f"    {key}: ")
    lines[at : at + 1] = [f"    {key}: {value}"] * bool(value)
    if before == value:
        return ""
    return f"line {at + 1}: {key}: {before} → {value}" if value else f"line {at + 1}: {key}: {before} taken out"
