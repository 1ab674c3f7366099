"""What was made here without the store, as it is written when the store is back, and when it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.control.position.mover import Made
from proxy.core.position.hold import held, resumed
from proxy.core.position.ladder import LIVE, SHADOW
from proxy.core.position.position import Cause, Position, begun, moved, rolled_back
from proxy.core.position.position import move as decided
from tests.control.position.test_mover import FIVE, HALF, back, move
from tests.control.stands import Clock, Stand, Store, canary, table


@pytest.mark.parametrize("kept_back", ["latched", "held by the judge", "held by a person"])
async def test_an_edit_without_the_store_is_written_as_it_was_made(clock: Clock, store: Store, kept_back: str) -> None:
    """It ends the latch, and the hold that is the judge's, as it does with the store there; a person's hold stays."""
    stand = Stand(table(canary("50%")), store, clock)
    await stand.begin()
    before = stand.here.position(stand.route())
    on_hold = held(before, Cause.LEGACY if kept_back == "held by the judge" else Cause.OPERATOR)
    await move(stand, back(stand) if kept_back == "latched" else on_hold)
    store.away = True
    await stand.edit(table(canary("5%")))
    here = stand.here.position(stand.route())
    store.away = False
    await stand.rounds(3)
    stood = (await store.behind.standing()).positions[0]

    assert (str(here.place), stand.here.pending) == ("canary 5%", {})
    assert (stood.place, stood.file_place, stood.latched) == (FIVE, FIVE, False)
    assert (stood.held, here.held) == (kept_back == "held by a person",) * 2


async def test_an_edit_and_a_rollback_without_the_store_are_both_written(clock: Clock, store: Store) -> None:
    """The rollback comes last, and what routes.yaml said before it is what `resume` leads to."""
    stand = Stand(table(canary("50%")), store, clock)
    await stand.begin()
    await move(stand, held(stand.here.position(stand.route()), Cause.OPERATOR))
    store.away = True
    await stand.edit(table(canary("5%")))
    await move(stand, back(stand))
    store.away = False
    await stand.mover.settle()
    stood = (await store.behind.standing()).positions[0]

    assert (stood.place, stood.file_place, stood.latched) == (SHADOW, FIVE, True)


async def test_a_move_here_keeps_no_hold_of_the_judge_elsewhere(clock: Clock, store: Store) -> None:
    """Two replicas that see legacy differently: what is written late would make that hold one that never ends."""
    here, there = Stand(table(canary("50%")), store, clock), Stand(table(canary("50%")), store, clock, instance="two")
    store.away = True
    await move(here, back(here))
    store.away = False
    await move(there, held(there.here.position(there.route()), Cause.LEGACY))
    await here.mover.settle()
    stood = (await store.behind.standing()).positions[0]

    assert (stood.place, stood.latched, stood.held) == (SHADOW, True, False)


ORDERS: dict[str, Callable[[Position, float], Position]] = {
    "promoted": lambda before, at: moved(before, HALF, Cause.OPERATOR, at),
    "resumed": lambda before, at: resumed(before, at, has_ramp=True),
    "edited": lambda before, at: moved(before, HALF, Cause.FILE, at),
    "held": lambda before, _: held(before, Cause.OPERATOR),
    "nothing": lambda before, _: before,
}
SINCE: dict[str, Callable[[Position, float], Position]] = {
    "the judge promotes": lambda before, at: moved(before, LIVE, Cause.EVIDENCE, at),
    "the judge holds": lambda before, _: held(before, Cause.LEGACY),
    "an epoch begins": lambda before, _: begun(before),
}


@pytest.mark.parametrize("since", SINCE)
@pytest.mark.parametrize(
    ("ordered", "ends"),
    [("promoted", "stays"), ("resumed", "stays"), ("edited", "stays"), ("held", "shadow"), ("nothing", "shadow")],
)
async def test_an_order_is_not_overtaken_by_an_older_move(
    clock: Clock, store: Store, since: str, ordered: str, ends: str
) -> None:
    """Whatever the judge has made of the route since a person moved it or let it go on; a hold keeps nobody back."""
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    await move(here, held(here.here.position(here.route()), Cause.OPERATOR))
    await there.mover.look()
    store.away = True
    await move(here, back(here))
    store.away = False
    for make in (ORDERS[ordered], SINCE[since]):
        clock.now += 10.0
        before = there.here.position(there.route())
        if before != (after := make(before, clock())):
            record = decided(before, after, at=clock(), actor="ann", numbers={}, reason="why")
            assert await there.mover.move(record) is Made.FOR_ALL
    stood = there.place()
    await here.mover.settle()

    assert here.here.pending == {}
    assert str((await store.behind.standing()).positions[0].place) == (stood if ends == "stays" else ends)


async def test_the_beginning_of_a_ramp_is_no_order(clock: Clock, store: Store) -> None:
    """The route had no position when it was taken back here alone; another replica has begun its ramp since."""
    ramp = canary("10%", "ramp: {}")
    here, there = Stand(table(ramp), store, clock), Stand(table(ramp), store, clock, instance="two")
    store.away = True
    await move(here, back(here))
    store.away = False
    clock.now += 10.0
    await there.begin()
    await there.rounds()
    began = there.here.position(there.route())
    await here.mover.settle()

    assert (began.version, str(began.place)) == (1, "canary 10%")
    assert str((await store.behind.standing()).positions[0].place) == "shadow"


async def test_a_latch_and_a_hold_of_others_outlive_what_is_written_late(clock: Clock, store: Store) -> None:
    """A replica that was cut off froze the route here; meanwhile it was stepped back and held elsewhere."""
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    store.away = True
    await move(here, back(here))
    store.away = False
    await move(there, rolled_back(there.here.position(there.route()), FIVE, Cause.BREAKER, clock()))
    await move(there, held(there.here.position(there.route()), Cause.OPERATOR))
    await here.mover.settle()
    await there.mover.look()

    stood = there.here.position(there.route())
    assert (str(stood.place), stood.latched, stood.held, stood.version) == ("shadow", True, True, 3)


@pytest.mark.parametrize("alone", [Cause.OPERATOR, Cause.LEGACY])
async def test_of_two_holds_the_persons_stands(clock: Clock, store: Store, alone: Cause) -> None:
    """One was set without the store, the other one in it: that of the judge would end by itself."""
    other = next(each for each in (Cause.OPERATOR, Cause.LEGACY) if each is not alone)
    here, there = Stand(table(canary()), store, clock), Stand(table(canary()), store, clock, instance="two")
    store.away = True
    await move(here, held(here.here.position(here.route()), alone))
    store.away = False
    await move(there, held(there.here.position(there.route()), other))
    await here.mover.settle()

    stood = (await store.behind.standing()).positions[0]
    assert (stood.held, stood.cause, here.here.pending) == (True, Cause.OPERATOR, {})
