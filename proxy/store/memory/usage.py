"""Usage in this process's memory: gone with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf

from proxy.core.discovery.usage import OTHERS, SECONDS_A_DAY, CallerUsage, UsageDay, added, day_of, sums_of
from proxy.core.discovery.what_is_taken import digest_of, former_name, is_former, route_of
from proxy.core.evidence.records import cleaned
from proxy.store.usage import GONE_DAYS, KEPT_DAYS, MOST_CALLERS, UsageBatch

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
        oldest = now - GONE_DAYS * SECONDS_A_DAY
        before = self._gone | {route: (taken, now) for route, (taken, _) in known.items()}
        former = {
            former_name(route, before[route][0]): before[route]
            for route, taken in takes.items()
            if route in before and digest_of(before[route][0]) != digest_of(taken)
        }
        self._gone = {
            name: (taken, since)
            for name, (taken, since) in (before | former).items()
            if name not in takes and (route_of(name) in used or since >= oldest)
        }
        self._routes = {
            route: (taken, known[route][1] if _is_same(known.get(route), taken) else now)
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
        return sums_of(self._days_of(routes) if routes else self._days.values())

    def _days_of(self, asked: tuple[str, ...]) -> Iterator[UsageDay]:
        """Of these routes, and of routes as they were."""
        names: dict[str, list[tuple[str, float]]] = {}
        for name in asked:
            until = self._gone[name][1] if is_former(name) else inf
            names.setdefault(route_of(name), []).append((name, until))
        for day in self._days.values():
            for name, until in names.get(day.route, ()):
                if day.first <= until:
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


def _is_same(known: tuple[str, float] | None, taken: str) -> bool:
    """Rule 2 of `store/usage.py`."""
    return known is not None and digest_of(known[0]) == digest_of(taken)
