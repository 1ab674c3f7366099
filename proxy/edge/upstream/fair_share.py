"""When an upstream's connections run out, who may have the last ones: what hangs must not take them from what answers.

Rule 1: nothing is looked at before half of the connections of an address are open.
Rule 2: the last `KEPT`th part is for operations and clients that hold less than an equal part of all; whoever holds
        more, and more than `_FEW`, waits until some of its own have ended. Of fewer connections than `KEPT` none can
        be kept. What a client that dominates holds is not held against the operations that others ask for; nor is
        what an operation holds that has too much held against its clients, who may be one balancer for all.
        Of a client that holds too much, mostly for a few operations, only these wait while the rest is little.
Rule 3: it is kept only while somebody who holds less has asked within `ASKED_WITHIN` seconds: where one operation alone
        is asked for, by one client alone, or all hold the same, all connections may be had. Who asked before it was
        looked is not known, so for the first `ASKED_WITHIN` seconds it is taken that somebody did who holds nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proxy.edge.upstream.outcomes import Asking

KEPT = 8
ASKED_WITHIN = 10.0
_FEW = 1 / 32
"""Of all connections that are taken: a page that asks for many things at once is no reason why others have none."""
_MUCH = 1 / 8
"""Of all that a client holds."""
_NEARLY_ALL = 3 / 4
_MOST = 256
"""Operations, and clients, that are told apart."""
_LOOK_EVERY = 0.1
"""Seconds."""
_SOMEBODY = b"\0"
"""Who may have asked before it was looked: no operation's name, and no client's."""


class Holders:
    """Connections held by each key (operation or client) at the last look, and when each asked last."""

    __slots__ = ("_asked", "_held", "_taken")

    def __init__(self, now: float) -> None:
        self._asked = {_SOMEBODY: now}
        self._held: Counter[bytes] = Counter()
        self._taken = 0

    def note(self, key: bytes, now: float) -> None:
        """Somebody asks under `key` at `now`."""
        if key in self._asked or len(self._asked) < _MOST:
            self._asked[key] = now

    def look(self, held: Counter[bytes], now: float, taken: int = 0) -> None:
        """Take over the counts, out of `taken` connections (0: their sum); who has not asked lately is forgotten."""
        self._held, self._taken = +held, taken or held.total()
        self._asked = {key: at for key, at in self._asked.items() if now - at <= ASKED_WITHIN}

    def is_dominant(self, key: bytes) -> bool:
        """Whether it holds more than twice an equal part of all that have asked lately, or nearly all of several."""
        held, asked = self._held[key], len(self._asked)
        return held * asked > 2 * self._taken or (asked > 1 and held > _NEARLY_ALL * self._taken)

    def is_greedy(self, key: bytes) -> bool:
        """Whether it holds more than an equal part, and somebody who holds less has asked lately (rules 2 and 3)."""
        most = self._taken * max(1 / (len(self._held) + 1), _FEW)
        return self._held[key] > most and any(self._held[other] <= most for other in self._asked)


class FairShare:
    """Of the connections of one upstream in one worker.

    `_much`: operations for which a client holds a good part of its own, with the client; `_rest`: what else it holds.
    """

    __slots__ = ("_clients", "_few", "_look_at", "_much", "_operations", "_rest")

    def __init__(self, now: float) -> None:
        self._look_at = 0.0
        self._operations, self._clients = Holders(now), Holders(now)
        self._much: set[tuple[bytes, bytes]] = set()
        self._rest: Counter[bytes] = Counter()
        self._few = 1.0

    def note(self, asking: Asking, now: float) -> None:
        """Remember who asks, for rule 3."""
        self._operations.note(asking.operation(), now)
        self._clients.note(asking.who(), now)

    def is_greedy(self, asking: Asking, holding: Iterable[Asking], now: float) -> bool:
        """Whether its operation, or its client, holds too much of what all `holding` have."""
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY
            self._look(Counter([(holder.operation(), holder.who()) for holder in holding]), now)
        operation, who = asking.operation(), asking.who()
        if self._operations.is_greedy(operation):
            return True
        return self._clients.is_greedy(who) and ((operation, who) in self._much or self._rest[who] >= self._few)

    def _look(self, holding: Counter[tuple[bytes, bytes]], now: float) -> None:
        """Rule 2: operations apart from clients that dominate, then clients apart from operations with too much."""
        operations, clients = self._operations, self._clients
        clients.look(_by_client(holding), now)
        of_others: Counter[bytes] = Counter()
        for (operation, who), held in holding.items():
            of_others[operation] += 0 if clients.is_dominant(who) else held
        operations.look(of_others, now, holding.total())
        left = Counter({key: held for key, held in holding.items() if not operations.is_greedy(key[0])})
        by_client = _by_client(left)
        clients.look(by_client, now, holding.total())
        self._much = {(operation, who) for (operation, who), held in left.items() if held > _MUCH * by_client[who]}
        self._rest = _by_client(Counter({key: held for key, held in left.items() if key not in self._much}))
        self._few = max(1.0, _FEW * holding.total())


def _by_client(holding: Counter[tuple[bytes, bytes]]) -> Counter[bytes]:
    by_client: Counter[bytes] = Counter()
    for (_, who), held in holding.items():
        by_client[who] += held
    return by_client
