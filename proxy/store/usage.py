"""What a store of usage can do. `memory/usage.py` and `postgres/usage.py` both do, by the same tests.

Rule 1: the record says since when it is kept, and that moves on with whatever is let go: who reads it never takes
        "not recorded" for "not called".
Rule 2: nor is a route known longer than it takes what it takes: who called what it has taken over is recorded under
        another name, or nowhere. What takes something is a text that begins with its digest, up to a blank.
Rule 3: a route that is gone stays known as gone for as long as there are records of it, and for `GONE_DAYS` at least:
        records of it may come yet, by a replica that has it still.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from proxy.core.discovery.usage import CallerUsage, UsageDay

KEPT_DAYS = 366
"""A year and a day, so that what is called once a year is seen."""
GONE_DAYS = 7
MOST_CALLERS = 500
"""Of a route; further ones are counted together, as `OTHERS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageBatch:
    """Records that were not told yet; a second time with the same id they count for nothing."""

    id: str
    at: float
    days: tuple[UsageDay, ...]


class UsageStore(Protocol):
    """Usage by origin of route, pooled over all replicas. Every method may raise StoreUnavailable or StoreRefused."""

    async def begin(self, now: float) -> float:
        """Since when usage is recorded; `now`, if it was not until now."""

    async def know(self, takes: Mapping[str, str], now: float) -> Mapping[str, float]:
        """Since when each route is known for what it takes, by origin; `now`, if it was not until now (rule 2).

        `takes` are all that there are: one that is not among them is gone, and begins anew when it comes back.
        """

    async def gone(self, takes: Mapping[str, str]) -> Mapping[str, str]:
        """What each route took that is not among these, by origin (rule 3): whatever replicas say of other files.

        What a route took before it took something else stands under its `former_name` (`core/discovery`).
        """

    async def add(self, batch: UsageBatch) -> None:
        """Add all of it or nothing."""

    async def sums(self, *routes: str) -> tuple[CallerUsage, ...]:
        """Of these routes, by route and caller; of all where none are named. Of a `former_name` up to its end."""

    async def days(self, route: str) -> tuple[UsageDay, ...]:
        """Of one route, by caller and day."""

    async def prune(self, now: float) -> int:
        """Let go what is older than `KEPT_DAYS`, and the oldest days of too many; how many records that was."""
