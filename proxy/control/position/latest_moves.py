"""Who moved a route last, in words for those who wanted to move it as well."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.one_line import one_line
from proxy.core.position.ladder import Place
from proxy.core.position.position import Transition
from proxy.core.position.record import OrderKind, kind_of

_NOBODYS = frozenset({OrderKind.BEGIN, OrderKind.RESTORE, OrderKind.EPOCH})
"""What leaves a route as whoever looked before has seen it."""


def latest_move(moves: Iterable[Transition]) -> Transition | None:
    """That which changed the place, latch or hold last; `moves` are newest first."""
    return next((each for each in moves if kind_of(each) not in _NOBODYS), None)


def move_sentence(made: Transition) -> str:
    """`promote by ann@desk, canary 5% → canary 50%`."""
    start, end = Place(made.from_stage, made.from_split), Place(made.to_stage, made.to_split)
    where = f"at {end}" if start == end else f"{start} → {end}"
    return f"{kind_of(made)} by {one_line(made.actor)}, {where}"
