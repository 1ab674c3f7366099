"""Bad events of live traffic, for the guard: which cohort met them, on which side, and when.

Rule 1: only what went wrong is looked at, and only on routes that have two sides; a good answer costs nothing here.
Rule 2: where the other side stepped in, the side that failed has failed, whatever the client got.
Rule 3: a route has at most `MOST` of them in one report; what is beyond is counted.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from proxy.core.judge.guard import Bad
from proxy.core.outcome import Blame
from proxy.core.split import draw_of
from proxy.edge.who import cohort_hash
from proxy.link import BadDelta

if TYPE_CHECKING:
    from proxy.edge.record import Recorded

MOST = 500
_SERVER_ERROR = 500


class BadEvents:
    """Those since the last report."""

    __slots__ = ("_counts", "_events", "_lost")

    def __init__(self) -> None:
        """None yet."""
        self._events: list[BadDelta] = []
        self._counts: dict[str, int] = {}
        self._lost = 0

    def note(self, each: Recorded, seconds: float, at: float) -> None:
        """Keep it if it is bad; `at` in unix seconds."""
        bound = each.bound
        bad = kind_of(each, seconds, bound.slow)
        if bad is None or bound.legacy is None or bound.new is None:
            return
        name = bound.route.name
        known = self._counts.get(name, 0)
        if known >= MOST:
            self._lost += 1
            return
        self._counts[name] = known + 1
        cohort = cohort_hash(each.head, each.peer, each.live.snapshot, bound)
        side = each.decision.serve if each.fell_back else each.leg.side
        self._events.append(BadDelta(name, bad.value, str(side), cohort, draw_of(cohort), at))

    @property
    def routes(self) -> AbstractSet[str]:
        """Where there are some."""
        return self._counts.keys()

    def take(self) -> tuple[list[BadDelta], int]:
        """The events, and how many more there were; begin anew."""
        events, self._events = self._events, []
        lost, self._lost = self._lost, 0
        self._counts = {}
        return events, lost


def kind_of(each: Recorded, seconds: float, slow: float) -> Bad | None:
    """What is bad about it; what a client did itself is not. `slow` 0: no answer is too slow."""
    failure = each.failure
    if failure is not None and failure.blame is Blame.CLIENT:
        return None
    if failure is not None and failure.timed_out:
        return Bad.TIMEOUT
    if each.status >= _SERVER_ERROR or failure is not None or each.fell_back:
        return Bad.ERROR
    return Bad.LATENCY if slow and seconds > slow and not each.tunnel else None
