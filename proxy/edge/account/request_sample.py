"""A sample of the requests that have ended, for those who ask later: `plan`, `why`, and what is said of cohorts.

Rule 1: of all requests between two reports each is as likely to be in the sample (a reservoir, filled by Algorithm L,
        Li 1994): a batch costs one comparison, however long it is, and those that are taken what they cost.
Rule 2: a few of those that went wrong are kept beside it, since those are asked about; they count for nothing else.
Rule 3: of what `/**` takes, a few with paths that were not met lately are kept beside it, so that a busy second does
        not hide a rare endpoint.
Rule 4: a record is made for the report; until then the exchange itself is held, for seconds at most. A few are made at
        a time: all at once would keep requests waiting for some milliseconds, each second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp, floor, log
from random import random
from typing import TYPE_CHECKING

from proxy.core.auth.principal import client_of
from proxy.core.http.redact import redact_target
from proxy.core.outcome import ServedBy
from proxy.core.routing.cohort import CLIENT_IP, present_cohort
from proxy.core.routing.split import cohort_at, draw_of, hash_of
from proxy.core.traffic.remembered_request import (
    RememberedRequest,
    drawn_for,
    source_text,
    sources_text,
    veiled_claims,
    veiled_fields,
    veiled_query,
)
from proxy.edge.account.canonical_line import FinishedExchange
from proxy.edge.account.own_answer import OwnAnswerRecord
from proxy.edge.wire.request_bytes import unused_client_id

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import BoundRoute

MOST = 200
MOST_BAD = 50
MOST_FRESH = 100
MOST_MET = 8192
FORGOTTEN = 600
"""Reports after which paths that were met are forgotten: about ten minutes."""
LONGEST = 2048
"""Bytes of a target; requests with a longer one are not remembered."""


class RequestSample:
    """The sample since the last report."""

    __slots__ = ("_bad", "_fresh", "_kept", "_next", "_seen", "_takes", "_weight", "met")

    def __init__(self) -> None:
        self.met: set[bytes] = set()
        self._takes = 0
        self._fresh: list[FinishedExchange] = []
        self._kept: list[FinishedExchange | OwnAnswerRecord] = []
        self._bad: list[FinishedExchange] = []
        self._seen = 0
        self._next = 0
        self._weight = 1.0

    def _begin(self) -> None:
        self._kept = []
        self._bad = []
        self._fresh = []
        self._seen = self._next = 0
        self._takes += 1
        if self._takes % FORGOTTEN == 0:
            self.met.clear()
        self._weight = 1.0

    def look(self, batch: Sequence[FinishedExchange]) -> None:
        """Draw from a batch of exchanges that have ended."""
        start = self._seen
        self._seen = end = start + len(batch)
        while self._next < end:
            self._keep(batch[self._next - start])

    def count(self) -> bool:
        """One request that Banyan answered itself has ended: whether `keep` wants it."""
        self._seen += 1
        return self._next < self._seen

    def keep(self, own: OwnAnswerRecord) -> None:
        """Take the one that `count` asked for."""
        self._keep(own)

    def note_bad(self, exchange: FinishedExchange) -> None:
        """Keep an exchange that went wrong, beside the sample (rule 2)."""
        if len(self._bad) < MOST_BAD:
            self._bad.append(exchange)

    def note_fresh(self, key: bytes, exchange: FinishedExchange) -> None:
        """Keep an exchange whose path is not in `met` (rule 3); `key` is what the path comes to there."""
        if len(self._fresh) < MOST_FRESH and len(self.met) < MOST_MET:
            self._fresh.append(exchange)
            self.met.add(key)

    def _keep(self, finished: FinishedExchange | OwnAnswerRecord) -> None:
        if len(self._kept) < MOST:
            self._kept.append(finished)
        else:
            self._kept[int(random() * MOST)] = finished  # noqa: S311 -- a sample, no secret
        self._next += 1
        if len(self._kept) == MOST:
            self._weight *= exp(log(1.0 - random()) / MOST)  # noqa: S311
            self._next += floor(log(1.0 - random()) / log(1.0 - self._weight))  # noqa: S311

    def take(self, wall: float) -> TakenSample:
        """The sample, and those beside it that went wrong; begin anew.

        `wall` is what to add to monotonic time for the time of day.
        """
        sampled = set(map(id, self._kept))
        beside = {id(exchange): exchange for exchange in self._bad if id(exchange) not in sampled}
        fresh = [exchange for exchange in self._fresh if id(exchange) not in sampled]
        taken = TakenSample(self._kept, list(beside.values()), fresh, self._seen, wall)
        self._begin()
        return taken


class TakenSample:
    """A sample on its way into a report; `total` is how many requests there were."""

    __slots__ = ("_beside", "_fresh", "_kept", "_wall", "bad", "fresh", "sample", "total")

    def __init__(
        self,
        kept: list[FinishedExchange | OwnAnswerRecord],
        beside: list[FinishedExchange],
        fresh: list[FinishedExchange],
        total: int,
        wall: float,
    ) -> None:
        self.sample: list[RememberedRequest] = []
        self.bad: list[RememberedRequest] = []
        self.fresh: list[RememberedRequest] = []
        self._fresh = fresh
        self.total = total
        self._kept = kept
        self._beside = beside
        self._wall = wall

    def make(self, most: int) -> Iterator[None]:
        """Make all records, with a pause after each `most` of them."""
        of_sample = [(finished, self.sample) for finished in self._kept]
        of_bad = [(exchange, self.bad) for exchange in self._beside]
        of_fresh = [(exchange, self.fresh) for exchange in self._fresh]
        for number, (finished, records) in enumerate([*of_sample, *of_bad, *of_fresh], 1):
            record = _seen_of(finished, self._wall)
            if record is not None:
                records.append(record)
            if number % most == 0:
                yield


def _seen_of(finished: FinishedExchange | OwnAnswerRecord, wall: float) -> RememberedRequest | None:
    """What is remembered of it; None where its target is too long."""
    if len(finished.head.target) > LONGEST:
        return None
    return _own(finished, wall) if isinstance(finished, OwnAnswerRecord) else _exchange(finished, wall)


def _exchange(exchange: FinishedExchange, wall: float) -> RememberedRequest:
    head, route, decision = exchange.head, exchange.bound.route, exchange.decision
    failure, ids = exchange.failure, exchange.ids
    source, cohort = _cohort(head, exchange.address, exchange.bound)
    if decision.draw is not None and decision.draw != draw_of(cohort):
        cohort = cohort_at(decision.draw)  # a cohort that Banyan's own cookie names
    return RememberedRequest(
        at=exchange.ended + wall,
        id=ids.request_id.decode("latin-1"),
        method=head.method.decode("latin-1"),
        path=redact_target(head.path).decode("latin-1"),
        query=veiled_query(head.query).decode("latin-1"),
        host=head.host,
        fields=veiled_fields(head.fields) + veiled_claims(head.claims, exchange.live.claims_read),
        route=route.name,
        stage=route.stage.value,
        split=route.split,
        reason=decision.reason.value,
        serve=ServedBy.SELF.value if decision.serve is None else decision.serve.value,
        side=exchange.leg.name,
        upstream=exchange.leg.pool.upstream.name,
        status=exchange.status,
        ms=int((exchange.ended - exchange.started) * 1_000_000) / 1000,
        drawn_for=drawn_for(route),
        sources=sources_text(route),
        source=source,
        cohort=cohort,
        draw=decision.draw,
        shadow="" if decision.shadow is None else decision.shadow.value,
        attempts=exchange.attempts,
        fell_back=exchange.fell_back,
        failure="" if failure is None else f"{failure.phase.value}:{failure.blame.value}",
        revision=exchange.live.snapshot.revision,
        client_request_id=unused_client_id(head, ids).decode("ascii"),
        caller="" if exchange.principal is None else client_of(exchange.principal),
    )


def _own(own: OwnAnswerRecord, wall: float) -> RememberedRequest:
    head, bound = own.head, own.bound
    route = None if bound is None else bound.route
    source, cohort = ("", 0) if bound is None else _cohort(head, own.address, bound)
    return RememberedRequest(
        at=own.ended + wall,
        id=own.ids.request_id.decode("latin-1"),
        method=head.method.decode("latin-1"),
        path=redact_target(head.path).decode("latin-1"),
        query=veiled_query(head.query).decode("latin-1"),
        host=head.host,
        fields=veiled_fields(head.fields) + veiled_claims(head.claims, own.live.claims_read),
        route="" if route is None else route.name,
        stage="" if route is None or route.respond is not None else route.stage.value,
        split=0.0 if route is None else route.split,
        reason=own.reason,
        serve=ServedBy.SELF.value,
        side=ServedBy.SELF.value,
        upstream="",
        status=own.answer.status,
        ms=int(own.seconds * 1_000_000) / 1000,
        drawn_for="" if route is None else drawn_for(route),
        sources="" if route is None else sources_text(route),
        source=source,
        cohort=cohort,
        draw=None,
        shadow="",
        attempts=1,
        fell_back=False,
        failure="",
        revision=own.live.snapshot.revision,
        client_request_id=unused_client_id(head, own.ids).decode("ascii"),
        caller="" if own.principal is None else client_of(own.principal),
    )


def _cohort(head: RequestHead, address: bytes, bound: BoundRoute) -> tuple[str, int]:
    """The source that was present, empty when none was, and the 64 bits that stand for the cohort."""
    present = present_cohort(bound.route.cohort, head, address)
    source, key = present or (CLIENT_IP, address)
    return "" if present is None else source_text(source), hash_of(bound.salt, source.prefix + key)
