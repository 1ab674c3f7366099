"""What the judge has against a route, as far as it ends the route's brown-out."""

from __future__ import annotations

import pytest

from proxy.control.brownout.route_alarm import alarm_of
from proxy.core.judge.verdict import Action, Judgement, Ruling, Verdict
from proxy.core.position.ladder import LEGACY, LIVE
from proxy.core.position.position import Cause, Position, moved, reconcile, rolled_back

POSITION = reconcile(None, LIVE.stage, 0.0, route="a", now=10.0)


def ruling(action: Action, alarm: str = "") -> Ruling:
    said = Judgement(verdict=Verdict.HOLD, reasons=("new fails", "more"), numbers=(), alarm=alarm)
    return Ruling(position=POSITION, judgement=said, action=action)


@pytest.mark.parametrize("action", [Action.ROLLBACK, Action.FREEZE, Action.PAGE])
def test_whatever_alarms_ends_it(action: Action) -> None:
    """A step back, a hold because legacy is down, or a call of somebody."""
    assert alarm_of(ruling(action), POSITION, 20.0) == "new fails"


@pytest.mark.parametrize("action", [Action.STAY, Action.PROMOTE, Action.RELEASE])
def test_nothing_else_does(action: Action) -> None:
    """Unless an alarm stands that moves nothing."""
    assert alarm_of(ruling(action), POSITION, 20.0) == ""
    assert alarm_of(ruling(action, "pinned cohorts fail"), POSITION, 20.0) == "pinned cohorts fail"
    assert alarm_of(None, POSITION, 20.0) == ""


@pytest.mark.parametrize(("at", "said"), [(19.0, ""), (20.0, "the route was rolled back (guard)")])
def test_a_rollback_since_it_began_ends_it(at: float, said: str) -> None:
    """One from before is no alarm of now, and a step back by hand is none at all."""
    back: Position = rolled_back(POSITION, LEGACY, Cause.GUARD, at)
    assert alarm_of(None, back, 20.0) == said
    assert alarm_of(None, moved(POSITION, LEGACY, Cause.OPERATOR, at), 20.0) == ""
