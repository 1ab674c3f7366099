"""What `banyan plan` has to say: plain values, for text and JSON alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from proxy.cli.plan.field_changes import FieldChange, is_address, route_changes, settings_changes, upstream_changes
from proxy.cli.plan.running_table import RecentTraffic, RunningRoutes
from proxy.control.running import needs_restart
from proxy.core.routing.snapshot import Snapshot
from proxy.core.traffic.answered_again import answered_again
from proxy.core.traffic.plan import (
    Flow,
    Note,
    RouteEdit,
    RoutePlan,
    TrafficFlows,
    compare,
    dried_up,
    places_after,
    places_before,
    plan_routes,
    replayed,
)
from proxy.core.traffic.remembered_request import RememberedRequest
from proxy.core.traffic.replay import UNMATCHED, Replay

DAY = 86_400.0
_OPEN = re.compile(r"\{[^}]*\}|\*\*?")
"""What a pattern leaves open."""
_MOVING = frozenset({"match", "cohort", "group", "legacy", "new", "respond", "effects"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenRequests:
    """Requests per day that another route would take; null where none is remembered.

    `status`: with which one Banyan would refuse them, as no route takes them; `route` is `(unmatched)` then. `such_as`:
    a request of which this is said where none is remembered.
    """

    route: str
    requests_per_day: float | None
    status: int = 0
    such_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRoute:
    """One route. `runs` and `would_run` are places such as `canary 5%`; null where there is none.

    `exact`: every remembered request of it has the same draw again; else moves are reckoned by the split's share.
    Figures of traffic are null where none is known; those of a new route are requests that other routes lose to it.
    """

    name: str
    edit: RouteEdit
    runs: str | None
    would_run: str | None
    changes: tuple[FieldChange, ...]
    notes: tuple[Note, ...]
    requests_per_day: float | None = None
    moving_per_day: float | None = None
    cohorts: int | None = None
    cohorts_moving: float | None = None
    exact: bool = True
    taken_by: tuple[TakenRequests, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShown:
    """The requests that the figures come from: how many are remembered, of how many seconds, for how many they stand.

    `moving_per_day` are those that another side or address would answer.
    """

    remembered: int
    seconds: float
    requests_per_day: float
    moving_per_day: float
    cohorts_moving: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Requests of one route that would be another answer than they got, or would not; `examples` are their ids.

    `by_edit`: how many would be another answer than what runs gives them now. The others were answered before that ran.
    """

    route: str
    would_take: str
    requests: int
    moving: float
    exact: bool
    examples: tuple[str, ...]
    by_edit: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All of it. `moves` says whether anything would be answered by somebody else, as far as can be told.

    `asked`: the admin address of the Banyan that was asked for its traffic; `new_epochs`: routes of which either side
    is at another address, so that their comparisons count anew.
    """

    file: str
    against: str
    asked: str
    revision: str
    revision_before: str
    moves: bool
    routes: tuple[PlannedRoute, ...]
    upstreams: tuple[FieldChange, ...]
    settings: tuple[FieldChange, ...]
    needs_restart: tuple[str, ...]
    warnings: tuple[str, ...]
    traffic: TrafficShown | None
    no_traffic: str = ""
    killed: bool = False
    replayed: tuple[Replayed, ...] | None = None
    new_epochs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedWith:
    """What an edit is compared with: `named` as a person reads it, and the admin address `asked` for its traffic."""

    named: str
    asked: str
    snapshot: Snapshot
    standing: RunningRoutes


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """What to compare. `last` None: no replay, else of so many requests, 0 for all."""

    file: str
    before: ComparedWith
    after: Snapshot
    warnings: Sequence[str]
    recent: RecentTraffic | None
    no_traffic: str
    last: int | None


def planned(asked: PlanQuestion) -> Planned:
    """The answer."""
    before, after, standing = asked.before.snapshot, asked.after, asked.before.standing
    routes = plan_routes(before.routes, after.routes, standing.positions, standing.compared)
    then = Replay(before.table, before.upstreams, places_before(before.routes, standing.positions))
    soon = Replay(after.table, after.upstreams, places_after(routes))
    traffic = None if asked.recent is None else compare(then, soon, asked.recent.requests)
    taken = [_example_taken(each, before, soon) for each in _routes(routes, traffic, asked.recent)]
    shown = tuple(_with_warning(each, route, soon) for each, route in zip(taken, routes, strict=True))
    upstreams = tuple(upstream_changes(before.upstreams, after.upstreams))
    total = None if traffic is None or asked.recent is None else _total(traffic, asked.recent)
    again = _replayed(then, soon, asked)
    moves = any(map(_moves, shown)) or any(map(is_address, upstreams)) or any(each.by_edit for each in again or ())
    return Planned(
        file=asked.file,
        against=asked.before.named,
        asked=asked.before.asked,
        revision=after.revision,
        revision_before=before.revision,
        moves=moves,
        routes=shown,
        upstreams=upstreams,
        settings=tuple(settings_changes(before, after)),
        needs_restart=needs_restart(before, after),
        warnings=tuple(asked.warnings),
        traffic=total,
        no_traffic=asked.no_traffic,
        killed=standing.killed,
        replayed=again,
        new_epochs=tuple(_new_epochs(routes, before, after)),
    )


def _new_epochs(routes: Iterable[RoutePlan], before: Snapshot, after: Snapshot) -> Iterator[str]:
    for route in routes:
        old, new = route.before, route.after
        is_compared = route.start is not None and route.start.stage.facts.has_both
        if is_compared and old is not None and new is not None and before.addresses(old) != after.addresses(new):
            yield route.name


def _replayed(then: Replay, soon: Replay, asked: PlanQuestion) -> tuple[Replayed, ...] | None:
    if asked.last is None or asked.recent is None:
        return None
    found: list[tuple[float, RememberedRequest]] = asked.recent.requests[: asked.last or None]
    flows = replayed(then, soon, found).flows
    return tuple(_replay(key, flow) for key, flow in sorted(flows.items(), key=lambda item: -item[1].moving))


def _replay(key: tuple[str, str], flow: Flow) -> Replayed:
    return Replayed(
        route=key[0],
        would_take=key[1],
        requests=round(flow.requests),
        moving=flow.moving,
        exact=flow.is_exact,
        examples=tuple(flow.examples),
        by_edit=flow.by_edit,
    )


def _moves(route: PlannedRoute) -> bool:
    return (
        route.edit in (RouteEdit.ADDED, RouteEdit.REMOVED)
        or route.runs != route.would_run
        or bool(route.moving_per_day)
        or any(change.field in _MOVING for change in route.changes)
    )


def _routes(
    routes: Iterable[RoutePlan], traffic: TrafficFlows | None, recent: RecentTraffic | None
) -> tuple[PlannedRoute, ...]:
    routes = list(routes)
    shown = [_shown(route) for route in routes]
    if traffic is None or recent is None:
        return tuple(shown)
    dry: dict[str, Note] = dict(dried_up(routes, traffic))
    names = [route.name_before for route in routes]
    measured = [_measured(each, name, traffic, recent.seconds) for each, name in zip(shown, names, strict=True)]
    return tuple(
        replace(each, notes=(*each.notes, *([dry[each.name]] if each.name in dry else []))) for each in measured
    )


def _shown(route: RoutePlan) -> PlannedRoute:
    both = route.before is not None and route.after is not None
    return PlannedRoute(
        name=route.name,
        edit=route.edit,
        runs=None if route.start is None else str(route.start),
        would_run=None if route.end is None else str(route.end),
        changes=tuple(route_changes(route.before, route.after)) if both else (),  # type: ignore[arg-type]
        notes=route.notes,
    )


def _measured(route: PlannedRoute, before: str, traffic: TrafficFlows, seconds: float) -> PlannedRoute:
    """With its figures; `before` is what it is called where it runs."""
    daily = DAY / seconds
    if route.edit is RouteEdit.ADDED:
        coming = sum(flow.requests for (_, end), flow in traffic.flows.items() if end == route.name)
        return replace(route, requests_per_day=coming * daily)
    flows = {end: flow for (start, end), flow in traffic.flows.items() if start == before}
    cohorts = traffic.cohorts.get(before)
    return replace(
        route,
        requests_per_day=sum(flow.requests for flow in flows.values()) * daily,
        moving_per_day=sum(flow.moving for flow in flows.values()) * daily,
        cohorts=0 if cohorts is None else len(cohorts.chances),
        cohorts_moving=0.0 if cohorts is None else cohorts.moving,
        exact=all(flow.is_exact for flow in flows.values()),
        taken_by=tuple(
            TakenRequests(
                route=UNMATCHED if flow.status else end, requests_per_day=flow.requests * daily, status=flow.status
            )
            for end, flow in sorted(flows.items(), key=lambda item: -item[1].requests)
            if end != route.name
        ),
    )


def _example_taken(route: PlannedRoute, before: Snapshot, soon: Replay) -> PlannedRoute:
    """Of one that goes, and of which no request is remembered: who takes what only its method and path ask for."""
    gone = before.named(route.name)
    if route.edit is not RouteEdit.REMOVED or route.taken_by or gone is None or gone.predicates:
        return route
    path = _OPEN.sub("x", gone.pattern.text)
    taker = soon.taker(gone, path.encode("ascii"))
    such_as = f"{min(gone.methods or (b'GET',)).decode('ascii')} {path}"
    taken = TakenRequests(
        route=UNMATCHED if isinstance(taker, int) else taker.name,
        requests_per_day=None,
        status=taker if isinstance(taker, int) else 0,
        such_as=such_as,
    )
    return replace(route, taken_by=(taken,))


def _with_warning(shown: PlannedRoute, route: RoutePlan, soon: Replay) -> PlannedRoute:
    """Of one that refused its requests, and goes or loses them to another one: who answers them again."""
    if route.before is None or (route.after is not None and not shown.taken_by):
        return shown
    names = {taken.route for taken in shown.taken_by}
    takers = [each for each in soon.routes if each.name in names] if names else None
    note = answered_again(route.before, route.start, takers)
    return shown if note is None else replace(shown, notes=(*shown.notes, note))


def _total(traffic: TrafficFlows, recent: RecentTraffic) -> TrafficShown:
    daily = DAY / recent.seconds
    flows = traffic.flows.values()
    return TrafficShown(
        remembered=len(recent.requests),
        seconds=recent.seconds,
        requests_per_day=sum(flow.requests for flow in flows) * daily,
        moving_per_day=sum(flow.moving for flow in flows) * daily,
        cohorts_moving=sum(cohort.moving for cohort in traffic.cohorts.values()),
    )
