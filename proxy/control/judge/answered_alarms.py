"""Which recorded moves answered an alarm (route_watch.py, rule 3), for who was not there when they were made.

Rule 1: what was kept of a guard before such a move is void, and so is an alarm that was raised before it: who kept it
        may not have known of the move yet.
Rule 2: of two holds of the judge for a legacy that was down, the second one recorded is the end of the first.
"""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.position.ladder import Place, is_above
from proxy.core.position.position import Cause, Transition
from proxy.core.position.record import BEGUN

LOOKED_AT = 1000
"""Moves of all routes, newest first: many more than are made between two times at which guards are kept."""
_ANEW = (Cause.RESUME, Cause.FILE)


def answers(move: Transition) -> bool:
    """Whether this move by itself begins the guard anew; a new epoch bears the cause of the move before it."""
    start, end = _places(move)
    is_taken = not start.stage.facts.guarded or is_above(start, end)
    return not _is_epoch(move) and (move.cause in _ANEW or (end.stage.facts.guarded and is_taken))


def answered_at(moves: Iterable[Transition]) -> dict[str, float]:
    """By route when its guard was begun anew last, unix seconds, as far as these moves say; newest first."""
    found: dict[str, float] = {}
    waiting: set[str] = set()
    for each in reversed([move for move in moves if not _is_epoch(move)]):
        start, end = _places(each)
        is_hold = each.cause is Cause.LEGACY and start == end
        is_released = is_hold and each.route in waiting
        if is_released or answers(each):
            found[each.route] = each.at
        (waiting.add if is_hold and not is_released else waiting.discard)(each.route)
    return found


def _places(move: Transition) -> tuple[Place, Place]:
    return Place(move.from_stage, move.from_split), Place(move.to_stage, move.to_split)


def _is_epoch(move: Transition) -> bool:
    return BEGUN in dict(move.numbers)
