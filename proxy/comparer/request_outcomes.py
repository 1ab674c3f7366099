"""What each comparison came to, by its request's id, for whoever asks about one request.

Rule 1: memory is bounded: of more than `MOST` until they are taken, about once a second, the newest stay.
"""

from __future__ import annotations

from collections import deque

from proxy.core.evidence.fold import gravest_of
from proxy.core.evidence.records import cluster_id
from proxy.core.parity.compare import Comparison
from proxy.core.parity.pair import Pair
from proxy.link.messages import OutcomeDelta

MOST = 2_000


class ComparedOutcomes:
    """Until somebody takes them."""

    def __init__(self) -> None:
        """Begin empty."""
        self._waiting: deque[OutcomeDelta] = deque(maxlen=MOST)

    def add(self, pair: Pair, comparison: Comparison) -> None:
        """One comparison more; `pair` is named by its route's origin, as clusters are."""
        self._waiting.append(outcome_of(pair, comparison))

    def take(self) -> list[OutcomeDelta]:
        """All since the last call, oldest first."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


def outcome_of(pair: Pair, comparison: Comparison) -> OutcomeDelta:
    """With the gravest difference that counts, or waits where none counts."""
    outcome, why = comparison.outcome.value, "" if comparison.why is None else comparison.why.value
    gravest = gravest_of(comparison)
    if gravest is None:
        return OutcomeDelta(pair.request_id, outcome, why)
    return OutcomeDelta(
        request_id=pair.request_id,
        outcome=outcome,
        why=why,
        cluster=cluster_id(pair.route, gravest.path, gravest.kind),
        path=gravest.path,
        kind=gravest.kind.value,
        severity=gravest.severity.value,
        differences=len(comparison.differences) + len(comparison.waiting),
    )
