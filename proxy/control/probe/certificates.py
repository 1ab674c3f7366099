"""What the certificates are and whether their files can be used, as workers find them: for people and dashboards.

Rule 1: control reads the same files by the same rules as workers do, so it needs to ask none of them.
Rule 2: a file that cannot be used is told as long as it cannot; when a certificate ends is that of the one in use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.control.running import Running
from proxy.core.routing.snapshot import Snapshot
from proxy.tls.contexts import UnusableError
from proxy.tls.live_contexts import ListenerContexts, UpstreamContext

LOOK_EVERY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The files of one `tls` block. `ends`: by key of routes.yaml, in unix seconds; `problem` empty: all is well."""

    key: str
    ends: tuple[tuple[str, float], ...]
    problem: str


class Certificates:
    """Follows the files of what runs."""

    def __init__(self) -> None:
        """Begin with none."""
        self.shown: tuple[Shown, ...] = ()
        self._listener: ListenerContexts | None = None
        self._upstreams: dict[str, UpstreamContext] = {}

    async def run(self, running: Running) -> None:
        """Look for ever."""
        while True:
            self.shown = await asyncio.to_thread(lambda: tuple(self._look(running.snapshot)))
            await asyncio.sleep(LOOK_EVERY)

    def _look(self, snapshot: Snapshot) -> Iterator[Shown]:
        if snapshot.tls is not None:
            yield self._look_at_listener(snapshot)
        files = {name: each.tls for name, each in snapshot.upstreams.items() if each.tls.files}
        self._upstreams = {name: each for name, each in self._upstreams.items() if files.get(name) == each.tls}
        for name, tls in files.items():
            kept = self._upstreams.get(name)
            if kept is None:
                kept = self._upstreams[name] = UpstreamContext(tls)
            kept.refresh()
            key = f"upstreams.{name}.tls"
            ends = () if kept.ends is None else ((key, kept.ends),)
            yield Shown(key=key, ends=ends, problem=kept.problem)

    def _look_at_listener(self, snapshot: Snapshot) -> Shown:
        tls, kept, problem = snapshot.tls, self._listener, ""
        if tls is not None and (kept is None or kept.tls != tls):
            try:
                kept = self._listener = ListenerContexts(tls)
            except UnusableError as error:
                problem = str(error)
        if kept is None:
            return Shown(key="tls", ends=(), problem=problem)
        kept.refresh()
        keys = ["tls", *(f"tls.more[{place}]" for place in range(len(kept.ends) - 1))]
        return Shown(key="tls", ends=tuple(zip(keys, kept.ends, strict=True)), problem=problem or kept.problem)
