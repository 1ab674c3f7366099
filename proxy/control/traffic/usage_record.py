"""Usage on its way from workers into the store: by origin of route, caller and day.

Rule 1: what workers tell adds up here, at most one record for each route, caller and day, and goes into the store every
        `EVERY` seconds, and `SOON` after a caller has come for the first time on a day: who calls so seldom that its
        one call decides is not lost with a control that is killed. While the store is away it goes on adding up.
Rule 2: what was sent without an answer is sent again under the same id, so it counts once.
Rule 3: the record of a route begins when it was first seen to take what it takes: what it took over from another one,
        which was renamed, split or taken out, is recorded there.
Rule 4: whoever called a route that is gone, and would come to this one now, is told beside it (`left_to`), however
        short that one was there. What is counted after its table was replaced is counted by the names of that table.
Rule 5: whom nobody has verified a report does not name: it is what the tallies of a route say beyond its callers.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from proxy.core.discovery.usage import OTHERS, UNVERIFIED, CallerUsage, UsageDay, added, day_of, sums_of
from proxy.core.discovery.what_is_taken import left_to
from proxy.core.routing.state_names import Origins, all_called
from proxy.link.messages import CODE_CLASSES, Report
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.usage import UsageBatch, UsageStore

EVERY = 10.0
SOON = 1.0
PATIENCE = 1.5
LAST = 1.0
"""Seconds that the last usage has to reach the store."""
MOST_WAITING = 50_000
"""Records that wait for the store; calls of further callers are counted together."""
_GOOD = CODE_CLASSES.index("4xx")
_log = structlog.get_logger()
_Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteUsage:
    """What is recorded of routes: `since` is when the record begins (rule 3, of one route).

    `taken_over`: who called routes that are gone (rule 4), by the origins of those.
    """

    since: float
    callers: tuple[CallerUsage, ...]
    days: tuple[UsageDay, ...] = ()
    taken_over: tuple[CallerUsage, ...] = ()


class UsageRecord:
    """`take` is told of every report. `clock` in unix seconds."""

    def __init__(
        self,
        store: UsageStore,
        origins: Callable[[], Origins],
        clock: Callable[[], float] = time.time,
        takes: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """`origins` gives those of the present table, `takes` what its routes take, by origin."""
        self._store = store
        self._origins = origins
        self._clock = clock
        self._takes = takes
        self._told: Mapping[str, str] = {}
        self._seen: dict[str, str] = {}
        self._present: Mapping[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._known: Mapping[str, float] = {}
        self._waiting: dict[_Key, UsageDay] = {}
        self._sending: UsageBatch | None = None
        self._turn = asyncio.Lock()
        self._is_away = False
        self._stored: set[_Key] = set()
        self._first = asyncio.Event()
        self.follow()

    def follow(self) -> None:
        """A table was taken."""
        self._present = self._takes()
        self._seen.update(self._present)
        self._renamed.update(self._origins().by_name)

    def take(self, report: Report) -> None:
        """What was answered since the worker's last report."""
        now = self._clock()
        calls: Counter[str] = Counter()
        good: Counter[str] = Counter()
        for delta in report.routes:
            calls[delta.route] += sum(delta.codes)
            good[delta.route] += sum(delta.codes[:_GOOD])
        for told in report.usage:
            calls[told.route] -= told.calls
            good[told.route] -= told.good
            self._add(told.route, told.caller, told.calls, told.good, now)
        for route, count in calls.items():
            if count > 0 and not route.startswith("("):
                self._add(route, UNVERIFIED, count, max(good[route], 0), now)

    def _add(self, route: str, caller: str, calls: int, good: int, now: float) -> None:
        origin, day = self._origin(route), day_of(now)
        if (origin, caller, day) not in self._waiting and len(self._waiting) >= MOST_WAITING:
            caller = OTHERS
        more = UsageDay(route=origin, caller=caller, day=day, calls=calls, good=good, first=now, last=now)
        known = self._waiting.get((origin, caller, day))
        if known is None and (origin, caller, day) not in self._stored:
            self._first.set()
        self._waiting[origin, caller, day] = more if known is None else added(known, more)

    def _origin(self, route: str) -> str:
        """Of a route of the present table, or of one before."""
        origin = self._origins().origin(route)
        return origin if origin != route or route in self._present else self._renamed.get(route, route)

    async def run(self) -> None:
        """Into the store, for ever."""
        while True:
            try:
                await self._begin()
                await self.flush()
                self._is_away = False
            except (StoreUnavailable, StoreRefused, TimeoutError) as error:
                if not self._is_away:
                    _log.warning("usage_waits", records=len(self._waiting), error=str(error) or "no answer in time")
                self._is_away = True
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._first.wait()
                    await asyncio.sleep(SOON)
            self._first.clear()

    async def last(self) -> None:
        """What has come goes into the store once more, if it answers soon."""
        try:
            async with asyncio.timeout(LAST):
                await self.flush()
        except (StoreUnavailable, StoreRefused, TimeoutError):
            _log.warning("usage_left", records=len(self._waiting))

    async def _begin(self, origin: str = "") -> float:
        """Since when there is a record, or one of this route; the store knows the present table then: rule 3."""
        takes = self._takes()
        async with asyncio.timeout(PATIENCE):
            began = await self._store.begin(self._clock())
            if takes != self._told or not self._seen.keys() <= takes.keys():
                seen = {**self._seen, **takes}
                if seen.keys() != takes.keys():
                    await self._store.know(seen, self._clock())
                self._known, self._told = await self._store.know(takes, self._clock()), takes
                self._seen = {origin: taken for origin, taken in self._seen.items() if origin not in seen}
        return max(began, self._known.get(origin, began))

    async def flush(self) -> None:
        """All that waits is in the store; StoreUnavailable or TimeoutError where it is not."""
        async with self._turn, asyncio.timeout(PATIENCE):
            while self._sending is not None or self._waiting:
                if self._sending is None:
                    waiting, self._waiting = self._waiting, {}
                    self._sending = UsageBatch(id=uuid.uuid4().hex, at=self._clock(), days=tuple(waiting.values()))
                try:
                    await self._store.add(self._sending)
                except StoreRefused as error:  # asked again it would say the same
                    _log.error("usage_refused", records=len(self._sending.days), error=str(error))
                self._remember(self._sending.days)
                self._sending = None

    def _remember(self, days: Sequence[UsageDay]) -> None:
        """Who is known on the last of these days; bounded as what waits is."""
        today = max(each.day for each in days)
        added_now = {(each.route, each.caller, each.day) for each in days}
        self._stored = {key for key in self._stored | added_now if key[2] >= today}
        if len(self._stored) > MOST_WAITING:
            self._stored = added_now

    async def of_all(self) -> RouteUsage:
        """Of the routes of the present table, with what came by now; raises as `flush`."""
        await self.flush()
        since = await self._begin()
        async with asyncio.timeout(PATIENCE):
            found: Iterable[CallerUsage] = await self._store.sums()
        return RouteUsage(since=since, callers=all_called(found, self._origins().name))

    async def of_route(self, route: str) -> RouteUsage:
        """Of one, by day as well; raises as `flush`."""
        await self.flush()
        origin = self._origins().origin(route)
        since = await self._begin(origin)
        async with asyncio.timeout(PATIENCE):
            days = all_called(await self._store.days(origin), lambda _: route)
            gone = left_to(origin, self._told, await self._store.gone(self._told))
            before = await self._store.sums(*gone) if gone else ()
        return RouteUsage(since=since, callers=sums_of(days), days=days, taken_over=before)
