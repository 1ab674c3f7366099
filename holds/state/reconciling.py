"""`banyan reconcile` and `runs` faults, each of which meets a run of its own: every step first, then by the seed."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from bench.table import Table
from holds.finding import Check, Finding
from holds.progress import bar
from holds.state.comparing import EACH_STEP_TWICE, EVERY_FAULT, Play, comparing

_MOST_NOTES = 50


async def measure(runs: int, seed: int, rows: int) -> Finding:
    """Play all of it."""
    dice = random.Random(seed)
    more = [dice.choice(EVERY_FAULT) for _ in range(runs - len(EACH_STEP_TWICE))]
    faults = [*EACH_STEP_TWICE, *more][:runs]
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        async with comparing(Path(name), rows, seed) as play:
            with bar("reconcile", runs) as shown:
                async with play.tables.under_writes():
                    for number, fault in enumerate(faults, 1):
                        await play.suffer(fault)
                        shown.to(number, f"{len(play.wrong)} wrong")
            return _finding(play, Counter(each.text for each in faults))


def _finding(play: Play, faults: Counter[str]) -> Finding:
    told = (
        ("rows at each side", f"{play.tables.rows:,}"),
        ("keys that differ", str(len(play.tables.planted))),
        ("writes meanwhile", f"{play.tables.written:,}"),
        ("runs gone on with", str(play.resumed)),
    )
    met = tuple((text, str(count)) for text, count in sorted(faults.items()))
    return Finding(
        suite="reconcile",
        tables=(
            Table(title="Reconcile", columns=("", "count"), rows=told, words=1),
            Table(title="Faults", columns=("when, who", "times"), rows=met, words=1),
        ),
        checks=(
            Check(
                sentence="each run comes to its end, and reports what was planted, once, and nothing else",
                holds=not play.wrong,
                seen=f"{len(play.wrong)} exceptions in {faults.total()} runs",
            ),
        ),
        notes=tuple(play.wrong[:_MOST_NOTES]),
    )
