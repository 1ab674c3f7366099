"""Comparisons in their order, for the detectors of change: clean ones are counted until a mismatch comes.

Rule 1: memory is bounded: of what finds no room the order is lost, never the count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy.core.evidence.records import epoch_mark
from proxy.core.outcome import Side
from proxy.core.parity.pair import Label
from proxy.link.messages import ComparedDelta

MOST_RUNS = 100
"""Of one route, epoch, step and side until they are taken, about once a second."""
MOST_KEYS = 20_000
_Key = tuple[str, str, int, Side]
_Run = tuple[int, int]


@dataclass(slots=True)
class _Row:
    runs: list[_Run] = field(default_factory=list)
    clean: int = 0
    wrong: int = 0
    rest: _Run = (0, 0)

    def add(self, *, wrong: bool) -> None:
        """One comparison more."""
        if len(self.runs) >= MOST_RUNS:
            self.rest = self.rest[0] + (not wrong), self.rest[1] + wrong
        elif wrong:
            self.wrong += 1
        elif not self.wrong:
            self.clean += 1
        else:
            self.runs.append((self.clean, self.wrong))
            self.clean, self.wrong = 1, 0

    def all(self) -> list[_Run]:
        """The last one may have no mismatch at its end."""
        return [*self.runs, (self.clean, self.wrong)] if self.clean or self.wrong else self.runs


class Runs:
    """Until somebody takes them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._rows: dict[_Key, _Row] = {}

    def add(self, pair: Label, *, wrong: bool) -> None:
        """One comparison more."""
        epoch = epoch_mark(pair.legacy_version, pair.new_version, pair.addresses, pair.begun)
        key = (pair.route, epoch, pair.step, pair.authoritative)
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= MOST_KEYS:
                return
            row = self._rows[key] = _Row()
        row.add(wrong=wrong)

    def take(self) -> list[ComparedDelta]:
        """All of them, and begin anew."""
        rows, self._rows = self._rows, {}
        return [
            ComparedDelta(route, epoch, step, side.value, row.all(), row.rest)
            for (route, epoch, step, side), row in rows.items()
        ]
