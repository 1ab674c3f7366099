"""All routes before the judge: their dockets, what stands, and what the rules of judging make of it.

Rule 1: a route is ruled on when it could move: it has a ramp, or something happened on it, or an alarm stands.
Rule 2: what other routes forbid (budget, how many move at once, order, groups) is put into each case in words.
Rule 3: nothing here moves anything.
Rule 4: a round costs what happened in it, not what the table holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from proxy.control.docket import Docket, Seen, answered_in, is_alone
from proxy.control.feed import Answered, Batch
from proxy.control.guard_states import recalled, states_of
from proxy.control.replica import Replica
from proxy.control.roster import roster
from proxy.control.running import Running
from proxy.control.state import Evidence
from proxy.core.evidence import GuardState
from proxy.core.judge import moves
from proxy.core.judge.budget import ErrorBudget, is_in_motion, too_many, waits_for
from proxy.core.judge.guard import Bad, BadEvent, alarms
from proxy.core.judge.ladder import Place
from proxy.core.judge.legacy import Known, known
from proxy.core.judge.moves import Maker
from proxy.core.judge.policy import Freeze, Stops
from proxy.core.judge.position import Position
from proxy.core.judge.ramp import Measures
from proxy.core.judge.together import agree
from proxy.core.judge.verdict import Case, Ruling, judge
from proxy.core.judge.windows import Closed, LocalTime, closed, local_time
from proxy.core.ordered import is_possible
from proxy.core.orders import EVERY_ROUTE
from proxy.core.outcome import Side
from proxy.core.route import Route
from proxy.link import BadDelta, CohortDelta


class Bench:
    """`rulings` are those of the last round, by route."""

    def __init__(
        self,
        running: Running,
        replica: Replica,
        evidence: Evidence,
        probe: Callable[[str], Known] = lambda _: Known.UNKNOWN,
    ) -> None:
        """`probe` says of an upstream what its last health probe found."""
        self.rulings: Mapping[str, Ruling] = {}
        self.lost = 0
        self._running = running
        self._replica = replica
        self._evidence = evidence
        self._probe = probe
        self._roster = roster(running.snapshot)
        self._dockets: dict[str, Docket] = {}
        self._open: set[str] = set()
        self._budget = ErrorBudget(window=running.snapshot.fleet.window)
        self._shut: set[str] = set()
        self._kept: dict[tuple[str, str], tuple[float, ...]] = {}

    def route(self, name: str) -> Route | None:
        """The route as the present table has it."""
        return next((each for each in self._running.snapshot.routes if each.name == name), None)

    def rule(self, batches: Iterable[Batch]) -> Mapping[str, Ruling]:
        """Fold what was told, then rule."""
        self._follow()
        self._fold(list(batches))
        routes = self._roster.routes
        before = self._due(routes)
        moving = self._moving(routes)
        cases = {name: self._case(each, routes, moving) for name, each in before.items()}
        self.rulings = self._agreed({name: judge(case) for name, case in cases.items()}, before)
        return self.rulings

    def ruling(self, route: Route) -> Ruling:
        """The last ruling; of a route on which nothing has happened, one made now."""
        found = self.rulings.get(route.name)
        return found or judge(
            Case(position=self._replica.position(route), now=self._replica.clock(), guard=route.guard)
        )

    def _moving(self, routes: Mapping[str, Route]) -> list[str]:
        """The routes in motion; nobody asks where their number is not bounded."""
        if self._running.snapshot.fleet.in_motion is None:
            return []
        return [name for name, each in routes.items() if is_in_motion(self._replica.position(each).place)]

    def _due(self, routes: Mapping[str, Route]) -> dict[str, Route]:
        """Those that could move, and the members of their groups."""
        alarmed = {name: routes[name] for name in self._open if self._dockets[name].is_alarmed}
        due = {**self._roster.ramped, **alarmed}
        groups = {each.group for each in due.values() if each.group}
        if not groups:
            return due
        return due | {name: each for name, each in routes.items() if each.group in groups}

    def _follow(self) -> None:
        """The table that serves now; what is known of routes that are gone, goes."""
        if self._running.snapshot is self._roster.of:
            return
        self._roster = roster(self._running.snapshot)
        self._dockets = {name: each for name, each in self._dockets.items() if name in self._roster.routes}
        self._open &= self._dockets.keys()

    # -- folding ------------------------------------------------------------------------------------------------------

    def _fold(self, batches: list[Batch]) -> None:
        now = self._replica.clock()
        answered = answered_in([batch.answered for batch in batches])
        self.lost += sum(batch.lost for batch in batches)
        bad: dict[str, list[BadDelta]] = {}
        for event in sorted((each for batch in batches for each in batch.bad), key=lambda each: each.at):
            bad.setdefault(event.route, []).append(event)
        cohorts: dict[str, list[CohortDelta]] = {}
        for cohort in (each for batch in batches for each in batch.cohorts):
            cohorts.setdefault(cohort.route, []).append(cohort)
        for name in self._stirred(answered.keys() | bad.keys()):
            route = self._roster.routes[name]
            docket = self._dockets.setdefault(name, Docket())
            position = self._replica.position(route)
            docket.follow(position)
            self._end_of_window(route, docket, now)
            told, failed = answered.get(name) or Answered(name), bad.get(name)
            answers = cohorts.get(name, [])
            if failed or answers or docket.is_open or is_alone(position):
                docket.fold(position, self._seen(route, told, failed or [], now, answers))
                (self._open.add if docket.is_open else self._open.discard)(name)
            else:
                docket.count(told, now)
                self._open.discard(name)
        told_all = answered.values()
        self._budget.add(sum(each.new for each in told_all), sum(each.new_bad for each in told_all), now)

    def _stirred(self, told: AbstractSet[str]) -> AbstractSet[str]:
        """Routes on which something happened or may have ended: an answer, a move, an alarm, a row, a window."""
        standing = (self._replica.positions.keys() | self._roster.windowed.keys()) & self._dockets.keys()
        return (told & self._roster.routes.keys()) | standing | self._open

    def _seen(
        self, route: Route, answered: Answered, bad: list[BadDelta], now: float, cohorts: Iterable[CohortDelta]
    ) -> Seen:
        events = tuple(
            BadEvent(Bad(each.bad), Side(each.side), each.cohort, each.draw, now, each.unreachable) for each in bad
        )
        return Seen(
            now=now,
            answered=answered,
            hard=events,
            events=tuple(each for each in events if each.bad in route.guard.classes),
            budget=route.guard.budget,
            processes=max(self._roster.guarded, 1) * len(route.guard.classes),
            probe=self._probe(route.legacy),
            slow=1 - route.guard.latency,
            cohorts=tuple(cohorts),
        )

    def _end_of_window(self, route: Route, docket: Docket, now: float) -> None:
        """After a window that stopped everything the guard begins anew."""
        shut = any(each.stops is Stops.EVERYTHING for each in _closed(route, now))
        if not shut and route.name in self._shut:
            docket.clear()
        (self._shut.add if shut else self._shut.discard)(route.name)

    # -- ruling -------------------------------------------------------------------------------------------------------

    def _case(self, route: Route, routes: Mapping[str, Route], moving: list[str]) -> Case:
        now, docket = self._replica.clock(), self._dockets.get(route.name) or Docket()
        position = self._held(self._replica.position(route), now)
        return Case(
            position=position,
            now=now,
            guard=route.guard,
            ramp=route.ramp,
            processes=tuple(docket.processes.values()),
            breaker=docket.breaker,
            stuck=docket.stuck,
            legacy_is_down=known(docket.legacy, self._probe(route.legacy), now) is Known.DOWN,
            measures=self._measures(route, docket, position),
            closed=_closed(route, now),
            blocked=tuple(self._blocked(route, position, routes, moving)),
        )

    def _held(self, position: Position, now: float) -> Position:
        holds = self._replica.standing.holds
        on = any(
            each.route in {position.route, EVERY_ROUTE} and (each.until is None or each.until > now) for each in holds
        )
        return replace(position, held=True) if on else position

    def _measures(self, route: Route, docket: Docket, position: Position) -> Measures | None:
        if route.ramp is None:
            return None
        found = self._evidence.measures(route.name)
        new, all_ = docket.carried
        carried = found.carried if found.carried is not None else (new / all_ if all_ else None)
        answers = docket.answers if docket.version == position.version else 0
        return replace(found, requests=max(found.requests, answers), carried=carried)

    def _blocked(
        self, route: Route, position: Position, routes: Mapping[str, Route], moving: list[str]
    ) -> Iterable[str]:
        fleet = self._running.snapshot.fleet
        if fleet.errors is not None and self._budget.is_exhausted(fleet.errors, self._replica.clock()):
            yield "the error budget of all routes is spent"
        sentence = too_many(moving, route.name, position.place, fleet.in_motion)
        if sentence is not None:
            yield sentence
        if route.ramp is None:
            return
        to = moves.promotion(position, route.ramp.steps, Maker.JUDGE, door=route.guard.door)
        if not isinstance(to, Place):
            return
        after = {name: self._replica.position(routes[name]).place for name in route.ramp.after if name in routes}
        waits = waits_for(to, after)
        if waits is not None:
            yield waits
        if not is_possible(route, to, self._running.snapshot.upstreams):
            yield f"{to} needs an upstream that routes.yaml does not have"

    def _agreed(self, rulings: dict[str, Ruling], routes: Mapping[str, Route]) -> dict[str, Ruling]:
        groups: dict[str, dict[str, Ruling]] = {}
        for name, ruling in rulings.items():
            groups.setdefault(routes[name].group or f"\0{name}", {})[name] = ruling
        positions = {name: self._replica.position(route) for name, route in routes.items()}
        guards = {name: route.guard for name, route in routes.items()}
        return {
            name: each
            for members in groups.values()
            for name, each in (agree(members, positions, guards) if len(members) > 1 else members).items()
        }

    # -- for who leads next -------------------------------------------------------------------------------------------

    def states(self, now: float, *, slow: bool = True) -> tuple[GuardState, ...]:
        """What has changed since it was kept last; `slow` as for `states_of`."""
        found = (state for name, docket in self._dockets.items() for state in states_of(name, docket, now, slow=slow))
        return tuple(each for each in found if self._kept.get((each.route, each.bad)) != each.numbers)

    def kept(self, states: Iterable[GuardState]) -> None:
        """These are in the store."""
        self._kept |= {(each.route, each.bad): each.numbers for each in states}

    def recall(self, states: Iterable[GuardState]) -> None:
        """What was kept by another process, before this one has seen anything."""
        listed = list(states)
        self.kept(listed)
        for name in {each.route for each in listed} & self._roster.routes.keys():
            docket = self._dockets.setdefault(name, Docket())
            recalled(docket, [each for each in listed if each.route == name])
            if docket.is_open:
                self._open.add(name)

    def alarmed(self) -> dict[str, tuple[str, ...]]:
        """The classes that have raised an alarm, by route."""
        return {
            name: tuple(each.bad.value for each in alarms(docket.processes.values()))
            for name, docket in self._dockets.items()
            if alarms(docket.processes.values())
        }


def _closed(route: Route, now: float) -> tuple[Closed, ...]:
    if not route.windows:
        return ()
    zones = {each.zone for each in route.windows if not isinstance(each, Freeze)}
    return closed(route.windows, now, {zone: _local(zone, now) for zone in zones})


def _local(zone: str, now: float) -> LocalTime:
    offset = datetime.fromtimestamp(now, UTC).astimezone(_zone(zone)).utcoffset()
    return local_time(now, offset.total_seconds() if offset else 0.0)


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
