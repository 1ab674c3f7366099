"""Whether a request that has failed on one side may be sent once more, and to which side.

Rule 1: where nothing was sent, the other side may be asked whatever the method, if the route has `fallback`.
Rule 2: what may have been executed is repeated only where `effects` allows it (`core/routing/effects.py`), once on the
        same side and only after an idle connection turned out dead, once on the other side if the route has `fallback`.
Rule 3: repeats of what was sent take from the budget of the upstream that would get them.
Rule 4: a side that is closed does not step in.
Rule 5: after the response head, after `timeout.total`, and for tunnels, there is no other attempt.
"""

from __future__ import annotations

from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from proxy.core.outcome import SERVED_BY_SIDE, UNAVAILABLE, Blame, Phase, Repeat, Side
from proxy.core.routing.effects import may_repeat
from proxy.core.routing.route import Trigger

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Failure
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
    from proxy.edge.tally import Counters
    from proxy.edge.wire.upload import Upload

_KEY = b"idempotency-key"


class Attempted(Protocol):
    """An exchange, as far as its attempts go."""

    live: Live
    bound: BoundRoute
    leg: Leg
    head: RequestHead
    attempts: int
    fell_back: bool
    responding: bool
    total_at: float
    upload: Upload | None
    wants_upgrade: bool


def next_leg(exchange: Attempted, failure: Failure, counters: Counters) -> Leg | None:
    """The leg to ask after this failure; None when there is to be no other attempt."""
    if exchange.responding or monotonic() >= exchange.total_at:
        return None
    if failure.phase is Phase.CONNECT:
        return _unsent(exchange)
    if failure.blame is not Blame.UPSTREAM or exchange.wants_upgrade:
        return None
    if failure.replayable and exchange.attempts == 1 and _may(exchange, elsewhere=False):
        same = exchange.leg
        if not exchange.live.switch.forbids(same.side):
            return _within_budget(exchange, same, counters)
    return _sent(exchange, Trigger.TIMEOUT if failure.timed_out else Trigger.FAILURE, counters)


def next_leg_after(exchange: Attempted, status: int, counters: Counters) -> Leg | None:
    """The leg to ask in place of passing on an answer with this status; None: pass it on."""
    if status not in UNAVAILABLE or exchange.wants_upgrade or monotonic() >= exchange.total_at:
        return None
    return _sent(exchange, Trigger.STATUS, counters)


def _unsent(exchange: Attempted) -> Leg | None:
    """Rule 1; an earlier attempt may have been executed, and then rule 2 holds still."""
    if exchange.attempts > 1 and not _may(exchange, elsewhere=True):
        return None
    return _other(exchange, Trigger.CONNECT)


def _sent(exchange: Attempted, trigger: Trigger, counters: Counters) -> Leg | None:
    other = _other(exchange, trigger)
    if other is None or not _may(exchange, elsewhere=True):
        return None
    return _within_budget(exchange, other, counters)


def _other(exchange: Attempted, trigger: Trigger) -> Leg | None:
    """The other side's leg, where the route lets it step in after this."""
    rule = exchange.bound.route.fallback
    side = Side.NEW if exchange.leg.side is Side.LEGACY else Side.LEGACY
    if rule is None or exchange.fell_back or trigger not in rule.after or rule.to not in (None, side):
        return None
    hours = exchange.bound.hours
    if exchange.live.switch.forbids(side) or (hours is not None and hours.closing(side, time()) is not None):
        return None
    return exchange.bound.legacy if side is Side.LEGACY else exchange.bound.new


def _may(exchange: Attempted, *, elsewhere: bool) -> bool:
    head = exchange.head
    has_key = head.first(_KEY) is not None
    if exchange.upload is not None and exchange.upload.held is None:
        return False
    declared = exchange.bound.route.effects
    return may_repeat(declared, head.method, has_key=has_key, has_body=bool(head.length), elsewhere=elsewhere)


def _within_budget(exchange: Attempted, leg: Leg, counters: Counters) -> Leg | None:
    if leg.pool.spend_repeat():
        return leg
    counters.repeated(exchange.bound.route.name, SERVED_BY_SIDE[exchange.leg.side], Repeat.OVER_BUDGET)
    return None
