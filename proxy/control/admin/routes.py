"""The JSON of the admin API: shapes of the contract, and how they are filled.

Rule 1: fields are added, never renamed or removed; scripts and dashboards read them.
Rule 2: no clock and no age stands in an answer, so that an ETag holds while no traffic flows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from proxy.control.admin.evidence_view import CoverageView, EvidenceView, ParityView, coverage_view, parity_view
from proxy.control.admin.standing import (
    NO_VERDICT,
    Judged,
    PinView,
    RampState,
    StandingView,
    pin_view,
    standing_view,
)
from proxy.control.admin.tags import UNTOUCHED, tag_of
from proxy.control.evidence.book import EvidenceBook
from proxy.control.position.orders_for_workers import drains
from proxy.control.position.reasons import why
from proxy.control.position.standing_here import Placed
from proxy.control.probe.certificates import Shown
from proxy.control.probe.upstreams_down import DownView, answering, by_stage
from proxy.control.running import Reload, Running
from proxy.control.traffic.cohorts import NO_COHORTS, CohortsView
from proxy.control.traffic.ledger import Ledger, Series, WorkerState
from proxy.core.outcome import ServedBy
from proxy.core.position.ladder import LEGACY
from proxy.core.position.standing import NEWCOMERS
from proxy.core.routing.kill_switch import KillSwitchOrder, decide_killed
from proxy.core.routing.placement import place_of
from proxy.core.routing.placement import placed as route_at
from proxy.core.routing.route import Route
from proxy.core.stage import Stage
from proxy.log import stamp

NO_PARITY, NO_COVERAGE = ParityView(), CoverageView()
KILLED = "killed: legacy answers until `banyan kill --off`"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered as JSON."""


class FileView(View, frozen=True, kw_only=True):
    """What routes.yaml says; both are null on a route that answers by `respond`."""

    stage: Stage | None
    split: float | None


class RunsView(FileView, frozen=True, kw_only=True, omit_defaults=True):
    """What runs, and why that is so. `version` counts moves; 0: the file alone rules. `tag` is for `If-Match`.

    `killed`: by the kill switch, which outranks `pins`; `pinned` are these with their ends. `sample`: the share of
    requests that is shadowed for the next step's sake; 0: as many as otherwise.
    """

    reason: str
    version: int = 0
    tag: str = UNTOUCHED
    latched: bool = False
    held: bool = False
    drains: bool = False
    killed: bool = False
    pins: dict[str, str] = {}
    pinned: tuple[PinView, ...] = ()
    sample: float = 0.0


class TrafficView(View, frozen=True, kw_only=True):
    """Requests each side has answered since the control process began."""

    legacy: int
    new: int


class RateView(View, frozen=True, kw_only=True):
    """Requests per second over the last ten seconds, by who answered; `failed` are those of them that were a 5xx."""

    legacy: float
    new: float
    self: float
    failed: float = 0.0


class RouteView(View, frozen=True, kw_only=True):
    """One route; `answered` counts what Banyan itself answered on it."""

    name: str
    file: FileView
    runs: RunsView
    traffic: TrafficView
    rate: RateView
    answered: int
    parity: ParityView = NO_PARITY
    coverage: CoverageView = NO_COVERAGE
    verdict: str = "hold"
    state: RampState = RampState.NO_RAMP
    reasons: tuple[str, ...] = ()
    numbers: dict[str, float] = {}


class SidesView(View, frozen=True, kw_only=True):
    """Names of the upstreams that play the two sides on this route."""

    legacy: str
    new: str


class MinuteView(View, frozen=True, kw_only=True):
    """Requests in each of the last sixty seconds, oldest first."""

    legacy: list[int]
    new: list[int]
    self: list[int]


class RouteDetailView(RouteView, frozen=True, kw_only=True):
    """One route alone: also where it stands in the file, and its last minute. `methods` null: every method.

    `down` are upstreams that are to answer some of it and answer nothing. `was` is the name under which its state is
    kept, if it has another now.
    """

    revision: str
    line: int
    path: str
    methods: list[str] | None
    upstreams: SidesView
    last_minute: MinuteView
    evidence: EvidenceView
    cohorts: CohortsView = NO_COHORTS
    down: list[DownView] = []
    was: str = ""


class ReloadView(View, frozen=True, kw_only=True):
    """How the last look at the file went; `at` in RFC 3339."""

    ok: bool
    at: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    needs_restart: tuple[str, ...]


class OrderView(View, frozen=True, kw_only=True):
    """The kill switch's order: who gave it, when (RFC 3339) and why; each may be empty."""

    by: str
    at: str
    reason: str


class WorkerView(View, frozen=True, kw_only=True):
    """One linked worker; `serves_current`: it was heard lately and serves the revision that runs.

    `killed`: its kill switch is on; `switched`: when it was last turned, on the machine's monotonic clock, 0 for never.
    """

    worker: int
    pid: int
    revision: str
    serves_current: bool
    draining: bool
    connections: int
    killed: bool = False
    switched: float = 0.0


class TlsView(View, frozen=True, kw_only=True):
    """One `tls` block by its key. `ends`: when each of its certificates ends, in RFC 3339; `problem` empty: none."""

    key: str
    ends: dict[str, str]
    problem: str


class RoutesView(View, frozen=True, kw_only=True):
    """All routes in file order; `killed` is null while the kill switch is off, `down` are upstreams that are down."""

    revision: str
    routes: list[RouteView]
    reload: ReloadView
    workers: list[WorkerView]
    killed: OrderView | None = None
    tls: list[TlsView] = []
    down: list[DownView] = []
    standing: StandingView | None = None


def routes_view(
    running: Running,
    ledger: Ledger,
    shown: Sequence[Shown] = (),
    book: EvidenceBook | None = None,
    judged: Judged | None = None,
) -> RoutesView:
    """`GET /api/routes`."""
    return RoutesView(
        revision=running.snapshot.revision,
        routes=[route_view(route, running, ledger, book, judged) for route in running.snapshot.routes],
        reload=_reload_view(running.reload),
        workers=[_worker_view(each, running, ledger) for each in ledger.counts().workers],
        killed=order_view(ordered_kill(running, ledger)),
        tls=[_tls_view(each) for each in shown],
        standing=None if judged is None else standing_view(judged, running.snapshot.revision),
    )


def _tls_view(shown: Shown) -> TlsView:
    ends = {key: stamp(datetime.fromtimestamp(end, UTC)) for key, end in shown.ends}
    return TlsView(key=shown.key, ends=ends, problem=shown.problem)


def route_view(
    route: Route,
    running: Running,
    ledger: Ledger,
    book: EvidenceBook | None = None,
    judged: Judged | None = None,
) -> RouteView:
    """One entry of `routes`."""
    legacy, new, own = (Series(route.name, side) for side in ServedBy)
    stage, split = (None, None) if route.respond is not None else (route.stage, route.split)
    verdict = NO_VERDICT if judged is None or route.respond is not None else judged.verdict(route)
    return RouteView(
        name=route.name,
        file=FileView(stage=stage, split=split),
        runs=_runs_view(route, running, judged, killed=ordered_kill(running, ledger) is not None),
        traffic=TrafficView(legacy=ledger.served(legacy), new=ledger.served(new)),
        rate=_rate_view(legacy, new, own, ledger),
        answered=ledger.served(own),
        parity=NO_PARITY if book is None else parity_view(book, route.name),
        coverage=NO_COVERAGE if book is None else coverage_view(book, route.name),
        verdict=verdict.verdict,
        state=verdict.state,
        reasons=verdict.reasons,
        numbers=verdict.numbers,
    )


def _rate_view(legacy: Series, new: Series, own: Series, ledger: Ledger) -> RateView:
    failed = sum(ledger.failed_rate(each) for each in (legacy, new, own))
    return RateView(legacy=ledger.rate(legacy), new=ledger.rate(new), self=ledger.rate(own), failed=failed)


def route_detail_view(
    route: Route,
    running: Running,
    ledger: Ledger,
    evidence: EvidenceView,
    book: EvidenceBook | None = None,
    judged: Judged | None = None,
) -> RouteDetailView:
    """`GET /api/routes/{name}`."""
    view = route_view(route, running, ledger, book, judged)
    legacy, new, own = (ledger.last_minute(Series(route.name, side)) for side in ServedBy)
    return RouteDetailView(
        **{field: getattr(view, field) for field in RouteView.__struct_fields__},
        revision=running.snapshot.revision,
        line=route.line,
        path=route.pattern.text,
        methods=None if route.methods is None else sorted(each.decode("ascii") for each in route.methods),
        upstreams=SidesView(legacy=route.legacy, new=route.new),
        last_minute=MinuteView(legacy=legacy, new=new, self=own),
        evidence=evidence,
        was=route.was,
    )


def serves_current(worker: WorkerState, running: Running, ledger: Ledger) -> bool:
    """Whether this worker answers clients by what runs now."""
    return not worker.draining and worker.revision == running.snapshot.revision and ledger.is_heard(worker)


def _worker_view(worker: WorkerState, running: Running, ledger: Ledger) -> WorkerView:
    return WorkerView(
        worker=worker.worker,
        pid=worker.pid,
        revision=worker.revision,
        serves_current=serves_current(worker, running, ledger),
        draining=worker.draining,
        connections=worker.connections,
        killed=worker.killed,
        switched=worker.switched,
    )


def ordered_kill(running: Running, ledger: Ledger) -> KillSwitchOrder | None:
    """What the file orders, as far as control has seen; a worker that has seen more is believed."""
    if running.order is None and ledger.is_killed():
        return KillSwitchOrder()
    return running.order


def order_view(order: KillSwitchOrder | None) -> OrderView | None:
    """The order as it is shown."""
    return None if order is None else OrderView(by=order.by, at=order.at, reason=order.reason)


def _runs_view(route: Route, running: Running, judged: Judged | None, *, killed: bool) -> RunsView:
    if route.respond is not None:
        return RunsView(stage=None, split=None, reason=_reason(running.reload))
    placed = _placed(route, judged)
    place, reason = placed.place, why(route, placed)
    killed = killed and _is_killed(route_at(route, place), running)
    if killed:
        place, reason = LEGACY, KILLED
    position = placed.position
    version = 0 if position is None else position.version
    return RunsView(
        stage=place.stage,
        split=place.split,
        reason=reason or _reason(running.reload),
        version=version,
        tag=tag_of(version, placed.pins) if version or placed.pins else UNTOUCHED,
        latched=position is not None and position.latched,
        held=position is not None and position.held,
        drains=drains(placed.pins),
        killed=killed,
        sample=0.0 if judged is None else judged.replica.samples.get(route.name, 0.0),
        pins={each.cohort: each.side.value for each in placed.pins if each.cohort != NEWCOMERS},
        pinned=tuple(pin_view(each) for each in placed.pins if each.cohort != NEWCOMERS),
    )


def running_routes(running: Running, ledger: Ledger, judged: Judged | None) -> tuple[Route, ...]:
    """The table's routes, each where it runs."""
    killed = ordered_kill(running, ledger) is not None
    found = (route_at(route, _placed(route, judged).place) for route in running.snapshot.routes)
    return tuple(route_at(each, LEGACY) if killed and _is_killed(each, running) else each for each in found)


def asked_upstreams(running: Running, ledger: Ledger, judged: Judged | None) -> Iterator[tuple[str, set[str]]]:
    """Each route by name, with the upstreams that are to answer some of it now; the kill switch outranks pins."""
    killed = ordered_kill(running, ledger) is not None
    for route in running_routes(running, ledger, judged):
        if route.respond is None:
            sides = by_stage(route) if killed else answering(route, _placed(route, judged).pins)
            yield route.name, {route.upstream(side) for side in sides}


def _placed(route: Route, judged: Judged | None) -> Placed:
    return Placed(place=place_of(route)) if judged is None else judged.replica.placed(route)


def _is_killed(route: Route, running: Running) -> bool:
    return decide_killed(route, has_legacy=route.legacy in running.snapshot.upstreams) is not None


def _reload_view(reload: Reload) -> ReloadView:
    return ReloadView(
        ok=reload.ok,
        at=stamp(reload.at),
        problems=reload.problems,
        warnings=reload.warnings,
        needs_restart=reload.needs_restart,
    )


def _reason(reload: Reload) -> str:
    return "as the file says" if reload.ok else "as the last good file says; the present one has problems"
