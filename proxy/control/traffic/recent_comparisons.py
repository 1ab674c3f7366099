"""What recent comparisons came to, by their request's id.

Rule 1: it holds the newest `MOST`, of the last `LASTS` seconds, as long as requests are remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from proxy.api.recent import ComparisonView
from proxy.control.traffic.recent_requests import LASTS, MOST
from proxy.link.messages import OutcomeDelta


class RecentComparisons:
    """`take` is told of every word of the comparer. `clock` in unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """None yet."""
        self._clock = clock
        self._known: dict[str, tuple[float, OutcomeDelta]] = {}

    def take(self, outcomes: Iterable[OutcomeDelta]) -> None:
        """What the comparer has found since its last word; of an id that came twice the latest counts."""
        now = self._clock()
        for outcome in outcomes:
            self._known.pop(outcome.request_id, None)
            self._known[outcome.request_id] = now, outcome
        self._forget(now - LASTS)

    def find(self, request_id: str) -> ComparisonView | None:
        """None where nothing was compared, or it is forgotten."""
        self._forget(self._clock() - LASTS)
        known = self._known.get(request_id)
        if known is None:
            return None
        outcome = known[1]
        return ComparisonView(
            outcome=outcome.outcome,
            why=outcome.why,
            cluster=outcome.cluster,
            path=outcome.path,
            kind=outcome.kind,
            severity=outcome.severity,
            differences=outcome.differences,
        )

    def _forget(self, oldest: float) -> None:
        while self._known:
            first = next(iter(self._known))
            if len(self._known) <= MOST and self._known[first][0] >= oldest:
                return
            del self._known[first]
