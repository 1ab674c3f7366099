"""Why a route runs where it runs, in words.

Rule 1: all that stands is told: a hold hides no rollback, and a rollback no hold.
Rule 2: the judge's reasons for a step forward are the needs that were met then: the record has them, a place has not.
Rule 3: a reason is that of the move which began what stands, whatever came after it. Where that is not known any more,
        it is said by whom or what, if that is certain.
Rule 4: a resume that left the route at its place has moved nothing: it stands beside the move, with its own reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from proxy.control.position.order_notes import drain_notes, moment
from proxy.control.position.standing_here import RoutePlace
from proxy.core.one_line import one_line
from proxy.core.position.hold import hold_ends
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position, Transition
from proxy.core.position.record import OrderKind, kind_of
from proxy.core.position.standing import is_of_cohort
from proxy.core.routing.placement import place_of
from proxy.core.routing.placement import placed as route_at
from proxy.core.routing.route import Route

_MOVES = frozenset({OrderKind.PROMOTE, OrderKind.ROLLBACK, OrderKind.RETIRE, OrderKind.EDIT, OrderKind.BEGIN})
"""What begins what runs; a hold and a new epoch do not, and a resume only where it moves the route."""
_BY = {
    Cause.FILE: "an edit of routes.yaml",
    Cause.OPERATOR: "an operator",
    Cause.EVIDENCE: "the judge",
    Cause.GUARD: "the guard",
    Cause.BREAKER: "the breaker",
    Cause.LEGACY: "the judge",
}


def why(route: Route, placed: RoutePlace) -> str:
    """Why a route runs where it runs, where that is not simply what the file says; else empty."""
    said = [*_difference(route, placed), *_exceptions(route, placed)]
    return "; ".join(sentence for sentence in said if sentence)


def _difference(route: Route, placed: RoutePlace) -> Iterable[str]:
    position = placed.position
    if not placed.known:
        yield "legacy answers until it has been read where the route stands"
    elif position is None:
        return
    elif not placed.possible:
        yield f"as the file says; {position.place} is ordered and needs an upstream that routes.yaml does not have"
    else:
        yield f"the edit to {place_of(route)} waits: {one_line(placed.edit_waits)}" if placed.edit_waits else ""
        is_as_before = bool(placed.edit_waits) and position.place == position.file_place and not position.latched
        yield "" if is_as_before else _moved(route, position, placed.moves)
        yield _held(position, placed.moves)


def _moved(route: Route, position: Position, moves: tuple[Transition, ...]) -> str:
    begun = next(filter(_begins, moves), None)
    said = _cause(position, begun) if begun is None or not _is_step_of_judge(begun) else _step(begun)
    if position.latched:
        return f"rolled back{said}; ends with `banyan resume {position.route}`, or an edit of its stage or split"
    if position.place == place_of(route) or (position.held and not begun):
        return ""
    return "; ".join((f"moved{said}", *_resumed(moves)))


def _begins(move: Transition) -> bool:
    kind = kind_of(move)
    return kind in _MOVES or (kind is OrderKind.RESUME and _moves(move))


def _moves(move: Transition) -> bool:
    return (move.from_stage, move.from_split) != (move.to_stage, move.to_split)


def _resumed(moves: tuple[Transition, ...]) -> Iterable[str]:
    """By whom and why, if that came after the move which began what stands."""
    since = takewhile(lambda move: not _begins(move), moves)
    resume = next((move for move in since if kind_of(move) is OrderKind.RESUME), None)
    return () if resume is None else (f"resumed by {one_line(resume.actor)}: {one_line(resume.reason)}",)


def _is_step_of_judge(move: Transition) -> bool:
    return move.cause is Cause.EVIDENCE and kind_of(move) is OrderKind.PROMOTE


def _step(move: Transition) -> str:
    """When, and where the numbers are."""
    start = Place(move.from_stage, move.from_split)
    needs = f"when all that it needed at {start} was met; `banyan history {move.route}` has the numbers"
    return f" by {_BY[move.cause]} at {moment(move.at)}, {needs}"


def _held(position: Position, moves: tuple[Transition, ...]) -> str:
    if not position.held:
        return ""
    said, ends = f"on hold{_cause(position, next(filter(_is_hold, moves), None))}", hold_ends(position)
    return said if ends in said else f"{said}; {ends}"  # the judge's own reasons say it where they hold


def _is_hold(move: Transition) -> bool:
    return kind_of(move) is OrderKind.HOLD


def _cause(position: Position, moved: Transition | None) -> str:
    """By whom or what, and in which words."""
    if moved is None:
        is_certain = position.cause is not Cause.RESUME and not (position.latched and position.held)
        return f" by {_BY[position.cause]}" if is_certain else ""
    actor = one_line(moved.actor) if moved.cause in (Cause.OPERATOR, Cause.RESUME) else _BY[moved.cause]
    return f" by {actor}: {one_line(moved.reason)}" if moved.reason else f" by {actor}"


def _exceptions(route: Route, placed: RoutePlace) -> list[str]:
    pins = [pin for pin in placed.pins if is_of_cohort(pin)]
    said = list(drain_notes(route_at(route, placed.place), placed.pins))
    if pins:
        said.append(f"{len(pins)} cohort{'' if len(pins) == 1 else 's'} pinned")
    if placed.here:
        said.append("moved here alone, as the state store is away")
    return said
