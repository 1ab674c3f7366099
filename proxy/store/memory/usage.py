"""Usage in this process's memory: gone with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from math import inf

from proxy.core.discovery.usage import OTHERS, SECONDS_A_DAY, CallerUsage, UsageDay, added, day_of, sums_of
from proxy.core.evidence.records import cleaned
from proxy.store.usage import GONE_DAYS, KEPT_DAYS, MOST_CALLERS, UsageBatch, former_name

MOST_RECORDS = 100_000
_REMEMBERED = 3600.0
"""Seconds for which the id of a batch is known: longer than anybody would try again."""


class MemoryUsage:
    """A UsageStore."""

    def __init__(self, most: int = MOST_RECORDS, callers: int = MOST_CALLERS) -> None:
        """At most so many records, and callers of a route."""
        self._most = most
        self._callers = callers
        self._began: float | None = None
        self._routes: dict[str, tuple[str, float]] = {}
        self._gone: dict[str, tuple[str, float]] = {}
        self._days: dict[tuple[str, str, int], UsageDay] = {}
        self._known: dict[str, set[str]] = {}
        self._applied: dict[str, float] = {}

    async def begin(self, now: float) -> float:
        """As UsageStore says."""
        self._began = now if self._began is None else self._began
        return self._began

    async def know(self, takes: Mapping[str, str], now: float) -> Mapping[str, float]:
        """As UsageStore says."""
        known, used = self._routes, {route for route, _, _ in self._days}
        before = self._gone | {route: (taken, now) for route, (taken, _) in known.items()}
        self._gone |= {
            former_name(route, before[route][0]): before[route]
            for route, taken in takes.items()
            if route in before and not _is_same(before[route][0], taken)
        }
        oldest = now - GONE_DAYS * SECONDS_A_DAY
        gone = self._gone | {route: (taken, now) for route, (taken, _) in known.items()}
        self._gone = {
            route: (taken, since)
            for route, (taken, since) in gone.items()
            if route not in takes and (route.partition(" ")[0] in used or since >= oldest)
        }
        self._routes = {
            route: (taken, known[route][1] if route in known and _is_same(known[route][0], taken) else now)
            for route, taken in takes.items()
        }
        return {route: since for route, (_, since) in self._routes.items()}

    async def gone(self, takes: Mapping[str, str]) -> Mapping[str, str]:
        """As UsageStore says."""
        return {route: taken for route, (taken, _) in (self._routes | self._gone).items() if route not in takes}

    async def add(self, batch: UsageBatch) -> None:
        """As UsageStore says."""
        if batch.id in self._applied:
            return
        self._applied[batch.id] = batch.at
        for record in map(cleaned, batch.days):
            self._add(self._admitted(record))
        if len(self._days) > self._most:
            await self.prune(batch.at)

    def _admitted(self, record: UsageDay) -> UsageDay:
        known = self._known.setdefault(record.route, set())
        if record.caller not in known:
            if len(known) >= self._callers:
                record = replace(record, caller=OTHERS)
            known.add(record.caller)
        return record

    def _add(self, record: UsageDay) -> None:
        key = (record.route, record.caller, record.day)
        known = self._days.get(key)
        self._days[key] = record if known is None else added(known, record)

    async def sums(self, *routes: str) -> tuple[CallerUsage, ...]:
        """As UsageStore says."""
        return sums_of(self._days.values() if not routes else chain.from_iterable(map(self._days_of, routes)))

    def _days_of(self, name: str) -> Iterator[UsageDay]:
        """Of a route, or of one as it was."""
        route, _, is_former = name.partition(" ")
        until = self._gone[name][1] if is_former else inf
        for day in self._days.values():
            if day.route == route and day.first <= until:
                yield replace(day, route=name, last=min(day.last, until))

    async def days(self, route: str) -> tuple[UsageDay, ...]:
        """As UsageStore says."""
        return tuple(self._days[key] for key in sorted(self._days) if key[0] == route)

    async def prune(self, now: float) -> int:
        """As UsageStore says."""
        before = len(self._days)
        oldest = day_of(now) - KEPT_DAYS
        if before > self._most:
            oldest = max(oldest, sorted(day for _, _, day in self._days)[-self._most - 1] + 1)
        self._days = {key: record for key, record in self._days.items() if key[2] >= oldest}
        self._known = {}
        for route, caller, _ in self._days:
            self._known.setdefault(route, set()).add(caller)
        self._applied = {name: at for name, at in self._applied.items() if at >= now - _REMEMBERED}
        if self._began is not None:
            self._began = max(self._began, float(oldest * SECONDS_A_DAY))
        return before - len(self._days)


def _is_same(one: str, other: str) -> bool:
    """Rule 2 of `store/usage.py`."""
    return one.partition(" ")[0] == other.partition(" ")[0]
