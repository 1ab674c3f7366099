"""The demo's routes.yaml: how it begins, and the edits that the story makes in it, as a person would with an editor.

Rule 1: an edit changes two values of one route and not a byte more; comments and blank lines stay.
Rule 2: the file is replaced whole, so that nobody ever reads half of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

MOVED = "customers.show"
"""The route that the story moves."""

_TEXT = Template("""\
# The routes of the demo. Change a `stage` or a `split`, save, and watch the table: it runs within a second.
# `stage: canary` lets the new system answer for the split's share of the sales offices; `legacy` takes it back.
version: 1
listen: 127.0.0.1:$listen
admin: 127.0.0.1:$admin
state: memory

upstreams:
  legacy: { url: "http://127.0.0.1:$legacy", health: /healthz }
  new: { url: "http://127.0.0.1:$new", health: /healthz }

routes:
  - name: customers.show
    match: GET /customers/{id}
    stage: legacy
    split: 0%
    cohort: header:X-Tenant-Id

  - name: customers.search
    match: GET /customers
    stage: legacy
    split: 0%
    cohort: header:X-Tenant-Id

  - name: customers.create
    match: POST /customers
    stage: legacy
    split: 0%
    cohort: header:X-Tenant-Id

  - name: customers.update
    match: PATCH /customers/{id}
    stage: legacy
    split: 0%
    cohort: header:X-Tenant-Id

  - name: customers.appointments
    match: GET /customers/{id}/appointments
    stage: legacy
    split: 0%
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
class Edit:
    """One changed value and its line, counted from 1."""

    line: int
    key: str
    before: str
    after: str

    def __str__(self) -> str:
        """As the story tells it."""
        return f"line {self.line}: {self.key}: {self.before} → {self.after}"


def first_text(ports: Ports) -> str:
    """The file as the story begins: everything on legacy."""
    return _TEXT.substitute(listen=ports.listen, admin=ports.admin, legacy=ports.legacy, new=ports.new)


def edit(path: Path, route: str, **values: str) -> list[Edit]:
    """Set keys of one route in the file and say what changed; what already stands there is left alone."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    edits: list[Edit] = []
    for index in _block(lines, route):
        found = re.fullmatch(r"(    (\w+): )(.*)(\n?)", lines[index])
        if found and found[2] in values and found[3] != values[found[2]]:
            after = values[found[2]]
            edits.append(Edit(line=index + 1, key=found[2], before=found[3], after=after))
            lines[index] = f"{found[1]}{after}{found[4]}"
    write(path, "".join(lines))
    return edits


def _block(lines: list[str], route: str) -> range:
    """The lines of one route, from its name to the next route's."""
    starts = [index for index, line in enumerate(lines) if line.startswith("  - name: ")]
    first = next(index for index in starts if lines[index].strip() == f"- name: {route}")
    return range(first, next((index for index in starts if index > first), len(lines)))


def write(path: Path, text: str) -> None:
    """Replace the file."""
    fresh = path.with_suffix(".tmp")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105  both are paths, and replace is the point
