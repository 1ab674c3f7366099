"""The contract of PositionStore, held to by every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import replace

import pytest

from proxy.core.outcome import Side
from proxy.core.position.position import Move, Transition
from proxy.core.position.record import (
    OrderKind,
    OrderRecord,
    pin_record,
    unpin_record,
)
from proxy.core.position.standing import NEWCOMERS, Lead, Pin, Presence, Standing
from proxy.core.stage import Stage
from tests.store.records import ROUTE, position, transition
from tests.store.stores import Stores

PIN = Pin(route=ROUTE, cohort="tenant-7", side=Side.LEGACY, by="ann", since=5.0, until=9.0, reason="migrates last")


async def test_a_new_store_says_nothing(stores: Stores) -> None:
    """Without positions every replica runs what its file says."""
    assert await stores.positions.standing() == Standing()
    assert await stores.positions.transitions(None, 10) == ()
    assert await stores.positions.presences(60.0) == ()


async def test_a_position_is_moved_by_its_version(stores: Stores) -> None:
    """The first needs that there is none, each further one the version before it; what loses changes nothing."""
    first, second = position(1), position(2, stage=Stage.LIVE, split=1.0)

    assert not await stores.positions.compare_and_set(second, 1, transition(second))
    assert await stores.positions.compare_and_set(first, 0, transition(first))
    assert not await stores.positions.compare_and_set(first, 0, transition(first))
    assert await stores.positions.compare_and_set(second, 1, transition(second, reason="later"))
    assert not await stores.positions.compare_and_set(second, 1, transition(second))

    standing = await stores.positions.standing()
    assert standing == Standing(version=2, positions=(second,))
    assert isinstance(standing.positions[0].stage, Stage)


async def test_how_often_an_epoch_was_begun_is_kept(stores: Stores) -> None:
    """With the position."""
    first, second = position(1), replace(position(2), begun=1)
    await stores.positions.compare_and_set(first, 0, transition(first))
    await stores.positions.compare_and_set(second, 1, transition(second))

    assert (await stores.positions.standing()).positions == (second,)


async def test_moves_are_recorded_newest_first(stores: Stores) -> None:
    """Each with its numbers and reason, whatever these are; of one route or of all; no more than asked for."""
    moves: list[Transition] = []
    for route, version in (("a", 1), ("b", 1), ("a", 2)):
        to = position(version, route=route)
        moves.insert(0, transition(to, reason=f"{route}{version}", at=100.0 - version))
        assert await stores.positions.compare_and_set(to, version - 1, moves[0])

    assert await stores.positions.transitions(None, 10) == tuple(moves)
    assert await stores.positions.transitions("a", 10) == (moves[0], moves[2])
    assert await stores.positions.transitions(None, 1) == (moves[0],)


async def test_a_long_reason_is_kept_whole(stores: Stores) -> None:
    """A promotion names every need that was met."""
    reason = "; ".join(f"need {number} was met, and here is with which numbers it was met" for number in range(30))
    made = transition(position(1), reason=reason)
    await stores.positions.compare_and_set(position(1), 0, made)

    assert len(reason) > 1500
    assert [each.reason for each in await stores.positions.transitions(None, 1)] == [reason]


async def test_of_forty_movers_one_wins(stores: Stores) -> None:
    """However many move a route at once, from nothing and from a version: one does, and one move is recorded."""
    for version in (1, 2):
        moves = [transition(position(version), reason=str(number)) for number in range(40)]
        tries = (stores.positions.compare_and_set(position(version), version - 1, move) for move in moves)
        won = await asyncio.gather(*tries)

        assert won.count(True) == 1
        assert (await stores.positions.transitions(ROUTE, 1))[0].reason == str(won.index(True))
    assert len(await stores.positions.transitions(ROUTE, 50)) == 2


def together(*moves: tuple[str, int]) -> list[Move]:
    """Of these routes, each to this version from the one before."""
    found = []
    for route, version in moves:
        before, after = position(version - 1, route=route), position(version, stage=Stage.LIVE, route=route)
        found.append(Move(before=before, after=after, record=transition(after)))
    return found


async def test_moves_are_made_together_or_not_at_all(stores: Stores) -> None:
    """One that is late, wherever it stands among them, and a lead that no longer holds, keep all where they are."""
    lead = await take_lead(stores, "first")
    assert await stores.positions.compare_and_set_all(together(("a", 1), ("b", 1), ("c", 1)), lead)
    stood = await stores.positions.standing()
    for late in ((("a", 1), ("b", 2), ("c", 2)), (("a", 2), ("b", 3), ("c", 2)), (("a", 2), ("b", 2), ("c", 1))):
        assert not await stores.positions.compare_and_set_all(together(*late))
    assert not await stores.positions.compare_and_set_all(together(("a", 2)), replace(lead, epoch=lead.epoch + 1))
    assert await stores.positions.standing() == stood
    assert len(await stores.positions.transitions(None, 9)) == 3

    assert await stores.positions.compare_and_set_all(together(("a", 2), ("b", 2)))
    assert [each.version for each in (await stores.positions.standing()).positions] == [2, 2, 1]


async def test_what_names_a_standing_is_done_on_that_one_alone(stores: Stores) -> None:
    """After any change, of another route or of a pin, neither a move nor a pin that was decided before it is made."""
    await stores.positions.compare_and_set_all(together(("a", 1)), standing=0)
    for version in (0, 2):
        assert not await stores.positions.compare_and_set_all(together(("b", 1)), standing=version)
        assert not await stores.positions.set_pin(PIN, version)
    assert await stores.positions.set_pin(PIN, 1)
    assert not await stores.positions.drop_pin(ROUTE, PIN.cohort, 1)
    assert await stores.positions.compare_and_set_all(together(("b", 1)), standing=2)
    assert await stores.positions.drop_pin(ROUTE, PIN.cohort, 3)

    standing = await stores.positions.standing()
    assert (standing.version, standing.pins, [each.route for each in standing.positions]) == (4, (), ["a", "b"])


async def test_movers_of_one_and_of_several_never_wait_for_each_other(stores: Stores) -> None:
    """Moves of a group in both orders, of single routes, and pins, all at once: each is made or late, none fails."""
    routes = ["a", "b", "c"]
    await stores.positions.compare_and_set_all(together(*((each, 1) for each in routes)))
    tries: list[Awaitable[bool]] = []
    for version in range(2, 8):
        tries += [stores.positions.compare_and_set_all(together(*((each, version) for each in routes)))]
        tries += [stores.positions.compare_and_set_all(together(*((each, version) for each in reversed(routes))))]
        tries += [stores.positions.compare_and_set_all(together((each, version))) for each in routes]
        tries += [stores.positions.set_pin(replace(PIN, cohort=str(version)))]
    made = await asyncio.gather(*tries)

    standing = await stores.positions.standing()
    assert any(made)
    assert len(standing.pins) == 6
    moves = await stores.positions.transitions(None, 99)
    for route, found in zip(routes, standing.positions, strict=True):
        versions = [move.version for move in moves if move.route == route]
        assert versions == list(range(found.version, 0, -1))


async def test_a_move_and_its_record_belong_together(stores: Stores) -> None:
    """A record of another route or version, or a step back in version, is a defect of the caller and refused as one."""
    for wrong in (position(2), position(1, route="other")):
        with pytest.raises(ValueError, match="is not that of the position"):
            await stores.positions.compare_and_set(position(1), 0, transition(wrong))
    with pytest.raises(ValueError, match="version 1 of 'orders' must be higher than 1"):
        await stores.positions.compare_and_set(position(1), 1, transition(position(1)))


async def test_a_leader_moves_while_it_leads(stores: Stores) -> None:
    """With a lease that holds, a move is made; under another holder, epoch or name it is refused."""
    lead = await take_lead(stores, "first")
    for wrong in (replace(lead, epoch=lead.epoch + 1), replace(lead, holder="second"), replace(lead, name="other")):
        assert not await stores.positions.compare_and_set(position(1), 0, transition(position(1)), wrong)

    assert await stores.positions.compare_and_set(position(1), 0, transition(position(1)), lead)


async def test_a_paused_leader_is_refused(stores: Stores) -> None:
    """Who slept through its lease moves nothing: before a successor leads, while it does, and when it has gone."""
    paused = await take_lead(stores, "paused")
    await stores.pass_time(31.0)
    assert not await stores.positions.compare_and_set(position(1), 0, transition(position(1)), paused)

    successor = await take_lead(stores, "successor")
    assert successor.epoch > paused.epoch
    assert not await stores.positions.compare_and_set(position(1), 0, transition(position(1)), paused)

    await stores.positions.resign(successor)
    assert not await stores.positions.compare_and_set(position(1), 0, transition(position(1)), paused)
    assert not await stores.positions.renew(paused, 30.0)
    assert (await stores.positions.standing()).positions == ()


async def test_one_leads_until_its_lease_ends(stores: Stores) -> None:
    """Others wait; who leads keeps its epoch by asking or renewing; each new holder gets a higher one."""
    first = await take_lead(stores, "first")
    assert await stores.positions.try_lead("judge", "second", 30.0) is None
    assert await stores.positions.try_lead("judge", "first", 30.0) == first.epoch

    for _ in range(3):
        await stores.pass_time(29.0)
        assert await stores.positions.renew(first, 30.0)
    await stores.pass_time(29.0)
    assert await stores.positions.try_lead("judge", "second", 30.0) is None

    await stores.pass_time(2.0)
    assert not await stores.positions.renew(first, 30.0)
    again = await take_lead(stores, "first")
    assert again.epoch > first.epoch


async def test_of_forty_candidates_one_leads(stores: Stores) -> None:
    """However many ask at once, for a new lease and for one that has ended."""
    epochs = []
    for _ in range(2):
        asked = (stores.positions.try_lead("judge", f"replica-{number}", 30.0) for number in range(40))
        epochs += [each for each in await asyncio.gather(*asked) if each is not None]
        await stores.pass_time(31.0)

    assert epochs == [1, 2]


async def test_who_resigns_is_followed_at_once(stores: Stores) -> None:
    """A clean end costs no waiting; resigning for somebody else does nothing; leases of other names are apart."""
    first = await take_lead(stores, "first")
    await stores.positions.resign(replace(first, holder="second"))
    await stores.positions.resign(replace(first, epoch=first.epoch + 1))
    assert await stores.positions.try_lead("judge", "second", 30.0) is None
    assert await stores.positions.try_lead("sweeper", "second", 30.0) == 1

    await stores.positions.resign(first)
    assert await stores.positions.try_lead("judge", "second", 30.0) == first.epoch + 1


async def test_replicas_tell_each_other(stores: Stores) -> None:
    """What one tells, all others hear, in order, above the id that they have heard last; nobody hears itself."""
    for instance, body in (("first", b"1"), ("second", b"\x00\xff"), ("first", b"3")):
        await stores.positions.tell(instance, body)
    heard = await stores.positions.heard(0, "third")

    assert [(message.instance, message.body) for message in heard] == [
        ("first", b"1"),
        ("second", b"\x00\xff"),
        ("first", b"3"),
    ]
    assert [each.body for each in await stores.positions.heard(0, "first")] == [b"\x00\xff"]
    assert await stores.positions.heard(heard[1].id, "third") == heard[2:]
    assert await stores.positions.heard(heard[2].id, "third") == ()


async def test_what_was_told_is_forgotten_after_a_minute(stores: Stores) -> None:
    """With the next telling, so that it takes no room for ever."""
    await stores.positions.tell("first", b"old")
    await stores.pass_time(61.0)
    await stores.positions.tell("first", b"new")

    assert [each.body for each in await stores.positions.heard(0, "second")] == [b"new"]


async def test_orders_stand_until_taken_back(stores: Stores) -> None:
    """Pins come back as given, are replaced by the next, and each change makes a version."""
    store = stores.positions
    await store.set_pin(replace(PIN, side=Side.NEW))
    await store.set_pin(PIN)
    standing = await store.standing()

    assert standing == Standing(version=2, pins=(PIN,))
    assert isinstance(standing.pins[0].side, Side)

    assert await store.drop_pin(ROUTE, "tenant-7")
    assert not await store.drop_pin(ROUTE, "tenant-7")
    assert await store.standing() == Standing(version=3)


async def test_texts_of_operators_do_no_harm(stores: Stores) -> None:
    """A NUL or half a surrogate pair in a reason or a cohort is kept in a form any store takes, and found again."""
    strange = "a\x00b\ud800"
    await stores.positions.set_pin(replace(PIN, cohort=strange, reason=strange))
    to = position(1)
    assert await stores.positions.compare_and_set(to, 0, transition(to, reason=strange))

    standing = await stores.positions.standing()
    assert standing.pins[0].reason == "a␀b?"
    assert await stores.positions.drop_pin(ROUTE, strange)


async def test_live_replicas_say_what_they_obey(stores: Stores) -> None:
    """Who announced itself in time is there with its latest version; who left, or fell silent, is not waited for."""
    store = stores.positions
    await store.announce(Presence(instance="b", revision="r1", version=1))
    await store.announce(Presence(instance="silent", revision="r1", version=1))
    await stores.pass_time(20.0)
    for instance, version in (("b", 2), ("a", 3), ("left", 1)):
        await store.announce(Presence(instance=instance, revision="r2", version=version))
    await store.leave("left")
    await stores.pass_time(5.0)

    found = await store.presences(15.0)
    assert [(each.instance, each.revision, each.version) for each in found] == [("a", "r2", 3), ("b", "r2", 2)]
    assert all(5.0 <= each.seconds_ago < 15.0 for each in found)
    assert [each.instance for each in await store.presences(60.0)] == ["a", "b", "silent"]


async def test_the_silent_are_forgotten_after_a_day(stores: Stores) -> None:
    """Instances that come and go do not pile up."""
    await stores.positions.announce(Presence(instance="old", revision="r", version=1))
    await stores.pass_time(90_000.0)
    await stores.positions.announce(Presence(instance="new", revision="r", version=1))

    assert [each.instance for each in await stores.positions.presences(1_000_000.0)] == ["new"]


async def test_a_subscriber_is_told_of_each_change(stores: Stores) -> None:
    """First the version as it is, then each later one at once: long before it would have looked by itself."""
    async with asyncio.timeout(60), aclosing(stores.positions.subscribe(3600.0)) as versions:  # type: ignore[type-var]
        assert await anext(versions) == 0
        for version in (1, 2, 3):
            await stores.positions.set_pin(replace(PIN, cohort=str(version)))
            assert await anext(versions) == version


async def take_lead(stores: Stores, holder: str) -> Lead:
    epoch = await stores.positions.try_lead("judge", holder, 30.0)
    assert epoch is not None
    return Lead(name="judge", holder=holder, epoch=epoch)


ORDER = OrderRecord(route="", kind=OrderKind.KILL, actor="ann", at=5.0, reason="a\nb", instance="one")


async def test_orders_that_are_no_moves_are_recorded(stores: Stores) -> None:
    """A pin, its end and a drain with the change that they make; the kill switch by itself, and for every route."""
    unpin = unpin_record(ROUTE, PIN.cohort, actor="bob", at=6.0, reason="done")
    drain = replace(PIN, cohort=NEWCOMERS, since=7.0, until=None)
    await stores.positions.record(ORDER)
    await stores.positions.set_pin(PIN)
    assert await stores.positions.drop_pin(ROUTE, PIN.cohort, None, unpin)
    assert not await stores.positions.drop_pin(ROUTE, PIN.cohort, None, replace(unpin, at=6.5))
    await stores.positions.set_pin(drain)

    recorded = (pin_record(drain), unpin, pin_record(PIN), ORDER)
    assert await stores.positions.orders(ROUTE, 10) == recorded
    assert await stores.positions.orders(None, 2) == recorded[:2]
    assert await stores.positions.orders("another", 10) == (ORDER,)


async def test_an_order_is_recorded_once(stores: Stores) -> None:
    """Whoever finds it again, as after a restart, records nothing more; the first words stay."""
    await stores.positions.record(ORDER)
    await stores.positions.record(replace(ORDER, reason="other words"))
    await stores.positions.set_pin(PIN)
    await stores.positions.set_pin(PIN)

    assert await stores.positions.orders(None, 10) == (pin_record(PIN), ORDER)


async def test_a_pin_that_was_late_is_not_recorded(stores: Stores) -> None:
    """What was not done was not done by anybody."""
    assert not await stores.positions.set_pin(PIN, 99)
    await stores.positions.set_pin(PIN)
    end = unpin_record(ROUTE, PIN.cohort, actor="bob", at=6.0, reason="")
    assert not await stores.positions.drop_pin(ROUTE, PIN.cohort, 99, end)

    assert await stores.positions.orders(None, 10) == (pin_record(PIN),)


async def test_a_database_takes_nothing_back(stores: Stores) -> None:
    """It has kept its record; a store in memory has lost it, and takes what its replica kept, once."""
    moves = tuple(transition(position(version), reason=f"{version}") for version in (2, 1))
    await stores.positions.recall(moves, (ORDER,))
    await stores.positions.recall(moves, (ORDER,))
    found = await stores.positions.transitions(None, 10), await stores.positions.orders(None, 10)

    assert found in [((), ()), (moves, (ORDER,))]


async def test_a_position_that_is_given_back_is_recorded_once(stores: Stores) -> None:
    """With the move that led there, where that was given back before it."""
    to = position(2)
    await stores.positions.recall((transition(to),), ())
    await stores.positions.compare_and_set(to, 0, transition(to))

    assert await stores.positions.transitions(None, 10) == (transition(to),)
