"""One address of an upstream, as one worker knows it: its connections, and whether it is to be asked.

Rule 1: an address is left out when it refuses connections in a row, when too much fails of what is sent there
        (`outcomes`: of several operations and clients), or while control's probes say that it is down; what control
        says holds for a while only, since a control that is gone cannot take it back.
Rule 2: never more than a share of all addresses is left out, and never all: then all are asked (panic).
Rule 3: an address that comes back gets its full part only after `slow_start` (slow_start.py).
Rule 4: an upstream that ends idle connections before `keep_alive` is over does so again, and a request that meets the
        end is lost: for a while connections are let go as if it had told (Apache tells nobody who does not ask).
"""

from __future__ import annotations

from collections import deque
from random import random
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from proxy.core.http.response import NEVER, short_of
from proxy.core.routing.route import Balance
from proxy.edge.upstream.outcomes import Outcomes
from proxy.edge.upstream.slow_start import is_passed_over, weight_after

if TYPE_CHECKING:
    from proxy.core.outcome import Failure
    from proxy.core.routing.route import Eject, Endpoint
    from proxy.edge.upstream.connection import UpstreamConnection
    from proxy.edge.upstream.outcomes import Asking

_JITTER = 0.2
_SETTLED = 10.0
"""Seconds for which an address that is back has to be well before its next ejection is a short one again."""
_SHUN = 1.0
"""Seconds for which an address that refuses is asked after the others."""

_EARLIEST = 0.5
"""Seconds; an end after less says nothing of the next ones: it is a restart more often than a rule."""
_REMEMBERED = 300.0
"""Seconds for which an end that was seen counts."""


class Waiter(Protocol):
    """An exchange that needs a connection."""

    @property
    def host(self) -> str:
        """The host that the request is for, in lower case and without port; empty: none was said."""

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for (`core/routing/operation.py`)."""

    def who(self) -> bytes:
        """The address of the client for whom it is asked."""

    def lend(self, connection: UpstreamConnection) -> None:
        """Take this connection, which is nobody else's now."""

    def failed(self, failure: Failure) -> None:
        """There will be no connection."""


class AddressOwner(Protocol):
    """The pool, as far as its addresses need it."""

    def returned(self, connection: UpstreamConnection) -> None:
        """A clean connection is free, and somebody waits, or its address is gone."""

    def freed(self) -> None:
        """A connection has ended: there may be room for another one."""

    def failed(self, address: UpstreamAddress, asking: Asking) -> None:
        """A request sent there got no answer, or not all of it."""

    def unavailable(self, address: UpstreamAddress, asking: Asking) -> None:
        """A request was answered there with 502, 503 or 504, and is repeated elsewhere."""

    def answered(self, address: UpstreamAddress, asking: Asking, status: int) -> None:
        """A request was answered there; told only of addresses that are `watched`."""


class UpstreamAddress:
    """`idle` holds connections that nobody uses, the most recently used last; `connections` all that are established;
    `open` counts those and the ones being opened. `awaited`: somebody waits who holds too much already (`fair_share`).
    Times are monotonic seconds.
    """

    __slots__ = (
        "_idles",
        "_idles_until",
        "_outcomes",
        "_owner",
        "_swept",
        "_waiting",
        "awaited",
        "back_at",
        "connections",
        "down_until",
        "ejections",
        "endpoint",
        "gone",
        "host",
        "idle",
        "name",
        "open",
        "out_until",
        "refusals",
        "watched",
        "weight",
    )

    def __init__(self, endpoint: Endpoint, host: str, owner: AddressOwner, waiting: deque[Waiter]) -> None:
        """`waiting` is the pool's own queue."""
        self.endpoint = endpoint
        self.host = host
        self._owner = owner
        self._waiting = waiting
        self._swept = 0.0
        self._idles = NEVER
        self._idles_until = 0.0
        self.idle: deque[UpstreamConnection] = deque()
        self.open = 0
        self.awaited = False
        self.name = host.encode("ascii", "replace") + b":%d" % endpoint.port
        self.connections: set[UpstreamConnection] = set()
        self.gone = False
        self.watched = False
        self.refusals = 0
        self.ejections = 0
        self._outcomes: Outcomes | None = None
        self.out_until = 0.0
        self.down_until = 0.0
        self.back_at = 0.0
        self.weight = 1.0

    @property
    def busy(self) -> int:
        """Connections that are lent or being opened."""
        return self.open - len(self.idle)

    # -- what its connections say -------------------------------------------------------------------------------------

    def release(self, connection: UpstreamConnection) -> None:
        """A response was read whole and its connection may be used again."""
        if self.gone or self._waiting or self.awaited:
            self._owner.returned(connection)
        else:
            connection.idle_since = 0.0  # the next sweep stamps it: a clock read per request saved
            self.idle.append(connection)

    def keep(self, connection: UpstreamConnection) -> None:
        """As `release`, where nobody is to be served before."""
        connection.idle_since = 0.0
        self.idle.append(connection)

    def lost(self, connection: UpstreamConnection) -> None:
        """A connection has ended, idle or not."""
        self.open -= 1
        self.connections.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
            self._learn(connection, monotonic())  # what is ended here is taken out before
        self._owner.freed()

    def failed(self, asking: Asking) -> None:
        """A request sent here got no answer, or not all of it."""
        self._owner.failed(self, asking)

    def unavailable(self, asking: Asking) -> None:
        """A request was answered here with 502, 503 or 504, and is repeated elsewhere."""
        self._owner.unavailable(self, asking)

    def answered(self, asking: Asking, status: int) -> None:
        """A request was answered here; told only while `watched`."""
        self._owner.answered(self, asking, status)

    # -- whether it is asked ------------------------------------------------------------------------------------------

    def is_out(self, now: float) -> bool:
        """Whether it is ejected, shunned, or down by control's probes."""
        return self.out_until > now or self.down_until > now

    def shun(self, now: float) -> None:
        """A connect failed: for `_SHUN` seconds other addresses are preferred."""
        self.out_until = max(self.out_until, now + _SHUN)

    def refuse(self, rule: Eject | None, now: float) -> bool:
        """Count a failed connect; True when it ejects the address."""
        self.refusals += 1
        ejects = rule is not None and self.refusals >= rule.failures
        if rule is not None and ejects:
            self._eject(rule, now)
        return ejects

    def fail(self, rule: Eject | None, asking: Asking, now: float) -> bool:
        """Count a failed request; True when it ejects the address."""
        if rule is None or self.is_out(now):
            return False
        outcomes = self._outcomes_by(rule)
        outcomes.add(asking.operation(failed=True), asking.who(), b"", now, failed=True)
        ejects = outcomes.are_too_bad(now)
        if ejects:
            self._eject(rule, now)
        return ejects

    def calm_down(self, now: float) -> bool:
        """Whether nothing has failed there for a while; what was counted is forgotten then."""
        if self._outcomes is not None and self._outcomes.is_calm(now):
            self._outcomes = None
        return self._outcomes is None

    def _outcomes_by(self, rule: Eject) -> Outcomes:
        if self._outcomes is None:
            self._outcomes = Outcomes(rule.share, rule.volume, rule.window)
        return self._outcomes

    def _eject(self, rule: Eject, now: float) -> None:
        self.refusals = 0
        self.ejections += 1  # each ejection in a row lasts longer
        self._outcomes = None
        length = min(rule.base * self.ejections, rule.cap)
        # Workers do not all ask again in the same moment.
        self.out_until = now + length * (1.0 + _JITTER * random())  # noqa: S311 -- no secret hangs on it

    def recover(self, asking: Asking, now: float) -> None:
        """An answer has come: refusals count no more; once nothing fails, the next ejection is a short one again."""
        self.refusals = 0
        if not self.calm_down(now) and self._outcomes is not None:
            self._outcomes.add(asking.operation(), asking.who(), b"", now, failed=False)
        elif now > self.out_until + _SETTLED:
            self.ejections = 0

    def warm(self, now: float, slow_start: float) -> None:
        """Set `weight` by the seconds since it came back (rule 3)."""
        self.weight = weight_after(now - self.back_at, slow_start)

    def drain(self) -> None:
        """Close idle connections and lend none any more; requests that run may finish."""
        self.gone = True
        while self.idle:
            self.idle.popleft().abort()

    def expire_idle(self, now: float, keep_alive: float) -> None:
        """Close what has been idle for too long: for `keep_alive`, or for as long as its upstream says or does.

        Looked at in every sweep: a connection counts as idle from the sweep before the one that finds it so, since that
        may come late.
        """
        before, self._swept = self._swept or now, now
        if now > self._idles_until:
            self._idles = NEVER
        overdue: list[UpstreamConnection] = []  # a deque must not change while it is walked
        for connection in self.idle:
            connection.idle_since = connection.idle_since or before
            if self._is_over(connection, keep_alive, now):
                overdue.append(connection)
        for connection in overdue:
            self.idle.remove(connection)
            connection.abort()

    def is_over(self, connection: UpstreamConnection, keep_alive: float) -> bool:
        """Whether its time is over, and this worker was held up so that no sweep has found it yet.

        One that came back after the last sweep has been idle since then at most, and is held to its upstream's word.
        """
        now = monotonic()
        if connection.idle_since:
            return self._is_over(connection, keep_alive, now)
        return bool(self._swept) and now - self._swept > connection.idles

    def _is_over(self, connection: UpstreamConnection, keep_alive: float, now: float) -> bool:
        return now - connection.idle_since > min(keep_alive, connection.idles, self._idles)

    def _learn(self, connection: UpstreamConnection, now: float) -> None:
        """Rule 4: the upstream has ended an idle connection."""
        age = now - connection.idle_since
        if connection.idle_since and age >= _EARLIEST:
            self._idles = min(self._idles, short_of(age))
            self._idles_until = now + _REMEMBERED


def usable_of(addresses: list[UpstreamAddress], share: float, now: float) -> list[UpstreamAddress]:
    """Those to be asked (rule 2): of those that are out, the ones that would be back first stay in."""
    out = [address for address in addresses if address.is_out(now)]
    if not out or len(out) == len(addresses):
        return list(addresses)  # all are out: a failure of what they share, and asking is the only way to learn more
    out.sort(key=_back, reverse=True)
    left = out[: int(len(addresses) * share)]
    return [address for address in addresses if address not in left]


def _back(address: UpstreamAddress) -> float:
    return max(address.out_until, address.down_until)


class Chooser:
    """Picks the address of the next request."""

    __slots__ = ("_in_turn", "_turn")

    def __init__(self, balance: Balance) -> None:
        self._in_turn = balance is Balance.ROUND_ROBIN
        self._turn = 0

    def choose(self, usable: list[UpstreamAddress]) -> UpstreamAddress:
        """One of at least two: what `balance` says, and rule 3."""
        count = len(usable)
        if self._in_turn:
            self._turn += 1
            one, other = usable[self._turn % count], usable[(self._turn + 1) % count]
        else:
            # The less busy of two drawn at random: nearly as even as looking at all, and workers do not run together.
            first = int(random() * count)  # noqa: S311 -- no secret hangs on it
            second = int(random() * (count - 1))  # noqa: S311
            one, other = usable[first], usable[second + (second >= first)]
            if other.busy < one.busy:
                one, other = other, one
        return other if is_passed_over(one.weight, other.weight) else one
