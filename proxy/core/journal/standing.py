"""How the journal stands for one route: how many writes in each state, and for how long the oldest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.core.journal.intent import IntentState


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCount:
    """So many intents of a route (its origin) stand so, and the oldest is so many seconds old."""

    route: str
    state: IntentState
    count: int
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStanding:
    """Of one route. `lag` is the age in seconds of the oldest write that one side has and the other may not."""

    pending: int = 0
    owed: int = 0
    unknown: int = 0
    dead: int = 0
    lag: float = 0.0


def standing_of(counts: Iterable[JournalCount], route: str) -> JournalStanding:
    """A write on its way to the first side is no lag yet."""
    found = [each for each in counts if each.route == route]
    lags = [each.oldest for each in found if each.state is not IntentState.PENDING]
    return JournalStanding(**{each.state.value: each.count for each in found}, lag=max(lags, default=0.0))
