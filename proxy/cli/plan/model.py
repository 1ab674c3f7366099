"""What `banyan plan` has to say: plain values, for text and JSON alike, and what differs field by field, in words.

Rule 1: a field is named as near to routes.yaml as can be: `split`, `guard.budget`, `timeouts.response`.
Rule 2: of a secret only that it differs is written.
Rule 3: a value is written as a person writes it there, and of something whole only what was said of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath

from proxy.cli.explain.model import match_of
from proxy.cli.plan.running_table import RecentTraffic
from proxy.control.running import needs_restart
from proxy.core.judge.policy import GuardPolicy
from proxy.core.parity.rules.rules import Rule
from proxy.core.position.position import Position
from proxy.core.routing.placement import place_of
from proxy.core.routing.route import Route, Upstream
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import Snapshot
from proxy.core.secret import Secret
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
from proxy.core.traffic.remembered_request import RememberedRequest, sources_text
from proxy.core.traffic.replay import Replay

DAY = 86_400.0
_MOVING = frozenset({"match", "stage", "cohort", "group", "legacy", "new", "respond", "effects"})
_EXACT_ADDRESS = ("scheme", "host", "port", "more")
NOTHING, ANOTHER = "nothing", "another"
_OF_ROUTE = frozenset({"name", "index", "line", "pattern", "methods", "predicates", "stage", "split", "cohort"})
_OF_SNAPSHOT = frozenset({"revision", "upstreams", "table"})
_LONGEST = 80
_DAY = 86_400
_WRITTEN = {
    (ShadowPolicy, "carry"): "credentials",
    (ShadowPolicy, "replacements"): "credentials.replace",
    (ShadowPolicy, "dry_run"): "writes",
    (GuardPolicy, "door"): "one_way_door",
}
"""Fields that have another name in routes.yaml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field: what it said, and what it says."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenRequests:
    """Requests per day that another route would take."""

    route: str
    requests_per_day: float


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
    """Requests of one route that would be another answer than they got, or would not; `examples` are their ids."""

    route: str
    would_take: str
    requests: int
    moving: float
    exact: bool
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All of it. `moves` says whether anything would be answered by somebody else, as far as can be told."""

    file: str
    against: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """What to compare. `positions` are those that run, `compared` how many comparisons they have.

    `last` None: no replay, else of so many requests, 0 for all.
    """

    file: str
    against: str
    before: Snapshot
    after: Snapshot
    warnings: Sequence[str]
    positions: Mapping[str, Position]
    compared: Mapping[str, int]
    recent: RecentTraffic | None
    no_traffic: str
    killed: bool
    last: int | None


def planned(asked: PlanQuestion) -> Planned:
    """The answer."""
    before, after = asked.before, asked.after
    routes = plan_routes(before.routes, after.routes, asked.positions, asked.compared)
    then = Replay(before.table, before.upstreams, places_before(before.routes, asked.positions))
    soon = Replay(after.table, after.upstreams, places_after(routes))
    traffic = None if asked.recent is None else compare(then, soon, asked.recent.requests)
    shown = _routes(routes, traffic, asked.recent)
    upstreams = tuple(upstream_changes(before.upstreams, after.upstreams))
    total = None if traffic is None or asked.recent is None else _total(traffic, asked.recent)
    return Planned(
        file=asked.file,
        against=asked.against,
        revision=after.revision,
        revision_before=before.revision,
        moves=any(map(_moves, shown)) or any(_is_address(upstream) for upstream in upstreams),
        routes=shown,
        upstreams=upstreams,
        settings=tuple(settings_changes(before, after)),
        needs_restart=needs_restart(before, after),
        warnings=tuple(asked.warnings),
        traffic=total,
        no_traffic=asked.no_traffic,
        killed=asked.killed,
        replayed=_replayed(then, soon, asked),
    )


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
    )


def _moves(route: PlannedRoute) -> bool:
    return (
        route.edit in (RouteEdit.ADDED, RouteEdit.REMOVED)
        or route.runs != route.would_run
        or bool(route.moving_per_day)
        or any(change.field in _MOVING for change in route.changes)
    )


def _is_address(change: FieldChange) -> bool:
    _, _, field = change.field.partition(".")
    return field.partition(".")[0] in _EXACT_ADDRESS


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
            TakenRequests(route=end, requests_per_day=flow.requests * daily)
            for end, flow in sorted(flows.items(), key=lambda item: -item[1].requests)
            if end != route.name
        ),
    )


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


def route_changes(before: Route, after: Route) -> list[FieldChange]:
    """Of one route, first what says which requests it takes and who answers them."""
    pairs = {
        "name": (before.name, after.name),
        "match": (match_of(before), match_of(after)),
        "stage": (str(place_of(before)), str(place_of(after))),
        "cohort": (sources_text(before), sources_text(after)),
    }
    first = [FieldChange(field=name, before=old, after=new) for name, (old, new) in pairs.items() if old != new]
    return [*first, *_differences(before, after, _OF_ROUTE)]


def upstream_changes(before: Mapping[str, Upstream], after: Mapping[str, Upstream]) -> list[FieldChange]:
    """Upstreams that come, go, or are others."""
    changes = [_whole(name, "", _url(new)) for name, new in after.items() if name not in before]
    changes += [_whole(name, _url(old), "") for name, old in before.items() if name not in after]
    for name in before.keys() & after.keys():
        found = _differences(before[name], after[name], frozenset({"name"}))
        changes += [FieldChange(field=f"{name}.{each.field}", before=each.before, after=each.after) for each in found]
    return sorted(changes, key=lambda each: each.field)


def settings_changes(before: Snapshot, after: Snapshot) -> list[FieldChange]:
    """Of everything at the top of the file."""
    return list(_differences(before, after, _OF_SNAPSHOT))


def _whole(name: str, before: str, after: str) -> FieldChange:
    return FieldChange(field=name, before=before or NOTHING, after=after or NOTHING)


def _url(upstream: Upstream) -> str:
    return upstream.url


def _differences(before: object, after: object, without: frozenset[str], prefix: str = "") -> Iterator[FieldChange]:
    if isinstance(before, Secret) and isinstance(after, Secret):
        yield _whole(prefix, str(before), ANOTHER if before and after else str(after))
        return
    if not is_dataclass(before) or type(before) is not type(after):
        yield FieldChange(field=prefix, before=_text(before), after=_text(after))
        return
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in without and old != new:
            name = _WRITTEN.get((type(before), field.name), field.name)
            old, new = _as_written(name, old), _as_written(name, new)
            yield from _differences(old, new, frozenset(), f"{prefix}.{name}" if prefix else name)


def _as_written(name: str, value: object) -> object:
    """Of fields whose value has another form in routes.yaml."""
    match name, value:
        case "until", None:
            return "never"
        case "until", float():  # the end of the last day
            return datetime.fromtimestamp(value - _DAY, UTC).date().isoformat()
        case "writes", bool():
            return "dry_run" if value else "never"
        case _:
            return value


def _text(value: object) -> str:
    """Short, and in the words of the file where it has words."""
    match value:
        case None | "" | () | frozenset() | Secret() if not value:
            return NOTHING
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:g}"
        case Enum():
            return str(value.value)
        case bytes():
            return value.decode("latin-1")
        case tuple() | list():
            text = ", ".join(map(_text, value))
        case frozenset() | set():
            text = ", ".join(sorted(map(_text, value)))
        case str() | int() | PurePath():
            text = str(value)
        case _:
            text = _described(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _described(value: object) -> str:
    if not is_dataclass(value):
        return str(value)
    shown = [pair for pair in fields(value) if pair.repr and _is_said(value, pair)]
    return " ".join(f"{each.name} {_text(_as_written(each.name, getattr(value, each.name)))}" for each in shown)


def _is_said(value: object, field: Field[object]) -> bool:
    """Not what a person left out; but an end that is `never` is always written, and a rule's id by nobody."""
    if isinstance(value, Rule) and field.name == "id":
        return False
    return field.name == "until" or getattr(value, field.name) != field.default
