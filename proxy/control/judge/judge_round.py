"""All routes before the judge: what is known of each, what stands, and what the rules of judging make of it.

Rule 1: a route is ruled on when it could move: it has a ramp, or something happened on it, or an alarm stands.
Rule 2: what other routes forbid (budget, how many move at once, order, groups), and orders that a step up would undo,
        is put into each case in words.
Rule 3: nothing here moves anything.
Rule 4: a round costs what happened in it, not what the table holds.

Long: folding and ruling walk over the same routes, and share what a round works out once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from proxy.control.evidence.book import EvidenceBook
from proxy.control.fleet.gossip import Gossip, RouteAnswers
from proxy.control.judge.closed_times import ClosedTimes, closed_at, is_closed
from proxy.control.judge.observed import Observed, answers_by_route
from proxy.control.judge.route_watch import RouteWatch, is_alone
from proxy.control.judge.watch_rows import judged_of, judged_state, recalled, states_of
from proxy.control.judge.window_times import closed_now, is_shut, opened_last
from proxy.control.position.kill_times import KillTimes
from proxy.control.position.order_notes import drain_of, drain_sentence, kill_sentence
from proxy.control.position.standing_here import StandingHere
from proxy.control.running import Running
from proxy.core.evidence.records import GuardState
from proxy.core.judge import stage_machine
from proxy.core.judge.breaker import ONE_LASTS, lasting
from proxy.core.judge.budget import ErrorBudget, is_in_motion, too_many, unit, waits_for
from proxy.core.judge.capacity import may_raise, raised
from proxy.core.judge.change import threshold
from proxy.core.judge.groups import agree
from proxy.core.judge.guard import Bad, BadEvent, alarms
from proxy.core.judge.legacy import LegacyHealth, known
from proxy.core.judge.ramp import Measures, has_answered_enough, least_time
from proxy.core.judge.reach import NO_COHORTS_SEEN, SeenCohorts
from proxy.core.judge.stage_machine import Maker
from proxy.core.judge.verdict import Case, Ruling, judge
from proxy.core.outcome import Side
from proxy.core.position.judged_times import JudgedTimes
from proxy.core.position.ladder import Place
from proxy.core.position.position import Position
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.routing.placement import is_possible
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import LATER
from proxy.core.routing.snapshot import Snapshot
from proxy.core.steps.closed_hours import NEVER, ClosedHours, hours_of
from proxy.link.messages import BadDelta, CohortDelta, ComparedDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTable:
    """What is asked of a table in every round, worked out once: with 10,000 routes a round must be cheap.

    Routes with two sides, by name; of them those with a ramp, those with windows, closed hours of those with a
    ramp; how many run guarded.
    """

    of: Snapshot
    routes: Mapping[str, Route]
    ramped: Mapping[str, Route]
    windowed: Mapping[str, Route]
    closing: Mapping[str, ClosedHours]
    guarded: int


def judged_table(snapshot: Snapshot) -> JudgedTable:
    """The JudgedTable of a snapshot."""
    routes = {route.name: route for route in snapshot.routes if route.respond is None}
    hours = {name: hours_of(each.steps) for name, each in routes.items() if each.ramp is not None}
    return JudgedTable(
        of=snapshot,
        routes=routes,
        ramped={name: each for name, each in routes.items() if each.ramp is not None},
        windowed={name: each for name, each in routes.items() if each.windows},
        closing={name: each for name, each in hours.items() if each != NEVER},
        guarded=sum(route.stage.facts.guarded for route in routes.values()),
    )


class RouteJudging:
    """`rulings` are those of the last round, by route; `samples` the shares to shadow that they wait for.

    `cohorts` says which have asked for a route lately.
    """

    def __init__(
        self,
        running: Running,
        here: StandingHere,
        evidence: EvidenceBook,
        probe: Callable[[str], LegacyHealth] = lambda _: LegacyHealth.UNKNOWN,
        killed: Callable[[], KillSwitchOrder | None] = lambda: None,
        runs: Callable[[], tuple[ReconcileRun, ...]] = tuple,
        lag: Callable[[Route], float | None] = lambda _: None,
    ) -> None:
        """`probe` says of an upstream what its last health probe found, `killed` what the kill switch's order says.

        `runs`: what reconciliations have come to. `lag`: by how many seconds the journal of a route's writes trails;
        None: it has none.
        """
        self.rulings: Mapping[str, Ruling] = {}
        self.samples: Mapping[str, float] = {}
        self.lost = 0
        self._running = running
        self._here = here
        self._evidence = evidence
        self._probe = probe
        self._killed = killed
        self._runs = runs
        self._lag = lag
        self.cohorts: Callable[[str], SeenCohorts] = lambda _: NO_COHORTS_SEEN
        self._order: KillSwitchOrder | None = None
        self._kills = KillTimes()
        self._judged = JudgedTimes()
        self._closed = ClosedTimes()
        self._begun_at = self._folded_at = here.clock()
        self._table = judged_table(running.snapshot)
        self._watches: dict[str, RouteWatch] = {}
        self._open: set[str] = set()
        self._budget = ErrorBudget(window=running.snapshot.fleet.window)
        self._shut: set[str] = set()
        self._kept: dict[tuple[str, str], tuple[float, ...]] = {}

    def route(self, name: str) -> Route | None:
        """The route as the present table has it."""
        return self._running.snapshot.named(name)

    def rule(self, batches: Iterable[Gossip]) -> Mapping[str, Ruling]:
        """Fold what was told, then rule."""
        self._follow()
        self._order = self._killed()
        self._kills.note(self._order, self._here.clock())
        self._judged = self._judged.plus([(self._begun_at, self._here.clock())])
        self._fold(list(batches))
        routes = self._table.routes
        before = self._due(routes)
        moving = self._moving(routes)
        cases = self._recovered({name: self._case(each, routes, moving) for name, each in before.items()})
        self.samples = {
            name: case.measures.raised for name, case in cases.items() if case.measures and case.measures.raised
        }
        self.rulings = self._agreed({name: judge(case) for name, case in cases.items()})
        return self.rulings

    def groups(self, rulings: Mapping[str, Ruling]) -> list[dict[str, Ruling]]:
        """The rulings on members of one group together, each other one by itself."""
        groups: dict[str, dict[str, Ruling]] = {}
        for name, ruling in rulings.items():
            groups.setdefault(self._table.routes[name].group or f"\0{name}", {})[name] = ruling
        return list(groups.values())

    def forbidden(self, route: Route) -> str | None:
        """What speaks by now against a step forward that was allowed when it was ruled on; None: nothing."""
        self._order = self._killed()
        routes, position = self._table.routes, self._here.position(route)
        return next(iter(self._blocked(route, position, routes, self._moving(routes))), None)

    def ruling(self, route: Route) -> Ruling:
        """The last ruling; of a route on which nothing has happened, one made now."""
        found = self.rulings.get(route.name)
        return found or judge(Case(position=self._here.position(route), now=self._here.clock(), guard=route.guard))

    def _moving(self, routes: Mapping[str, Route]) -> list[str]:
        """What is in motion, groups and routes; nobody asks where their number is not bounded."""
        if self._running.snapshot.fleet.in_motion is None:
            return []
        moving = (route for route in routes.values() if is_in_motion(self._here.position(route).place))
        return [unit(each.name, each.group) for each in moving]

    def _due(self, routes: Mapping[str, Route]) -> dict[str, Route]:
        """Those that could move, and the members of their groups."""
        found = ((name, self._watches[name]) for name in self._open)
        stirred = {name: routes[name] for name, each in found if each.is_alarmed or each.recovery is not None}
        due = {**self._table.ramped, **stirred}
        groups = {each.group for each in due.values() if each.group}
        if not groups:
            return due
        return due | {name: each for name, each in routes.items() if each.group in groups}

    def _follow(self) -> None:
        """The table that serves now; what is known of routes that are gone, goes, and of renamed ones comes along."""
        if self._running.snapshot is self._table.of:
            return
        before, self._table = self._table, judged_table(self._running.snapshot)
        now = {each.origin: name for name, each in self._table.routes.items()}
        names = {name: now[each.origin] for name, each in before.routes.items() if each.origin in now}
        self._watches = {names[name]: each for name, each in self._watches.items() if name in names}
        self._open = {names[name] for name in self._open if name in names}
        self._shut = {names[name] for name in self._shut if name in names}
        self._closed.follow(names)
        self._kept = {(names[name], bad): each for (name, bad), each in self._kept.items() if name in names}

    # -- folding ------------------------------------------------------------------------------------------------------

    def _fold(self, batches: list[Gossip]) -> None:
        now = self._here.clock()
        self._note_closed(now)
        answered = answers_by_route([batch.answered for batch in batches])
        self.lost += sum(batch.lost for batch in batches)
        bad: dict[str, list[BadDelta]] = {}
        for event in sorted((each for batch in batches for each in batch.bad), key=lambda each: each.at):
            bad.setdefault(event.route, []).append(event)
        cohorts: dict[str, list[CohortDelta]] = {}
        for cohort in (each for batch in batches for each in batch.cohorts):
            cohorts.setdefault(cohort.route, []).append(cohort)
        compared: dict[str, list[ComparedDelta]] = {}
        for delta in (each for batch in batches for each in batch.compared):
            compared.setdefault(delta.route, []).append(delta)
        for name in self._stirred(answered.keys() | bad.keys() | compared.keys()):
            route = self._table.routes[name]
            watch = self._watches.setdefault(name, RouteWatch())
            position = self._here.position(route)
            watch.follow(position, self._here.moves.get(name, ()))
            watch.is_comparable = not self._closed.is_told_of(name, now)
            self._end_of_window(route, watch, now)
            self._watch(route, watch, compared.get(name, ()), now)
            told, failed = answered.get(name) or RouteAnswers(name), bad.get(name)
            self._carry(route, watch, told, now)
            answers = cohorts.get(name, [])
            if failed or answers or told.left_alone or watch.is_open or is_alone(position):
                watch.fold(position, self._seen(route, told, failed or [], now, answers))
                (self._open.add if watch.is_open else self._open.discard)(name)
            else:
                watch.count(told, now)
                self._open.discard(name)
        told_all = answered.values()
        self._budget.add(sum(each.new for each in told_all), sum(each.new_bad for each in told_all), now)
        self._folded_at = now

    def _note_closed(self, now: float) -> None:
        """Routes of which a window was taken away while it was on are open from now on."""
        on = closed_at(self._table.closing, now)
        for name in on | (self._closed.running & self._table.routes.keys()):
            self._closed.note(name, self._folded_at, now, is_on=name in on)

    def _carry(self, route: Route, watch: RouteWatch, told: RouteAnswers, now: float) -> None:
        """Time under the kill switch says nothing of what new can carry, nor do closed hours: a stretch that they meet
        is dropped.
        """
        if route.ramp is None:
            return
        epoch = self._evidence.epoch_number(route.name)
        if self._order is not None or self._kills.seconds_since(self._folded_at) or not watch.is_comparable:
            watch.capacity = watch.capacity.at(epoch).stopped()
            return
        is_raised = may_raise(route.ramp, self._here.position(route))
        watch.carry(told, epoch, now, is_raised=is_raised)

    def _watch(self, route: Route, watch: RouteWatch, compared: Iterable[ComparedDelta], now: float) -> None:
        """The limit is the ramp's: without one nobody has said what is too much."""
        if route.ramp is not None and compared:
            limit, log_a = route.ramp.needs.mismatch_rate, threshold(route.guard.budget)
            watch.changes.add(compared, limit=limit, at=now, log_a=log_a)

    def _stirred(self, told: AbstractSet[str]) -> AbstractSet[str]:
        """Routes on which something happened or may have ended: an answer, a move, an alarm, a row, a window."""
        standing = (self._here.positions.keys() | self._table.windowed.keys()) & self._watches.keys()
        return (told & self._table.routes.keys()) | standing | self._open

    def _seen(
        self, route: Route, answered: RouteAnswers, bad: list[BadDelta], now: float, cohorts: Iterable[CohortDelta]
    ) -> Observed:
        events = tuple(
            BadEvent(Bad(event.bad), Side(event.side), event.cohort, event.draw, now, event.unreachable)
            for event in bad
        )
        return Observed(
            now=now,
            answered=answered,
            hard=events,
            events=tuple(event for event in events if event.bad in route.guard.classes),
            budget=route.guard.budget,
            processes=max(self._table.guarded, 1) * len(route.guard.classes),
            probe=self._probe(route.legacy),
            slow=1 - route.guard.latency,
            cohorts=tuple(cohorts),
            alone_lasts=self._alone_lasts(route.new),
            is_legacy_closed=is_closed(hours_of(route.steps).legacy, self._folded_at),
        )

    def _alone_lasts(self, upstream: str) -> float:
        found = self._running.snapshot.upstreams.get(upstream)
        rule = None if found is None else found.breaker
        return ONE_LASTS if found is None or rule is None else lasting(rule.open, found.timeouts.connect)

    def _end_of_window(self, route: Route, watch: RouteWatch, now: float) -> None:
        """After a window that stopped everything the guard begins anew."""
        shut = is_shut(route, now)
        if not shut and route.name in self._shut:
            watch.clear()
        (self._shut.add if shut else self._shut.discard)(route.name)

    # -- ruling -------------------------------------------------------------------------------------------------------

    def _case(self, route: Route, routes: Mapping[str, Route], moving: list[str]) -> Case:
        now, watch = self._here.clock(), self._watches.get(route.name) or RouteWatch()
        position = self._here.position(route)
        measures = self._measures(route, watch, position)
        watch.changes.judge_from(self._evidence.rules_from(route.name))
        return Case(
            position=position,
            now=now,
            guard=route.guard,
            ramp=route.ramp,
            processes=tuple(watch.processes.values()),
            breaker=watch.breaker,
            stuck=watch.stuck,
            recovered=watch.recovered(now),
            legacy_is_down=known(watch.legacy, self._probe(route.legacy), now) is LegacyHealth.DOWN,
            measures=measures,
            changes={} if measures is None else watch.changes.of(measures.epoch),
            closed=closed_now(route, now),
            blocked=tuple(self._blocked(route, position, routes, moving)),
        )

    def _recovered(self, cases: dict[str, Case]) -> dict[str, Case]:
        """Once one of a group has, so have those that were asked too little to fail (recovery.py, rule 4)."""
        groups = {name: self._table.routes[name].group for name in cases}
        well = {groups[name]: name for name, each in cases.items() if each.recovered and groups[name]}
        found = dict(cases)
        for name, case in cases.items() if well else ():
            watch = self._watches.get(name)  # None: nothing ever happened there
            waits = case.position.waits and not case.recovered and groups[name] in well
            if waits and (watch is None or watch.is_clean(case.now)):
                why = f"new failed nothing here, and answers well again at {well[groups[name]]} of its group"
                found[name] = replace(case, recovered=why)
        return found

    def _measures(self, route: Route, watch: RouteWatch, position: Position) -> Measures | None:
        if route.ramp is None:
            return None
        found = self._evidence.measures(route.name, position, least_time(route.ramp, position))
        here, closed = watch.version == position.version, self._closed.of(route.name).stretches
        return replace(
            found,
            requests=max(found.requests, watch.answers - watch.failed if here else 0),
            asked=watch.asked if here else 0,
            carried=watch.capacity.proved if found.carried is None else found.carried,
            unfit=watch.capacity.last.unfit_share,
            lag=self._lag(route),
            raised=0.0 if self._order is not None else _raised(route, watch, position, found),
            killed=self._kills.seconds_beside((*self._judged.gaps, *closed), position.since),
            unjudged=self._judged.gaps,
            closed=closed,
            cohorts=self.cohorts(route.name),
            runs=self._runs(),
        )

    def _blocked(
        self, route: Route, position: Position, routes: Mapping[str, Route], moving: list[str]
    ) -> Iterable[str]:
        yield from self._ordered(route)
        fleet = self._running.snapshot.fleet
        if fleet.errors is not None and self._budget.is_exhausted(fleet.errors, self._here.clock()):
            yield "the error budget of all routes is spent"
        sentence = too_many(moving, unit(route.name, route.group), fleet.in_motion)
        if sentence is not None:
            yield sentence
        if route.ramp is None:
            return
        to = stage_machine.promotion(position, route.ramp.steps, Maker.JUDGE, door=route.guard.door)
        if not isinstance(to, Place):
            return
        after = {name: self._here.position(routes[name]).place for name in route.ramp.after if name in routes}
        waits = waits_for(to, after)
        if waits is not None:
            yield waits
        if not is_possible(route, to, self._running.snapshot.upstreams):
            yield f"{to} needs an upstream that routes.yaml does not have"

    def _ordered(self, route: Route) -> Iterator[str]:
        """Orders of operators that a step up would undo or overtake."""
        if self._order is not None:
            yield f"{kill_sentence(self._order)}: nothing is promoted until `banyan kill --off` ends it"
        drain = drain_of(self._here.pins(route.name))
        if drain is not None:
            yield f"it {drain_sentence(drain)}; `banyan drain {route.name} --off` lets it climb"

    def _agreed(self, rulings: dict[str, Ruling]) -> dict[str, Ruling]:
        guards = {name: self._table.routes[name].guard for name in rulings}
        return {
            name: each
            for members in self.groups(rulings)
            for name, each in (agree(members, guards) if len(members) > 1 else members).items()
        }

    # -- for who leads next -------------------------------------------------------------------------------------------

    def judged(self, now: float) -> GuardState:
        """When routes were judged until now, as a row of their own."""
        return judged_state(self._judged, now)

    def states(self, now: float, *, slow: bool = True) -> tuple[GuardState, ...]:
        """What has changed since it was kept last; `slow` as for `states_of`."""
        ramps = {name: each.ramp for name, each in self._table.ramped.items()}
        needed = {name: ramp.needs.requests for name, ramp in ramps.items() if ramp is not None}
        found = (
            state
            for name, watch in self._watches.items()
            for state in states_of(name, watch, now, slow=slow, requests=needed.get(name))
        )
        return tuple(each for each in (*self._closed.states(now), *found) if self._is_news(each))

    def _is_news(self, state: GuardState) -> bool:
        """Whether it is not kept like that already; what never was anything but nothing is none."""
        kept = self._kept.get((state.route, state.bad))
        return any(state.numbers) if kept is None else kept != state.numbers

    def kept(self, states: Iterable[GuardState]) -> None:
        """These are in the store."""
        self._kept |= {(state.route, state.bad): state.numbers for state in states}

    def recall(self, states: Iterable[GuardState], answered: Mapping[str, float] | None = None) -> None:
        """What was kept by another process; what this one has seen so far stays beside it.

        `answered` by route: when what was known until then began anew (answered_alarms.py); the end of a window that
        stopped everything does so too, and is known by what time it is.
        """
        listed, now = list(states), self._here.clock()
        self.kept(listed)
        self._judged = self._judged.plus(judged_of(listed))
        self._closed.recall(listed)
        for name in {each.route for each in listed} & self._table.routes.keys():
            watch, route = self._watches.setdefault(name, RouteWatch()), self._table.routes[name]
            anew = max((answered or {}).get(name, 0.0), opened_last(route, now))
            recalled(watch, [each for each in listed if each.route == name], anew)
            if is_shut(route, now):
                self._shut.add(name)
            if watch.is_open:
                self._open.add(name)

    def alarmed(self) -> dict[str, tuple[str, ...]]:
        """The classes that have raised an alarm, by route."""
        return {
            name: tuple(alarm.bad.value for alarm in alarms(watch.processes.values()))
            for name, watch in self._watches.items()
            if alarms(watch.processes.values())
        }


def _raised(route: Route, watch: RouteWatch, position: Position, measures: Measures) -> float:
    """The share to shadow for the next step's sake, where routes.yaml leaves it to the judge; 0: the usual one."""
    if route.ramp is None or route.shadow is None or route.shadow.sample is not None:
        return 0.0
    to = stage_machine.promotion(position, route.ramp.steps, Maker.JUDGE, door=route.guard.door)
    if not isinstance(to, Place):
        return 0.0
    is_short = position.stage.facts.guarded and not has_answered_enough(route.ramp.needs, to, measures)
    found = raised(route.ramp, position, to, watch.capacity, 0 if is_short else measures.compared)
    return found if found > LATER else 0.0
