"""Connections to an upstream whose TLS name follows the request's Host: a pool for each name.

Rule 1: no request goes over a connection that was opened for another name: servers choose certificate and site by it,
        and answer 421 where it is not the Host's (RFC 9110 section 15.5.20).
Rule 2: at most `MOST_NAMES` names at once, since clients say them: the one not asked for longest goes, with its idle
        connections; one with requests never does. Where all have some, a further name is refused at once.
Rule 3: each name has connections, queue and breaker of its own, so that a name nobody serves harms no other.
Rule 4: a Host that can be no TLS name (an address is none, RFC 6066 section 3), or none, is asked for by the name of
        the url.
Rule 5: what is told of the upstream as a whole is told of the url's name, where that is held, or of every name that is
        (`certificate_names`): one name that is left alone is told by its name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from proxy.core.outcome import Failure, Refused
from proxy.edge.instance import NOWHERE, Here
from proxy.edge.upstream.certificate_names import CertificateNames, DiallerByName
from proxy.edge.upstream.circuit_breaker import BreakerState
from proxy.edge.upstream.dial import refusal
from proxy.edge.upstream.pool import Pool

if TYPE_CHECKING:
    from proxy.core.routing.route import Upstream
    from proxy.edge.upstream.address import Waiter
    from proxy.edge.upstream.circuit_breaker import Resting
    from proxy.names.resolver import Resolver
    from proxy.tasks import Tasks

MOST_NAMES = 32
_LONGEST = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")


def pool_of(upstream: Upstream, tasks: Tasks, resolver: Resolver, here: Here = NOWHERE) -> Pool:
    """The pool of an upstream; one for each name where TLS follows Host."""
    kind = PoolByHost if upstream.follows_host else Pool
    return kind(upstream, tasks, resolver, here)


def tls_name(host: str) -> str:
    """The name that stands for `host`, which is lower case and without port; empty where none can."""
    if len(host) > _LONGEST or _NAME.fullmatch(host) is None or host.rpartition(".")[2].isdigit():
        return ""
    return host


class PoolOfName(Pool):
    """The connections that were opened for one name; it says so where it says anything."""

    __slots__ = ("_all", "_name")

    def __init__(self, every: PoolByHost, name: str, tasks: Tasks, resolver: Resolver, here: Here) -> None:
        """`every` holds the pools of all names."""
        self._all = every
        self._name = name
        upstream = every.upstream
        dialler = DiallerByName(upstream, here, every.dialler.tls, name, every.held)
        super().__init__(upstream, tasks, resolver, here, dialler)
        self.of_shadows = every.of_shadows

    def _left_alone(self, resting: Resting) -> Failure:
        """That one name is left alone says no more of the whole than that one operation is."""
        who = f"upstream {self.upstream.name} as {self._name}"
        what = f"{resting.operation} at {who}" if resting.operation else who
        why = Refused.UPSTREAM if not resting.operation and self._all.rests_whole else Refused.BREAKER
        return refusal(why, f"{what} failed too often; it is left alone for a moment", resting.seconds)

    def _say(self, event: str, **more: object) -> None:
        super()._say(event, host=self._name, **more)


class PoolByHost(Pool):
    """Hands every waiter to the pool of its name; in itself it opens nothing."""

    __slots__ = ("_here", "_latest", "_named", "_ours", "_resolver", "held")

    def __init__(self, upstream: Upstream, tasks: Tasks, resolver: Resolver, here: Here = NOWHERE) -> None:
        """No name is known yet; what all share is the context, so that files are read once."""
        super().__init__(upstream, tasks, resolver, here)
        self._ours = tasks
        self._here = here
        self._resolver = resolver
        self._named: dict[str, PoolOfName] = {}
        self.held = CertificateNames(upstream.tls_name)
        self._latest: Pool | None = None

    def acquire(self, waiter: Waiter, *, fresh: bool = False, admitted: bool = False) -> None:
        """As `Pool.acquire`, from the pool of the request's host (rule 1)."""
        self.asked += not admitted
        own = self.upstream.tls_name
        if waiter.host.strip("[]") == own:
            self.held.own_asked = True
        pool = self._pool_for(tls_name(waiter.host) or own)
        if pool is None:
            detail = f"upstream {self.upstream.name} is asked under {MOST_NAMES} other names"
            waiter.failed(refusal(Refused.QUEUE, detail))
            return
        self._latest = pool
        pool.acquire(waiter, fresh=fresh, admitted=admitted)

    def _pool_for(self, name: str) -> PoolOfName | None:
        """The name's pool, which is then the last to go; None: rule 2."""
        pool = self._named.pop(name, None)
        if pool is None:
            if len(self._named) >= MOST_NAMES and not self._make_room():
                return None
            pool = PoolOfName(self, name, self._ours, self._resolver, self._here)
            if self._retired:
                pool.retire()
        self._named[name] = pool
        return pool

    def _make_room(self) -> bool:
        for name, pool in self._named.items():
            if not pool.waiting and not any(address.busy for address in pool.addresses):
                del self._named[name]
                pool.retire()
                return True
        return False

    def forget(self, waiter: Waiter) -> None:
        """Take it out of whichever queue it waits in."""
        for pool in self._named.values():
            pool.forget(waiter)

    def is_behind(self, waiter: object) -> bool:
        """Whether it waits for others to finish."""
        return any(pool.is_behind(waiter) for pool in self._named.values())

    @property
    def is_full(self) -> bool:
        """Whether the name that was asked for last has no connection more to open."""
        return self._latest is not None and self._latest.is_full

    @property
    def ejected(self) -> int:
        """Addresses that the name that was asked for last leaves out."""
        return 0 if self._latest is None else self._latest.ejected

    def hear(self, endpoint: str, now: float, down_until: float) -> None:
        """What control's probes found, for every name."""
        for pool in self._named.values():
            pool.hear(endpoint, now, down_until)

    def sweep(self, now: float) -> None:
        """Each name's connections; told of are addresses of the one that was asked for last, and breakers by rule 5."""
        for pool in self._named.values():
            pool.sweep(now)
        if self._latest is not None:
            self.addresses, self.breakers = self._latest.addresses, self._least_broken(self._latest).breakers

    @property
    def rests_whole(self) -> bool:
        """Whether all of the upstream is left alone."""
        latest = self._latest
        return latest is not None and _state(self._least_broken(latest)) is not BreakerState.CLOSED

    def _least_broken(self, latest: Pool) -> Pool:
        """Rule 5: the pool whose breakers speak for all; of several that are as well, the one asked for last."""
        candidates = {name: pool for name, pool in self._named.items() if self.held.was_held(name)} or self._named
        own = candidates.get(self.upstream.tls_name)
        if own is not None and own.breakers.whole.state is BreakerState.OPEN:
            return own
        return min(reversed(candidates.values()), key=_state, default=latest)

    def retire(self) -> None:
        """A reload has replaced this pool."""
        self._retired = True
        for pool in self._named.values():
            pool.retire()


def _state(pool: Pool) -> BreakerState:
    return pool.breakers.whole.state
