"""When an upstream's connections run out, who may have the last ones: what hangs must not take them from what answers.

Rule 1: nothing is looked at before half of the connections of an address are open.
Rule 2: the last `KEPT`th part is for operations and clients that hold less than an equal part of all; whoever holds
        more waits until some of its own have ended. Of fewer connections than `KEPT` none can be kept.
Rule 3: where all requests since then are for one operation, or of one client, there is nobody to keep anything for.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proxy.edge.outcomes import Asking

KEPT = 8
_MOST = 256
"""Operations, and clients, that are told apart."""
_LOOK_EVERY = 0.1
"""Seconds."""


class FairShare:
    """Of the connections of one upstream in one worker: who had how many when it was last looked at."""

    __slots__ = ("_clients", "_look_at", "_operations")

    def __init__(self) -> None:
        """Nothing was looked at."""
        self._look_at = 0.0
        self._operations: Counter[bytes] = Counter()
        self._clients: Counter[bytes] = Counter()

    def note(self, asking: Asking) -> None:
        """It asks: remembered for rule 3."""
        for counts, key in ((self._operations, asking.operation()), (self._clients, asking.who())):
            if len(counts) < _MOST:
                counts.setdefault(key, 0)

    def is_greedy(self, asking: Asking, holding: Iterable[Asking], now: float) -> bool:
        """Whether its operation, or its client, holds more than an equal part of all that `holding` say."""
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            self._look(holding)
        return _is_most(self._operations, asking.operation()) or _is_most(self._clients, asking.who())

    def _look(self, holding: Iterable[Asking]) -> None:
        for counts in (self._operations, self._clients):
            for key in counts:
                counts[key] = 0
        for each in holding:
            self._operations[each.operation()] += 1
            self._clients[each.who()] += 1


def _is_most(counts: Counter[bytes], key: bytes) -> bool:
    """Rules 2 and 3; those that hold none have no part."""
    holders = sum(held > 0 for held in counts.values())
    return len(counts) > 1 and counts[key] * (holders + 1) > counts.total()
