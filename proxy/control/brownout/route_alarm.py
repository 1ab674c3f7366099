"""What the judge has against a route, as far as it ends the route's brown-out."""

from __future__ import annotations

from proxy.core.judge.verdict import Action, Ruling
from proxy.core.position.position import Position

_ALARMING = (Action.ROLLBACK, Action.FREEZE, Action.PAGE)


def alarm_of(ruling: Ruling | None, position: Position, since: float) -> str:
    """As a sentence; empty: nothing. A route that was rolled back since then has had its alarm."""
    if position.latched and position.since >= since:
        return f"the route was rolled back ({position.cause})"
    if ruling is None:
        return ""
    return ruling.judgement.reasons[0] if ruling.action in _ALARMING else ruling.judgement.alarm
