"""What became of all stories: one table, and the same as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

import msgspec
from rich.console import Console
from rich.table import Table

from examples.together.outcome import Ending, Outcome

WIDTH = 100
_OWN = {Ending.HELD: "so", Ending.FAILED: "wrong", Ending.LACKS: "missing", Ending.STOPPED: "stopped"}
"""What stands before the words of an ending, in the column of figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """All of it; `cpu`: seconds that all processes had."""

    outcomes: Sequence[Outcome]
    seconds: float
    cpu: float


def picture(performance: Performance) -> str:
    """The table and a line below it, without blanks at the ends of lines."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="none")
    for head in ("story", "verdict"):
        table.add_column(head, no_wrap=True)
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("figure", no_wrap=True)
    table.add_column("value", overflow="fold")
    for outcome in performance.outcomes:
        for row in _rows(outcome):
            table.add_row(*row)
    written = StringIO()
    Console(file=written, width=WIDTH, highlight=False, markup=False).print(table)
    return "\n".join([*map(str.rstrip, written.getvalue().splitlines()), "", _sum(performance)])


def _rows(outcome: Outcome) -> Iterator[tuple[str, str, str, str, str]]:
    figures = [(figure.name, figure.value) for figure in outcome.figures]
    own = [(_OWN[outcome.ending], word) for word in outcome.words]
    first = (outcome.name, str(outcome.ending), f"{outcome.seconds:.0f} s")
    for at, (name, value) in enumerate([*own, *figures]):
        yield (*(("", "", "") if at else first), name, value)


def _sum(performance: Performance) -> str:
    counted = Counter(outcome.ending for outcome in performance.outcomes)
    endings = ", ".join(f"{counted[ending]} {ending}" for ending in Ending if counted[ending])
    took = f"{performance.seconds:.0f} s, {performance.cpu:.0f} s of CPU"
    return f"{len(performance.outcomes)} stories in {took}: {endings}."


def as_json(performance: Performance) -> str:
    """The same, for scripts."""
    stories = [
        {
            "name": outcome.name,
            "verdict": outcome.ending,
            "seconds": round(outcome.seconds, 1),
            "words": outcome.words,
            "figures": {figure.name: figure.value for figure in outcome.figures},
        }
        for outcome in performance.outcomes
    ]
    page = {"seconds": round(performance.seconds, 1), "cpu": round(performance.cpu, 1), "stories": stories}
    return msgspec.json.format(msgspec.json.encode(page), indent=2).decode()
