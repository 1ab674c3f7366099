"""Idempotency keys in a real PostgreSQL; time passes by making rows older."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from proxy.core.idempotency.claims import KEPT, LOCK, ClaimOutcome, KeptReply, KeyClaim, Settlement
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.key_records import Claimed, PostgresKeys
from tests.store.waiting import PATIENT

CLAIMED, RUNNING = ClaimOutcome.CLAIMED, ClaimOutcome.RUNNING
REPLY = KeptReply(201, (b"Location: /pay/1", b"Content-Type: application/json"), b'{"id":1}')
NONE = KeptReply(0)
PassTime = Callable[[float], Awaitable[None]]


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Connections]:
    made = Connections(database, patience=PATIENT)
    yield made
    await made.close()


@pytest.fixture
def keys(connections: Connections) -> PostgresKeys:
    return PostgresKeys(connections)


@pytest.fixture
def pass_time(connections: Connections) -> PassTime:
    async def passes(seconds: float) -> None:
        async with connections.connection() as connection:
            await connection.execute(
                "UPDATE banyan.idempotency SET locked_until = locked_until - make_interval(secs => $1), "
                "kept_until = kept_until - make_interval(secs => $1), began = began - make_interval(secs => $1)",
                seconds,
            )

    return passes


def claim(owner: str, *, payload: str = "p", repeatable: bool = False, key: str = "k") -> KeyClaim:
    record = key.encode().rjust(32)
    return KeyClaim(record, owner.encode().rjust(16), payload.encode(), "pay", key, repeatable)


async def claimed(keys: PostgresKeys, asked: KeyClaim) -> Claimed:
    return (await keys.claim([asked]))[asked.record, asked.owner]


async def stands(keys: PostgresKeys, owner: str, *, payload: str = "p", repeatable: bool = False) -> ClaimOutcome:
    return (await claimed(keys, claim(owner, payload=payload, repeatable=repeatable)))[0]


async def settle(keys: PostgresKeys, owner: str, settlement: Settlement, reply: KeptReply = NONE) -> None:
    asked = claim(owner)
    await keys.settle(asked.record, asked.owner, settlement, reply)


async def sent(keys: PostgresKeys, owner: str) -> bool:
    asked = claim(owner)
    return bool(await keys.send([(asked.record, asked.owner)]))


async def test_one_request_has_the_key_and_its_answer_is_kept(keys: PostgresKeys) -> None:
    """Others hear that it runs, then its answer; one with another payload hears that, before and after."""
    assert await stands(keys, "a") is CLAIMED
    assert await stands(keys, "a") is CLAIMED  # asked again
    assert await stands(keys, "b") is RUNNING
    assert await stands(keys, "b", payload="q") is ClaimOutcome.OTHER_PAYLOAD
    assert await sent(keys, "a")
    assert not await sent(keys, "b")
    await settle(keys, "b", Settlement.ANSWERED, KeptReply(200))  # not its own
    await settle(keys, "a", Settlement.ANSWERED, REPLY)
    await settle(keys, "a", Settlement.UNKNOWN)  # told twice, and late

    assert await claimed(keys, claim("b")) == (ClaimOutcome.ANSWERED, REPLY)
    assert await stands(keys, "b", payload="q") is ClaimOutcome.OTHER_PAYLOAD
    assert await stands(keys, "b", repeatable=True) is ClaimOutcome.ANSWERED


async def test_many_claims_are_one_statement(keys: PostgresKeys) -> None:
    """Of two with one key in it one is taken; those of other keys do not matter."""
    asked = [claim("a"), claim("b"), claim("c", key="l"), claim("a")]
    found = await keys.claim(asked)

    assert [found[each.record, each.owner][0] for each in asked] == [CLAIMED, RUNNING, CLAIMED, CLAIMED]


async def test_many_owners_at_once_are_one(keys: PostgresKeys) -> None:
    """Whatever the connections do: one of fifty gets the key."""
    found = await asyncio.gather(*(stands(keys, f"o{number}") for number in range(50)))

    assert found.count(CLAIMED) == 1
    assert set(found) == {CLAIMED, RUNNING}


async def test_what_was_never_sent_is_free_when_the_lock_has_run_out(keys: PostgresKeys, pass_time: PassTime) -> None:
    """A crash wedges no key: after 90 s without a sign of life the next request has it, with whatever payload."""
    assert await stands(keys, "a") is CLAIMED
    await pass_time(LOCK - 10)
    assert await stands(keys, "b") is RUNNING
    await keys.hold([(claim("a").record, claim("a").owner)])
    await pass_time(LOCK - 10)
    assert await stands(keys, "b") is RUNNING
    await pass_time(20)

    assert await stands(keys, "b", payload="q") is CLAIMED
    assert not await sent(keys, "a")


async def test_what_was_sent_is_unknown_when_the_lock_has_run_out(keys: PostgresKeys, pass_time: PassTime) -> None:
    """Nobody executes it again until people decide, however long that takes; an owner that comes back may settle it."""
    await stands(keys, "a")
    assert await sent(keys, "a")
    await pass_time(LOCK + 1)
    assert await stands(keys, "b") is ClaimOutcome.UNKNOWN
    await pass_time(KEPT)
    await keys.prune()
    assert await stands(keys, "b") is ClaimOutcome.UNKNOWN
    (undecided,) = await keys.undecided(10)
    assert (undecided.route, undecided.key, undecided.repeatable) == ("pay", "k", False)

    assert await keys.release(undecided.record)
    assert not await keys.release(undecided.record)
    assert await keys.undecided(10) == ()
    assert await stands(keys, "b", payload="q") is CLAIMED


async def test_an_owner_that_was_only_slow_settles_its_key(keys: PostgresKeys, pass_time: PassTime) -> None:
    """Its lock had run out and nobody took the key: its answer counts."""
    await stands(keys, "a")
    await sent(keys, "a")
    await pass_time(LOCK + 1)
    await settle(keys, "a", Settlement.ANSWERED, REPLY)

    assert await claimed(keys, claim("b")) == (ClaimOutcome.ANSWERED, REPLY)


async def test_what_does_no_harm_is_sent_again_with_the_same_payload(keys: PostgresKeys, pass_time: PassTime) -> None:
    """Where the route declares so; a second owner that sent nothing leaves the key undecided, as it was."""
    await stands(keys, "a", repeatable=True)
    await settle(keys, "a", Settlement.UNKNOWN)
    assert await stands(keys, "b", payload="q", repeatable=True) is ClaimOutcome.OTHER_PAYLOAD
    assert await stands(keys, "b") is ClaimOutcome.UNKNOWN
    assert await stands(keys, "b", repeatable=True) is CLAIMED
    assert await stands(keys, "c", repeatable=True) is RUNNING
    await settle(keys, "b", Settlement.UNSENT)
    assert await stands(keys, "c") is ClaimOutcome.UNKNOWN
    assert await stands(keys, "c", repeatable=True) is CLAIMED
    await pass_time(LOCK + 1)
    assert await stands(keys, "d") is ClaimOutcome.UNKNOWN  # what c did is not known, and neither what a did
    assert len(await keys.undecided(10)) == 1
    assert await stands(keys, "d", repeatable=True) is CLAIMED
    await settle(keys, "d", Settlement.ANSWERED, REPLY)

    assert await stands(keys, "e", repeatable=True) is ClaimOutcome.ANSWERED


async def test_an_answer_that_was_not_kept(keys: PostgresKeys) -> None:
    """Its status is known: it is not executed again, but where that does no harm."""
    await stands(keys, "a")
    await settle(keys, "a", Settlement.UNKEPT, KeptReply(201))

    assert await claimed(keys, claim("b")) == (ClaimOutcome.UNKEPT, KeptReply(201))
    assert await stands(keys, "b", repeatable=True) is CLAIMED


async def test_a_request_that_sent_nothing_frees_its_key(keys: PostgresKeys) -> None:
    """At once, before and after it was about to be sent."""
    await stands(keys, "a")
    await settle(keys, "a", Settlement.UNSENT)
    assert await stands(keys, "b", payload="q") is CLAIMED
    await sent(keys, "b")
    await settle(keys, "b", Settlement.UNSENT)

    assert await stands(keys, "a") is CLAIMED


async def test_answers_are_kept_for_72_hours(keys: PostgresKeys, pass_time: PassTime, connections: Connections) -> None:
    """Then the key is new, and the record goes."""
    await stands(keys, "a")
    await settle(keys, "a", Settlement.ANSWERED, REPLY)
    await pass_time(KEPT - 10)
    await keys.prune()
    assert await stands(keys, "b") is ClaimOutcome.ANSWERED
    await pass_time(20)
    assert await stands(keys, "b", payload="q") is CLAIMED

    await pass_time(KEPT + LOCK)
    await keys.prune()
    async with connections.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM banyan.idempotency") == 0
