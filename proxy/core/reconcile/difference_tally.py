"""Keys that differ, counted by kind and column: one cause is one line, however many keys it has touched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from proxy.core.reconcile.row_difference import RowDifference, RowDifferenceKind

_KINDS = {kind: place for place, kind in enumerate(RowDifferenceKind)}
_WHOLE_ROW = -1


@dataclass(frozen=True, slots=True)
class TallyLine:
    """`column` by its place among what is compared; None: the row as a whole."""

    kind: RowDifferenceKind
    column: int | None
    keys: int


@dataclass(slots=True)
class DifferenceTally:
    """A key whose rows differ in two columns counts in both; memory holds a number for each line."""

    _keys: Counter[tuple[RowDifferenceKind, int]] = field(default_factory=Counter)

    def add(self, difference: RowDifference) -> None:
        """One key more."""
        self._keys.update((difference.kind, column) for column in difference.columns or (_WHOLE_ROW,))

    @property
    def lines(self) -> tuple[TallyLine, ...]:
        """Kind by kind; the column with most keys first."""
        found = sorted(self._keys.items(), key=lambda each: (_KINDS[each[0][0]], -each[1], each[0][1]))
        return tuple(TallyLine(kind, None if place == _WHOLE_ROW else place, keys) for (kind, place), keys in found)
