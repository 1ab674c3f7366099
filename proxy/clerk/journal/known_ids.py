"""What each side calls a thing is kept while some route of its scope writes to both sides, and for a while more.

Rule 1: age is no reason: a thing may be written to years after it was made, and needs the other side's name then.
Rule 2: few are taken away at once, so that no other statement waits for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxy.core.routing.route import Route
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.journal_outage import JournalOutage

EVERY = 600.0
AGAIN = 5.0
"""Seconds between two looks; where the first one found as many as it may take, or nobody could be asked."""
DAYS = 30
AT_ONCE = 1000


@dataclass(slots=True)
class KnownIds:
    """One clerk's part. `routes` as in `SecondLegs`."""

    journal: PostgresJournal
    routes: Callable[[], Mapping[str, Route]]
    outage: JournalOutage

    async def run(self) -> None:
        """Look until cancelled; run it in the background."""
        while True:
            wait = EVERY if self.routes() else AGAIN
            try:
                if self.routes() and await self.look() == AT_ONCE:
                    wait = AGAIN
            except StoreUnavailable as error:
                self.outage.begin(error)
                wait = AGAIN
            await asyncio.sleep(wait)

    async def look(self) -> int:
        """Say which scopes are in use, then take away what is of none; how many were."""
        await self.journal.see({route.scope for route in self.routes().values()})
        return await self.journal.prune_ids(DAYS, AT_ONCE)
