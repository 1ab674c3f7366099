"""What each verb of an operator leads to on one route: a position, or a refusal in the stage machine's words.

Rule 1: an order that stands already leads to the very position there is: whoever gives it twice changes nothing. That
        holds for `rollback` (back by one step is another order each time) and for `hold`. A hold that the judge would
        end by itself becomes the operator's, who alone ends it then.
Rule 2: those two take nothing from anybody's caution, so that they may be given to whatever stands by the time they
        come; the others are about what was seen.
"""

from __future__ import annotations

from collections.abc import Container

from proxy.core.judge import stage_machine
from proxy.core.judge.policy import Ramp
from proxy.core.judge.stage_machine import Maker, MoveRefusal, RefusalReason
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position, moved, rolled_back
from proxy.core.routing.placement import is_possible
from proxy.core.routing.route import Route

_STEPS = Ramp().steps
"""Where a route without a ramp is promoted to, and back."""


def target_of(
    route: Route, before: Position, verb: str, now: float, upstreams: Container[str], *, step: bool = False
) -> Position | MoveRefusal:
    """The position that `verb` leads to. `step`: rollback goes back by one rung alone."""
    steps, door = route.ramp.steps if route.ramp else _STEPS, route.guard.door
    match verb:
        case "promote":
            to = stage_machine.promotion(before, steps, Maker.OPERATOR, door=door)
            after = to if isinstance(to, MoveRefusal) else moved(before, to, Cause.OPERATOR, now)
        case "rollback":
            back = (
                stage_machine.step_back(before, steps, Maker.OPERATOR, door=door)
                if step
                else _all_the_way(before, route)
            )
            after = back if isinstance(back, MoveRefusal) else _back(before, back, now)
        case "hold":
            after = before if before.held and not before.waits else held(before, Cause.OPERATOR)
        case _:
            after = _resumed(route, before, now)
    return after if isinstance(after, MoveRefusal) else _possible(route, after, upstreams)


def may_repeat(verb: str, *, step: bool) -> bool:
    """Whether the order means whatever stands, so that one who was late may give it again (rule 2)."""
    return verb == "hold" or (verb == "rollback" and not step)


def _all_the_way(before: Position, route: Route) -> Place | MoveRefusal:
    if stage_machine.stands_back(before):
        return before.place
    return stage_machine.rollback(before, Maker.OPERATOR, door=route.guard.door)


def _back(before: Position, to: Place, now: float) -> Position:
    return before if to == before.place else rolled_back(before, to, Cause.OPERATOR, now)


def _resumed(route: Route, before: Position, now: float) -> Position | MoveRefusal:
    after = resumed(before, now, has_ramp=route.ramp is not None)
    if not before.latched and not before.held and after.place == before.place:
        return MoveRefusal(RefusalReason.NOWHERE, "nothing holds it back: it was not rolled back, and is not on hold")
    return after


def _possible(route: Route, after: Position, upstreams: Container[str]) -> Position | MoveRefusal:
    if is_possible(route, after.place, upstreams):
        return after
    return MoveRefusal(RefusalReason.NOWHERE, f"{after.place} needs an upstream that routes.yaml does not have")
