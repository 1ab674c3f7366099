"""Which moves answer an alarm of the guard or the breaker, and which leave it standing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from proxy.control.judge.route_watch import RouteWatch
from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.guard import Bad, Process
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place
from proxy.core.position.position import Cause, Position, begun, moved, rolled_back
from tests.core.judge.cases import FIVE, standing


def alarmed(position: Position) -> RouteWatch:
    """Of a route at this position, with an alarm of the guard, an open breaker and a row of two failures."""
    watch = RouteWatch()
    watch.follow(position)
    watch.processes[Bad.ERROR] = Process(bad=Bad.ERROR, events=40, alarmed_at=5.0)
    watch.breaker = FailureRow(row=2, opened_at=5.0)
    return watch


LATCHED_FIVE = rolled_back(standing(LIVE), FIVE, Cause.OPERATOR, 9.0)


@pytest.mark.parametrize(
    ("start", "move", "answered"),
    [
        (LIVE, lambda at: rolled_back(at, FIVE, Cause.OPERATOR, 9.0), True),
        (FIVE, lambda at: rolled_back(at, SHADOW, Cause.GUARD, 9.0), False),
        (FIVE, lambda at: moved(at, LIVE, Cause.OPERATOR, 9.0), False),
        (SHADOW, lambda at: moved(at, FIVE, Cause.OPERATOR, 9.0), True),
        (SHADOW, lambda at: moved(at, FIVE, Cause.EVIDENCE, 9.0), True),
        (LEGACY, lambda at: moved(at, SHADOW, Cause.OPERATOR, 9.0), False),
        (RETIRED, lambda at: moved(at, COMPLETE, Cause.OPERATOR, 9.0), True),
        (FIVE, lambda at: held(at, Cause.OPERATOR), False),
        (FIVE, lambda at: moved(at, SHADOW, Cause.FILE, 9.0), True),
        (FIVE, lambda at: resumed(at, 9.0, has_ramp=True), True),
    ],
    ids=[
        "a step back",
        "a rollback",
        "a step forward",
        "promote to where new begins to answer",
        "the judge's step there",
        "a step to shadow",
        "back from retired",
        "a hold",
        "an edit",
        "resume",
    ],
)
def test_what_answers_an_alarm(start: Place, move: Callable[[Position], Position], *, answered: bool) -> None:
    """A step back to where new still answers somebody, one up to where it begins to, an edit and resume begin the guard
    anew; nothing else does.
    """
    watch = alarmed(standing(start))
    watch.follow(move(standing(start)))

    assert (watch.is_alarmed, watch.is_open) == (not answered, not answered)


def test_an_edit_answers_an_alarm_where_the_file_alone_rules() -> None:
    """A route that nobody ever moved has version 0 before and after it, and the same time since when it stands."""
    filed = replace(standing(FIVE), version=0)
    watch = alarmed(filed)
    watch.follow(replace(filed))
    looked_at_twice = watch.is_alarmed
    watch.answers = 20
    watch.follow(replace(filed, split=0.1, file_split=0.1))

    assert looked_at_twice
    assert (watch.is_alarmed, watch.answers) == (False, 0)


def test_a_hold_right_after_resume_hides_no_resume() -> None:
    """Both may come between two rounds: the latch that is gone says that the alarm was answered."""
    watch = alarmed(LATCHED_FIVE)
    watch.follow(held(resumed(LATCHED_FIVE, 10.0, has_ramp=True), Cause.OPERATOR))

    assert not watch.is_alarmed


@pytest.mark.parametrize("cause", [Cause.RESUME, Cause.FILE])
def test_a_new_epoch_answers_nothing(cause: Cause) -> None:
    """It ends what old differences block, whatever the move before it was; who fails now is still to be taken back."""
    position = moved(standing(FIVE), FIVE, cause, 4.0)
    watch = alarmed(position)
    watch.follow(begun(position))

    assert watch.is_alarmed


def test_a_hold_of_a_latched_route_answers_nothing() -> None:
    """Nor does a second look at the same position."""
    watch = alarmed(LATCHED_FIVE)
    watch.follow(LATCHED_FIVE)
    watch.follow(held(LATCHED_FIVE, Cause.OPERATOR))

    assert watch.is_alarmed


@pytest.mark.parametrize(("alarmed_at", "answered"), [(8.0, True), (10.0, False)])
def test_an_alarm_that_was_kept_is_answered_by_a_step_back_after_it(*, alarmed_at: float, answered: bool) -> None:
    """A judge that begins anew finds the route one step back, and an alarm from before that, or from after."""
    watch = RouteWatch(processes={Bad.ERROR: Process(bad=Bad.ERROR, alarmed_at=alarmed_at)})
    watch.follow(LATCHED_FIVE)

    assert watch.is_alarmed is not answered
