"""What is known of one brown-out here: whom it has met, what they did after, and whether it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from proxy.core.brownout.aftermath import NONE, Aftermath, NextCalls
from proxy.core.brownout.brownout_policy import Browned, BrownoutPolicy
from proxy.core.discovery.usage import OTHERS
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.position.standing import Pin
from proxy.link.messages import BrownoutDelta

MOST_CLIENTS: Final = 200
"""Clients that are told apart; all others are one."""


@dataclass(slots=True)
class MetSince:
    """One client since control began: its calls, what became of those that were drawn, and what it did next, behind
    calls that went `without` and behind `whole` answers.
    """

    asked: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    without: NextCalls = NONE
    whole: NextCalls = NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class BrownoutEnd:
    """When it ended (unix seconds), by whom and why."""

    at: float
    by: str
    reason: str


@dataclass(slots=True, kw_only=True)
class BrownoutState:
    """`seen`: when this process has seen it first; `begun` None: the record has not been read yet. `found`: when it has
    met each client first, by name.
    """

    route: str
    policy: BrownoutPolicy
    seen: float
    begun: float | None = None
    end: BrownoutEnd | None = None
    found: dict[str, float] = field(default_factory=dict)
    met: dict[str, MetSince] = field(default_factory=dict)
    aftermath: Aftermath = field(default_factory=Aftermath)
    untold: list[str] = field(default_factory=list)
    """Clients that were met and are not on record yet."""
    unwritten: Pin | None = None
    """Its end, while the store has not taken it."""

    def fold(self, delta: BrownoutDelta, now: float) -> None:
        """What one worker has met."""
        for each in delta.clients:
            name = each.client if each.client in self.met or len(self.met) < MOST_CLIENTS else OTHERS
            known = self.met.setdefault(name, MetSince())
            known.asked += each.asked
            known.drawn.update(each.drawn)
            known.without = known.without.plus(NextCalls(*each.without))
            known.whole = known.whole.plus(NextCalls(*each.whole))
            if each.drawn.get(Browned.BROWNED.value) and name not in self.found:
                self.found[name] = now
                self.untold.append(name)
        self.aftermath = self.aftermath.plus(
            NextCalls(*delta.without), NextCalls(*delta.whole), at=now, repeats=self.policy.field is not None
        )

    def recall(self, orders: Iterable[OrderRecord]) -> None:
        """What is on record of it; what was met here meanwhile stays."""
        listed = [each for each in orders if each.route == self.route]
        of_it = [each for each in listed if each.cohort == self.policy.id]
        begun = [each.at for each in of_it if each.kind is OrderKind.BROWNOUT]
        if not begun:
            return
        self.begun = min(begun)
        for each in listed:
            if each.kind is OrderKind.FOUND and each.at >= self.begun:
                self.found[each.cohort] = min(self.found.get(each.cohort, each.at), each.at)
                self.untold = [name for name in self.untold if name != each.cohort]
        ended = next((each for each in of_it if each.kind is OrderKind.UNBROWN), None)
        if ended is not None:
            self.end = BrownoutEnd(at=ended.at, by=ended.actor, reason=ended.reason)

    def count(self, outcome: Browned) -> int:
        """Of all clients since control began."""
        return sum(each.drawn[outcome.value] for each in self.met.values())
