"""What a replica moved alone, and what others did meanwhile: both stand when it is back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.control.position.mover import Made
from proxy.core.position.position import Cause, begun, move
from tests.control.stands import Clock, Stand, Store, canary, failures, table

RAMP = "ramp: {steps: [10%, 50%]}"


class Two:
    """Two replicas over one store, of which the first one loses it."""

    def __init__(self) -> None:
        """Both begun, at canary 10 %."""
        self.clock = Clock()
        self.stores = Store(self.clock), Store(self.clock)
        self.stores[1].behind = self.stores[0].behind
        snapshot = table(canary("10%", RAMP))
        self.one, self.two = (
            Stand(snapshot, store, self.clock, instance=name)
            for store, name in zip(self.stores, ("one", "two"), strict=True)
        )

    async def rounds(self, count: int) -> None:
        """Of both, a second apart."""
        for _ in range(count):
            await self.one.rounds()
            await self.two.rounds(seconds=0)

    async def fail_at_one(self) -> None:
        """New fails where the store is away: the first replica goes back alone."""
        self.one.hear(new_bad=30, bad=failures(30))
        await self.rounds(1)
        self.one.hear(legacy=5)
        await self.rounds(7)


@pytest.fixture
async def two() -> Two:
    found = Two()
    await found.one.begin()
    await found.two.begin()
    await found.rounds(3)
    return found


async def begin_epoch(stand: Stand) -> Made:
    """As `banyan epoch --begin`."""
    await stand.mover.look()
    before = stand.here.position(stand.route())
    found = move(before, begun(before), at=stand.clock(), actor="ann", numbers={}, reason="mended")
    return await stand.mover.move(replace(found, record=replace(found.record, cause=Cause.OPERATOR)), needs_store=True)


async def test_an_edit_that_it_missed_does_not_end_its_rollback(two: Two) -> None:
    """A rollback made alone stays latched when the edit that others took before it is read here later."""
    edited = table(canary("50%", RAMP))
    two.stores[0].away = True
    await two.one.rounds(2)
    await two.two.edit(edited)
    await two.rounds(2)
    await two.fail_at_one()
    two.stores[0].away = False
    await two.rounds(5)
    await two.one.edit(edited)
    await two.rounds(3)

    assert (two.two.place(), two.two.here.position(two.two.route()).latched) == ("shadow", True)


async def test_an_epoch_that_it_missed_stays_begun(two: Two) -> None:
    """What was begun while a replica was away is not taken back by what it did alone."""
    two.stores[0].away = True
    await two.fail_at_one()
    assert await begin_epoch(two.two) is Made.FOR_ALL
    begun_there = two.two.here.position(two.two.route()).begun
    two.stores[0].away = False
    await two.rounds(5)

    position = two.one.here.position(two.one.route())
    assert begun_there == position.begun == 1
    assert position.latched


async def test_a_control_that_begins_anew_knows_who_moved_a_route(two: Two) -> None:
    """The last move of each route is asked once, though nothing has moved since."""
    await two.fail_at_one()
    fresh = Stand(table(canary("10%", RAMP)), two.stores[0], two.clock, instance="one")
    fresh.here.take(await two.stores[0].behind.standing())
    await fresh.begin()

    assert fresh.here.moves["a"] == two.one.here.moves["a"]
