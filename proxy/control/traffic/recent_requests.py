"""Recent requests, as far as they were sampled: the memory behind `plan`, `why` and what is said of cohorts.

Rule 1: it holds the last `MOST` requests, of the last `LASTS` seconds, in at most `BYTES`; the oldest go first.
Rule 2: each stands for as many requests as its report says; one that was kept because it went wrong stands for none.
Rule 3: they are kept encoded, as few are ever read; nothing of it is written to a disk or a store.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import msgspec

from proxy.control.traffic.cohorts import Cohorts
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.messages import Recent

MOST = 50_000
LASTS = 900.0
BYTES = 32 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[RememberedRequest] = msgspec.msgpack.Decoder(RememberedRequest)


class Kept(NamedTuple):
    """One remembered request; `weight` is how many it stands for, `at` in unix seconds, `client_id` the client's."""

    at: float
    weight: float
    id: str
    route: str
    body: bytes
    client_id: str

    @property
    def seen(self) -> RememberedRequest:
        """All that is remembered."""
        return _decoder.decode(self.body)


class RecentRequests:
    """`take` is told of every report; readers get copies, and may be on any thread. `clock` in unix seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """None yet."""
        self.cohorts = Cohorts()
        self._clock = clock
        self._began = clock()
        self._kept: deque[Kept] = deque()
        self._bytes = 0

    def take(self, recent: Recent) -> None:
        """What a worker has sampled since its last report."""
        weight = recent.requests / len(recent.sample) if recent.sample else 0.0
        for seen in recent.sample:
            self._add(seen, weight)
            self.cohorts.note(seen, weight)
        for seen in recent.bad:
            self._add(seen, 0.0)
        self._forget()

    def _add(self, seen: RememberedRequest, weight: float) -> None:
        kept = Kept(seen.at, weight, seen.id, seen.route, _encode(seen), seen.client_request_id)
        self._kept.append(kept)
        self._bytes += len(kept.body)

    def _forget(self) -> None:
        oldest = self._clock() - LASTS
        while self._kept and (len(self._kept) > MOST or self._bytes > BYTES or self._kept[0].at < oldest):
            self._bytes -= len(self._kept.popleft().body)

    @property
    def seconds(self) -> float:
        """The length of time that the memory covers: what `plan` divides by."""
        self._forget()
        now = self._clock()
        full = bool(self._kept) and (len(self._kept) >= MOST or self._bytes > BYTES // 2)
        since = self._kept[0].at if full else max(self._began, now - LASTS)
        return max(now - since, 1.0)

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._kept)

    def find(self, request_id: str) -> RememberedRequest | None:
        """The latest request of this id, or to which its client gave this id."""
        self._forget()
        return next((each.seen for each in reversed(self._kept) if request_id in (each.id, each.client_id)), None)

    def latest(self, route: str | None, most: int) -> tuple[Kept, ...]:
        """At most so many, newest first; of one route, or of all."""
        self._forget()
        return tuple(islice((each for each in reversed(self._kept) if route is None or each.route == route), most))
