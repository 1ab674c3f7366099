"""How far a run has come: ranges in order, each settled once every key of it that differed was looked at again.

Rule 1: a run is gone on with from the end of the last range before which nothing waits; what came after is read again.
        The last range of all has no end, and is never passed.
Rule 2: what is remembered of differences is bounded; what is counted is not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from proxy.core.reconcile.difference_tally import DifferenceTally
from proxy.core.reconcile.reconcile_run import NOTHING_COUNTED, ReconcileRun, RunCounts
from proxy.core.reconcile.row_difference import Key, RowDifference, RowPair, Unsettled

MOST_SHOWN = 1_000
MOST_DIFFERENCES = 10_000
"""So many and no more are looked for: there is one cause, or the check is wrong."""
MOST_WAITING = 5_000


@dataclass(slots=True)
class ReadRange:
    """A range that was read. `end` is its last key, empty for the last range; `waiting` keys are looked at again."""

    end: Key
    counts: RunCounts
    waiting: int


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key whose rows differed at `at` (seconds of the caller's clock)."""

    key: Key
    pair: RowPair
    at: float
    of: ReadRange


@dataclass(slots=True)
class RunProgress:
    """A run under way. `begun` is what is recorded of it so far; `found` the first differences of this process.

    `tally` counts all of them.
    """

    begun: ReconcileRun
    found: list[RowDifference] = field(default_factory=list)
    tally: DifferenceTally = field(default_factory=DifferenceTally)
    _ranges: deque[ReadRange] = field(default_factory=deque)
    _suspects: deque[Suspect] = field(default_factory=deque)

    def read(self, end: Key, counts: RunCounts, suspects: Iterable[tuple[Key, RowPair]], at: float) -> None:
        """A range was read, up to this key."""
        listed = list(suspects)
        made = ReadRange(end, counts, len(listed))
        self._ranges.append(made)
        self._suspects.extend(Suspect(key, pair, at, made) for key, pair in listed)
        self._fold()

    def due(self, at: float, most: int) -> list[Suspect]:
        """The keys that differed up to then, oldest first; they are the caller's to look at."""
        found: list[Suspect] = []
        while self._suspects and self._suspects[0].at <= at and len(found) < most:
            found.append(self._suspects.popleft())
        return found

    def looked(self, suspect: Suspect, said: RowDifference | Unsettled | None) -> None:
        """A key was looked at again."""
        counts, suspect.of.waiting = suspect.of.counts, suspect.of.waiting - 1
        if isinstance(said, RowDifference):
            suspect.of.counts = replace(counts, differences=counts.differences + 1)
            self.tally.add(said)
            self.found += [said] * (len(self.found) < MOST_SHOWN)
        elif said is Unsettled.MOVING:
            suspect.of.counts = replace(counts, unsettled=counts.unsettled + 1)
        self._fold()

    @property
    def oldest(self) -> float | None:
        """Since when a key waits; None: none does."""
        return self._suspects[0].at if self._suspects else None

    @property
    def is_crowded(self) -> bool:
        """Whether those that wait come first."""
        return len(self._suspects) > MOST_WAITING

    @property
    def is_hopeless(self) -> bool:
        """Whether so much differs that there is nothing to be learnt from more."""
        return self.counts.differences >= MOST_DIFFERENCES

    @property
    def counts(self) -> RunCounts:
        """All that was counted, settled or not."""
        return sum((each.counts for each in self._ranges), self.begun.counts)

    def ended(self, at: float) -> ReconcileRun:
        """The whole run, or one that is given up; `at` in unix seconds."""
        return replace(self.begun, ended=at, counts=self.counts)

    def _fold(self) -> None:
        """By rule 1."""
        done = list(self._settled())
        counts = sum((each.counts for each in done), NOTHING_COUNTED)
        if done:
            self.begun = replace(self.begun, position=done[-1].end, counts=self.begun.counts + counts)

    def _settled(self) -> Iterator[ReadRange]:
        while self._ranges and self._ranges[0].end and not self._ranges[0].waiting:
            yield self._ranges.popleft()
