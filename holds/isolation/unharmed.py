"""How long good callers wait while something else goes wrong, beside the same time without it.

Rule 1: what is measured are callers who have no part in it; none of them may fail.
Rule 2: both times stand side by side on one machine, and each is its p99; of several pairs the median ratio counts.
Rule 3: whatever is asked costs a small machine something, harmless or not. Where a window has as many requests that do
        no harm, it tells the one from the other.
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
    """The answers of good callers in a calm window, and in the one that went wrong; `busy`: rule 3."""

    calm: Sequence[Answer]
    wrong: Sequence[Answer]
    busy: Sequence[Answer] = ()

    @property
    def windows(self) -> tuple[Sequence[Answer], ...]:
        """In the order in which they are shown."""
        return (self.calm, self.busy, self.wrong) if self.busy else (self.calm, self.wrong)

    @property
    def times(self) -> tuple[float, ...]:
        """Their p99 in ms, that of the one that went wrong last."""
        return tuple(percentile(list(each), 0.99) * 1000 for each in self.windows)

    @property
    def ratio(self) -> float:
        """How many times as long as in the calm one it is where it goes wrong."""
        return _ratio(self.times[0], self.times[-1])

    @property
    def beyond_busy(self) -> float:
        """How many times as long as beside as many harmless requests."""
        return _ratio(self.times[-2], self.times[-1])


def _ratio(one: float, other: float) -> float:
    return other / one if one else 0.0


def table(title: str, pairs: Sequence[Beside], notes: tuple[str, ...]) -> Table:
    """A line for each pair."""
    rows = tuple(
        (str(number), f"{len(pair.wrong):,}", *(f"{each:.1f}" for each in pair.times), f"{pair.ratio:.2f}")
        for number, pair in enumerate(pairs, 1)
    )
    busy = ("beside harmless ones",) if any(pair.busy for pair in pairs) else ()
    columns = ("window", "good requests", "p99 without, ms", *busy, "p99 beside it, ms", "ratio")
    return Table(title=title, columns=columns, rows=rows, notes=notes)


def checks(pairs: Sequence[Beside], most: float) -> tuple[Check, Check]:
    """None of them failed, and their p99 is at most so many times as long."""
    failed = [each for pair in pairs for window in pair.windows for each in window if each.trouble]
    asked = sum(len(window) for pair in pairs for window in pair.windows)
    ratio = statistics.median(pair.ratio for pair in pairs)
    return (
        Check(sentence="no good request failed", holds=not failed and asked > 0, seen=f"{len(failed)} of {asked:,}"),
        Check(sentence=f"their p99 is at most {most:g} times as long", holds=ratio <= most, seen=f"{ratio:.2f}×"),
    )


def harm_alone(pairs: Sequence[Beside], most: float) -> Check:
    """Rule 3."""
    ratio = statistics.median(pair.beyond_busy for pair in pairs)
    sentence = f"it is at most {most:g} times as long as beside as many harmless requests"
    return Check(sentence=sentence, holds=ratio <= most, seen=f"{ratio:.2f}×")
