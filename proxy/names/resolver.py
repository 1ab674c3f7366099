"""Names to addresses, for everything that one process connects to.

Rule 1: a name is looked up once at a time, however many ask; whoever stops waiting ends nothing for the others.
Rule 2: no name waits for another one.
Rule 3: the last good addresses are kept: a look-up that fails takes nothing away.
Rule 4: a failure is not asked about again for a second, so that a name which is gone makes no storm.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from proxy.names.dns import AddressesByFamily, Dns
from proxy.names.files import Files
from proxy.names.resolution import NoAddress, Resolution, Resolved, Unresolved
from proxy.names.system import SystemResolver

if TYPE_CHECKING:
    from proxy.tasks import Tasks

LOOKUP = 10.0
"""Seconds that one look-up may take."""
FAILED_FOR = 1.0
HOSTS_TTL = 5.0
"""Seconds after which a hosts file is looked at again."""
MOST_KEPT = 4096
"""Names whose last answers are kept; beyond, the one that was asked for longest ago goes."""


class Resolver:
    """Look-ups of one process, by hosts file and name servers, or by the system."""

    def __init__(self, tasks: Tasks, files: Files | None = None) -> None:
        """Made anywhere, used within one running loop; `files` are the system's unless given."""
        self._tasks = tasks
        self._files = files or Files()
        self._dns = Dns()
        self._system = SystemResolver()
        self._running: dict[tuple[str, bool], asyncio.Task[None]] = {}
        self._last: dict[tuple[str, bool], Resolution] = {}
        self._good: dict[tuple[str, bool], Resolved] = {}
        self._found: dict[str, AddressesByFamily] = {}

    async def ask(self, name: str, newer_than: float, *, system: bool = False) -> Resolution:
        """What is known if it was asked for since `newer_than` (monotonic, not later than now), else what a look-up
        finds now: one that runs already may have begun too early.
        """
        key = name.lower(), system
        while (known := self._last.get(key)) is None or known.at < _since(known, newer_than):
            await asyncio.shield(self._look_up(key))
        return known

    def kept(self, name: str, *, system: bool = False) -> Resolved | None:
        """The last good answer, however old (rule 3)."""
        return self._good.get((name.lower(), system))

    async def close(self) -> None:
        """End the name server channel; whoever owns `tasks` ends those."""
        await self._dns.close()

    def _look_up(self, key: tuple[str, bool]) -> asyncio.Task[None]:
        """The look-up that runs for this name, or a new one (rule 1)."""
        running = self._running.get(key)
        if running is None or running.done():  # what is done stays there until the loop's next turn
            running = self._running[key] = self._tasks.start(self._keep(key), name=f"name {key[0]}")
            running.add_done_callback(lambda done: self._ended(key, done))
        return running

    def _ended(self, key: tuple[str, bool], done: asyncio.Task[None]) -> None:
        if self._running.get(key) is done:
            del self._running[key]

    async def _keep(self, key: tuple[str, bool]) -> None:
        try:
            async with asyncio.timeout(LOOKUP):
                resolution = await (self._system.ask(key[0]) if key[1] else self._by_files_or_dns(key[0]))
        except TimeoutError:
            resolution = Unresolved(key[0], NoAddress.SILENT, monotonic())
        self._last.pop(key, None)
        self._last[key] = resolution
        if isinstance(resolution, Resolved):
            self._good[key] = resolution
        while len(self._last) > MOST_KEPT:
            self._forget(next(iter(self._last)))

    def _forget(self, key: tuple[str, bool]) -> None:
        del self._last[key]
        self._good.pop(key, None)
        self._found.pop(key[0], None)

    async def _by_files_or_dns(self, name: str) -> Resolution:
        began = monotonic()
        listed = self._files.hosts_of(name)
        if listed:
            return Resolved(listed, HOSTS_TTL, began)
        addresses = await self._dns.ask(name, self._files.servers)
        if isinstance(addresses, Unresolved):
            return addresses
        self._found[name] = known = addresses.over(self._found.get(name))
        return known.resolved(began)


def _since(known: Resolution, newer_than: float) -> float:
    """From when on an answer counts; a failure counts for `FAILED_FOR` seconds (rule 4)."""
    return min(newer_than, monotonic() - FAILED_FOR) if isinstance(known, Unresolved) else newer_than
