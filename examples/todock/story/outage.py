"""A time in which the delivery server is dead, as clients see it: through Banyan, and where they used to ask."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median


@dataclass(slots=True)
class Outage:
    """`needs`: kinds of requests that nobody else can answer; `is_counted`: false before and after it is dead.

    `refused`: seconds until a client was told so; `statuses` with which.
    """

    needs: frozenset[str]
    is_counted: bool = False
    through: Counter[bool] = field(default_factory=Counter)
    direct: Counter[bool] = field(default_factory=Counter)
    alive_kinds: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    refused: list[float] = field(default_factory=list)

    def saw(self, kind: str, status: int, seconds: float, *, alive: bool) -> bool:
        """One answer through Banyan; whether that is what such a time has to bring."""
        if self.is_counted:
            self.through[alive] += 1
            if alive:
                self.alive_kinds.add(kind)
            else:
                self.statuses[status] += 1
                self.refused.append(seconds)
        return alive or kind in self.needs

    def saw_directly(self, *, alive: bool) -> None:
        """The same request, asked of the delivery server itself."""
        if self.is_counted:
            self.direct[alive] += 1

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
