"""An operator's order to a route, and to those of its group that stand where it stands.

Rule 1: all of them are moved or none is. Who cannot go with the others is named, with the reason.
Rule 2: an order that stands already moves nobody, and is no failure.
Rule 3: an order to one route `alone` leaves the others where they are. It is refused where that would tear apart what
        the group remembers together: flows (`stay`), and reads that follow writes (`affinity`).
Rule 4: whoever was late decides anew on what stands then where the order means whatever stands (`may_repeat`). Else
        nothing is moved, and it is said who was faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from proxy.control.position.mover import Made, Mover
from proxy.control.position.operator_moves import may_repeat, target_of
from proxy.control.position.standing_here import StandingHere
from proxy.control.running import Running
from proxy.core.judge.stage_machine import MoveRefusal, RefusalReason
from proxy.core.position.position import Move, Position, move
from proxy.core.routing.route import Route

TRIES = 10
"""How often an order that is late is decided anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorOrder:
    """What somebody wants, why, and who it is. `step`: back by one rung alone; `alone`: of a group this route only."""

    verb: str
    reason: str
    by: str
    step: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMember:
    """Another route of the group, as it stands afterwards; `why` it was not moved, else empty."""

    position: Position
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the order has made of the route; `made` None: it stood like that already, and nothing was moved."""

    before: Position
    after: Position
    made: Made | None = None
    group: tuple[GroupMember, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """Nothing was moved: these routes were moved by somebody else in between."""

    faster: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class GroupOrders:
    """Carries out operators' orders on routes and on their groups."""

    running: Running
    here: StandingHere
    mover: Mover

    async def give(
        self, route: Route, order: OperatorOrder, is_seen: Callable[[], bool] | None = None
    ) -> Given | MoveRefusal | TooLate:
        """`is_seen`: only while this holds, and nothing that anybody obeys changes meanwhile. AwayError."""
        for _ in range(TRIES):
            given = self.would_be(route, order)
            if isinstance(given, MoveRefusal) or given.after is given.before:
                return given
            before, after = given.before, given.after
            group = self._group(route, before, order)
            moves = self._moves(route, order, [(before, after), *group])
            standing = None if is_seen is None else self.here.standing.version
            made = await self.mover.move(*moves, standing=standing)
            if made is not Made.LOST:
                return Given(before=before, after=after, made=made, group=tuple(_member(*each) for each in group))
            late = await self._late(moves)
            if (late.faster and not may_repeat(order.verb, step=order.step)) or (is_seen and not is_seen()):
                return late
        return TooLate(faster=())

    def would_be(self, route: Route, order: OperatorOrder) -> Given | MoveRefusal:
        """What the order would make of the route and its group, where nobody moves them in between."""
        before = self.here.position(route)
        after = self._wanted(route, before, order)
        if isinstance(after, MoveRefusal) or after is before:
            return after if isinstance(after, MoveRefusal) else Given(before=before, after=after)
        if order.alone and after.place != before.place and (torn := self._torn(route)):
            return MoveRefusal(RefusalReason.NOWHERE, torn)
        group = self._group(route, before, order)
        return Given(before=before, after=after, group=tuple(_member(*each) for each in group))

    def _torn(self, route: Route) -> str:
        """What its group keeps together, in a sentence; empty: nothing but the draw."""
        members = [each for each in self.running.snapshot.routes if route.group and each.group == route.group]
        tied = next((each for each in members if each.tie and (each.tie.stay or each.tie.affinity)), None)
        if tied is None or len(members) == 1:
            return ""
        key = "stay" if tied.tie and tied.tie.stay else "affinity"
        return f"its group {route.group} keeps clients on one side (`{key}` of {tied.name}), so it moves together"

    def _group(
        self, route: Route, before: Position, order: OperatorOrder
    ) -> list[tuple[Position, Position | MoveRefusal]]:
        if order.alone:
            return []
        return [(each, self._wanted(other, each, order)) for other, each in self._others(route, before)]

    def _wanted(self, route: Route, before: Position, order: OperatorOrder) -> Position | MoveRefusal:
        upstreams = self.running.snapshot.upstreams
        return target_of(route, before, order.verb, self.here.clock(), upstreams, step=order.step)

    def _others(self, route: Route, before: Position) -> Iterator[tuple[Route, Position]]:
        """Members of its group that stand where it stands."""
        for each in self.running.snapshot.routes if route.group else ():
            position = self.here.position(each)
            is_other = each.group == route.group and each.name != route.name and each.respond is None
            if is_other and position.place == before.place:
                yield each, position

    def _moves(
        self, route: Route, order: OperatorOrder, found: Iterable[tuple[Position, Position | MoveRefusal]]
    ) -> list[Move]:
        """Of those that the order changes."""
        moves, now = [], self.here.clock()
        for before, after in found:
            if isinstance(after, MoveRefusal) or after is before:
                continue
            given = order.reason or f"{order.verb} was ordered"
            reason = given if before.route == route.name else f"with {route.name} of its group: {given}"
            moves.append(move(before, after, at=now, actor=order.by, numbers={}, reason=reason))
        return moves

    async def _late(self, moves: Iterable[Move]) -> TooLate:
        await self.mover.look()
        known = self.here.positions
        moved = (each.before.route for each in moves if known.get(each.before.route, each.before) != each.before)
        return TooLate(faster=tuple(moved))


def _member(before: Position, after: Position | MoveRefusal) -> GroupMember:
    if isinstance(after, MoveRefusal):
        return GroupMember(position=before, why=after.sentence)
    return GroupMember(position=after, why="it stands like that already" if after is before else "")
