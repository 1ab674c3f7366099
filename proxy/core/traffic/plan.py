"""What an edit of routes.yaml does, before it is applied: routes, places, and the recent requests that would move.

Rule 1: where a route comes to stand is `reconcile`'s to say, what a move needs is the stage machine's: both are asked.
Rule 2: requests move when another side or another address answers; both tables are asked about the same requests.
Rule 3: a route is the same if its origin is, whatever its name; if neither is, what was kept of it is left behind.
Rule 4: what counts is what runs, not what the file said: a latched route is compared from where it was rolled back to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from proxy.core.judge.stage_machine import Maker, RefusalReason, refused
from proxy.core.position.ladder import LEGACY, Place, height, is_above, rungs
from proxy.core.position.position import Position, reconcile
from proxy.core.routing.decide import Reason, settled
from proxy.core.routing.placement import place_of, placed
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.stage import is_past, progress
from proxy.core.traffic.remembered_request import RememberedRequest, drawn_for, sources_text
from proxy.core.traffic.replay import Again, Replay, moved

MOST_POINTS = 0.25
"""The share of a route's cohorts that may move to new at once without a warning."""
EXAMPLES = 3
_PLAIN = ShadowPolicy()
_LEFT_OUT = frozenset({Reason.KILLED.value, Reason.STANDING_UNKNOWN.value})


class RouteEdit(StrEnum):
    """What becomes of a route."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


class Caution(StrEnum):
    """What deserves a second look, a closed list."""

    TOO_BIG = "too_big"
    SKIPS = "skips"
    RAMP = "ramp"
    LATCH = "latch"
    GOES_ON = "goes_on"
    ANEW = "anew"
    HOLD = "hold"
    DOOR = "door"
    REDRAWN = "redrawn"
    FREED = "freed"
    DRIES_UP = "dries_up"
    ANSWERS_AGAIN = "answers_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One caution, in a sentence."""

    caution: Caution
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlan:
    """One route. `start` is where it runs, `end` where it would; None where there is no route, or no stage."""

    name: str
    edit: RouteEdit
    before: Route | None
    after: Route | None
    start: Place | None
    end: Place | None
    notes: tuple[Note, ...] = ()

    @property
    def name_before(self) -> str:
        """What it is called where it runs."""
        return self.name if self.before is None else self.before.name


class RouteState(NamedTuple):
    """What is kept of one route that runs: its position, if it was ever moved, and how many comparisons."""

    position: Position | None = None
    compared: int = 0


NOTHING_KNOWN = RouteState()


def plan_routes(
    before: Sequence[Route], after: Sequence[Route], positions: Mapping[str, Position], compared: Mapping[str, int] = {}
) -> list[RoutePlan]:
    """Every route of both tables, those that go last.

    `positions` are those of routes that were ever moved, `compared` how many comparisons there are; by names of before.
    """
    known = {route.name: RouteState(positions.get(route.name), compared.get(route.name, 0)) for route in before}
    pairs = paired(before, after)
    planned = [_plan(old, new, known[old.name] if old else NOTHING_KNOWN) for old, new in pairs]
    taken = {old.name for old, _ in pairs if old is not None}
    added = [new for old, new in pairs if old is None]
    return planned + [_gone(route, known[route.name], added) for route in before if route.name not in taken]


def paired(before: Iterable[Route], after: Sequence[Route]) -> list[tuple[Route | None, Route]]:
    """Each route of the new table with what it was: by its origin, else, if nobody else is that one, by its name."""
    by_origin = {route.origin: route for route in before}
    taken = {route.origin for route in after}
    by_name = {route.name: route for route in by_origin.values() if route.origin not in taken}
    return [(by_origin.get(route.origin) or by_name.get(route.name), route) for route in after]


def places_before(routes: Iterable[Route], positions: Mapping[str, Position]) -> dict[str, Place]:
    """Where routes run now, if not where the file says."""
    return {route.name: positions[route.name].place for route in routes if route.name in positions}


def places_after(planned: Iterable[RoutePlan]) -> dict[str, Place]:
    """Where routes would run."""
    return {route.name: route.end for route in planned if route.end is not None}


def _start(route: Route, position: Position | None) -> Place | None:
    if route.respond is not None:
        return None
    return place_of(route) if position is None else position.place


def _gone(route: Route, known: RouteState, added: Iterable[Route]) -> RoutePlan:
    asks = (route.pattern, route.methods, route.predicates)
    heir = next((each.name for each in added if (each.pattern, each.methods, each.predicates) == asks), "")
    start = _start(route, known.position)
    notes = tuple(_freed(route, known, heir))
    return RoutePlan(
        name=route.name, edit=RouteEdit.REMOVED, before=route, after=None, start=start, end=None, notes=notes
    )


def _plan(before: Route | None, after: Route, known: RouteState) -> RoutePlan:
    is_heir = before is not None and before.origin == after.origin
    position = known.position if is_heir else None
    end = None if after.respond is not None else _end(after, position)
    if before is None:
        notes = tuple(_steps(after, LEGACY, end)) if end is not None else ()
        return RoutePlan(
            name=after.name, edit=RouteEdit.ADDED, before=None, after=after, start=None, end=end, notes=notes
        )
    start = _start(before, known.position)
    edit = RouteEdit.SAME if _unplaced(in_effect(before)) == _unplaced(in_effect(after)) else RouteEdit.CHANGED
    notes = () if start is None or end is None else tuple(_notes(before, after, start, end, position))
    notes += () if is_heir else tuple(_freed(before, known, after.name))
    return RoutePlan(name=after.name, edit=edit, before=before, after=after, start=start, end=end, notes=notes)


def _end(route: Route, position: Position | None) -> Place:
    steps = route.ramp.steps if route.ramp else ()
    return reconcile(position, route.stage, route.split, route=route.name, now=0.0, steps=steps).place


def in_effect(route: Route) -> Route:
    """As far as it differs in effect: every route with two sides has a shadow, which nobody has to write."""
    return route if route.shadow is not None else replace(route, shadow=_PLAIN)


def _unplaced(route: Route) -> Route:
    """Moving within the file is no change."""
    return replace(route, index=0, line=0, file="")


# -- cautions ---------------------------------------------------------------------------------------------------------


def _notes(before: Route, after: Route, start: Place, end: Place, position: Position | None) -> Iterator[Note]:
    if position is not None:
        yield from _standing(after, position, end)
    if before.compare != after.compare and start.stage.facts.has_both and end.stage.facts.has_both:
        sentence = "its comparisons count anew from the edit of `compare:` on, those of its step too"
        yield Note(caution=Caution.ANEW, sentence=sentence)
    yield from _steps(after, start, end)
    yield from _doors(after, start, end)
    if position is None and start != end:
        yield from _by_table(after, start, end)
    if not _same_draw(before, after) and settled(placed(after, end)) is None:
        sentence = f"its cohorts are drawn anew ({_drawn(before)} → {_drawn(after)}): some go back, others come"
        yield Note(caution=Caution.REDRAWN, sentence=sentence)


def _standing(route: Route, position: Position, end: Place) -> Iterator[Note]:
    """What the edit does to a latch, a hold and a ramp."""
    said = place_of(route)
    is_edited = position.file_place != said
    if position.latched:
        until = f"it stays there until `banyan resume {route.name}`, or an edit of its stage or split"
        what = "this edit of stage or split ends that" if is_edited else until
        yield Note(caution=Caution.LATCH, sentence=f"it was rolled back to {position.place}; {what}")
    elif is_edited and end == position.place == said:
        sentence = f"it runs at {end} already: the file comes up to it, and the step goes on"
        yield Note(caution=Caution.GOES_ON, sentence=sentence)
    if position.held:
        sentence = f"it is on hold: the judge promotes nothing until `banyan resume {route.name}`"
        yield Note(caution=Caution.HOLD, sentence=sentence)
    if is_edited and end != said:
        sentence = f"the file says {said}; its ramp goes one step at a time, first to {end}"
        yield Note(caution=Caution.RAMP, sentence=sentence)


def _steps(route: Route, start: Place, end: Place) -> Iterator[Note]:
    points = progress(*end) - progress(*start)
    if points > MOST_POINTS and not end.stage.facts.ends:
        sentence = f"{points * 100:g} points at once ({start} → {end}); more than {MOST_POINTS * 100:g} is a leap"
        yield Note(caution=Caution.TOO_BIG, sentence=sentence)
    steps = rungs(route.ramp.steps) if route.ramp else ()
    passed = [str(step) for step in steps if is_above(step, start) and is_above(end, step)]
    if passed:
        yield Note(caution=Caution.SKIPS, sentence=f"{start} → {end} skips steps of its ramp: {', '.join(passed)}")


def _doors(route: Route, start: Place, end: Place) -> Iterator[Note]:
    door = route.guard.door
    was, will = is_past(start.stage, door), is_past(end.stage, door)
    if will and not was:
        sentence = f"{end} is past its one-way door ({door}): from there neither the judge nor `banyan rollback` "
        sentence += "takes it back, only another edit of its stage or split"
        yield Note(caution=Caution.DOOR, sentence=sentence)
    if was and not will:
        sentence = f"{start} → {end} goes back through its one-way door ({door}): "
        yield Note(caution=Caution.DOOR, sentence=sentence + "what new has written, legacy does not know")


def _freed(route: Route, known: RouteState, heir: str) -> Iterator[Note]:
    """What is kept of a route, and of nobody from now on; `heir` takes its requests."""
    position, kept = known.position, []
    if position is not None:
        kept.append(f"{'its latch' if position.latched else 'its position'} ({position.place})")
    if known.compared:
        kept.append(f"{known.compared:,} comparisons")
    start = _start(route, position)
    if heir and not route.group and start is not None and settled(placed(route, start)) is None:
        kept.append("its draws")
    if kept:
        who = heir or "the route that takes its place"
        sentence = f"left behind, as nobody is {route.origin} any more: {', '.join(kept)}; "
        yield Note(caution=Caution.FREED, sentence=sentence + f"`was: {route.origin}` on {who} keeps all of it")


def _by_table(route: Route, start: Place, end: Place) -> Iterator[Note]:
    """A caution where the stage machine has no move from `start` to `end`."""
    standing = reconcile(None, start.stage, start.split, route=route.name, now=0.0)
    refusal = refused(standing, end, Maker.OPERATOR, door=route.guard.door)
    if refusal is not None and refusal.why is RefusalReason.NOWHERE and height(start)[0] != height(end)[0]:
        sentence = f"the stage machine has no move from {start} to {end}: it skips what lies between"
        yield Note(caution=Caution.SKIPS, sentence=sentence)


def _same_draw(before: Route, after: Route) -> bool:
    return _drawn(before) == _drawn(after)


def _drawn(route: Route) -> str:
    return f"{drawn_for(route)} by {sources_text(route)}"


# -- traffic ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Flow:
    """Requests of one route that another (or the same) would take. `moving` of them change sides or addresses.

    `by_edit`: of a replay, how many change by the edit alone: the others changed already, as what runs did since.
    `is_exact` False: some of them would be drawn anew. `examples` are ids of requests that would certainly move.
    `status`: with which one Banyan would refuse them, where no route takes them; else 0.
    """

    requests: float = 0.0
    moving: float = 0.0
    by_edit: float = 0.0
    is_exact: bool = True
    to_new: float = 0.0
    status: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class MovingCohorts:
    """Cohorts of one route that were seen, each with the chance that it moves."""

    chances: dict[int, float] = field(default_factory=dict)

    @property
    def moving(self) -> float:
        """The expected number of cohorts that move."""
        return sum(self.chances.values())


@dataclass(slots=True, kw_only=True)
class TrafficFlows:
    """`flows` by route now and who takes them then (`Again.taker`); `cohorts` by route now. `killed`: left out, as no
    route decided them.
    """

    flows: dict[tuple[str, str], Flow] = field(default_factory=dict)
    cohorts: dict[str, MovingCohorts] = field(default_factory=dict)
    killed: float = 0.0

    def add(
        self, request: RememberedRequest, weight: float, before: Again, after: Again, by_edit: float | None = None
    ) -> None:
        """One request, which stands for `weight`; `by_edit` None: whatever moves, moves by the edit."""
        chance = moved(before, after)
        flow = self.flows.setdefault((before.route, after.taker), Flow(status=after.status))
        flow.requests += weight
        flow.moving += weight * chance
        flow.is_exact = flow.is_exact and before.is_certain and after.is_certain
        flow.to_new += weight * _to_new(after)
        flow.by_edit += chance if by_edit is None else by_edit
        if chance == 1.0 and len(flow.examples) < EXAMPLES:
            flow.examples.append(request.id)
        if weight and request.stage:
            chances = self.cohorts.setdefault(before.route, MovingCohorts()).chances
            chances[request.cohort] = max(chances.get(request.cohort, 0.0), chance)


def _to_new(again: Again) -> float:
    below = again.split if again.below.side == "new" else 0.0
    return below + (1.0 - again.split if again.above.side == "new" else 0.0)


def compare(before: Replay, after: Replay, requests: Iterable[tuple[float, RememberedRequest]]) -> TrafficFlows:
    """What would move, by the same requests under both tables; each comes with how many it stands for."""
    traffic = TrafficFlows()
    for weight, request in requests:
        traffic.add(request, weight, before.decide(request), after.decide(request))
    return traffic


def replayed(before: Replay, after: Replay, requests: Iterable[tuple[float, RememberedRequest]]) -> TrafficFlows:
    """What would be another answer than the one that was given, and how much of it the edit does; each counts once."""
    traffic = TrafficFlows()
    for _, request in requests:
        if request.reason in _LEFT_OUT:
            traffic.killed += 1
        else:
            after_it = after.decide(request)
            by_edit = moved(before.decide(request), after_it)
            traffic.add(request, 1.0, before.happened(request), after_it, by_edit)
    return traffic


def dried_up(planned: Iterable[RoutePlan], traffic: TrafficFlows) -> Iterator[tuple[str, Note]]:
    """Routes that had requests and would get none of them."""
    for route in planned:
        flows = {end: flow for (start, end), flow in traffic.flows.items() if start == route.name_before}
        total = sum(flow.requests for flow in flows.values())
        if route.after is not None and total and route.name not in flows:
            yield (
                route.name,
                Note(caution=Caution.DRIES_UP, sentence=f"all of its recent requests would {_ends(flows)}"),
            )


def _ends(flows: Mapping[str, Flow]) -> str:
    """`go to rest`, `be answered with 404`, or both."""
    takers = ", ".join(sorted(taker for taker, flow in flows.items() if not flow.status))
    refusals = " or ".join(sorted({str(flow.status) for flow in flows.values() if flow.status}))
    ends = [f"go to {takers}"] * bool(takers) + [f"be answered with {refusals}, as no route takes them"] * bool(
        refusals
    )
    return " or ".join(ends)
