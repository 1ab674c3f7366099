"""What people are told of, and what is counted: by the log, by the record in the database, by numbers for control."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from uuid import UUID

import structlog

from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks

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
    """Counters of one clerk, since it began: (provider, word) to how often; and the seconds that calls took."""

    def __init__(self) -> None:
        """All at zero."""
        self.calls: Counter[tuple[str, str]] = Counter()
        self.stored: Counter[tuple[str, str]] = Counter()
        self.alarms: Counter[tuple[str, str]] = Counter()
        self.call_seconds: dict[str, float] = {}

    def took(self, provider: str, seconds: float) -> None:
        """One call."""
        self.call_seconds[provider] = self.call_seconds.get(provider, 0.0) + seconds


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
