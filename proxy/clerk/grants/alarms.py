"""What people are told of, and what is counted: by the log, by the record in the database, by numbers for control."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from uuid import UUID

import structlog

from proxy.link.messages import GrantCounts
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks

MOST_CONSENTS = 1000
"""Between two words to control."""
_log = structlog.get_logger()


class GrantAlarm(StrEnum):
    """What somebody has to look at."""

    STRANGER = "stranger"
    OTHER_CLIENT = "other_client"
    REGRESSED = "regressed"
    UNSEEN = "unseen"
    NEEDS_CONSENT = "needs_consent"
    CLOSED = "closed"


class GrantFigures:
    """What one clerk has done since it last told control; by (provider, word)."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.calls: Counter[tuple[str, str]] = Counter()
        self.stored: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, float] = {}
        self._consents: list[tuple[str, str, str, str]] = []

    def took(self, provider: str, seconds: float) -> None:
        """One call."""
        self._seconds[provider] = self._seconds.get(provider, 0.0) + seconds

    def needs_consent(self, provider: str, family: UUID, client_id: str, why: str) -> None:
        """People have to be asked anew; what control does not hear of stands in the database all the same."""
        if len(self._consents) < MOST_CONSENTS:
            self._consents.append((provider, str(family), client_id, why))

    def take(self) -> GrantCounts | None:
        """For control, and forgotten here; None: nothing happened."""
        if not (self.calls or self.stored or self.alarms):
            return None
        said = GrantCounts(
            calls=_rows(self.calls),
            seconds=list(self._seconds.items()),
            stored=_rows(self.stored),
            alarms=_rows(self.alarms),
            consents=self._consents,
        )
        for counts in (self.calls, self.stored, self.alarms, self._seconds):
            counts.clear()
        self._consents = []
        return said


def _rows(counts: Counter[tuple[str, str]]) -> list[tuple[str, str, int]]:
    return [(*key, count) for key, count in counts.items()]


class GrantAlarms:
    """Raises them."""

    def __init__(self, tables: GrantTables, figures: GrantFigures, tasks: Tasks) -> None:
        """`tasks` writes the record in the background: nobody waits for it."""
        self.figures = figures
        self._tables = tables
        self._tasks = tasks

    def ring(
        self, alarm: GrantAlarm, provider: str, *, family: UUID | None = None, system: str = "", detail: str = ""
    ) -> None:
        """Once for each time; what concerns no family stands in the log alone, since anybody could fill a table."""
        self.figures.alarms[provider, alarm.value] += 1
        _log.warning(
            "grant_alarm", alarm=alarm.value, grants=provider, family=str(family or ""), system=system, why=detail
        )
        if family is not None:
            self._tasks.start(self._note(provider, family, alarm, system, detail), name="grant-event")

    async def _note(self, provider: str, family: UUID, alarm: GrantAlarm, system: str, detail: str) -> None:
        try:
            await self._tables.note(provider, family, alarm.value, system, detail)
        except (StoreUnavailable, StoreRefused) as error:
            _log.warning("grant_event_lost", error=str(error))
