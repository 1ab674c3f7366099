"""How the shapes of what stands are filled: where a route runs, what the judge says, who obeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from proxy.api.orders import MemberView, MovedView
from proxy.api.standing import (
    InstanceView,
    NeedView,
    PinView,
    PlaceView,
    RampState,
    StandingView,
    TransitionView,
    VerdictView,
)
from proxy.control.judge.judge_round import RouteJudging
from proxy.control.judge.judging import Judge
from proxy.control.position.group_orders import Given, GroupMember
from proxy.control.position.mover import Made
from proxy.control.position.order_notes import moment
from proxy.control.position.standing_here import StandingHere
from proxy.core.judge.need import Check
from proxy.core.judge.verdict import Verdict
from proxy.core.position.ladder import LIVE, Place, is_above
from proxy.core.position.position import Position, Transition
from proxy.core.position.standing import Pin
from proxy.core.routing.route import Route
from proxy.log import stamp

NO_VERDICT = VerdictView()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRoutes:
    """Those who know what stands and what is to be thought of it."""

    here: StandingHere
    judge: Judge
    judging: RouteJudging

    @property
    def other_replicas(self) -> tuple[str, ...]:
        """Those that live, without this one."""
        names = (presence.instance for presence in self.judge.presences)
        return tuple(sorted(name for name in names if name != self.here.instance))

    def verdict(self, route: Route) -> VerdictView:
        """On one route."""
        found = self.judging.ruling(route).judgement
        numbers = {name: number for name, number in found.numbers if isfinite(number)}
        state = _ramp_state(route, self.here.position(route), found.verdict)
        return VerdictView(
            verdict=found.verdict.value,
            state=state,
            reasons=found.reasons,
            numbers=numbers,
            obstacle=found.obstacle,
            needs=[need_view(need) for need in found.needs],
        )


def _ramp_state(route: Route, position: Position, verdict: Verdict) -> RampState:
    """A latch and a hold are told of routes without a ramp as well."""
    if position.latched or position.held:
        return RampState.LATCHED if position.latched else RampState.HELD
    if route.ramp is None:
        return RampState.NO_RAMP
    if is_above(position.place, LIVE) or position.place == LIVE:
        return RampState.COMPLETE
    return RampState.READY if verdict is Verdict.PROMOTE else RampState.WAITING


def need_view(check: Check) -> NeedView:
    """One need as JSON."""
    return NeedView(
        need=check.need.value,
        state=check.state.value,
        value=check.value,
        limit=check.limit,
        sentence=check.sentence,
        hint=check.hint,
    )


def standing_view(judged: JudgedRoutes, revision: str) -> StandingView:
    """As this replica sees it."""
    here, judge = judged.here, judged.judge
    return StandingView(
        version=here.standing.version,
        leads=judge.leading.lead is not None,
        away=judge.away,
        here=sorted(here.pending),
        instances=instance_views(here, judge, revision),
        known=here.known,
        evidence_since=moment(here.evidence_since) if here.evidence_since else "",
    )


def instance_views(here: StandingHere, judge: Judge, revision: str) -> list[InstanceView]:
    """All live replicas, this one as it is now and not as it was last announced."""
    version = here.standing.version
    mine = InstanceView(
        instance=here.instance,
        revision=revision,
        version=here.obeyed,
        obeys=here.followed,
        same_revision=True,
        this=True,
    )
    others = [
        InstanceView(
            instance=presence.instance,
            revision=presence.revision,
            version=presence.version,
            obeys=presence.version >= version,
            same_revision=presence.revision == revision,
        )
        for presence in judge.presences
        if presence.instance != here.instance
    ]
    return [mine, *others]


def pin_view(pin: Pin) -> PinView:
    """One pin as JSON."""
    until = None if pin.until is None else stamp(datetime.fromtimestamp(pin.until, UTC))
    since = stamp(datetime.fromtimestamp(pin.since, UTC))
    return PinView(cohort=pin.cohort, side=pin.side.value, until=until, by=pin.by, reason=pin.reason, since=since)


def moved_view(
    given: Given, *, tag: str, instances: list[InstanceView], pin: Pin | None = None, notes: Sequence[str] = ()
) -> MovedView:
    """After a verb."""
    position, everywhere = given.after, given.made is not Made.HERE
    return MovedView(
        route=position.route,
        start=place_view(given.before.place),
        runs=place_view(position.place),
        latched=position.latched,
        held=position.held,
        version=position.version,
        moved=given.after.version != given.before.version,
        tag=tag,
        group=[_member_view(member) for member in given.group],
        everywhere=everywhere,
        done=everywhere and all(instance.obeys for instance in instances),
        instances=instances,
        pin=None if pin is None else pin_view(pin),
        notes=list(notes),
    )


def _member_view(member: GroupMember) -> MemberView:
    position = member.position
    runs, version = place_view(position.place), position.version
    return MemberView(route=position.route, runs=runs, version=version, moved=not member.why, why=member.why)


def place_view(place: Place) -> PlaceView:
    """A place as JSON."""
    return PlaceView(stage=place.stage, split=place.split)


def transition_view(each: Transition) -> TransitionView:
    """One move; numbers that JSON does not have are left out."""
    return TransitionView(
        route=each.route,
        start=PlaceView(stage=each.from_stage, split=each.from_split),
        end=PlaceView(stage=each.to_stage, split=each.to_split),
        cause=each.cause.value,
        actor=each.actor,
        at=stamp(datetime.fromtimestamp(each.at, UTC)),
        reason=each.reason,
        numbers={name: number for name, number in each.numbers if isfinite(number)},
        version=each.version,
    )
