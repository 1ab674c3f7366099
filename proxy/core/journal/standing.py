"""How the journal stands for one route: how many writes in each state, and for how long the oldest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.core.journal.intent import IntentState
from proxy.core.journal.writes import Writes


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCount:
    """So many intents of a route (its origin) stand so, and the oldest is so many seconds old; `bytes` of all."""

    route: str
    state: IntentState
    count: int
    oldest: float
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStanding:
    """Of one route. `lag` is the age in seconds of the oldest write that one side has and the other may not; `bytes`
    those of requests and answers.
    """

    pending: int = 0
    owed: int = 0
    unknown: int = 0
    dead: int = 0
    lag: float = 0.0
    bytes: int = 0


def standing_of(counts: Iterable[JournalCount], route: str) -> JournalStanding:
    """A write on its way to the first side is no lag yet."""
    found = [each for each in counts if each.route == route]
    lags = [each.oldest for each in found if each.state is not IntentState.PENDING]
    return JournalStanding(
        **{each.state.value: each.count for each in found},
        lag=max(lags, default=0.0),
        bytes=sum(each.bytes for each in found),
    )


def filled(standing: JournalStanding, writes: Writes) -> float:
    """How much of what its route may have in the journal is there; from 1 on no further write is begun."""
    undone = standing.pending + standing.owed + standing.unknown + standing.dead
    return max(undone / writes.max_undone, standing.bytes / writes.max_undone_bytes)
