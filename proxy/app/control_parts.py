"""The judge put together: what stands, who moves it, and the loops that keep both going."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import structlog

from proxy.control.admin.moves import OrdersAsked
from proxy.control.admin.routes import ordered_kill
from proxy.control.admin.standing import AlarmView, Judged, ToldView, transition_view
from proxy.control.evidence.book import EvidenceBook
from proxy.control.fleet.gossip import Gathering
from proxy.control.fleet.lease import Leading
from proxy.control.fleet.links import Links
from proxy.control.judge.judge_clock import SteadyTime
from proxy.control.judge.judge_round import Bench
from proxy.control.judge.judging import Judge
from proxy.control.position.hooks import Hooks
from proxy.control.position.last_orders import Keeper, begin
from proxy.control.position.mover import Mover
from proxy.control.position.order_notes import Around
from proxy.control.position.reconciling import Reconciling
from proxy.control.position.standing_here import Replica
from proxy.control.probe.health import Probes
from proxy.control.running import Running
from proxy.control.traffic.slow_threshold import slow_above
from proxy.core.judge.legacy import LegacyHealth
from proxy.core.judge.verdict import Ruling
from proxy.core.position.position import Transition
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import BadDelta, Report
from proxy.store.open_stores import Stores
from proxy.store.unavailable import StoreRefused, StoreUnavailable
from proxy.supervised_tasks import Work

LOOK_EVERY = 0.5
"""Seconds after which a change of what stands is seen at the latest, where nobody calls."""
AGAIN = 0.5
SLOW_EVERY = 60.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What there is of control already."""

    running: Running
    links: Links
    stores: Stores
    book: EvidenceBook
    probes: Probes
    directory: Path
    hooks: Hooks


class Judging:
    """`judged` is for views, `asked` for operators, `follow` for reloads; `loops` are to be run in the background."""

    def __init__(self, parts: Parts) -> None:
        """To be made inside the running loop, before workers link."""
        self._parts = parts
        self._keeper = Keeper(parts.directory)
        self._edited = asyncio.Event()
        self._edited.set()
        clock = SteadyTime()
        running, store = parts.running, parts.stores.positions
        self.replica = Replica(
            instance_of(running.started_with),
            running,
            parts.links,
            clock,
            keep=self._keeper.keep,
            kept=begin(parts.directory, running.started_with.state.reveal()),
        )
        self.mover = Mover(store, self.replica)
        self._reconciling = Reconciling(running, self.replica, self.mover, store)
        self._gathering = Gathering()
        bench = Bench(running, self.replica, parts.book, self._probe, self._killed)
        self.judge = Judge(
            store=store,
            guards=parts.stores.evidence,
            replica=self.replica,
            mover=self.mover,
            reconciling=self._reconciling,
            bench=bench,
            gathering=self._gathering,
            revision=lambda: running.snapshot.revision,
            leading=Leading(store, self.replica.instance),
        )
        self.judged = Judged(replica=self.replica, judge=self.judge, bench=bench)
        around = Around(killed=self._killed, conditions=lambda: parts.probes.conditions)
        self.asked = OrdersAsked(
            running=running, replica=self.replica, mover=self.mover, judge=self.judge, store=store, around=around
        )
        parts.links.heard = self._hear
        parts.links.comparing.compared = self._gathering.compare
        self._hooks = parts.hooks
        self._hooks.follow(running.snapshot.hooks)
        self.mover.made.append(self._tell)
        self.judge.page = self._page

    @property
    def loops(self) -> Mapping[str, Work]:
        """By name."""
        return {
            "last orders": self._keeper.run,
            "standing": self._stand,
            "edits": self._edits,
            "judge": self._judge,
            "slowness": self._slowness,
        }

    def follow(self) -> None:
        """A table was taken: what stands is known by its names from now on, before anybody asks."""
        self.replica.rename()
        self._hooks.follow(self._parts.running.snapshot.hooks)
        self._edited.set()

    async def last(self) -> None:
        """The end is near: nobody waits for this replica, and another one may judge."""
        try:
            async with asyncio.timeout(1.0):
                await self.judge.end()
                await self._parts.stores.positions.leave(self.replica.instance)
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            _log.info("left_without_a_word", error=str(error))
        await self._keeper.write()

    def _hear(self, report: Report) -> None:
        self._gathering.hear(report)
        if self.replica.heard() or report.bad:
            self.judge.wake()

    def _tell(self, record: Transition) -> None:
        self._hooks.tell(
            ToldView(type="transition", instance=self.replica.instance, transition=transition_view(record))
        )

    def _page(self, route: str, ruling: Ruling) -> None:
        alarm = AlarmView(route=route, cause=ruling.cause.value, reasons=ruling.judgement.reasons)
        self._hooks.tell(ToldView(type="alarm", instance=self.replica.instance, alarm=alarm))

    async def _stand(self) -> None:
        """Obey what stands, as soon as it changes."""
        await self._once(self.mover.restore)
        async with aclosing(self._parts.stores.positions.subscribe(LOOK_EVERY)) as versions:  # type: ignore[type-var]
            await self.mover.follow(versions)

    async def _edits(self) -> None:
        while True:
            await self._edited.wait()
            self._edited.clear()
            if not await self._reconciling.follow():
                self._edited.set()
                await asyncio.sleep(AGAIN)

    async def _judge(self) -> None:
        await self._once(self.judge.begin)
        while True:
            self._take_mismatches()
            await self.judge.turn()

    async def _once(self, work: Work) -> None:
        """What has to come first; a store that is away for longer is not waited for."""
        for _ in range(3):
            try:
                async with asyncio.timeout(2.0):
                    return await work()
            except (StoreUnavailable, StoreRefused, TimeoutError):
                await asyncio.sleep(AGAIN)
        _log.warning("judge_begins_without_store")
        return None

    def _take_mismatches(self) -> None:
        taken = self._parts.book.take_bad()
        self._gathering.add(
            BadDelta(route, each.bad.value, each.side.value, each.cohort, each.draw, each.at) for route, each in taken
        )

    async def _slowness(self) -> None:
        while True:
            await asyncio.sleep(SLOW_EVERY)
            totals = self._parts.links.ledger.counts().totals
            slow = slow_above(self._parts.running.snapshot.routes, totals, self.replica.slow)
            if slow != self.replica.slow:
                self.replica.slow = slow
                self.replica.refresh()

    def _probe(self, upstream: str) -> LegacyHealth:
        found = self._parts.probes.conditions.get(upstream)
        return LegacyHealth.UNKNOWN if found is None else LegacyHealth(found.status.value)

    def _killed(self) -> KillSwitchOrder | None:
        return ordered_kill(self._parts.running, self._parts.links.ledger)


def instance_of(snapshot: Snapshot) -> str:
    """What this replica is called: its machine, and its port (or socket) for clients, which a successor takes over."""
    host, port = snapshot.listen
    return f"{socket.gethostname()}:{port or host}"
