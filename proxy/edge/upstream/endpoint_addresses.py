"""From the endpoints of one upstream to addresses: which are known, and when their names are due again (R28).

Rule 1: a name is asked for again when its TTL is over, but never before `least` and never after `most`.
Rule 2: what was known stays while a look-up fails; then it is asked for again ever later, up to `most`.
Rule 3: after a failed connect it is due at once, yet not more often than `least`; then only an answer counts that was
        asked for since, and a look-up that began before it makes it no less due.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from random import random
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from proxy.names.resolution import Resolved, Unresolved

if TYPE_CHECKING:
    from proxy.core.routing.route import Endpoint, Resolve
    from proxy.names.resolver import Resolver

_NEVER = float("inf")
_JITTER = 0.1
"""Workers do not all ask in the same instant: each up to a tenth earlier."""


class ResolvedEndpoint(NamedTuple):
    """One address (`host`, in text) of an endpoint."""

    endpoint: Endpoint
    host: str


@dataclass(slots=True)
class _Name:
    """Monotonic seconds: `due` for a look-up, `asked` when the last one began, `unreachable_at` of a failed connect.

    `fails` counts look-ups that failed in a row.
    """

    hosts: tuple[str, ...] = ()
    due: float = _NEVER
    asked: float = -_NEVER
    unreachable_at: float = -_NEVER
    fails: int = 0


class Names:
    """The names among the endpoints of one upstream, and their addresses."""

    def __init__(self, endpoints: tuple[Endpoint, ...], resolve: Resolve, resolver: Resolver) -> None:
        """Numbers and sockets need no look-up; names are asked for once somebody needs one."""
        self._endpoints = endpoints
        self._resolve = resolve
        self._resolver = resolver
        self._fixed = {endpoint for endpoint in endpoints if endpoint.is_unix or _is_number(endpoint.host)}
        self._named = {endpoint: _Name() for endpoint in endpoints if endpoint not in self._fixed}
        self._running = False
        if self._fixed:
            for name in self._named.values():
                name.due = 0.0

    @property
    def found(self) -> list[ResolvedEndpoint]:
        """What is known, each address once, in the order of the file."""
        resolved = (ResolvedEndpoint(endpoint, host) for endpoint in self._endpoints for host in self._hosts(endpoint))
        return list(dict.fromkeys(resolved))

    def _hosts(self, endpoint: Endpoint) -> tuple[str, ...]:
        return (endpoint.host,) if endpoint in self._fixed else self._named[endpoint].hosts

    def is_due(self, now: float) -> bool:
        """Whether it is time to look again; never for numbers, nor before somebody has asked for what is only names."""
        return not self._running and any(name.due <= now for name in self._named.values())

    def connect_failed(self, endpoint: Endpoint, now: float) -> float:
        """No connection could be made there: when a look-up may tell of other addresses (rule 3); never of a number."""
        name = self._named.get(endpoint)
        if name is None:
            return _NEVER
        name.unreachable_at = now
        due = max(now, name.asked + self._resolve.least)
        name.due = min(name.due, due)
        return due

    def was_asked(self, endpoint: Endpoint, since: float) -> bool:
        """Whether a look-up of its name has begun since then."""
        return self._named[endpoint].asked >= since

    async def look_up(self) -> Unresolved | None:
        """Look up every name that is due or has no address yet; Unresolved when no endpoint has any."""
        now = monotonic()
        wanted = [endpoint for endpoint, name in self._named.items() if name.due <= now or not name.hosts]
        self._running = True
        try:
            answers = await asyncio.gather(*[self._ask(endpoint) for endpoint in wanted])
        finally:
            self._running = False
            for name in [self._named[endpoint] for endpoint in wanted]:
                if name.due == _NEVER:  # nobody has waited for it to the end
                    name.due = now + self._resolve.least
        failures = [answer for answer in answers if answer is not None]
        return failures[0] if failures and not self.found else None

    async def _ask(self, endpoint: Endpoint) -> Unresolved | None:
        name, bounds = self._named[endpoint], self._resolve
        name.asked = began = monotonic()
        name.due = _NEVER
        newer_than = max(began - bounds.least / 2, name.unreachable_at)
        answer = await self._resolver.ask(endpoint.host, newer_than, system=bounds.system)
        if isinstance(answer, Resolved):
            name.hosts, name.fails = answer.hosts, 0
            self._plan(name, min(max(answer.ttl, bounds.least), bounds.most))
            return None
        name.fails += 1
        last = self._resolver.kept(endpoint.host, system=bounds.system)
        name.hosts = name.hosts or (last.hosts if last is not None else ())
        self._plan(name, min(bounds.least * 2.0 ** min(name.fails - 1, 10), bounds.most))
        return answer

    def _plan(self, name: _Name, length: float) -> None:
        earlier = length * _JITTER * random()  # noqa: S311 -- no secret hangs on it
        name.due = monotonic() + max(self._resolve.least, length - earlier)
        if name.unreachable_at > name.asked:
            name.due = min(name.due, name.asked + self._resolve.least)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
