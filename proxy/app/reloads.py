"""From a changed file to workers that serve it: what control does with each thing that the watch brings.

Rule 1: a bad file changes nothing but what is said about it.
Rule 2: reading, checking and pickling happen on a thread, so that the admin port answers meanwhile.
Rule 3: what only a restart can change is named at every reload until there was one; the rest of the file is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from proxy.config.checks.tls_files import newly_bad
from proxy.config.load import Loaded
from proxy.config.text.problem import FileProblem
from proxy.control.fleet.links import Links
from proxy.control.position.edit_records import EditRecords
from proxy.control.probe.health import Probes
from proxy.control.running import Reload, Running, bounded, changed_routes, needs_restart
from proxy.core.http.leniency_points import Points
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Table
from proxy.link.table_bytes import dump

POLL_EVERY = 0.1
"""Seconds between two looks at the file."""
_log = structlog.get_logger()


class Watch(Protocol):
    """What notices that routes.yaml has changed; `poll` may block and is called from threads, one call at a time."""

    def poll(self) -> list[FileProblem] | Loaded | None:
        """What there is to take over since the last call, if anything."""

    def force(self) -> None:
        """Read the file at the next poll, changed or not."""


@dataclass(kw_only=True, slots=True)
class Reloads:
    """Carries revisions from the watch to everything that follows them; `remember` keeps the last good text on disk,
    `records` what was edited.

    `followers` are called after each one: for whatever else reads routes.yaml.
    """

    running: Running
    links: Links
    probes: Probes
    watch: Watch
    remember: Callable[[Loaded], object]
    records: EditRecords
    followers: Sequence[Callable[[], None]]
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    def force(self) -> None:
        """Somebody asked for a reload (SIGHUP)."""
        self.watch.force()
        self._asked.set()

    async def run(self) -> None:
        """Look at the file for ever."""
        while True:
            self._asked.clear()
            match await asyncio.to_thread(self.watch.poll):
                case None:
                    pass
                case Loaded() as loaded:
                    await self._take(loaded)
                case problems:
                    self._refuse(problems)
            await self._pause()

    async def _pause(self) -> None:
        """Until the next look is due, or asked for since the last one began."""
        try:
            async with asyncio.timeout(POLL_EVERY):
                await self._asked.wait()
        except TimeoutError:
            return

    async def _take(self, loaded: Loaded) -> None:
        before, after = self.running.snapshot, loaded.snapshot
        bad = newly_bad(loaded.bad_files, before, after)
        if bad:
            self._refuse(bad)
            return
        warnings = (*loaded.warnings, *(str(file.problem) for file in loaded.bad_files))
        table, changed = await asyncio.to_thread(lambda: (table_of(after), changed_routes(before, after)))
        restart = needs_restart(self.running.started_with, after)
        self.running.take(after, good(warnings, restart))
        self.records.taken(before, after)
        self.links.push(table)
        self.links.ledger.follow(frozenset(route.name for route in after.routes))
        self.probes.follow(after.upstreams)
        for follow in self.followers:
            follow()
        _log.info("config_reloaded", revision=after.revision, routes=len(after.routes), changed_routes=bounded(changed))
        log_leniency(after)
        for warning in bounded(list(warnings)):
            _log.warning("config_warning", warning=warning)
        if restart:
            _log.warning("config_needs_restart", keys=restart)
        await self._keep(loaded)

    async def _keep(self, loaded: Loaded) -> None:
        try:
            await asyncio.to_thread(self.remember, loaded)
        except OSError as error:
            _log.warning("last_good_not_kept", revision=loaded.snapshot.revision, error=str(error))

    def _refuse(self, problems: Sequence[FileProblem]) -> None:
        reload = refused(problems)
        self.running.refuse(reload)
        self.records.refused([str(problem) for problem in problems])
        _log.error(
            "config_refused",
            problems=reload.problems,
            count=len(problems),
            running_revision=self.running.snapshot.revision,
        )


def _open_points(snapshot: Snapshot) -> Iterator[tuple[str, Points]]:
    """Where something is open, by its key in routes.yaml, and what."""
    yield "top", snapshot.leniency
    yield from ((f"upstreams.{name}", upstream.leniency) for name, upstream in snapshot.upstreams.items())
    yield from ((f"routes.{route.name}", route.leniency) for route in snapshot.routes)


def log_leniency(snapshot: Snapshot) -> None:
    """One line for each place in which routes.yaml opens a point of strictness: it says what is let in, and where."""
    for where, points in _open_points(snapshot):
        if points:
            _log.warning("leniency_open", where=where, points=sorted(points))


def table_of(snapshot: Snapshot) -> Table:
    """The snapshot as it travels to workers, who have nothing to do with databases and their passwords."""
    return Table(snapshot.revision, dump(replace(snapshot, databases=())))


def good(warnings: Sequence[str] = (), restart: tuple[str, ...] = ()) -> Reload:
    """The file was taken over just now."""
    return Reload(ok=True, at=_now(), warnings=bounded(list(warnings)), needs_restart=restart)


def refused(problems: Sequence[FileProblem]) -> Reload:
    """The file was refused just now."""
    return Reload(ok=False, at=_now(), problems=bounded([str(problem) for problem in problems]))


def _now() -> datetime:
    return datetime.now(UTC)
