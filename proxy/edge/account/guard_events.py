"""Bad events of live traffic, for the guard: which cohort met them, on which side, and when.

Rule 1: only what went wrong is looked at, and only on routes that have two sides; a good answer costs nothing here,
        unless new has failed on its route within the last minute: then it is told which cohorts new answers well.
Rule 2: where the other side stepped in, the side that failed has failed, whatever the client got.
Rule 3: a route has at most `MOST` of them in one report, and `MOST_COHORTS` cohorts; events beyond are counted.
Rule 4: what Banyan refused by itself, and what the client did, is nobody's: no event, and no good answer either.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from proxy.core.judge.guard import HARD, Bad
from proxy.core.outcome import Side
from proxy.core.routing.split import draw_of
from proxy.edge.routing.identity import cohort_hash
from proxy.link.messages import BadDelta, CohortDelta

if TYPE_CHECKING:
    from proxy.core.outcome import Failure
    from proxy.edge.account.canonical_line import FinishedExchange
    from proxy.edge.routing.bound_table import BoundRoute
    from proxy.edge.tally import AnswerTally

MOST = 500
MOST_COHORTS = 200
TROUBLE = 60.0
"""Seconds after a failure of new for which its good answers are looked at."""
_SERVER_ERROR = 500


class BadEvents:
    """Bad events, and cohorts on routes in trouble, since the last report."""

    __slots__ = ("_cohorts", "_counts", "_events", "_lost")

    def __init__(self) -> None:
        self._events: list[BadDelta] = []
        self._counts: dict[str, int] = {}
        self._cohorts: dict[str, dict[int, list[int]]] = {}
        self._lost = 0

    def judge(self, exchange: FinishedExchange, seconds: float, at: float) -> None:
        """What this exchange, which is not plainly good, says of the sides that it asked; `at` in unix seconds."""
        bound, before, failure = exchange.bound, exchange.fell_back_from, exchange.failure
        if before is not None and not before.is_nobodys:
            first = Side.NEW if exchange.leg.side is Side.LEGACY else Side.LEGACY
            _tally_of(bound, first).fail(elsewhere=True)
            self._note(exchange, Bad.TIMEOUT if before.timed_out else Bad.ERROR, first, before, at)
        if failure is not None and failure.is_nobodys:
            if not exchange.tunnel and failure.refused is None:  # that was counted as Banyan's own
                exchange.leg.tally.disown(seconds)
            return
        bad = kind_of(exchange, seconds, 0.0 if exchange.fell_back else bound.slow)
        if bad in HARD:
            exchange.leg.tally.fail()
        if bad is not None:
            self._note(exchange, bad, exchange.leg.side, failure, at)

    def note_good(self, exchange: FinishedExchange) -> None:
        """Rule 1: a good answer on a route in trouble."""
        if exchange.leg.side is Side.NEW:
            self._counts.setdefault(exchange.bound.route.name, 0)
            cohort = cohort_hash(exchange.head, exchange.peer, exchange.live.snapshot, exchange.bound)
            self._see(exchange, cohort, failed=False)

    def _note(self, exchange: FinishedExchange, bad: Bad, side: Side, failure: Failure | None, at: float) -> None:
        bound = exchange.bound
        if bound.legacy is None or bound.new is None:
            return
        cohort = cohort_hash(exchange.head, exchange.peer, exchange.live.snapshot, bound)
        if side is Side.NEW:
            if bad in HARD:
                bound.troubled = exchange.ended + TROUBLE
            if bound.troubled > exchange.ended:
                self._see(exchange, cohort, failed=bad in HARD)
        name = bound.route.name
        count = self._counts.get(name, 0)
        if count >= MOST:
            self._lost += 1
            return
        self._counts[name] = count + 1
        unreachable = failure is not None and failure.is_unreachable
        self._events.append(BadDelta(name, bad.value, side.value, cohort, draw_of(cohort), at, unreachable))

    def _see(self, exchange: FinishedExchange, cohort: int, *, failed: bool) -> None:
        """Count one answer of new to this cohort."""
        seen = self._cohorts.setdefault(exchange.bound.route.name, {})
        counts = seen.get(cohort)
        if counts is not None:
            counts[failed] += 1
        elif len(seen) < MOST_COHORTS:
            seen[cohort] = [int(not failed), int(failed)]

    @property
    def routes(self) -> AbstractSet[str]:
        """Names of routes with events or with good answers in trouble."""
        return self._counts.keys()

    def take(self) -> tuple[list[BadDelta], int]:
        """The events, and how many more there were; begin anew."""
        events, self._events = self._events, []
        lost, self._lost = self._lost, 0
        self._counts = {}
        return events, lost

    def take_cohorts(self) -> list[CohortDelta]:
        """The cohorts that new answered on routes where it fails; begin anew."""
        cohorts, self._cohorts = self._cohorts, {}
        return [CohortDelta(name, cohort, *counts) for name, seen in cohorts.items() for cohort, counts in seen.items()]


def kind_of(exchange: FinishedExchange, seconds: float, slow: float) -> Bad | None:
    """What is bad about an answer that is somebody's. `slow` 0: no answer is too slow."""
    failure = exchange.failure
    if failure is not None and failure.timed_out:
        return Bad.TIMEOUT
    if exchange.status >= _SERVER_ERROR or failure is not None:
        return Bad.ERROR
    return Bad.LATENCY if slow and seconds > slow and not exchange.tunnel else None


def _tally_of(bound: BoundRoute, side: Side) -> AnswerTally:
    """Where the route counts that side; one that was asked has an upstream."""
    leg = bound.legacy if side is Side.LEGACY else bound.new
    return bound.own if leg is None else leg.tally
