"""Edits of routes.yaml, and what they do to positions."""

from __future__ import annotations

from proxy.control.position.standing_file import SaidPlace, StandingFile
from proxy.core.position.ladder import SHADOW
from proxy.core.position.position import Cause, move, rolled_back
from tests.control.stands import Clock, Stand, Store, canary, table

RAMP = "ramp: {steps: [1%, 5%, 25%]}"


async def roll_back(stand: Stand, name: str = "a") -> None:
    """The guard takes a route back."""
    before = stand.here.position(stand.route(name))
    after = rolled_back(before, SHADOW, Cause.GUARD, stand.clock())
    await stand.mover.move(move(before, after, at=stand.clock(), actor="judge", numbers={}, reason="bad"))


async def latched(store: Store, clock: Clock, more: str = "") -> Stand:
    """A replica whose route was at 5 % and has been rolled back."""
    stand = Stand(table(canary("5%", more)), store, clock)
    await stand.begin()
    await roll_back(stand)
    return stand


async def test_an_edit_ends_a_rollback(store: Store, clock: Clock) -> None:
    """Without a ramp the file is law: the route runs as it now says, and the move is recorded as the file's."""
    stand = await latched(store, clock)
    await stand.edit(table(canary("6%")))

    assert stand.place() == "canary 6%"
    assert not stand.here.position(stand.route()).latched
    assert (await store.behind.transitions("a", 1))[0].cause is Cause.FILE


async def test_a_reload_that_says_the_same_ends_nothing(store: Store, clock: Clock) -> None:
    """Other routes may change: a latch ends by an edit of its own stage or split alone."""
    stand = await latched(store, clock)
    await stand.edit(table(canary("5%", "limits: {body_size: 1MiB}"), canary("1%", name="b")))

    assert stand.place() == "shadow"
    assert stand.here.position(stand.route()).latched


async def test_with_a_ramp_an_edit_raises_by_one_step_and_lowers_at_once(store: Store, clock: Clock) -> None:
    """From shadow an edit to 25 % leads to 1 %; an edit to legacy leads there."""
    stand = await latched(store, clock, RAMP)
    await stand.edit(table(canary("25%", RAMP)))
    raised = stand.place()
    await stand.edit(table(f"name: a, match: /a, stage: legacy, {RAMP}"))

    assert (raised, stand.place()) == ("canary 1%", "legacy")


async def test_a_route_nobody_has_moved_follows_the_file(store: Store, clock: Clock) -> None:
    """It has no position, and needs none."""
    stand = Stand(table(canary("5%")), store, clock)
    await stand.begin()
    await stand.edit(table(canary("50%")))

    assert stand.place() == "canary 50%"
    assert (await store.behind.standing()).positions == ()


async def test_an_old_file_ends_no_latch(store: Store, clock: Clock) -> None:
    """A replica that is started with another file than its peers, and remembers nothing, changes nothing."""
    first = await latched(store, clock)
    other = Stand(table(canary("50%")), store, clock, instance="two")
    await other.begin()
    for _ in range(3):
        await first.rounds()
        await other.rounds()

    assert (first.place(), other.place()) == ("shadow", "shadow")
    assert first.here.position(first.route()).latched


async def test_an_edit_while_nobody_ran_counts_when_all_agree(store: Store, clock: Clock) -> None:
    """The file was edited between two starts of the only replica: it leads, nobody disagrees, so it was an edit."""
    await latched(store, clock)
    reborn = Stand(table(canary("50%")), store, clock)
    await reborn.begin()
    clock.now += 60.0
    await reborn.rounds(2)

    assert reborn.place() == "canary 50%"


async def test_an_edit_is_seen_by_what_the_disk_remembers(store: Store, clock: Clock) -> None:
    """A replica that knows what its file said before takes a difference for an edit at once."""
    stand = await latched(store, clock)
    kept = stand.kept[-1]
    reborn = Stand(table(canary("4%")), store, clock, kept=kept)
    await reborn.begin()

    assert kept.said == {"a": SaidPlace(stage="canary", split=0.05)}
    assert reborn.place() == "canary 4%"


async def test_the_second_replica_that_reads_an_edit_changes_nothing(store: Store, clock: Clock) -> None:
    """What the first one's edit led to stands; one move is recorded for both."""
    first = await latched(store, clock)
    second = Stand(table(canary("5%")), store, clock, instance="two", kept=StandingFile(said=first.kept[-1].said))
    await second.begin()
    for each in (first, second):
        await each.edit(table(canary("6%")))

    moves = await store.behind.transitions("a", 9)
    assert [each.cause for each in moves] == [Cause.FILE, Cause.GUARD]
    assert second.place() == "canary 6%"


async def test_without_the_store_an_edit_lowers_here(store: Store, clock: Clock) -> None:
    """An emergency needs no database; it is written when that is back."""
    stand = Stand(table(canary("25%", RAMP)), store, clock)
    await stand.begin()
    await roll_back(stand)
    await stand.edit(table(canary("24%", RAMP)))
    store.away = True
    await stand.edit(table(f"name: a, match: /a, stage: legacy, {RAMP}"))
    here = stand.place()
    store.away = False
    await stand.rounds()

    assert (here, stand.place()) == ("legacy", "legacy")
    assert str((await store.behind.standing()).positions[0].place) == "legacy"


async def test_without_the_store_an_edit_raises_no_ramp(store: Store, clock: Clock) -> None:
    """It waits for the store; workers keep what was ordered for the file of before."""
    stand = await latched(store, clock, RAMP)
    store.away = True
    done = await stand.edit(table(canary("25%", RAMP)))
    waiting = stand.place(), stand.kept[-1].orders.routes[0].said_split
    store.away = False
    again = await stand.reconciling.follow()

    assert (done, waiting, again) == (False, ("shadow", 0.05), True)
    assert (stand.place(), stand.kept[-1].orders.routes[0].said_split) == ("canary 1%", 0.25)


async def test_a_ramp_begins_when_it_is_first_seen(store: Store, clock: Clock) -> None:
    """Its position is written once, so that an edit raises by one step, and time counts over restarts of control."""
    stand = Stand(table(canary("1%", RAMP)), store, clock)
    await stand.begin()
    await stand.rounds()
    since = stand.here.position(stand.route()).since
    clock.now += 600.0
    reborn = Stand(table(canary("1%", RAMP)), store, clock, kept=stand.kept[-1])
    await reborn.begin()
    await reborn.rounds(2)
    await reborn.edit(table(canary("25%", RAMP)))

    assert [each.reason for each in await store.behind.transitions("a", 9)][1:] == ["its ramp begins here"]
    assert since < clock.now - 600.0
    assert reborn.place() == "canary 5%"


async def test_what_another_replica_has_carried_out_meanwhile_is_not_done_again(store: Store, clock: Clock) -> None:
    """It finds its first edit made, looks at what stands, and sees that the second one was made as well."""
    replicas = [Stand(table(canary("5%"), canary("5%", name="b")), store, clock, instance=name) for name in "12"]
    for each in replicas:
        await each.begin()
    for name in ("a", "b"):
        await roll_back(replicas[0], name)
    await replicas[1].mover.look()
    for each in replicas:
        assert await each.edit(table(canary("6%"), canary("6%", name="b")))

    assert [each.cause for each in await store.behind.transitions("b", 9)] == [Cause.FILE, Cause.GUARD]
    assert {(each.route, str(each.place)) for each in (await store.behind.standing()).positions} == {
        ("a", "canary 6%"),
        ("b", "canary 6%"),
    }
