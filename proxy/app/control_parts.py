"""The judge put together: what stands, who moves it, and which of their loops are to run."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from proxy.api.grants import ConsentView
from proxy.api.standing import AlarmView, ToldView
from proxy.control.admin.orders.moves import RouteMoves
from proxy.control.admin.orders.standing import JudgedRoutes, transition_view
from proxy.control.admin.routes import ordered_kill
from proxy.control.brownout.brownouts import Brownouts
from proxy.control.brownout.route_alarm import alarm_of
from proxy.control.evidence.book import EvidenceBook
from proxy.control.evidence.reconcile_runs import ReconcileRuns
from proxy.control.fleet.clerk_watch import ClerkWatch
from proxy.control.fleet.gossip import Outbox
from proxy.control.fleet.grants_seen import Consent
from proxy.control.fleet.lease import Leading
from proxy.control.fleet.links import Links
from proxy.control.journal.authority_moves import AuthorityMoves
from proxy.control.journal.journal_watch import JournalWatch
from proxy.control.judge.judge_clock import SteadyTime
from proxy.control.judge.judge_round import RouteJudging
from proxy.control.judge.judging import Judge
from proxy.control.position.edit_records import EditRecords
from proxy.control.position.hooks import Hooks
from proxy.control.position.kill_records import KillRecords
from proxy.control.position.mover import Mover
from proxy.control.position.order_notes import Around
from proxy.control.position.reconciling import Reconciling
from proxy.control.position.record_writer import RecordWriter
from proxy.control.position.standing_file import StandingWriter, begin
from proxy.control.position.standing_here import StandingHere
from proxy.control.probe.health import Probes
from proxy.control.running import Running
from proxy.control.suspension.suspended_subjects import Suspensions
from proxy.control.traffic.discovery import Discovery
from proxy.control.traffic.usage_record import UsageRecord
from proxy.core.discovery.what_is_taken import taken_by
from proxy.core.judge.legacy import LegacyHealth
from proxy.core.judge.verdict import Ruling
from proxy.core.position.position import Transition
from proxy.core.position.record import OrderKind
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.link.messages import Report
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.open_stores import Stores
from proxy.store.postgres.grant_tables import GrantTables
from proxy.store.postgres.journal import PostgresJournal
from proxy.tasks import Work

_log = structlog.get_logger()
EVIDENCE_LOST = "evidence was in memory, and gone with the control process that held it: it begins anew"
"""Why an epoch of all routes begins where nobody has ordered one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlBase:
    """What there is of control already."""

    running: Running
    links: Links
    stores: Stores
    book: EvidenceBook
    probes: Probes
    directory: Path
    hooks: Hooks
    journal: PostgresJournal | None = None


class ControlParts:
    """`judged` is for views, `asked` for operators, `follow` for reloads; `loops` are to be run in the background."""

    def __init__(self, base: ControlBase) -> None:
        """To be made inside the running loop, before workers link."""
        self._base = base
        self._writer = StandingWriter(base.directory)
        clock = self.clock = SteadyTime()
        self.suspensions = Suspensions(base.links.suspend)
        running, store = base.running, base.stores.positions
        self.here = StandingHere(
            instance_of(running.started_with),
            running,
            base.links,
            clock,
            keep=self._writer.keep,
            suspend=self.suspensions.order,
            kept=begin(base.directory, running.started_with.state.reveal()),
        )
        self.mover = Mover(store, self.here, AuthorityMoves(base.journal, lambda: running.snapshot, self._is_heard))
        self._reconciling = Reconciling(running, self.here, self.mover, store)
        self._outbox = Outbox()
        self.reconcile_runs = ReconcileRuns(
            store=base.stores.reconcile_runs,
            checks=lambda: running.snapshot.reconcile,
            alarm=partial(self.tell_alarm, "", "reconcile"),
        )
        self.usage = UsageRecord(
            base.stores.usage, lambda: running.origins, takes=lambda: taken_by(running.snapshot.routes)
        )
        self.discovery = Discovery(lambda: running.snapshot, base.directory)
        self._clerk_watch = ClerkWatch(self._has_clerk, partial(self.tell_alarm, "", "clerk"))
        self.journal = JournalWatch(base.journal, lambda: running.snapshot)
        self.journal.alarm = lambda route, reason: self.tell_alarm(route, "journal", reason)
        judging = self._judging()
        self.judge = self._judge(judging)
        self.judged = JudgedRoutes(here=self.here, judge=self.judge, judging=judging)
        self.records = RecordWriter(store, self.here.instance, clock, self.mover.look)
        if self.here.evidence_since:
            self.records.add(OrderKind.EPOCH, "state: memory", EVIDENCE_LOST, at=self.here.evidence_since)
        self.brownouts = self._brownouts(judging)
        self.asked = self._route_moves()
        self.kill_records = KillRecords(self.records)
        self.kill_records.turned = self.brownouts.kill
        self.edit_records = EditRecords(self.records, lambda route: route in self.here.positions)
        self._hooks = base.hooks
        self._connect()

    def _judging(self) -> RouteJudging:
        """What each route is judged by."""
        base, runs = self._base, self.reconcile_runs
        judging = RouteJudging(
            base.running, self.here, base.book, self._probe, self._killed, lambda: runs.known, self._lag
        )
        judging.cohorts = base.links.recent.cohorts.seen
        return judging

    def _judge(self, judging: RouteJudging) -> Judge:
        """Who moves routes by it, while this replica leads."""
        running, store = self._base.running, self._base.stores.positions
        return Judge(
            store=store,
            guards=self._base.stores.evidence,
            here=self.here,
            mover=self.mover,
            reconciling=self._reconciling,
            judging=judging,
            outbox=self._outbox,
            revision=lambda: running.snapshot.revision,
            leading=Leading(store, self.here.instance),
        )

    def _brownouts(self, judging: RouteJudging) -> Brownouts:
        return Brownouts(
            running=lambda: self._base.running.snapshot,
            here=self.here,
            store=self._base.stores.positions,
            records=self.records,
            look=self.mover.look,
            killed=self._killed,
            alarm=lambda route, since: alarm_of(judging.rulings.get(route.name), self.here.position(route), since),
        )

    def _route_moves(self) -> RouteMoves:
        return RouteMoves(
            running=self._base.running,
            here=self.here,
            mover=self.mover,
            judge=self.judge,
            store=self._base.stores.positions,
            around=Around(killed=self._killed, conditions=lambda: self._base.probes.conditions),
            records=self.records,
        )

    def _connect(self) -> None:
        """Each part hears of what others find."""
        links = self._base.links
        links.heard = self._hear
        links.comparing.bad_events = self._outbox.add
        links.comparing.compared = self._outbox.compare
        self._hooks.follow(self._base.running.snapshot.hooks)
        self.mover.made.append(self._tell)
        self.judge.page = self._page
        links.grants.tell = self._consent

    @property
    def loops(self) -> Mapping[str, Work]:
        """What is to run in the background, by the name of its task."""
        return {
            "last orders": self._writer.run,
            "standing": self.mover.run,
            "edits": self._reconciling.run,
            "judge": self.judge.run,
            "slowness": self.here.watch_slowness,
            "records": self.records.run,
            "clerk-watch": self._clerk_watch.run,
            "grants": self._watch_grants,
            "reconcile runs": self.reconcile_runs.run,
            "usage": self.usage.run,
            "discovery": self.discovery.run,
            "discovered": self.discovery.keep,
            "journal": self.journal.run,
            "brown-outs": self.brownouts.run,
        }

    async def _watch_grants(self) -> None:
        connections, running = self._base.stores.connections, self._base.running
        if connections is not None:
            await self._base.links.grants.keep(GrantTables(connections), lambda: bool(running.snapshot.grants))

    def follow(self) -> None:
        """A table was taken: what stands is known by its names from now on, before anybody asks."""
        self.here.rename()
        self._hooks.follow(self._base.running.snapshot.hooks)
        self.usage.follow()
        self._reconciling.edited()

    async def last(self) -> None:
        """The end is near: nobody waits for this replica, and another one may judge."""
        try:
            async with asyncio.timeout(1.0):
                await self.judge.end()
                await self._base.stores.positions.leave(self.here.instance)
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            _log.info("left_without_a_word", error=str(error))
        await self.usage.last()
        await self.discovery.last()
        await self._writer.write()

    def _hear(self, report: Report) -> None:
        self._outbox.hear(report)
        self.brownouts.hear(report)
        self.usage.take(report)
        if report.recent is not None:
            self.discovery.take(report.recent)
        if self.here.heard() or report.bad:
            self.judge.wake()

    def _tell(self, record: Transition) -> None:
        self._hooks.tell(ToldView(type="transition", instance=self.here.instance, transition=transition_view(record)))

    def _page(self, route: str, ruling: Ruling) -> None:
        alarm = AlarmView(route=route, cause=ruling.cause.value, reasons=ruling.judgement.reasons)
        self._hooks.tell(ToldView(type="alarm", instance=self.here.instance, alarm=alarm))

    def _consent(self, needed: Consent) -> None:
        view = ConsentView(provider=needed.provider, family=needed.family, client=needed.client, why=needed.why)
        self._hooks.tell(ToldView(type="consent", instance=self.here.instance, consent=view))

    async def _is_heard(self) -> bool:
        await self._base.links.refresh()
        return self.here.followed

    def _has_clerk(self) -> bool:
        return not self._base.running.started_with.needs_clerk or self._base.links.clerk.state is not None

    def tell_alarm(self, route: str, cause: str, reason: str) -> None:
        """A hook; of what is about no one route, `route` is empty."""
        alarm = AlarmView(route=route, cause=cause, reasons=(reason,))
        self._hooks.tell(ToldView(type="alarm", instance=self.here.instance, alarm=alarm))

    def _lag(self, route: Route) -> float | None:
        found = self.journal.of(route)
        return None if found is None else found.lag

    def _probe(self, upstream: str) -> LegacyHealth:
        found = self._base.probes.conditions.get(upstream)
        return LegacyHealth.UNKNOWN if found is None else LegacyHealth(found.status.value)

    def _killed(self) -> KillSwitchOrder | None:
        return ordered_kill(self._base.running, self._base.links.ledger)


def instance_of(snapshot: Snapshot) -> str:
    """What this replica is called: its machine, and its port (or socket) for clients, which a successor takes over."""
    host, port = snapshot.listen
    return f"{socket.gethostname()}:{port or host}"
