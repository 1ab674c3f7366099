from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, SHADOW, Place
from proxy.core.position.position import Cause, Position, begun, move, moved, reconcile, rolled_back, transition
from proxy.core.stage import Stage

STEPS = (0.01, 0.05, 0.25)
ONE, FIVE, TEN, QUARTER, HALF = (Place(Stage.CANARY, split) for split in (0.01, 0.05, 0.1, 0.25, 0.5))


def at(place: Place, file: Place | None = None) -> Position:
    said = file or place
    return Position(
        route="orders",
        stage=place.stage,
        split=place.split,
        version=7,
        latched=False,
        held=False,
        cause=Cause.FILE,
        since=100.0,
        file_stage=said.stage,
        file_split=said.split,
    )


def edited(position: Position | None, to: Place, steps: tuple[float, ...] = ()) -> Position:
    return reconcile(position, to.stage, to.split, route="orders", now=200.0, steps=steps)


@pytest.mark.parametrize("steps", [(), STEPS], ids=["no ramp", "ramp"])
def test_a_route_without_a_position_takes_the_files(steps: tuple[float, ...]) -> None:
    """What nobody has ever moved runs as the file says, at version 0."""
    found = edited(None, HALF, steps)

    assert (found.place, found.version, found.cause, found.since) == (HALF, 0, Cause.FILE, 200.0)
    assert found.file_place == HALF
    assert not found.latched
    assert not found.held


@pytest.mark.parametrize("steps", [(), STEPS], ids=["no ramp", "ramp"])
def test_a_file_that_says_the_same_changes_nothing(steps: tuple[float, ...]) -> None:
    """A reload that leaves stage and split alone ends no latch and moves nothing."""
    latched = rolled_back(at(HALF), SHADOW, Cause.GUARD, 150.0)

    assert edited(latched, HALF, steps) is latched


def test_an_edit_of_stage_or_split_ends_a_latch() -> None:
    """After a rollback the operator's edit counts: the route runs as edited, unlatched, at the next version."""
    latched = rolled_back(at(HALF), SHADOW, Cause.GUARD, 150.0)

    found = edited(latched, TEN)

    assert (found.place, found.file_place, found.latched) == (TEN, TEN, False)
    assert (found.version, found.cause, found.since) == (latched.version + 1, Cause.FILE, 200.0)


@pytest.mark.parametrize(
    ("runs", "said", "becomes"),
    [
        (LEGACY, HALF, SHADOW),
        (SHADOW, HALF, ONE),
        (ONE, HALF, FIVE),
        (FIVE, TEN, TEN),
        (QUARTER, LIVE, LIVE),
        (QUARTER, COMPLETE, LIVE),
        (LIVE, COMPLETE, COMPLETE),
        (LIVE, ONE, ONE),
        (QUARTER, LEGACY, LEGACY),
        (FIVE, FIVE, FIVE),
    ],
    ids=str,
)
def test_with_a_ramp_an_edit_lowers_at_once_and_raises_by_one_step(runs: Place, said: Place, becomes: Place) -> None:
    """Down goes the whole way; up goes one rung, and never past what the file says."""
    assert edited(at(runs, LEGACY if said != LEGACY else LIVE), said, STEPS).place == becomes


def test_without_a_ramp_the_file_is_law() -> None:
    """An edit moves the route the whole way up."""
    assert edited(at(LEGACY), COMPLETE).place == COMPLETE


@pytest.mark.parametrize("steps", [(), STEPS], ids=["no ramp", "ramp"])
def test_an_edit_that_says_what_runs_goes_on_with_its_step(steps: tuple[float, ...]) -> None:
    """The file comes up to what the judge has reached, and time and evidence stay; a latch that ends begins a step."""
    climbed, back = at(FIVE, file=SHADOW), replace(at(SHADOW, file=FIVE), latched=True)
    found, ended = edited(climbed, FIVE, steps), edited(back, SHADOW, steps)

    assert (found.place, found.file_place, found.version, found.cause) == (FIVE, FIVE, 8, Cause.FILE)
    assert (found.since, found.step) == (climbed.since, climbed.step)
    assert (ended.latched, ended.since) == (False, 200.0)


def test_a_rollback_latches_and_a_move_does_not() -> None:
    """Both make the next version and say why and since when."""
    move = moved(at(ONE), FIVE, Cause.EVIDENCE, 300.0)
    back = rolled_back(at(FIVE), SHADOW, Cause.BREAKER, 400.0)

    assert (move.place, move.version, move.cause, move.since, move.latched) == (FIVE, 8, Cause.EVIDENCE, 300.0, False)
    assert (back.place, back.version, back.cause, back.since, back.latched) == (SHADOW, 8, Cause.BREAKER, 400.0, True)


def test_a_transition_tells_the_whole_move() -> None:
    """The record has both places, the new version, the cause, the numbers and the reason."""
    before = at(FIVE)
    after = rolled_back(before, SHADOW, Cause.GUARD, 400.0)

    found = transition(before, after, actor="judge", numbers={"evidence": 12.5}, reason="5xx of new")

    assert (found.from_stage, found.from_split, found.to_stage, found.to_split) == (*FIVE, *SHADOW)
    assert (found.route, found.version, found.cause, found.actor) == ("orders", 8, Cause.GUARD, "judge")
    assert (found.at, found.numbers, found.reason) == (400.0, (("evidence", 12.5),), "5xx of new")


def test_a_step_begins_with_a_move_and_a_resume() -> None:
    """Its name is the moment; a hold and a new epoch go on with it, and where the file alone rules there is none."""
    position = at(FIVE)
    others = (
        moved(position, TEN, Cause.EVIDENCE, 150.5),
        resumed(position, 150.5, has_ramp=True),
        held(position, Cause.OPERATOR),
        begun(position),
        replace(position, version=0),
    )

    assert position.step == 100_000
    assert [other.step for other in others] == [150_500, 150_500, 100_000, 100_000, 0]


def test_a_new_epoch_changes_nothing_but_what_counts() -> None:
    """Place, latch, hold and cause stay; the version grows, so that what was ruled on before is dropped."""
    latched = held(rolled_back(at(HALF), SHADOW, Cause.GUARD, 150.0), Cause.GUARD)

    assert begun(latched) == replace(latched, begun=1, version=latched.version + 1)


def test_a_move_is_recorded_when_it_is_made() -> None:
    """A hold leaves what runs, and since when; its record has the time at which it was ordered."""
    before = at(FIVE)
    after = held(before, Cause.OPERATOR)

    found = move(before, after, at=400.0, actor="ann", numbers={}, reason="release")

    assert (found.before, found.after, found.record.at, after.since) == (before, after, 400.0, 100.0)
    assert found.record == replace(transition(before, after, actor="ann", numbers={}, reason="release"), at=400.0)
