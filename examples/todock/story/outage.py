"""A time in which the delivery server is dead, as clients see it: through Banyan, and where they used to ask."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

KINDS = frozenset({"login", "points", "history", "invoice", "card", "orders"})
"""What members ask for."""


@dataclass(slots=True)
class Outage:
    """`needs`: kinds of requests that nobody else can answer; `since`: monotonic, from when on it was dead.

    Requests that were begun since then are counted, until it is `over`. `refused`: seconds until a client was told so,
    `statuses` with which.
    """

    needs: frozenset[str]
    since: float = math.inf
    over: bool = False
    through: Counter[bool] = field(default_factory=Counter)
    direct: Counter[bool] = field(default_factory=Counter)
    alive_kinds: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    refused: list[float] = field(default_factory=list)

    def counts(self, began: float) -> bool:
        """Whether a request that was begun then is one of this time."""
        return not self.over and began >= self.since

    def saw(self, kind: str, status: int, began: float, seconds: float) -> bool:
        """One answer through Banyan; whether that is what such a time has to bring."""
        alive = status == 200
        if self.counts(began):
            self.through[alive] += 1
            if alive:
                self.alive_kinds.add(kind)
            else:
                self.statuses[status] += 1
                self.refused.append(seconds)
        return alive or kind in self.needs

    @property
    def is_shown(self) -> bool:
        """Whether all kinds have come: those that go on, and those that are refused, by rule as well as found out."""
        is_refused = not self.needs or self.statuses[503] > self.statuses[502]
        return self.alive_kinds >= KINDS - self.needs and is_refused

    @property
    def share(self) -> float:
        """Of the requests through Banyan, those that were answered."""
        return share_of(self.through)

    @property
    def direct_share(self) -> float:
        """Of those to the delivery server itself."""
        return share_of(self.direct)

    @property
    def refused_at_once(self) -> tuple[float, float]:
        """Milliseconds until a client was told: the middle one, and the longest."""
        return (median(self.refused) * 1000, max(self.refused) * 1000) if self.refused else (0.0, 0.0)


def share_of(counted: Counter[bool]) -> float:
    """0 to 1; 0 of nothing."""
    return counted[True] / counted.total() if counted else 0.0
