"""How long good callers wait while something else goes wrong, beside the same time without it.

Rule 1: what is measured are callers who have no part in it; none of them may fail.
Rule 2: both times stand side by side on one machine, and each is its p99; of several pairs the median ratio counts.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.table import Table
from holds.asking import Answer, percentile
from holds.finding import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The answers of good callers in a calm window, and in the one that went wrong."""

    calm: Sequence[Answer]
    wrong: Sequence[Answer]

    @property
    def times(self) -> tuple[float, float]:
        """Their p99 in ms."""
        calm, wrong = (percentile(list(each), 0.99) * 1000 for each in (self.calm, self.wrong))
        return calm, wrong

    @property
    def ratio(self) -> float:
        """How many times as long the second one is."""
        calm, wrong = self.times
        return wrong / calm if calm else 0.0


def table(title: str, pairs: Sequence[Beside], notes: tuple[str, ...]) -> Table:
    """A line for each pair."""
    rows = tuple(
        (str(number), f"{len(pair.wrong):,}", *(f"{each:.1f}" for each in pair.times), f"{pair.ratio:.2f}")
        for number, pair in enumerate(pairs, 1)
    )
    columns = ("window", "good requests", "p99 without, ms", "p99 beside it, ms", "ratio")
    return Table(title=title, columns=columns, rows=rows, notes=notes)


def checks(pairs: Sequence[Beside], most: float) -> tuple[Check, Check]:
    """None of them failed, and their p99 is at most so many times as long."""
    failed = [each for pair in pairs for each in (*pair.calm, *pair.wrong) if each.trouble]
    asked = sum(len(pair.calm) + len(pair.wrong) for pair in pairs)
    ratio = statistics.median(pair.ratio for pair in pairs)
    return (
        Check(sentence="no good request failed", holds=not failed and asked > 0, seen=f"{len(failed)} of {asked:,}"),
        Check(sentence=f"their p99 is at most {most:g} times as long", holds=ratio <= most, seen=f"{ratio:.2f}×"),
    )
