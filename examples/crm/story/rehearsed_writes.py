"""The writes of a rehearsal: drawn once, and sent in the same order to each side. What planted bugs make of them is
known beforehand.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from examples.crm.story.load import SOURCES, appointment, changes, item, new_customer
from examples.crm.story.report import Differing

SEED = 11_14
OTHER_VALUES, ONLY_AT_LEGACY = "other values", "only at legacy"
"""As `banyan reconcile` calls them."""


@dataclass(frozen=True, slots=True)
class RehearsedWrite:
    """One request; no body where `sent` is None."""

    method: str
    target: str
    sent: dict[str, Any] | None = None


@dataclass(slots=True)
class RehearsedWrites:
    """All of them, and the rows in which release 2 has to differ: by check, how and where."""

    writes: list[RehearsedWrite] = field(default_factory=list)
    _saved: set[int] = field(default_factory=set)
    _touched: set[int] = field(default_factory=set)
    _misnumbered: int = 0
    _discarded: int = 0

    @property
    def differing(self) -> Differing:
        """Whoever was saved as he was is a version ahead; where nothing else touched him, he is newer as well."""
        found = Counter(
            {
                ("customers", OTHER_VALUES, "lock_version"): len(self._saved),
                ("customers", OTHER_VALUES, "updated_at"): len(self._saved - self._touched),
                ("appointments", OTHER_VALUES, "kind"): self._misnumbered,
                ("items", ONLY_AT_LEGACY, ""): self._discarded,
            }
        )
        return dict(+found)

    def draw(self, kind: float, number: int, left: list[int], dice: random.Random) -> None:
        """One more, about the customer of this number; `left` are items that are still there."""
        if kind < 0.25:
            self.writes.append(RehearsedWrite("POST", "/customers", new_customer(dice)))
        elif kind < 0.45:
            self._change(number, changes(dice))
            self._touched.add(number)
        elif kind < 0.6:
            self._change(number, {"source": SOURCES[number % 4]})
            self._saved.add(number)
        elif kind < 0.75:
            self._book(number, appointment(dice))
        elif kind < 0.9 or not left:
            self.writes.append(RehearsedWrite("POST", f"/customers/{number}/items", item(dice)))
        else:
            gone = left.pop()
            self.writes.append(RehearsedWrite("DELETE", f"/customers/{1 + (gone - 1) // 2}/items/{gone}"))
            self._discarded += 1

    def _change(self, number: int, sent: dict[str, Any]) -> None:
        self.writes.append(RehearsedWrite("PATCH", f"/customers/{number}", sent))

    def _book(self, number: int, sent: dict[str, Any]) -> None:
        self.writes.append(RehearsedWrite("POST", f"/customers/{number}/appointments", sent))
        self._touched.add(number)
        self._misnumbered += sent["kind"] in {"parcel", "online"}


def rehearsed_writes(count: int, customers: int) -> RehearsedWrites:
    """So many, about customers and items that were there from the beginning: two items each, by their ids."""
    dice, made = random.Random(SEED), RehearsedWrites()  # noqa: S311 -- a seed, not a secret
    items = list(range(1, 2 * customers + 1))
    dice.shuffle(items)
    for _ in range(count):
        made.draw(dice.random(), dice.randint(1, customers), items, dice)
    return made


def alike(legacy: Sequence[tuple[int, object]], new: Sequence[tuple[int, object]]) -> int:
    """How many writes both sides have done, and answered with the same status and the same id."""
    return sum(one == other and one[0] < 300 for one, other in zip(legacy, new, strict=True))
