"""What an operator ought to know beside what an order has made: sentences for its answer.

Rule 1: no order is refused for any of it, and no evidence is waited for.
Rule 2: they are about what stands after the order: what outranks it, who answers nothing, which cohorts stay elsewhere.
Rule 3: an order that leaves a route at its place says what it has ended or begun all the same.
Rule 4: of a promotion also what speaks against it, that nothing is compared which could, or that too few ask there.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from proxy.control.position.group_orders import Given
from proxy.control.probe.health import UpstreamCondition
from proxy.control.probe.upstreams_down import by_stage, down_sentences, pinned
from proxy.core.judge import stage_machine
from proxy.core.judge.need import CheckState
from proxy.core.judge.policy import NeedName
from proxy.core.judge.reach import NO_COHORTS_SEEN, SeenCohorts, undrawn
from proxy.core.judge.stage_machine import Maker, MoveRefusal
from proxy.core.judge.verdict import Ruling
from proxy.core.one_line import one_line
from proxy.core.outcome import Side
from proxy.core.position.ladder import LIVE, SHADOW, Place, is_above
from proxy.core.position.position import Position
from proxy.core.position.standing import NEWCOMERS, Pin
from proxy.core.routing.kill_switch import KillSwitchOrder, beyond
from proxy.core.routing.placement import placed
from proxy.core.routing.route import Route
from proxy.core.routing.shadow import is_safe, is_shadowed, shadow_side
from proxy.log import stamp

_MOST_NAMED = 5
"""Cohorts that a sentence names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around orders: that of the kill switch while it is on, and how health probes find each upstream."""

    killed: Callable[[], KillSwitchOrder | None] = lambda: None
    conditions: Callable[[], Mapping[str, UpstreamCondition]] = dict


def order_notes(
    route: Route, place: Place, pins: Sequence[Pin], around: Around, upstreams: Container[str]
) -> list[str]:
    """Of a route that an order has left at this place, with these pins."""
    there, order, conditions = placed(route, place), around.killed(), around.conditions()
    is_killed = order is not None and beyond(there, upstreams) is None
    said = [*drain_notes(there, pins), *_elsewhere(there, pins, is_killed=is_killed)]
    if order is None or not is_killed:
        return [*down_sentences(there, pins, conditions), *said]
    at = placed(route, SHADOW)
    killed = f"{kill_sentence(order)}: legacy answers, and this takes effect when `banyan kill --off` ends it"
    return [killed, *down_sentences(at, (), conditions), *said]


def pin_sentence(pin: Pin) -> str:
    """Whom it sends where, and until when."""
    until = "until `banyan unpin`" if pin.until is None else f"until {moment(pin.until)}"
    return f"cohort {pin.cohort!r} is pinned to {pin.side} {until}"


def drain_sentence(pin: Pin) -> str:
    """Since when, by whom and why."""
    why = f" ({one_line(pin.reason)})" if pin.reason else ""
    return f"drains since {moment(pin.since)} by {one_line(pin.by)}{why}"


def moment(at: float) -> str:
    """Unix seconds in RFC 3339."""
    return stamp(datetime.fromtimestamp(at, UTC))


def drain_of(pins: Iterable[Pin]) -> Pin | None:
    """The drain among these pins."""
    return next((pin for pin in pins if pin.cohort == NEWCOMERS), None)


def kill_sentence(order: KillSwitchOrder) -> str:
    """By whom, since when and why, as far as the order says."""
    said = [f"by {order.by}"] * bool(order.by) + [f"since {order.at}"] * bool(order.at) + [order.reason]
    more = f" ({', '.join(one_line(sentence) for sentence in said if sentence)})" if any(said) else ""
    return f"the kill switch is on{more}"


def drain_notes(route: Route, pins: Iterable[Pin]) -> Iterator[str]:
    """What the drain among these pins does where the route runs; nothing without one."""
    drain = drain_of(pins)
    if drain is not None and route.stage.facts.draws:
        yield f"it {drain_sentence(drain)}: new cohorts go to legacy until `banyan drain {route.name} --off`"
    elif drain is not None:
        yield f"it {drain_sentence(drain)}, which counts at canary alone; `banyan drain {route.name} --off` ends it"


def _elsewhere(route: Route, pins: Iterable[Pin], *, is_killed: bool) -> Iterator[str]:
    """Where one side answers everybody, the cohorts that are pinned to the other; the kill switch outranks new's."""
    sides, cohorts = by_stage(route), pinned(route, pins)
    for side in (Side.LEGACY, Side.NEW):
        keys = sorted(key for key, to in cohorts.items() if to is side)
        if keys and side not in sides:
            named = ", ".join(map(repr, keys[:_MOST_NAMED]))
            more = f" and {len(keys) - _MOST_NAMED} more" if len(keys) > _MOST_NAMED else ""
            many = f"{len(keys)} cohorts are" if len(keys) > 1 else "1 cohort is"
            stay = "stay" if len(keys) > 1 else "stays"
            ends = f" and {stay} there"
            if is_killed and side is Side.NEW:
                ends = f", where {'they are' if len(keys) > 1 else 'it is'} again after `banyan kill --off`"
            yield f"{many} pinned to {side}{ends}: {named}{more}"


EPOCH_BEGINS = "a new epoch begins: what was compared before is no evidence any more"


def resume_notes(given: Given, routes: Mapping[str, Route]) -> Iterator[str]:
    """What has ended on the route, and how it goes on."""
    before, after = given.before, given.after
    ended = ["the rollback"] * before.latched + ["the hold"] * before.held
    route = routes.get(after.route)
    if ended and route is not None:
        yield f"{' and '.join(ended)} ended: {_goes_on(route, after)}"


def _climbs(position: Position) -> bool:
    """Whether its ramp has a step left."""
    return position.place != LIVE and not is_above(position.place, LIVE)


def _goes_on(route: Route, after: Position) -> str:
    if route.ramp is None:
        return "it runs as routes.yaml says"
    if not _climbs(after):
        return f"it stays at {after.place}, as its ramp ends at {LIVE}; the guard begins anew"
    to = stage_machine.promotion(after, route.ramp.steps, Maker.JUDGE, door=route.guard.door)
    if isinstance(to, MoveRefusal):
        return f"it stays at {after.place}, as {to.sentence}"
    return f"it climbs again from {after.place}, and the step begins anew"


def hold_notes(given: Given, routes: Mapping[str, Route]) -> Iterator[str]:
    """Of a route that climbs: what the end of the hold will make of its step."""
    route, after = routes.get(given.after.route), given.after
    if route is not None and route.ramp is not None and after.stage.facts.judged and _climbs(after):
        yield f"its step at {after.place} goes on; `banyan resume {route.name}` begins it anew"


_UNKNOWN_METHOD = (b"GET",)
"""A route that takes every method takes this one as well."""


def promotion_notes(
    given: Given,
    routes: Mapping[str, Route],
    rulings: Mapping[str, Ruling],
    cohorts: Callable[[str], SeenCohorts] = lambda _: NO_COHORTS_SEEN,
) -> Iterator[str]:
    """Of the route and of those that went with it; `rulings` are those from before the order, both by name.

    `cohorts`: which have asked for a route lately.
    """
    for after in (given.after, *(each.position for each in given.group if not each.why)):
        route = routes.get(after.route)
        if route is None:
            continue
        of = "" if after.route == given.after.route else f"{after.route} of its group: "
        said = (*_notes(route, after, rulings.get(route.name)), *_few(route, after, rulings.get(route.name), cohorts))
        yield from (f"{of}{each}" for each in said)


def _notes(route: Route, after: Position, ruling: Ruling | None) -> Iterator[str]:
    if ruling is not None and ruling.position.version == after.version - 1:
        yield from _against(route.name, ruling)
    why = _uncompared(route, after.place)
    if why:
        yield f"nothing of it is compared at {after.place}, as {why}: wrong answers of new go unseen there"


_SEEN_IN_PAIRS = frozenset({NeedName.MISMATCH_RATE, NeedName.HIGH_SEVERITY, NeedName.ANSWERED_BY_NEW})
"""Needs of which two answers side by side show what failed."""


def _against(name: str, ruling: Ruling) -> Iterator[str]:
    """What the judge has found against the step: what is proved, an alarm, and each need that failed."""
    would, shows = "the judge would not have promoted it", f"; `banyan mismatches {name}` shows what differs"
    if ruling.against:
        yield f"{ruling.against}: {would}{shows}"
    alarm = ruling.judgement.alarm
    if alarm and alarm != ruling.against:
        yield f"{alarm}: {would}"
    for need in ruling.judgement.needs:
        if need.state is CheckState.FAILED:
            yield f"{need.sentence}: {would}{shows if need.need in _SEEN_IN_PAIRS else ''}"


def _few(route: Route, after: Position, ruling: Ruling | None, cohorts: Callable[[str], SeenCohorts]) -> Iterator[str]:
    """Whom the split draws, and what its requests bring to the needs of its ramp."""
    if not after.stage.facts.draws:
        return
    nobody = undrawn(cohorts(route.name), after.split)
    if nobody:
        yield f"{nobody}: new answers nobody at {after.place}, but pinned cohorts"
    if route.ramp is not None and ruling is not None and ruling.repeats:
        needs = f"{after.place} needs {route.ramp.needs.compared:,} as well, if `needs` stays as it is"
        yield from [f"{ruling.repeats}; {needs}"] * bool(route.ramp.needs.compared)


def _uncompared(route: Route, place: Place) -> str:
    """Why no request is put to both sides there; empty where one may be."""
    policy, methods = route.shadow, route.methods or _UNKNOWN_METHOD
    if policy is None or not is_shadowed(policy, place.stage):
        return "it is not shadowed"
    sides = by_stage(placed(route, place))
    asks = (
        shadow_side(policy, place.stage, route.effects, side, method, has_key=False)
        for method in methods
        for side in sides
    )
    if any(shadowed is not None for shadowed in asks):
        return ""
    if policy.dry_run and not any(is_safe(route.effects, method, has_key=False) for method in methods):
        return "legacy cannot be asked to dry-run a write"
    return "it changes something and has no dry run (`shadow: {writes: dry_run}`)"
