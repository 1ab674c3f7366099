"""How full the journal is of each route, so that a side which is away for long does not fill the database.

Rule 1: beyond the bound no write of the route is begun: what one side got, and nobody kept for the other, would
        be lost with the next move. Whoever wants to go on with one side alone says so, by the stage.
Rule 2: it is looked at once a second, and what comes in between is beyond the bound.
Rule 3: what cannot be looked at is as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.core.journal.standing import JournalCount, filled, standing_of
from proxy.core.journal.writes import writes_of
from proxy.core.routing.route import Route
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.journal_outage import JournalOutage

EVERY = 1.0


@dataclass(slots=True)
class JournalBacklog:
    """One clerk's look at it. `routes` as in `SecondLegs`."""

    journal: PostgresJournal
    routes: Callable[[], Mapping[str, Route]]
    outage: JournalOutage
    _counts: tuple[JournalCount, ...] = ()

    async def run(self) -> None:
        """Look until cancelled; run it in the background."""
        while True:
            if self.routes():
                try:
                    await self.look()
                except StoreUnavailable as error:
                    self.outage.begin(error)
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Once; StoreUnavailable."""
        self._counts = await self.journal.summary()

    def is_full(self, origin: str) -> bool:
        """Whether no further write of this route may be begun."""
        route = self.routes().get(origin)
        writes = None if route is None else writes_of(route)
        return writes is not None and filled(standing_of(self._counts, origin), writes) >= 1.0
