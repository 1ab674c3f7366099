"""An operator's order to a route, and to those of its group that stand where it stands.

Rule 1: all of them are moved or none is. Who cannot go with the others is named, with the reason.
Rule 2: an order that stands already moves nobody, and is no failure.
Rule 3: whoever was late decides anew on what stands then where the order means whatever stands (`may_repeat`). Else
        nothing is moved, and it is said who was faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from proxy.control.position.mover import Made, Mover
from proxy.control.position.operator_moves import may_repeat, wanted
from proxy.control.position.standing_here import Replica
from proxy.control.running import Running
from proxy.core.judge.stage_machine import MoveRefusal
from proxy.core.position.position import Move, Position, move
from proxy.core.routing.route import Route

TRIES = 10
"""How often an order that is late is decided anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants, why, and who it is. `step`: back by one rung alone."""

    verb: str
    reason: str
    by: str
    step: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Another route of the group, as it stands afterwards; `why` it was not moved, else empty."""

    position: Position
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the order has made of the route; `made` None: it stood like that already, and nothing was moved."""

    before: Position
    after: Position
    made: Made | None = None
    group: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Nothing was moved: these routes were moved by somebody else in between."""

    faster: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class GroupOrders:
    """Gives orders."""

    running: Running
    replica: Replica
    mover: Mover

    async def give(
        self, route: Route, order: Order, is_seen: Callable[[], bool] | None = None
    ) -> Given | MoveRefusal | Late:
        """`is_seen`: only while this holds, and nothing that anybody obeys changes meanwhile. AwayError."""
        for _ in range(TRIES):
            before = self.replica.position(route)
            after = self._wanted(route, before, order)
            if isinstance(after, MoveRefusal):
                return after
            if after is before:
                return Given(before=before, after=after)
            group = [(each, self._wanted(other, each, order)) for other, each in self._others(route, before)]
            moves = self._moves(route, order, [(before, after), *group])
            standing = None if is_seen is None else self.replica.standing.version
            made = await self.mover.move(*moves, standing=standing)
            if made is not Made.LOST:
                return Given(before=before, after=after, made=made, group=tuple(_member(*each) for each in group))
            late = await self._late(moves)
            if (late.faster and not may_repeat(order.verb, step=order.step)) or (is_seen and not is_seen()):
                return late
        return Late(faster=())

    def _wanted(self, route: Route, before: Position, order: Order) -> Position | MoveRefusal:
        upstreams = self.running.snapshot.upstreams
        return wanted(route, before, order.verb, self.replica.clock(), upstreams, step=order.step)

    def _others(self, route: Route, before: Position) -> Iterator[tuple[Route, Position]]:
        """Members of its group that stand where it stands."""
        for each in self.running.snapshot.routes if route.group else ():
            position = self.replica.position(each)
            is_other = each.group == route.group and each.name != route.name and each.respond is None
            if is_other and position.place == before.place:
                yield each, position

    def _moves(
        self, route: Route, order: Order, found: Iterable[tuple[Position, Position | MoveRefusal]]
    ) -> list[Move]:
        """Of those that the order changes."""
        moves, now = [], self.replica.clock()
        for before, after in found:
            if isinstance(after, MoveRefusal) or after is before:
                continue
            given = order.reason or f"{order.verb} was ordered"
            reason = given if before.route == route.name else f"with {route.name} of its group: {given}"
            moves.append(move(before, after, at=now, actor=order.by, numbers={}, reason=reason))
        return moves

    async def _late(self, moves: Iterable[Move]) -> Late:
        await self.mover.look()
        known = self.replica.positions
        moved = (each.before.route for each in moves if known.get(each.before.route, each.before) != each.before)
        return Late(faster=tuple(moved))


def _member(before: Position, after: Position | MoveRefusal) -> Member:
    if isinstance(after, MoveRefusal):
        return Member(position=before, why=after.sentence)
    return Member(position=after, why="it stands like that already" if after is before else "")
