"""What control knows of `grants`: what this host's clerk has done, and where all families stand by the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from proxy.core.grants.family import FamilyState
from proxy.link.messages import GrantCounts
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.grant_tables import GrantTables

EVERY = 10.0
"""Seconds between two looks into the database."""
UNKNOWN_FOR = 60.0
"""Seconds after which an outcome that nobody knows is an alarm."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Consent:
    """A grant that needs a new consent."""

    provider: str
    family: str
    client: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFamilies:
    """So many families of a provider in a state, the oldest there for `oldest` seconds."""

    provider: str
    state: str
    count: int
    oldest: float


def _nobody(_: Consent) -> None:
    """Nobody is told."""


class GrantsSeen:
    """Counts since control began; `tell` hears of each grant that needs a consent."""

    def __init__(self) -> None:
        """Nothing happened."""
        self.calls: Counter[tuple[str, str]] = Counter()
        self.stored: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[tuple[str, str]] = Counter()
        self.seconds: dict[str, float] = {}
        self.families: Sequence[StandingFamilies] = ()
        self.tell: Callable[[Consent], None] = _nobody

    def take(self, said: GrantCounts) -> None:
        """The clerk has said so."""
        for counts, rows in ((self.calls, said.calls), (self.stored, said.stored), (self.alarms, said.alarms)):
            counts.update({(provider, word): count for provider, word, count in rows})
        for provider, seconds in said.seconds:
            self.seconds[provider] = self.seconds.get(provider, 0.0) + seconds
        for row in said.consents:
            self.tell(Consent(*row))

    async def keep(self, tables: GrantTables, needed: Callable[[], bool]) -> None:
        """Look into the database now and then, where there are grants; run it in the background."""
        while True:
            if needed():
                try:
                    await self._look(tables)
                except (StoreUnavailable, StoreRefused) as error:
                    _log.warning("grant_states_unread", error=str(error))
            await asyncio.sleep(EVERY)

    async def _look(self, tables: GrantTables) -> None:
        rows = await tables.states()
        self.families = [
            StandingFamilies(provider=provider, state=state, count=count, oldest=oldest)
            for provider, state, count, oldest in rows
        ]
        for each in self.families:
            if each.state == FamilyState.UNKNOWN and each.oldest > UNKNOWN_FOR:
                _log.warning("grant_unknown_long", grants=each.provider, families=each.count, oldest=each.oldest)
