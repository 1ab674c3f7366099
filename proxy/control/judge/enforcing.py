"""What becomes of the judge's rulings: which are carried out, and which have to be made anew.

Rule 1: a ruling is carried out only where the position that it saw still stands.
Rule 2: steps back come first, of all routes. Then ends of the judge's own holds and steps forward, each only while
        nothing at all has changed since the standing that was looked at for it: an order on this route, or on another
        one that it depends on, comes first.
Rule 3: what was ruled on routes of one group is done to all of them or to none; for a step forward those that stay
        where they are must still stand there.
Rule 4: an alarm that moves nothing is told once for as long as it lasts, and again where new died anew meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from proxy.control.fleet.lease import Leading
from proxy.control.journal.authority_moves import UndoneWritesError
from proxy.control.judge.judge_round import RouteJudging
from proxy.control.position.mover import AwayError, Made, Mover
from proxy.control.position.standing_here import StandingHere
from proxy.core.judge.breaker import ANEW
from proxy.core.judge.verdict import Action, Ruling
from proxy.core.position.hold import held
from proxy.core.position.position import Cause, Move, Position, move, moved, rolled_back
from proxy.core.position.record import RELEASED
from proxy.store.errors import StoreRefused

_BACK = (Action.ROLLBACK, Action.FREEZE)
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Enforcing:
    """`page` is told of alarms that move nothing."""

    here: StandingHere
    mover: Mover
    judging: RouteJudging
    leading: Leading
    page: Callable[[str, Ruling], None]
    _paged: dict[str, Ruling] = field(default_factory=dict)

    async def enforce(self, rulings: Mapping[str, Ruling]) -> bool:
        """Carry them out. False: something that leads back has to be ruled on anew. AwayError: the store is away."""
        self._tell(rulings)
        acting = {name for name, each in rulings.items() if each.action not in (Action.STAY, Action.PAGE)}
        if not acting:
            return True
        groups = [each for each in self.judging.groups(rulings) if not acting.isdisjoint(each)]
        if not await self._all_back(groups):
            return False
        for group in groups if self.leading.lead is not None else ():
            await self._release(group)
            await self._forward(group)
        return True

    async def _all_back(self, groups: Sequence[Mapping[str, Ruling]]) -> bool:
        """Each group by itself: one whose move has to wait for the store keeps no other from going back."""
        are_back, away = True, None
        for group in groups:
            try:
                are_back = await self._back(group) and are_back
            except AwayError as error:
                away = error
        if away is not None:
            raise away
        return are_back

    async def _back(self, group: Mapping[str, Ruling]) -> bool:
        chosen = {name: each for name, each in group.items() if each.action in _BACK}
        return not chosen or (self._still_stand(chosen) and await self._carry_out(chosen))

    async def _release(self, group: Mapping[str, Ruling]) -> None:
        """End the judge's own holds; whoever has ordered something since comes first."""
        chosen = {name: each for name, each in group.items() if each.action is Action.RELEASE}
        if chosen and self._still_stand(chosen):
            await self._carry_out(chosen, self.here.standing.version)

    async def _forward(self, group: Mapping[str, Ruling]) -> None:
        chosen = {name: each for name, each in group.items() if each.action is Action.PROMOTE}
        if not chosen or not self._still_stand(group):
            return
        standing = self.here.standing.version
        if not any(self._forbidden(name) for name in chosen):
            await self._carry_out(chosen, standing)

    def _still_stand(self, rulings: Mapping[str, Ruling]) -> bool:
        found = ((self._position(name), each) for name, each in rulings.items())
        return all(position is not None and each.is_about(position) for position, each in found)

    def _position(self, name: str) -> Position | None:
        route = self.judging.route(name)
        return None if route is None else self.here.position(route)

    def _forbidden(self, name: str) -> bool:
        route = self.judging.route(name)
        return route is None or self.judging.forbidden(route) is not None

    async def _carry_out(self, rulings: Mapping[str, Ruling], standing: int | None = None) -> bool:
        """Whether nothing remains to be done; False: it was late."""
        moves = [self._move(name, each) for name, each in rulings.items()]
        try:
            made = await self.mover.move(*moves, lead=self.leading.lead, standing=standing)
        except UndoneWritesError as error:
            _log.warning("move_waits", routes=sorted(rulings), error=str(error))
            return True
        except StoreRefused as error:
            _log.error("move_refused", routes=sorted(rulings), error=str(error))
            return True
        if made is not Made.LOST:
            return True
        hint = "another was faster, or this replica leads no more; nothing was moved, and it is ruled on anew"
        _log.warning("move_lost", routes=sorted(rulings), hint=hint)
        await self.mover.look()
        return False

    def _move(self, name: str, ruling: Ruling) -> Move:
        before = self._position(name) or ruling.position
        reason, numbers = "; ".join(ruling.judgement.reasons), dict(ruling.judgement.numbers)
        if ruling.action is Action.RELEASE:
            numbers[RELEASED] = 1.0
        now, actor = self.here.clock(), f"judge at {self.here.instance}"
        after = _after(before, ruling, now)
        return move(before, after, at=now, actor=actor, numbers=numbers, reason=reason)

    def _tell(self, rulings: Mapping[str, Ruling]) -> None:
        paging = {name: each for name, each in rulings.items() if each.action is Action.PAGE}
        self._paged = {name: each for name, each in self._paged.items() if name in paging}
        for name, each in paging.items():
            if name not in self._paged or _is_later(each, self._paged[name]):
                _log.error("alarm", route=name, cause=each.cause.value, reasons=each.judgement.reasons)
                self.page(name, each)
                self._paged[name] = each


def _is_later(ruling: Ruling, told: Ruling) -> bool:
    """Whether what it answers was raised long after what was told last: guard and breakers find one death together."""
    return ruling.alarmed_at is not None and ruling.alarmed_at - (told.alarmed_at or 0.0) >= ANEW


def _after(before: Position, ruling: Ruling, now: float) -> Position:
    """Where a ruling leads that moves something."""
    if ruling.to is None:
        return held(before, ruling.cause, on=ruling.action is not Action.RELEASE)
    if ruling.action is Action.PROMOTE:
        return moved(before, ruling.to, Cause.EVIDENCE, now)
    return rolled_back(before, ruling.to, ruling.cause, now)
