"""The demo's routes.yaml: how it begins, and the edits that the story makes in it, as a person would with an editor.

Rule 1: an edit touches the `stage` and `split` of one route and not a byte more; comments and blank lines stay.
Rule 2: the file is replaced whole, so that nobody ever reads half of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

LOOPBACK = "127.0.0.1"
MOVED = "customers.show"
"""The route that the story moves."""

_TEXT = Template("""\
# The routes of the demo. Change a route, save, and watch the table: it runs within a second.
# `stage: canary` with a line `split: 20%` lets the new system answer for a fifth of the sales offices,
# `stage: complete` for all of them, and `stage: legacy` takes it all back (these two without a `split`).
version: 1
listen: 127.0.0.1:$listen
admin: 127.0.0.1:$admin
state: $state

upstreams:
  legacy: { url: "http://127.0.0.1:$legacy", health: /healthz }
  new: { url: "http://127.0.0.1:$new", health: /healthz }

routes:
  - name: customers.show
    match: GET /customers/{id}
    stage: legacy
    cohort: header:X-Tenant-Id
    effects: safe
    shadow: { version_header: X-App-Version, second: 100% }
    compare:
      time:
        - { path: $$.created_at, reason: new writes times in UTC, owner: crm, until: never }
        - { path: $$.updated_at, reason: new writes times in UTC, owner: crm, until: never }
      ignore:
        - { path: header:X-App-Version, reason: each side has its own, owner: crm, until: never }

  - name: customers.search
    match: GET /customers
    stage: legacy
    cohort: header:X-Tenant-Id

  - name: customers.create
    match: POST /customers
    stage: legacy
    cohort: header:X-Tenant-Id

  - name: customers.update
    match: PATCH /customers/{id}
    stage: legacy
    cohort: header:X-Tenant-Id

  - name: customers.appointments
    match: GET /customers/{id}/appointments
    stage: legacy
    cohort: header:X-Tenant-Id

  - name: rest
    match: /**
    stage: legacy
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens, on loopback."""

    listen: int
    admin: int
    legacy: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedLine:
    """One changed value and its line, counted from 1; `before` is empty for a line that is new."""

    line: int
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        """As the story tells it."""
        if not self.before:
            return f"line {self.line} added, {self.key}: {self.after}"
        return f"line {self.line}, {self.key}: {self.before} → {self.after}"


def first_text(ports: Ports, state: str) -> str:
    """The file as the story begins: everything on legacy; `state` is what that key says."""
    return _TEXT.substitute(listen=ports.listen, admin=ports.admin, legacy=ports.legacy, new=ports.new, state=state)


def edit(path: Path, route: str, stage: str, split: str) -> list[EditedLine]:
    """Set `stage` and `split` of one route in the file and say what changed; an empty `split` means no such line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    at = _line_of(lines, route, "stage")
    wanted = [("stage", stage), ("split", split)] if split else [("stage", stage)]
    edits = [each for offset, (key, value) in enumerate(wanted) if (each := _set(lines, at + offset, key, value))]
    write(path, "\n".join([*lines, ""]))
    return edits


def _set(lines: list[str], at: int, key: str, value: str) -> EditedLine | None:
    """Make line `at` say so: change the value there, or put a line in."""
    found = re.fullmatch(rf"    {key}: (.*)", lines[at])
    if found and found[1] == value:
        return None
    lines[at : at + bool(found)] = [f"    {key}: {value}"]
    return EditedLine(line=at + 1, key=key, before=found[1] if found else "", after=value)


def _line_of(lines: list[str], route: str, key: str) -> int:
    """Where a key of one route stands."""
    first = lines.index(f"  - name: {route}")
    return next(index for index in range(first, len(lines)) if lines[index].startswith(f"    {key}: "))


def write(path: Path, text: str) -> None:
    """Replace the file."""
    fresh = path.with_suffix(".tmp")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105  both are paths, and replace is the point
