"""An order that answered an alarm, and a judge that begins anew before or after anybody kept that it did."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from proxy.control.judge.answered_alarms import answered_at
from proxy.control.judge.judging import KEEP_EVERY
from proxy.control.position.group_orders import GroupOrders, OperatorOrder
from proxy.core.position.ladder import COMPLETE, LEGACY, LIVE, RETIRED, SHADOW, Place
from proxy.core.position.position import Cause, Transition
from proxy.core.position.record import BEGUN
from proxy.store.evidence import EvidenceStore
from tests.control.stands import Clock, Guards, Stand, Store, alone, canary, failures
from tests.core.judge.cases import FIVE, ONE

RAMPED = canary(more="ramp: {steps: [10%, 50%]}")


async def order(stand: Stand, *verbs: str) -> None:
    """What an operator says, one after the other."""
    orders = GroupOrders(running=stand.running, here=stand.here, mover=stand.mover)
    for verb in verbs:
        await orders.give(stand.route(), OperatorOrder(verb=verb, reason="mended", by="somebody"))


async def fails(stand: Stand) -> None:
    """New fails while legacy answers: a breaker opens."""
    stand.hear(legacy=50, new_bad=10, bad=failures(10))
    await stand.rounds()


async def rolled_back(store: Store, clock: Clock, guards: Guards) -> Stand:
    """A route that was rolled back, and just now the alarm that did it was kept."""
    stand = await alone(store, clock, RAMPED, guards=guards)
    await fails(stand)
    await stand.rounds(int(KEEP_EVERY) + 1)
    assert any(guards.states["a", "breaker"].numbers)
    return stand


def again(stand: Stand, store: Store, guards: Guards) -> Stand:
    """The same replica after a restart, which has not begun yet."""
    return Stand(stand.running.snapshot, store, stand.clock, guards=guards, kept=stand.kept[-1])


@pytest.mark.parametrize("rounds", [0, 1], ids=["no round since", "a round since"])
@pytest.mark.parametrize("in_order", [True, False], ids=["ended", "killed"])
@pytest.mark.parametrize("away", [False, True], ids=["store there", "store away at first"])
async def test_a_restart_brings_back_no_alarm_that_was_answered(
    store: Store, clock: Clock, *, rounds: int, in_order: bool, away: bool
) -> None:
    """However it ended, and whether or not the judge had seen the orders: where the operator put it, it stays. Nor is
    it kept any longer, and what fails from then on takes the route back.
    """
    guards = Guards()
    stand = await rolled_back(store, clock, guards)
    await order(stand, "resume", "promote")
    await stand.rounds(rounds)
    if in_order:
        await stand.judge.end()
    reborn, store.away = again(stand, store, guards), away
    if away:
        await reborn.rounds()
        store.away = False
    else:
        await reborn.begin()
    await reborn.rounds(2 * int(KEEP_EVERY))
    place, kept = reborn.place(), guards.states["a", "breaker"].numbers
    await fails(reborn)

    assert (place, kept) == ("canary 10%", (0.0,))
    assert reborn.place() == "shadow"


async def test_an_alarm_since_the_order_outlives_a_restart(store: Store, clock: Clock) -> None:
    """Where an alarm only tells somebody it is told again, though a person resumed the route before it."""
    guards = Guards()
    paged = canary(more="ramp: {steps: [10%, 50%]}, guard: {on_failure: page}")
    stand = await alone(store, clock, paged, guards=guards)
    await order(stand, "hold", "resume")
    await stand.rounds()
    await fails(stand)
    await stand.judge.end()
    reborn = again(stand, store, guards)
    await reborn.begin()
    await reborn.rounds()

    assert reborn.judging.rulings["a"].judgement.reasons[0].startswith("new failed too many times in a row")


async def test_orders_that_come_between_two_rounds_answer_what_was_known(store: Store, clock: Clock) -> None:
    """Rolled back, resumed and promoted before the judge looks again: it sees a canary before, and one after."""
    paged = canary(more="ramp: {steps: [10%, 50%]}, guard: {on_failure: page}")
    stand = await alone(store, clock, paged)
    await fails(stand)
    before = stand.judging.rulings["a"].judgement.reasons[0]
    await order(stand, "rollback", "resume", "promote")
    await stand.rounds()

    assert before.startswith("new failed 10 times in a row")
    assert stand.judging.rulings["a"].judgement.reasons[0].startswith("at canary 10% for 1s")


async def test_who_ends_keeps_what_it_knows(store: Store, clock: Clock) -> None:
    """An alarm of the last second is there for who leads next, and the lead is free."""
    guards = Guards()
    stand = await alone(store, clock, RAMPED, guards=guards)
    await stand.rounds(int(KEEP_EVERY))
    await fails(stand)
    before = any(guards.states["a", "breaker"].numbers) if ("a", "breaker") in guards.states else False
    await stand.judge.end()

    assert (before, any(guards.states["a", "breaker"].numbers)) == (False, True)
    assert stand.judge.leading.lead is None


class HangingGuards(Guards):
    """A store that takes nothing any more."""

    async def save_guards(self, states: object, lead: object) -> bool:  # noqa: ARG002 - as stores do
        await asyncio.Event().wait()
        return True


async def test_a_store_that_hangs_at_the_end_holds_up_no_successor(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would have kept is lost; the lead is given back all the same."""
    stand = await alone(store, clock, RAMPED)
    await fails(stand)
    monkeypatch.setattr("proxy.control.judge.judging.LAST_PATIENCE", 0.0)
    stand.judge.guards = cast("EvidenceStore", HangingGuards())
    await stand.judge.end()

    assert await store.behind.try_lead("judge", "the next one", 4.0) is not None


def record(start: Place, end: Place, cause: Cause, at: float, *, begun: bool = False) -> Transition:
    """One of route `a`."""
    return Transition(
        route="a",
        version=int(at),
        from_stage=start.stage,
        from_split=start.split,
        to_stage=end.stage,
        to_split=end.split,
        cause=cause,
        actor="somebody",
        at=at,
        numbers=((BEGUN, 1.0),) if begun else (),
        reason="",
    )


@pytest.mark.parametrize(
    ("move", "answered"),
    [
        (record(SHADOW, SHADOW, Cause.RESUME, 5.0), True),
        (record(FIVE, FIVE, Cause.RESUME, 5.0, begun=True), False),
        (record(FIVE, SHADOW, Cause.FILE, 5.0), True),
        (record(LIVE, FIVE, Cause.OPERATOR, 5.0), True),
        (record(SHADOW, ONE, Cause.EVIDENCE, 5.0), True),
        (record(RETIRED, COMPLETE, Cause.OPERATOR, 5.0), True),
        (record(LEGACY, SHADOW, Cause.OPERATOR, 5.0), False),
        (record(ONE, FIVE, Cause.OPERATOR, 5.0), False),
        (record(FIVE, SHADOW, Cause.GUARD, 5.0), False),
        (record(FIVE, FIVE, Cause.OPERATOR, 5.0), False),
        (record(FIVE, FIVE, Cause.LEGACY, 5.0), False),
    ],
    ids=[
        "resume",
        "a new epoch after resume",
        "an edit",
        "a step back",
        "up to where new begins to answer",
        "back from retired",
        "a step to shadow",
        "a step forward",
        "a rollback",
        "a hold",
        "the judge's hold",
    ],
)
def test_which_records_answer_an_alarm(move: Transition, *, answered: bool) -> None:
    """The same moves as those that answer one where the judge sees them made."""
    assert answered_at([move]) == ({"a": 5.0} if answered else {})


@pytest.mark.parametrize(
    ("causes", "at"),
    [
        ([Cause.LEGACY, Cause.LEGACY], 2.0),
        ([Cause.LEGACY, Cause.LEGACY, Cause.LEGACY], 2.0),
        ([Cause.LEGACY, Cause.OPERATOR, Cause.LEGACY], None),
        ([Cause.RESUME, Cause.OPERATOR], 1.0),
    ],
)
def test_the_newest_record_that_answers_counts(causes: list[Cause], at: float | None) -> None:
    """The end of the judge's own hold answers what led to it; a person's hold in its place does not."""
    moves = [record(FIVE, FIVE, cause, float(number)) for number, cause in enumerate(causes, 1)]

    assert answered_at(reversed(moves)) == ({} if at is None else {"a": at})
