"""How the shapes of routes are filled: what the file says, what runs and why, what the routes do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from proxy.api.evidence import CoverageView, EchoView, EvidenceView, ParityView
from proxy.api.kill import KillOrderView
from proxy.api.routes import (
    NO_SAMPLE,
    UNTOUCHED,
    FileView,
    MinuteView,
    RateView,
    ReloadView,
    ReturnsView,
    RouteDetailView,
    RoutesView,
    RouteView,
    RunsView,
    SidesView,
    TlsView,
    TrafficView,
    WorkerView,
)
from proxy.api.standing import VerdictView
from proxy.control.admin.evidence import coverage_view, parity_view
from proxy.control.admin.http.responses import tag_of
from proxy.control.admin.orders.standing import NO_VERDICT, JudgedRoutes, pin_view, standing_view
from proxy.control.evidence.book import EvidenceBook
from proxy.control.position.orders_for_workers import drains
from proxy.control.position.place_reasons import why
from proxy.control.position.standing_here import RoutePlace
from proxy.control.probe.certificates import Shown
from proxy.control.probe.upstreams_closed import called
from proxy.control.probe.upstreams_down import answering, by_stage
from proxy.control.running import Reload, Running
from proxy.control.traffic.ledger import Ledger, Series, WorkerState
from proxy.core.outcome import ServedBy
from proxy.core.position.ladder import LEGACY
from proxy.core.position.standing import NEWCOMERS, brownouts_ended, is_of_cohort
from proxy.core.routing.kill_switch import KillSwitchOrder, decide_killed
from proxy.core.routing.placement import place_of
from proxy.core.routing.placement import placed as route_at
from proxy.core.routing.route import Route
from proxy.log import stamp

NO_PARITY, NO_COVERAGE = ParityView(), CoverageView()
KILLED = "killed: legacy answers until `banyan kill --off`"


def routes_view(
    running: Running,
    ledger: Ledger,
    shown: Sequence[Shown] = (),
    book: EvidenceBook | None = None,
    judged: JudgedRoutes | None = None,
) -> RoutesView:
    """`GET /api/routes`."""
    return RoutesView(
        revision=running.snapshot.revision,
        routes=[route_view(route, running, ledger, book, judged) for route in running.snapshot.routes],
        reload=_reload_view(running.reload),
        workers=[_worker_view(worker, running, ledger) for worker in ledger.counts().workers],
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
    judged: JudgedRoutes | None = None,
) -> RouteView:
    """One entry of `routes`."""
    legacy, new, own = (Series(route.name, side) for side in ServedBy)
    stage, split = (None, None) if route.respond is not None else (route.stage, route.split)
    verdict = _verdict(route, judged)
    return RouteView(
        name=route.name,
        written_in=route.file,
        file=FileView(stage=stage, split=split),
        runs=_runs_view(route, running, judged, killed=ordered_kill(running, ledger) is not None),
        traffic=TrafficView(legacy=ledger.served(legacy), new=ledger.served(new)),
        rate=_rate_view(legacy, new, own, ledger),
        answered=ledger.served(own),
        parity=NO_PARITY if book is None else parity_view(book, route.name),
        coverage=NO_COVERAGE if book is None else coverage_view(book, route.name, _echoes(ledger, legacy, new)),
        verdict=verdict.verdict,
        state=verdict.state,
        reasons=verdict.reasons,
        numbers=verdict.numbers,
        obstacle=verdict.obstacle,
    )


def _echoes(ledger: Ledger, *sides: Series) -> tuple[EchoView, ...]:
    found = [(series.side, ledger.echoes(series)) for series in sides]
    return tuple(EchoView(side=side, echoed=each.echoed, silent=each.silent) for side, each in found if any(each))


def _verdict(route: Route, judged: JudgedRoutes | None) -> VerdictView:
    return NO_VERDICT if judged is None or route.respond is not None else judged.verdict(route)


def _rate_view(legacy: Series, new: Series, own: Series, ledger: Ledger) -> RateView:
    failed = sum(ledger.failed_rate(each) for each in (legacy, new, own))
    return RateView(legacy=ledger.rate(legacy), new=ledger.rate(new), self=ledger.rate(own), failed=failed)


def route_detail_view(
    route: Route,
    running: Running,
    ledger: Ledger,
    evidence: EvidenceView,
    book: EvidenceBook | None = None,
    judged: JudgedRoutes | None = None,
) -> RouteDetailView:
    """`GET /api/routes/{name}`."""
    view = route_view(route, running, ledger, book, judged)
    legacy, new, own = (ledger.last_minute(Series(route.name, side)) for side in ServedBy)
    return RouteDetailView(
        **{field: getattr(view, field) for field in RouteView.__struct_fields__},
        revision=running.snapshot.revision,
        line=route.line,
        path=route.pattern.text,
        methods=None if route.methods is None else sorted(method.decode("ascii") for method in route.methods),
        upstreams=SidesView(legacy=route.legacy, new=route.new),
        last_minute=MinuteView(legacy=legacy, new=new, self=own),
        evidence=evidence,
        needs=_verdict(route, judged).needs,
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


def order_view(order: KillSwitchOrder | None) -> KillOrderView | None:
    """The order as it is shown."""
    return None if order is None else KillOrderView(by=order.by, at=order.at, reason=order.reason)


def _runs_view(route: Route, running: Running, judged: JudgedRoutes | None, *, killed: bool) -> RunsView:
    if route.respond is not None:
        return RunsView(stage=None, split=None, reason=_reason(running.reload))
    placed = _placed(route, judged)
    place, reason = placed.place, why(route, placed)
    returns, reason = None, reason or _reason(running.reload)
    killed = killed and _is_killed(route_at(route, place), running)
    if killed:
        returns = ReturnsView(stage=place.stage, split=place.split, reason=reason)
        place, reason = LEGACY, KILLED
    position = placed.position
    version = 0 if position is None else position.version
    return RunsView(
        stage=place.stage,
        split=place.split,
        reason=reason,
        version=version,
        tag=tag_of(version, placed.pins) if version or placed.pins else UNTOUCHED,
        latched=position is not None and position.latched,
        held=position is not None and position.held,
        drains=drains(placed.pins),
        drain=next((pin_view(pin) for pin in placed.pins if pin.cohort == NEWCOMERS), None),
        killed=killed,
        returns=returns,
        ended=tuple(brownouts_ended(placed.pins)),
        sample=NO_SAMPLE if judged is None else judged.here.samples.get(route.name) or NO_SAMPLE,
        pins={pin.cohort: pin.side.value for pin in placed.pins if is_of_cohort(pin)},
        pinned=tuple(pin_view(pin) for pin in placed.pins if is_of_cohort(pin)),
    )


def running_routes(running: Running, ledger: Ledger, judged: JudgedRoutes | None) -> tuple[Route, ...]:
    """The table's routes, each where it runs."""
    killed = ordered_kill(running, ledger) is not None
    found = ordered_routes(running, judged)
    return tuple(route_at(each, LEGACY) if killed and _is_killed(each, running) else each for each in found)


def ordered_routes(running: Running, judged: JudgedRoutes | None) -> tuple[Route, ...]:
    """The same as if the kill switch were off."""
    return tuple(route_at(route, _placed(route, judged).place) for route in running.snapshot.routes)


def asked_upstreams(running: Running, ledger: Ledger, judged: JudgedRoutes | None) -> Iterator[tuple[str, set[str]]]:
    """Each route by name, with the upstreams that are to answer some of it now; the kill switch outranks pins."""
    killed = ordered_kill(running, ledger) is not None
    for route in running_routes(running, ledger, judged):
        if route.respond is None:
            sides = by_stage(route) if killed else answering(route, _placed(route, judged).pins)
            yield route.name, {route.upstream(side) for side in sides}


def called_upstreams(running: Running, ledger: Ledger, judged: JudgedRoutes | None) -> Iterator[tuple[str, set[str]]]:
    """Each route by name, with the upstreams that something is sent to beside answers, where it runs."""
    for route in running_routes(running, ledger, judged):
        if route.respond is None:
            yield route.name, set(called(route))


def _placed(route: Route, judged: JudgedRoutes | None) -> RoutePlace:
    return RoutePlace(place=place_of(route)) if judged is None else judged.here.placed(route)


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
