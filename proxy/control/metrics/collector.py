"""One whole /metrics page: the route table's series, everything else of Banyan's, and this process's own figures."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy import __version__
from proxy.control.brownout.brownout_state import BrownoutState
from proxy.control.fleet.grants_seen import GrantsSeen
from proxy.control.fleet.upstreams import worst
from proxy.control.metrics.brownout_metrics import collect_brownouts
from proxy.control.metrics.caller_metrics import NOBODY, CallersReading, collect_callers
from proxy.control.metrics.clerk_metrics import NONE as NO_CLERK
from proxy.control.metrics.clerk_metrics import ClerkReading, collect_clerk
from proxy.control.metrics.evidence_metrics import NOTHING as NO_EVIDENCE
from proxy.control.metrics.evidence_metrics import EvidenceReading, collect_comparing, write_incomparable, write_parity
from proxy.control.metrics.exposition import write_moves, write_series
from proxy.control.metrics.grant_metrics import collect_grants
from proxy.control.metrics.journal_metrics import collect_journal
from proxy.control.metrics.reconcile_metrics import collect_reconcile
from proxy.control.metrics.token_metrics import collect_tokens
from proxy.control.metrics.translation_metrics import collect_translations
from proxy.control.position.hooks import Delivery
from proxy.control.probe.certificates import Shown
from proxy.control.probe.health import Status, UpstreamCondition
from proxy.control.running import Reload
from proxy.control.traffic.ledger import LedgerCounts
from proxy.control.traffic.possible_series import MoveSeries, Possible, with_zeros
from proxy.core.build import BUILD
from proxy.core.journal.standing import JournalStanding
from proxy.core.limits.bounds_met import Shed
from proxy.core.outcome import ServedBy
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.routing.route import Route
from proxy.core.routing.snapshot import Snapshot
from proxy.core.stage import progress
from proxy.link.token_messages import UpstreamToken

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsReading:
    """Everything a page is made from, as of one moment. `parser` names what reads HTTP in the workers."""

    snapshot: Snapshot
    reload: Reload
    counts: LedgerCounts
    conditions: Mapping[str, UpstreamCondition]
    parser: str
    shown: Sequence[Shown] = ()
    evidence: EvidenceReading = NO_EVIDENCE
    clerk: ClerkReading = NO_CLERK
    callers: CallersReading = NOBODY
    grants: GrantsSeen | None = None
    tokens: Mapping[str, UpstreamToken] = field(default_factory=dict)
    journal: Mapping[str, JournalStanding] = field(default_factory=dict)
    brownouts: Sequence[BrownoutState] = ()
    reconcile: Mapping[str, ReconcileRun | None] = field(default_factory=dict)
    routes: tuple[Route, ...] | None = None
    moved: Mapping[tuple[str, str, str, str], int] = field(default_factory=dict)
    told: Mapping[Delivery, int] = field(default_factory=dict)
    known: bool = True

    @property
    def running(self) -> tuple[Route, ...]:
        """The routes where they run; as the file has them where nobody says otherwise."""
        return self.snapshot.routes if self.routes is None else self.routes


def render(reading: MetricsReading) -> bytes:
    """The page; safe on any thread, as a reading does not change."""
    registry = CollectorRegistry()
    registry.register(BanyanCollector(reading))
    ProcessCollector(registry=registry)
    possible = Possible(reading.running, reading.snapshot.upstreams)
    series = write_series(reading.running, reading.counts, possible)
    moved = {MoveSeries(*key): count for key, count in reading.moved.items()}
    moves = write_moves(with_zeros(moved, possible.moves()))
    evidence = (*write_parity(reading.evidence, possible.comparisons()), *write_incomparable(reading.evidence))
    return "".join((*series, *moves, *evidence)).encode() + generate_latest(registry)


def migration_progress(routes: tuple[Route, ...]) -> float:
    """The mean over routes that have a stage; 0 when there are none."""
    shares = [progress(route.stage, route.split) for route in routes if route.respond is None]
    return fsum(shares) / len(shares) if shares else 0.0


class BanyanCollector(Collector):
    """The families whose size does not depend on the route table."""

    def __init__(self, reading: MetricsReading) -> None:
        """Collect from one reading."""
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self._builds()
        yield from self._reloads()
        yield from self._workers()
        yield self._upstreams()
        yield from collect_comparing(self._reading.evidence)
        yield from collect_clerk(self._reading.clerk, self._reading.counts)
        yield from collect_translations(self._reading.running, self._reading.counts)
        yield from collect_grants(self._reading.grants)
        yield from collect_tokens(self._reading.snapshot.upstreams, self._reading.tokens)
        yield from collect_callers(self._reading.callers)
        yield from collect_journal(self._reading.journal)
        yield from collect_brownouts(self._reading.brownouts)
        yield from collect_reconcile(self._reading.reconcile)
        yield from self._left_alone()
        yield self._repeats()
        yield GaugeMetricFamily(
            "banyan_standing_known",
            "0 while nobody has read where routes stand, and legacy answers what it can; else 1.",
            int(self._reading.known),
        )
        yield self._told()
        yield from self._tls()
        yield GaugeMetricFamily(
            "banyan_migration_progress_ratio",
            "Mean over all routes of how much of each has left legacy.",
            migration_progress(self._reading.running),
        )

    def _builds(self) -> Iterator[Metric]:
        build = {
            "version": __version__,
            "python": platform.python_version(),
            "parser": self._reading.parser,
            "build": BUILD.value,
        }
        yield InfoMetricFamily("banyan_build", "What this is made of.", build)
        revision = {"revision": self._reading.snapshot.revision}
        yield InfoMetricFamily("banyan_config_revision", "The revision that control hands to workers.", revision)

    def _reloads(self) -> Iterator[Metric]:
        reload = self._reading.reload
        name = "banyan_config_last_reload"
        yield GaugeMetricFamily(f"{name}_success", "1 when the file was good when last read, else 0.", int(reload.ok))
        seconds = reload.at.timestamp()
        yield GaugeMetricFamily(f"{name}_timestamp_seconds", "When the file was last read, good or bad.", seconds)

    def _workers(self) -> Iterator[Metric]:
        workers = self._reading.counts.workers
        yield GaugeMetricFamily("banyan_workers", "Worker processes that are linked to control.", len(workers))
        connections = sum(worker.connections for worker in workers)
        yield GaugeMetricFamily("banyan_connections", "Client connections that are open.", connections)
        killed = sum(worker.killed for worker in workers)
        yield GaugeMetricFamily(
            "banyan_killed", "1 when the kill switch is on in some worker, else 0.", int(killed > 0)
        )
        yield GaugeMetricFamily("banyan_killed_workers", "Workers in which the kill switch is on.", killed)
        yield self._inflight()
        sheds = CounterMetricFamily("banyan_shed", "How often each bound was met, by which one.", labels=["reason"])
        for reason in Shed:
            sheds.add_metric([reason.value], self._reading.counts.sheds.get(reason.value, 0))
        yield sheds
        dropped = self._reading.counts.lines_dropped
        yield CounterMetricFamily("banyan_log_lines_dropped", "Canonical lines that found no room.", dropped)

    def _inflight(self) -> Metric:
        family = GaugeMetricFamily("banyan_inflight_requests", "Requests not yet answered whole.", labels=["side"])
        total: Counter[str] = Counter(dict.fromkeys(ServedBy, 0))
        for worker in self._reading.counts.workers:
            total.update(worker.inflight)
        for side, count in total.items():
            family.add_metric([str(side)], count)
        return family

    def _tls(self) -> Iterator[Metric]:
        name = "banyan_tls_certificate_expiry_seconds"
        ends = GaugeMetricFamily(name, "When the certificate in use ends, in unix time.", labels=["name"])
        usable = GaugeMetricFamily(
            "banyan_tls_file_usable", "1 when the files of this block could be used when last read.", labels=["name"]
        )
        for each in self._reading.shown:
            usable.add_metric([each.key], int(not each.problem))
            for key, end in each.ends:
                ends.add_metric([key], end)
        yield from (ends, usable)

    def _left_alone(self) -> Iterator[Metric]:
        """Of all workers the one that finds an upstream worst."""
        breaker = GaugeMetricFamily(
            "banyan_breaker_state", "0 closed, 1 half-open, 2 open: the worst of the workers.", labels=["upstream"]
        )
        ejected = GaugeMetricFamily(
            "banyan_upstream_ejected", "Addresses left out: the most of the workers.", labels=["upstream"]
        )
        operations = GaugeMetricFamily(
            "banyan_breaker_operations",
            "Operations that are left alone by themselves, at most 16 of each worker.",
            labels=["upstream"],
        )
        for name, state in worst(self._reading.counts.workers).items():
            breaker.add_metric([name], state.breaker)
            operations.add_metric([name], len(state.alone))
            ejected.add_metric([name], state.ejected)
        yield breaker
        yield operations
        yield ejected

    def _repeats(self) -> Metric:
        family = CounterMetricFamily(
            "banyan_retries",
            "Requests sent more than once, or not for want of budget, by who was asked last.",
            labels=["route", "side", "outcome"],
        )
        for series, count in self._reading.counts.repeats.items():
            family.add_metric(list(series), count)
        return family

    def _told(self) -> Metric:
        family = CounterMetricFamily(
            "banyan_hooks", "Messages to listeners by what became of them.", labels=["outcome"]
        )
        for outcome in Delivery:
            family.add_metric([outcome.value], self._reading.told.get(outcome, 0))
        return family

    def _upstreams(self) -> Metric:
        family = GaugeMetricFamily(
            "banyan_upstream_up", "1 when the last health probe was answered well, 0 when not.", labels=["upstream"]
        )
        for name, condition in self._reading.conditions.items():
            if condition.status is not Status.UNKNOWN:
                family.add_metric([name], int(condition.status is Status.UP))
        return family
