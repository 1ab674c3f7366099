"""Endpoints, mined out of the sample that workers tell of finished requests.

Rule 1: workers do nothing for it that they do not do for `recent`, but for paths that `/**` took and they had not met.
Rule 2: nothing of it is waited for; what it takes is bounded by what a report holds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from proxy.api.discovery import DiscoveryView, discovery_view
from proxy.control.traffic.discovered_file import read_discovered, write_discovered
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.inventory import Inventory
from proxy.core.discovery.request_fields import names_of
from proxy.core.discovery.usage import UNVERIFIED
from proxy.core.routing.snapshot import Snapshot
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.link.messages import BodyFields, Recent

EVERYTHING = "/**"
EVERY = 300.0
"""Seconds after which what is known is kept on disk."""
_AT_ONCE = 20
"""Requests that are learned from between two looks at the sockets."""
MOST_WAITING = 5_000
_log = structlog.get_logger()


class Discovery:
    """`take` is told of every report; `running` is the present table."""

    def __init__(
        self, running: Callable[[], Snapshot], directory: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """What is kept in `directory`; None: nothing is, and nothing will be. `clock` in unix seconds."""
        self._running = running
        self._directory = directory
        self._is_told = False
        self._inventory = Inventory()
        kept = None if directory is None else read_discovered(directory, self._inventory)
        self._since = clock() if kept is None else kept
        self._waiting: list[tuple[RememberedRequest, float]] = []
        self._bodies: list[BodyFields] = []
        self._come = asyncio.Event()

    def take(self, recent: Recent) -> None:
        """What a worker has sampled since its last report."""
        weight = recent.requests / len(recent.sample) if recent.sample else 1.0
        told = [(seen, weight) for seen in recent.sample] + [(seen, 1.0) for seen in recent.fresh]
        self._waiting += told[: MOST_WAITING - len(self._waiting)]
        self._bodies += recent.bodies[: MOST_WAITING - len(self._bodies)]
        self._come.set()

    async def run(self) -> None:
        """Learn from what waits, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                self._learn(_AT_ONCE)
                await asyncio.sleep(0)

    async def keep(self) -> None:
        """Keep what is known on disk, for ever."""
        while True:
            await self.last()
            await asyncio.sleep(EVERY)

    async def last(self) -> None:
        """Keep it once; where that cannot be done it is told, once."""
        if self._directory is None:
            return
        error = await asyncio.to_thread(write_discovered, self._directory, self.view())
        if error and not self._is_told:
            _log.warning("discovered_not_kept", directory=str(self._directory), error=error)
        self._is_told = bool(error)

    def _learn(self, most: int) -> None:
        now, self._waiting = self._waiting[:most], self._waiting[most:]
        for seen, weight in now:
            self._inventory.take(_observation(seen, weight), self._pattern(seen.route))
        if not self._waiting:
            bodies, self._bodies = self._bodies, []
            for body in bodies:
                self._inventory.see_body(_body(body), self._pattern(body.route))

    def _pattern(self, name: str) -> str:
        """Of the route that took it, where it names anything."""
        route = self._running().named(name) if name else None
        return "" if route is None or route.pattern.text == EVERYTHING else route.pattern.text

    def view(self) -> DiscoveryView:
        """What is known by now."""
        self._learn(len(self._waiting))
        return discovery_view(self._inventory, self._since)


def _observation(seen: RememberedRequest, weight: float) -> Observation:
    return Observation(
        method=seen.method,
        path=seen.path,
        status=seen.status,
        at=seen.at,
        caller=seen.caller or UNVERIFIED,
        route=seen.route,
        weight=weight,
        query=names_of(seen.query),
    )


def _body(body: BodyFields) -> Observation:
    caller = body.caller or UNVERIFIED
    return Observation(method=body.method, path=body.path, status=0, at=0.0, caller=caller, fields=body.fields)
