"""What control knows of the journal of writes: read every two seconds, for status, metrics, alarms and the judge.

Rule 1: what could not be read again grows old: a lag is at least the time since it was last known.
Rule 2: what is younger than a second is no lag: under load something always is.
Rule 3: a dead letter, and a write that people have to decide, is an alarm: told once when a route comes to have one.
        So is a journal that is nearly full: from `NEARLY` of the bound on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from proxy.core.journal.standing import JournalCount, JournalStanding, filled, standing_of
from proxy.core.journal.writes import writes_of
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.journal_outage import JournalOutage

EVERY = 2.0
NEARLY = 0.8
_log = structlog.get_logger()


@dataclass(slots=True)
class JournalWatch:
    """One replica's look at it. `journal` None: there is no database, and nothing writes to both sides."""

    journal: PostgresJournal | None
    running: Callable[[], Snapshot]
    now: Callable[[], float] = monotonic
    alarm: Callable[[str, str], None] = lambda _route, _reason: None
    """Told the name of a route and a sentence."""
    _counts: tuple[JournalCount, ...] = ()
    _at: float = field(default=0.0)
    _told: frozenset[str] = frozenset()
    _told_filling: frozenset[str] = frozenset()
    _outage: JournalOutage = field(default_factory=JournalOutage)

    def __post_init__(self) -> None:
        """Nothing was read yet."""
        self._at = self.now()

    async def run(self) -> None:
        """Read until cancelled; run it in the background."""
        while True:
            try:
                await self.look()
            except StoreUnavailable as error:
                self._outage.begin(error)
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Read it once, where some route writes to both sides."""
        if self.journal is None or not any(writes_of(route) for route in self.running().routes):
            return
        self._counts, self._at = await self.journal.summary(), self.now()
        self._outage.end()
        self._tell()
        self._tell_filling()

    def of(self, route: Route) -> JournalStanding | None:
        """None: its writes go to one side."""
        if writes_of(route) is None:
            return None
        found = standing_of(self._counts, route.origin)
        lag = found.lag + self.now() - self._at
        return replace(found, lag=lag if lag >= 1.0 + EVERY or found.lag >= 1.0 else 0.0)

    @property
    def standings(self) -> Mapping[str, JournalStanding]:
        """By name, of all routes that write to both sides."""
        routes = self.running().routes
        return {route.name: found for route in routes if (found := self.of(route)) is not None}

    def _tell(self) -> None:
        stuck = {name: each for name, each in self.standings.items() if each.dead or each.unknown}
        for name in stuck.keys() - self._told:
            reason = _sentence(stuck[name])
            _log.error("journal_stuck", route=name, dead=stuck[name].dead, unknown=stuck[name].unknown)
            self.alarm(name, reason)
        self._told = frozenset(stuck)

    def _tell_filling(self) -> None:
        full = {
            route.name: filled(standing, writes)
            for route in self.running().routes
            if (writes := writes_of(route)) is not None and (standing := self.of(route)) is not None
        }
        filling = {name: share for name, share in full.items() if share >= NEARLY}
        for name in filling.keys() - self._told_filling:
            _log.error("journal_filling", route=name, filled=round(filling[name], 2))
            self.alarm(name, _filling_sentence(filling[name]))
        self._told_filling = frozenset(filling)


def _filling_sentence(share: float) -> str:
    return (
        f"the journal has {share:.0%} of the writes that it may keep for the other side; from 100% on writes are "
        "answered with 503"
    )


def _sentence(standing: JournalStanding) -> str:
    return (
        f"the journal of writes has {standing.dead} dead letters and {standing.unknown} writes of unknown outcome; "
        "banyan journal lists them"
    )
