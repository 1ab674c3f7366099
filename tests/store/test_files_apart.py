"""Replicas that read different files over one real store: whose file ends a latch, and whose does not."""

from __future__ import annotations

from typing import Any, cast

from proxy.control.position.standing_file import NOTHING, StandingFile
from proxy.core.position.ladder import SHADOW
from proxy.core.position.position import Cause, move, rolled_back
from tests.control.stands import Clock, Stand, canary, table
from tests.store.stores import Stores

SILENT_FOR = 20.0
"""Seconds, more than those for which a replica that says nothing counts as living."""


class Replicas:
    """Those over one store, under one clock."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.clock = Clock()

    async def start(self, instance: str, split: str, kept: StandingFile = NOTHING) -> Stand:
        """A replica with this file; without `kept` it remembers nothing."""
        store = cast("Any", self.stores.positions)
        stand = Stand(table(canary(split)), store, self.clock, instance=instance, kept=kept)
        await stand.begin()
        await stand.rounds()
        return stand

    async def pass_time(self, seconds: float) -> None:
        """For leases and replicas as for their clocks."""
        await self.stores.pass_time(seconds)
        self.clock.now += seconds


async def roll_back(stand: Stand) -> None:
    """The guard takes route `a` back."""
    before = stand.here.position(stand.route())
    after = rolled_back(before, SHADOW, Cause.GUARD, stand.clock())
    await stand.mover.move(move(before, after, at=stand.clock(), actor="judge", numbers={}, reason="bad"))


async def leave(stand: Stand) -> None:
    """As control does when it is stopped."""
    await stand.judge.leading.resign()
    await stand.judge.store.leave(stand.here.instance)


def is_latched(stand: Stand) -> bool:
    return stand.here.position(stand.route()).latched


async def test_a_replica_that_falls_silent_ends_no_latch(stores: Stores) -> None:
    """One with another file leads alone from then on: its file was not edited, so the route stays back."""
    replicas = Replicas(stores)
    one = await replicas.start("one", "5%")
    two = await replicas.start("two", "50%")
    await roll_back(one)
    await replicas.pass_time(SILENT_FOR)
    await two.rounds(3)

    assert two.judge.leading.lead is not None
    assert [presence.instance for presence in two.judge.presences] == ["two"]
    assert (two.place(), is_latched(two)) == ("shadow", True)


async def test_a_replica_that_takes_its_leave_ends_no_latch(stores: Stores) -> None:
    """It is stopped as it should be, and the one that stays has met it: which file is the edited one, nobody knows."""
    replicas = Replicas(stores)
    one = await replicas.start("one", "5%")
    two = await replicas.start("two", "50%")
    await roll_back(one)
    await leave(one)
    await two.rounds(3)

    assert two.judge.leading.lead is not None
    assert (two.place(), is_latched(two)) == ("shadow", True)


async def test_a_replica_that_was_never_met_counts_while_it_is_remembered(stores: Stores) -> None:
    """A container that begins with another file after the only replica was cut off ends no latch either."""
    replicas = Replicas(stores)
    await roll_back(await replicas.start("one", "5%"))
    await replicas.pass_time(SILENT_FOR)
    two = await replicas.start("two", "50%")
    await two.rounds(3)

    assert two.judge.leading.lead is not None
    assert (two.place(), is_latched(two)) == ("shadow", True)


async def test_a_file_that_said_so_before_the_latch_was_not_edited(stores: Stores) -> None:
    """A replica that remembers what its file said ends no latch by saying it again, though it is the only one."""
    replicas = Replicas(stores)
    two = await replicas.start("two", "50%")
    kept = two.kept[-1]
    await leave(two)
    one = await replicas.start("one", "5%")
    await roll_back(one)
    await leave(one)
    again = await replicas.start("two", "50%", kept)
    await again.rounds(3)

    assert again.judge.leading.lead is not None
    assert (again.place(), is_latched(again)) == ("shadow", True)


async def test_an_edit_of_the_file_that_is_left_ends_the_latch(stores: Stores) -> None:
    """After all of that an edit which the replica sees is one."""
    replicas = Replicas(stores)
    one = await replicas.start("one", "5%")
    two = await replicas.start("two", "50%")
    await roll_back(one)
    await replicas.pass_time(SILENT_FOR)
    await two.rounds(3)
    await two.edit(table(canary("40%")))

    assert (two.place(), is_latched(two)) == ("canary 40%", False)


async def test_what_is_not_latched_follows_the_file_that_is_left(stores: Stores) -> None:
    """Where all live replicas read one file, it is the law for routes that nothing keeps back."""
    replicas = Replicas(stores)
    one = await replicas.start("one", "5%")
    two = await replicas.start("two", "50%")
    await roll_back(one)
    await one.edit(table(canary("6%")))
    await replicas.pass_time(SILENT_FOR)
    await two.rounds(3)

    assert (two.place(), is_latched(two)) == ("canary 50%", False)
