"""Dual writes and `runs` faults, in plays of `BATCH`: each has a database, sides and a seed of its own."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.table import Table
from holds.finding import Check, Finding
from holds.progress import bar
from holds.state.crashes import EVERY_FAULT, Fault, Play, playing
from proxy.store.embedded.embedded_postgres import Embedded

BATCH = 25
"""Faults after which both sides are compared."""
_MOST_NOTES = 50


@dataclass(slots=True)
class Seen:
    """Of all plays."""

    asked: int = 0
    acknowledged: int = 0
    decided: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


async def measure(runs: int, seed: int) -> Finding:
    """Play all of it."""
    seen = Seen()
    with bar("writes", runs) as shown:
        for first in range(0, runs, BATCH):
            play_seed = seed + first // BATCH
            dice = random.Random(play_seed)
            faults = [dice.choice(EVERY_FAULT) for _ in range(min(BATCH, runs - first))]
            await _play(faults, play_seed, seen)
            shown.to(first + len(faults), f"seed {play_seed}, {len(seen.wrong)} wrong")
    return _finding(runs, seen)


async def _play(faults: list[Fault], seed: int, seen: Seen) -> None:
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        folder = Path(name)
        database = Embedded(folder / "db", patience=120.0)
        await database.start()
        try:
            async with playing(folder, database, seed) as play:
                play.legacy.agree()
                play.new.agree()
                async with play.load():
                    for fault in faults:
                        await play.suffer(fault)
                        seen.faults[fault.text] += 1
                await play.settle()
                _add(play, seed, seen)
        finally:
            await database.stop()


def _add(play: Play, seed: int, seen: Seen) -> None:
    seen.asked += len(play.told)
    seen.acknowledged += sum(each.status == 200 for each in play.told)
    seen.decided += play.decided
    seen.wrong += [f"seed {seed}: {sentence}" for sentence in play.wrong()]


def _finding(runs: int, seen: Seen) -> Finding:
    rows = tuple((text, str(count)) for text, count in sorted(seen.faults.items()))
    writes = (
        ("faults", str(runs)),
        ("writes asked for", str(seen.asked)),
        ("acknowledged", str(seen.acknowledged)),
        ("left to people", str(seen.decided)),
    )
    return Finding(
        suite="writes",
        tables=(
            Table(title="Dual writes", columns=("", "count"), rows=writes, words=1),
            Table(title="Faults", columns=("at which step, who", "times"), rows=rows, words=1),
        ),
        checks=(
            Check(
                sentence="acknowledged writes are on both sides, once, in one order, and mailed once",
                holds=not seen.wrong,
                seen=f"{len(seen.wrong)} exceptions in {seen.acknowledged} writes",
            ),
        ),
        notes=tuple(seen.wrong[:_MOST_NOTES]),
    )
