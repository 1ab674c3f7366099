"""The handshake of dry runs: whether the new side says, here and now, that it can take writes without doing them.

Rule 1: each endpoint is asked for itself; workers shadow writes only while all of them have said yes lately.
Rule 2: anything but a clear yes is a no, and a no is told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import structlog

from proxy.core.routing.route import Endpoint, Upstream
from proxy.core.routing.shadow import HANDSHAKE_LASTS
from proxy.link.messages import Probed
from proxy.tls.live_contexts import UpstreamContext

EVERY = 10.0
"""Seconds between two questions; what was said holds for a minute."""
_log = structlog.get_logger()

Ask = Callable[[Upstream, str, UpstreamContext | None], Awaitable[bool]]
"""Asks one endpoint of an upstream at a path; whether it said yes."""


class Background(Protocol):
    """Starts tasks, keeps them and starts those anew that die."""

    def start(self, work: Callable[[], Coroutine[Any, Any, None]], *, name: str) -> asyncio.Task[None]:
        """Run `work` in the background."""


class DryRuns:
    """One task per endpoint of an upstream with `dry_run`."""

    def __init__(self, background: Background, ask: Ask, tell: Callable[[Probed], None]) -> None:
        """Begin with no upstream; `tell` hears every answer."""
        self._background = background
        self._ask = ask
        self._tell = tell
        self._asked: dict[str, tuple[Upstream, list[asyncio.Task[None]]]] = {}

    def follow(self, upstreams: Mapping[str, Upstream]) -> None:
        """Ask these from now on."""
        wanted = {name: each for name, each in upstreams.items() if each.dry_run}
        for name in [name for name, (upstream, _) in self._asked.items() if wanted.get(name) != upstream]:
            upstream, tasks = self._asked.pop(name)
            for task in tasks:
                task.cancel()
            for endpoint in upstream.endpoints:
                self._say(upstream, endpoint, accepts=False)
        for name in wanted.keys() - self._asked.keys():
            upstream = wanted[name]
            self._asked[name] = upstream, [self._begin(upstream, each) for each in upstream.endpoints]

    def _begin(self, upstream: Upstream, endpoint: Endpoint) -> asyncio.Task[None]:
        name = f"dry-run {upstream.name} {endpoint.text}"
        return self._background.start(partial(self._watch, upstream, endpoint), name=name)

    async def _watch(self, upstream: Upstream, endpoint: Endpoint) -> None:
        place = replace(upstream, host=endpoint.host, port=endpoint.port, more=())
        kept = await asyncio.to_thread(UpstreamContext, upstream.tls) if upstream.scheme == "https" else None
        before: bool | None = None
        while True:
            if kept is not None:
                await asyncio.to_thread(kept.refresh)
            accepts = await self._ask(place, upstream.dry_run, kept)
            self._say(upstream, endpoint, accepts=accepts)
            if accepts is not before:
                say = _log.info if accepts else _log.warning
                say("dry_run_handshake", upstream=upstream.name, endpoint=endpoint.text, accepts=accepts)
            before = accepts
            await asyncio.sleep(EVERY)

    def _say(self, upstream: Upstream, endpoint: Endpoint, *, accepts: bool) -> None:
        self._tell(Probed(upstream.name, endpoint.text, healthy=True, lasts=HANDSHAKE_LASTS, dry_run=accepts))
