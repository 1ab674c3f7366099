"""Exchanges that have ended but are neither counted nor written yet: they are worked off together.

The same work costs less in a loop over many than between the reads and writes of other requests, where neither its
code nor its data are in the processor's caches. It is done after `BATCH` exchanges, at every sweep, and before
anybody looks at the counters or the log.
"""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING, Final

import structlog

from proxy.core.outcome import SERVED_BY_SIDE, Repeat
from proxy.edge.account.body_fields import BodySample
from proxy.edge.account.caller_counts import CallerCounts
from proxy.edge.account.canonical_line import FinishedExchange, line_of_exchange
from proxy.edge.account.guard_events import BadEvents
from proxy.edge.account.request_sample import RequestSample

if TYPE_CHECKING:
    from proxy.edge.account.canonical_line import AccessLogWriter
    from proxy.edge.tally import Counters

BATCH: Final = 128
_BAD: Final = 500
_REFUSED: Final = 400
_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
"""Paths that differ in their numbers alone are one."""


class Finished:
    """`waiting` is appended to by exchanges; `fold` works it off. `bad` keeps what the guard is to know.

    `recent` is a sample, for those who ask later; `callers` counts by who called; `bodies` has names
    in some of their bodies.
    """

    __slots__ = ("_counters", "_log", "bad", "bodies", "callers", "recent", "waiting")

    def __init__(self, log: AccessLogWriter, counters: Counters) -> None:
        self._log = log
        self._counters = counters
        self.bad = BadEvents()
        self.recent = RequestSample()
        self.callers = CallerCounts()
        self.bodies = BodySample()
        self.waiting: list[FinishedExchange] = []

    def fold(self) -> None:
        """Count and write all exchanges that wait."""
        waiting, self.waiting = self.waiting, []
        self.recent.look(waiting)
        wall = time() - monotonic()
        for exchange in waiting:
            try:
                self._finish(exchange, wall)
            except Exception as error:  # noqa: BLE001 -- an error in one must not cost the others their lines
                structlog.get_logger().error("line_broke", exc_info=error)

    def _finish(self, exchange: FinishedExchange, wall: float) -> None:
        """`wall` is what to add to monotonic time for the time of day."""
        log, bound = self._log, exchange.bound
        seconds = exchange.ended - exchange.started
        fell_back = False
        failure, status, attempts = exchange.failure, exchange.status, exchange.attempts
        if attempts > 1:
            fell_back = exchange.fell_back
            self._counters.repeated(bound.route.name, SERVED_BY_SIDE[exchange.leg.side], outcome_of(exchange))
        if not exchange.tunnel:
            tally = exchange.leg.tally if failure is None or failure.refused is None else bound.own
            tally.count(status, seconds)
            if exchange.principal is not None:
                self.callers.count(bound.route.name, exchange.principal, status)
        if bound.takes_rest and status < _REFUSED:
            key = exchange.head.path.translate(_DIGITS)
            if key not in self.recent.met:
                self.recent.note_fresh(key, exchange)
        if failure is not None or log.wants(status):
            log.write(line_of_exchange(log.stamp(exchange.ended + wall), exchange, seconds))
        slow = bound.slow
        if failure is not None or status >= _BAD or fell_back or (slow and seconds > slow):
            self.bad.judge(exchange, seconds, exchange.ended + wall)
            self.recent.note_bad(exchange)
            return
        if attempts > 1:  # well in the end, and something went wrong on the way
            self.recent.note_bad(exchange)
        if bound.troubled > exchange.ended:
            self.bad.note_good(exchange)


def outcome_of(exchange: FinishedExchange) -> Repeat:
    """What became of a request that was sent more than once."""
    if exchange.fell_back:
        return Repeat.FELL_BACK if exchange.failure is None else Repeat.FALLBACK_FAILED
    return Repeat.RETRIED if exchange.failure is None else Repeat.RETRY_FAILED
