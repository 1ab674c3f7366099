"""Time and answers while one side of a route is closed: no part of a step, over restarts and edits too."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proxy.control.judge.closed_times import ClosedTimes, closed_at
from proxy.core.judge.policy import Freeze
from proxy.core.judge.ramp import ComparedCounts, Measures
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.steps.closed_hours import ClosedHours
from tests.control.stands import START, Clock, Guards, Known, Stand, Store, alone, canary, failures, table

RAMP = "ramp: {steps: [1%, 5%, 50%], hold: 10m, soak: 10m, needs: {capacity: false, requests: 10}}"
PROVED = Measures(
    compared=5000, pairs=PairCounts(5000), answered=ComparedCounts(2000), unseen=0.001, uncovered=0, newest_at=START
)
SHUT, OPEN = START + 300.0, START + 1500.0


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def windows(ends: str) -> str:
    return f'{RAMP}, windows: [{{name: w, start: "{iso(SHUT)}", end: "{iso(OPEN)}", {ends}}}]'


CLOSED, STOPPED, PLAIN = windows("answer: 503"), windows("stops: everything"), windows("stops: promotion")


async def passing(stand: Stand, until: float, *, new: int = 0) -> None:
    """Rounds of ten seconds, with so many answers of new in each; what is compared stays fresh."""
    while stand.clock.now < until:
        stand.known.by_route = {"a": replace(PROVED, newest_at=stand.clock.now)}
        stand.hear(legacy=9, new=new)
        await stand.rounds(seconds=10.0)


def reasons(stand: Stand) -> str:
    return "; ".join(stand.judging.ruling(stand.route()).judgement.reasons)


async def begun(store: Store, clock: Clock, more: str, guards: Guards | None = None) -> Stand:
    return await alone(store, clock, canary("1%", more), known=Known({"a": PROVED}), guards=guards or Guards())


async def test_a_step_lacks_after_closed_hours_what_it_lacked_before_them(store: Store, clock: Clock) -> None:
    """Five of ten minutes before them, five after: the twenty between are none of it, and the reasons say so."""
    stand = await begun(store, clock, CLOSED)
    await passing(stand, SHUT, new=5)
    await passing(stand, OPEN + 10.0, new=5)
    reopened = stand.place(), reasons(stand)
    await passing(stand, OPEN + 270.0, new=5)
    before = stand.place()
    await passing(stand, OPEN + 340.0, new=5)

    assert reopened[0] == before == "canary 1%"
    assert ", without 20m" in reopened[1]
    assert "in which one side was closed" in reopened[1]
    assert stand.place() == "canary 5%"


@pytest.mark.parametrize("more", [STOPPED, PLAIN])
async def test_a_window_that_closes_nothing_takes_no_time_off(store: Store, clock: Clock, more: str) -> None:
    """Both sides answered in it: hold and answers go on, and the step falls once it is over."""
    stand = await begun(store, clock, more)
    await passing(stand, OPEN - 10.0, new=5)
    within = stand.place()
    await passing(stand, OPEN + 10.0)

    assert (within, stand.place()) == ("canary 1%", "canary 5%")


async def test_what_new_answered_while_legacy_was_closed_is_no_answer_of_the_step(store: Store, clock: Clock) -> None:
    """Nor what is told of it just after the end; what comes then counts."""
    stand = await begun(store, clock, CLOSED)
    await passing(stand, SHUT)
    await passing(stand, OPEN, new=50)
    stand.hear(new=50)
    await stand.rounds(seconds=1.0)
    await passing(stand, OPEN + 400.0)
    waits = stand.place(), reasons(stand)
    await passing(stand, OPEN + 430.0, new=5)

    assert waits[0] == "canary 1%"
    assert "new answered 0 of 10 requests at this step, without what it answered while one side was closed" in waits[1]
    assert stand.place() == "canary 5%"


async def test_new_carries_nothing_while_legacy_is_closed(store: Store, clock: Clock) -> None:
    """It answers all of what is answered then, which says nothing of the share of a whole route that it can carry."""
    stand = await begun(store, clock, CLOSED.replace("capacity: false, ", ""))
    await passing(stand, SHUT, new=0)
    before = stand.judging._watches["a"].capacity.proved
    for _ in range(20):
        stand.hear(new=500)
        await stand.rounds(seconds=30.0)

    assert stand.judging._watches["a"].capacity.proved == before


async def test_who_judges_next_knows_the_closed_time(store: Store, clock: Clock) -> None:
    """It is kept with the guards: a restart within closed hours, or after them, brings no step forward."""
    guards = Guards()
    stand = await begun(store, clock, CLOSED, guards)
    await passing(stand, OPEN + 10.0, new=5)
    await stand.judge.end()
    other = await begun(store, clock, CLOSED, guards)
    await passing(other, OPEN + 200.0, new=5)
    waits = other.place()
    await passing(other, OPEN + 340.0, new=5)

    assert (waits, other.place()) == ("canary 1%", "canary 5%")


async def test_closed_time_stays_when_its_window_is_edited_away(store: Store, clock: Clock) -> None:
    """Open again by an edit, the step lacks what it lacked."""
    stand = await begun(store, clock, CLOSED)
    await passing(stand, OPEN - 300.0, new=5)
    await stand.edit(table(canary("1%", RAMP)))
    await passing(stand, OPEN, new=5)
    waits = stand.place()
    await passing(stand, OPEN + 40.0, new=5)

    assert (waits, stand.place()) == ("canary 1%", "canary 5%")


HOUR = f'[{{name: w, start: "{iso(START)}", end: "{iso(START + 3600.0)}", answer: 503}}]'
SIDES = {
    "legacy": (HOUR, "new failed 30 times in a row while legacy was closed", "page"),
    "plain": (
        HOUR.replace("answer: 503", "stops: everything"),
        "new failed 5 times in a row while legacy answered",
        "page",
    ),
    "none": ("[]", "new failed 5 times in a row while legacy answered", "rollback"),
}


@pytest.mark.parametrize("said", SIDES)
async def test_of_a_closed_legacy_nobody_says_that_it_answered(store: Store, clock: Clock, said: str) -> None:
    """However well its probe finds it; in a window that closes nothing, and in none, it does answer."""
    window, reason, action = SIDES[said]
    stand = await alone(store, clock, canary("10%", f"windows: {window}"))
    stand.healthy = {"legacy"}
    rulings = []
    for _ in range(6):
        stand.hear(legacy=0 if said == "legacy" else 9, bad=failures(5), new_bad=5)
        await stand.rounds()
        rulings.append(stand.judging.ruling(stand.route()))
    first = next(each for each in rulings if each.judgement.reasons[0].startswith("new failed"))

    assert (first.judgement.reasons[0], first.action) == (reason, action)


def test_which_routes_are_closed_and_what_became_of_their_names() -> None:
    """By either side's windows; a renamed route keeps its stretches, one that is gone has none."""
    shut = (Freeze(name="w", start=100.0, end=200.0, closes=True),)
    routes = {"a": ClosedHours(legacy=shut), "b": ClosedHours(new=shut), "c": ClosedHours()}
    times = ClosedTimes()
    times.note("a", 99.0, 100.0, is_on=True)
    times.note("b", 99.0, 100.0, is_on=True)
    times.note("a", 100.0, 101.0, is_on=False)
    times.follow({"a": "z"})

    assert [closed_at(routes, now) for now in (99.0, 100.0, 200.0)] == [set(), {"a", "b"}, set()]
    assert (times.of("z").stretches, times.of("b").stretches) == (((99.0, 101.0),), ())
    assert [times.is_told_of("z", now) for now in (106.0, 106.1)] == [True, False]
