"""What stands, as JSON and in sentences: where a route runs and why, what the judge says, who obeys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite

import msgspec

from proxy.control.judge.judge_round import RouteJudging
from proxy.control.judge.judging import Judge
from proxy.control.position.group_orders import Given, GroupMember
from proxy.control.position.mover import Made
from proxy.control.position.standing_here import StandingHere
from proxy.core.judge.verdict import Verdict
from proxy.core.position.ladder import LIVE, Place, is_above
from proxy.core.position.position import Position, Transition
from proxy.core.position.standing import Pin
from proxy.core.routing.route import Route
from proxy.core.stage import Stage
from proxy.log import stamp


class PlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A stage and a split in [0, 1]."""

    stage: Stage
    split: float


class TransitionView(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """One recorded move; `at` in RFC 3339."""

    route: str
    start: PlaceView
    end: PlaceView
    cause: str
    actor: str
    at: str
    reason: str
    numbers: dict[str, float]
    version: int


class ToldView(msgspec.Struct, frozen=True, kw_only=True):
    """What listeners are told: `type` is `transition` (with `transition`) or `alarm` (with `alarm`)."""

    type: str
    instance: str
    transition: TransitionView | None = None
    alarm: AlarmView | None = None


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that moved nothing, since somebody has to decide."""

    route: str
    cause: str
    reasons: tuple[str, ...]


class TransitionsView(msgspec.Struct, frozen=True, kw_only=True):
    """Recorded moves, newest first."""

    transitions: Sequence[TransitionView] = ()


class InstanceView(msgspec.Struct, frozen=True, kw_only=True):
    """One live replica: whether it obeys what this one knows to stand, and whether it reads the same routes.yaml."""

    instance: str
    revision: str
    version: int
    obeys: bool
    same_revision: bool
    this: bool = False


class StandingView(msgspec.Struct, frozen=True, kw_only=True):
    """What all replicas obey, as seen here. `away` is why the state store does not answer, or empty.

    `here` are routes that were moved here alone meanwhile; `leads` says whether this replica judges. `known` False: it
    has not been read where routes stand since this replica lost its own copy, and legacy answers what it can.
    """

    version: int
    leads: bool
    away: str
    here: list[str]
    instances: list[InstanceView]
    known: bool = True


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """Another route of the group, which stood where the ordered one stood; `why` it was not moved with it, or empty."""

    route: str
    runs: PlaceView
    version: int
    moved: bool
    why: str


class MovedView(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from"}):
    """What became of an operator's move. `done`: every live replica obeys; `everywhere` False: it holds here alone.

    `moved` False: it stood like that already, or what was ordered is no move. `tag` is what `If-Match` takes.
    `pin` is the one that was set; `notes` are sentences on what stands beside it (`order_notes.py`).
    """

    route: str
    start: PlaceView
    runs: PlaceView
    latched: bool
    held: bool
    version: int
    moved: bool
    tag: str
    group: list[MemberView]
    everywhere: bool
    done: bool
    instances: list[InstanceView]
    pin: PinView | None = None
    notes: list[str] = []


class PinView(msgspec.Struct, frozen=True, kw_only=True):
    """A cohort's key as clients send it, and the side that answers it; `until` in RFC 3339, null for ever."""

    cohort: str
    side: str
    until: str | None
    by: str
    reason: str


class RampState(StrEnum):
    """What becomes of a route by itself. `complete`: no step is left that the judge may take.

    `waiting`: the verdict's reasons say for what; `ready`: the next step is proven.
    """

    NO_RAMP = "no_ramp"
    WAITING = "waiting"
    READY = "ready"
    HELD = "held"
    LATCHED = "latched"
    COMPLETE = "complete"


class VerdictView(msgspec.Struct, frozen=True, kw_only=True):
    """What the judge says, why, and on which numbers."""

    verdict: str = "hold"
    state: RampState = RampState.NO_RAMP
    reasons: tuple[str, ...] = ()
    numbers: dict[str, float] = {}


NO_VERDICT = VerdictView()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Those who know what stands and what is to be thought of it."""

    here: StandingHere
    judge: Judge
    judging: RouteJudging

    def verdict(self, route: Route) -> VerdictView:
        """On one route."""
        found = self.judging.ruling(route).judgement
        numbers = {name: number for name, number in found.numbers if isfinite(number)}
        state = _ramp_state(route, self.here.position(route), found.verdict)
        return VerdictView(verdict=found.verdict.value, state=state, reasons=found.reasons, numbers=numbers)


def _ramp_state(route: Route, position: Position, verdict: Verdict) -> RampState:
    """A latch and a hold are told of routes without a ramp as well."""
    if position.latched or position.held:
        return RampState.LATCHED if position.latched else RampState.HELD
    if route.ramp is None:
        return RampState.NO_RAMP
    if is_above(position.place, LIVE) or position.place == LIVE:
        return RampState.COMPLETE
    return RampState.READY if verdict is Verdict.PROMOTE else RampState.WAITING


def standing_view(judged: Judged, revision: str) -> StandingView:
    """As this replica sees it."""
    here, judge = judged.here, judged.judge
    return StandingView(
        version=here.standing.version,
        leads=judge.leading.lead is not None,
        away=judge.away,
        here=sorted(here.pending),
        instances=instance_views(here, judge, revision),
        known=here.known,
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
            instance=each.instance,
            revision=each.revision,
            version=each.version,
            obeys=each.version >= version,
            same_revision=each.revision == revision,
        )
        for each in judge.presences
        if each.instance != here.instance
    ]
    return [mine, *others]


def pin_view(pin: Pin) -> PinView:
    """One pin as JSON."""
    until = None if pin.until is None else stamp(datetime.fromtimestamp(pin.until, UTC))
    return PinView(cohort=pin.cohort, side=pin.side.value, until=until, by=pin.by, reason=pin.reason)


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
        group=[_member_view(each) for each in given.group],
        everywhere=everywhere,
        done=everywhere and all(each.obeys for each in instances),
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
