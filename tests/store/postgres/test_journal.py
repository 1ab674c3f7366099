"""The journal in a real PostgreSQL: one pending write of a key, the order of a key, who holds a row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from proxy.core.journal.intent import (
    Ended,
    FirstOutcome,
    Intent,
    IntentState,
    StoredAnswer,
    StoredRequest,
)
from proxy.core.journal.learned_names import NOTHING, LearnedNames
from proxy.core.journal.second_answer import SecondOutcome, SecondVerdict
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import query
from proxy.store.postgres.journal import PostgresJournal
from tests.store.waiting import PATIENT

DONE = SecondVerdict(outcome=SecondOutcome.DONE)
_numbers = count(1)


def intent(key: str, draw: float = 0.25) -> Intent:
    request = StoredRequest(method=b"PUT", target=b"/a/\xff", lines=(b"A: \xe9",), body=b"\0body")
    return Intent(
        id=f"{next(_numbers):032x}",
        scope="accounts",
        key=key,
        route="accounts",
        cohort="header:7",
        draw=draw,
        side=Side.LEGACY,
        send=SentOn.REQUEST,
        request=request,
        repeatable=True,
    )


def done(one: Intent, key: str = "", answer: StoredAnswer | None = None) -> Ended:
    return Ended(id=one.id, outcome=FirstOutcome.DONE, key=key, answer=answer)


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Connections]:
    made = Connections(database, patience=PATIENT)
    yield made
    await made.close()


@pytest.fixture
def journal(connections: Connections) -> PostgresJournal:
    return PostgresJournal(connections, "one")


async def owed(journal: PostgresJournal, *intents: Intent) -> None:
    """They were done on the first side, in this order."""
    for each in intents:
        assert (await journal.begin([each], 60.0)).pending == {each.id}
        await journal.end([done(each)])


async def test_what_is_kept_comes_back_as_it_was(journal: PostgresJournal) -> None:
    """Request and answer are bytes, whatever is in them."""
    one = intent("1")
    answer = StoredAnswer(status=201, content_type=b"application/json", body=b'{"id": 1}\xff')
    await journal.begin([one], 60.0)
    await journal.end([done(one, "1", answer)])
    (entry,) = await journal.take(10, 60.0)

    assert (entry.intent, entry.answer, entry.state, entry.attempts) == (one, answer, IntentState.OWED, 1)


async def test_many_intents_are_one_commit(journal: PostgresJournal) -> None:
    """Those whose key is free are pending; one of those that share a key is, and the others may ask again."""
    several = [intent(str(number)) for number in range(64)] + [intent("0")]
    pending = (await journal.begin(several, 60.0)).pending

    assert len(pending) == 64
    assert pending >= {each.id for each in several[1:64]}


async def test_a_key_has_one_pending_write_whoever_asks(connections: Connections) -> None:
    """Of twenty replicas that begin a write of the same key one may send it."""
    replicas = [PostgresJournal(connections, f"replica {number}") for number in range(20)]
    begun = await asyncio.gather(*(replica.begin([intent("7")], 60.0) for replica in replicas))

    assert sorted(len(each.pending) for each in begun) == [0] * 19 + [1]


async def test_replicas_that_write_the_same_keys_do_not_lock_each_other_out(connections: Connections) -> None:
    """Begun and ended in opposite orders, again and again, every statement succeeds."""

    async def write(replica: PostgresJournal, keys: list[str]) -> int:
        there = 0
        for _ in range(10):
            several = [intent(key) for key in keys]
            pending = (await replica.begin(several, 60.0)).pending
            there += len(pending)
            await replica.end([done(each) for each in several if each.id in pending])
        return there

    keys = [str(number) for number in range(20)]
    one, two = PostgresJournal(connections, "one"), PostgresJournal(connections, "two")
    assert sum(await asyncio.gather(write(one, keys), write(two, keys[::-1]))) > 0


async def test_of_one_key_only_the_first_is_due(journal: PostgresJournal) -> None:
    """The second follows when the other side has the first; other keys wait for neither."""
    first, second, other = intent("7"), intent("7"), intent("8")
    await owed(journal, first, second, other)
    taken = await journal.take(10, 60.0)

    assert {each.intent.id for each in taken} == {first.id, other.id}
    assert await journal.take(10, 60.0) == ()
    entry = next(each for each in taken if each.intent.id == first.id)
    assert await journal.settle(entry, DONE)
    assert [each.intent.id for each in await journal.take(10, 60.0)] == [second.id]


async def test_the_order_is_that_of_the_outcomes(journal: PostgresJournal) -> None:
    """What a create made is written after the create, though the create's key was known last."""
    create = intent("create")
    await journal.begin([create], 60.0)
    await journal.end([done(create, key="42")])
    await owed(journal, write := intent("42"))
    (entry,) = await journal.take(10, 60.0)

    assert entry.intent.id == create.id
    await journal.settle(entry, DONE, LearnedNames(pairs=(("42", "4711"),)))
    assert [each.intent.id for each in await journal.take(10, 60.0)] == [write.id]
    assert await journal.names("accounts", Side.LEGACY, ["42", "43"]) == {"42": "4711"}
    assert await journal.names("accounts", Side.NEW, ["4711"]) == {"4711": "42"}


@pytest.mark.parametrize("outcome", [SecondOutcome.DEAD, SecondOutcome.LATER])
async def test_what_is_not_done_keeps_its_key_back_alone(journal: PostgresJournal, outcome: SecondOutcome) -> None:
    """A dead letter, and one that waits, block the writes behind them, and no other key."""
    await owed(journal, intent("7"))
    (entry,) = await journal.take(10, 60.0)
    await journal.settle(entry, SecondVerdict(outcome=outcome, said="no", wait=3600.0))
    await owed(journal, intent("7"), other := intent("8"))

    assert [each.intent.id for each in await journal.take(10, 60.0)] == [other.id]


async def test_people_send_a_dead_letter_again_or_drop_it(journal: PostgresJournal) -> None:
    """Retried, it goes first; dropped, the one behind it does. What is owed and well cannot be dropped."""
    first, second = intent("7"), intent("7")
    await owed(journal, first, second)
    for act in (journal.retry, journal.drop):
        (entry,) = await journal.take(10, 60.0)
        assert entry.intent.id == first.id
        assert not await journal.drop(first.id)
        await journal.settle(entry, SecondVerdict(outcome=SecondOutcome.DEAD, said="no"))
        assert await journal.take(10, 60.0) == ()
        assert await act(first.id)

    assert [each.intent.id for each in await journal.take(10, 60.0)] == [second.id]


async def test_who_lost_his_hold_settles_nothing(connections: Connections, journal: PostgresJournal) -> None:
    """A process that stood still finds that another has taken the row."""
    await owed(journal, intent("7"))
    (slow,) = await journal.take(10, 0.0)
    (taken,) = await PostgresJournal(connections, "two").take(10, 60.0)

    assert taken.intent == slow.intent
    for learned in (NOTHING, LearnedNames(pairs=(("42", "4711"),))):
        assert await journal.settle(slow, DONE, learned) is None
    assert await journal.names("accounts", Side.LEGACY, ["42"]) == {}
    assert len(await journal.entries(None, None, 10)) == 1


async def test_an_abandoned_write_is_found_once_its_hold_is_over(journal: PostgresJournal) -> None:
    """One that is renewed is not; a late word of its outcome is heard even when it counted as unknown."""
    lost, kept = intent("7"), intent("8")
    await journal.begin([lost, kept], 0.0)
    await journal.renew([kept.id], 60.0)
    found = await journal.abandoned(10, 60.0)

    assert [each.intent.id for each in found] == [lost.id]
    await journal.end([Ended(id=lost.id, outcome=FirstOutcome.UNKNOWN)])
    assert await journal.take(10, 60.0) == ()
    await journal.end([done(lost)])
    assert [each.intent.id for each in await journal.take(10, 60.0)] == [lost.id]


async def test_what_was_not_done_leaves_nothing(journal: PostgresJournal) -> None:
    """The first side's no ends an intent, and its key is free again."""
    one = intent("7", draw=0.25)
    await journal.begin([one], 60.0)
    assert await journal.undone("accounts", (0.25, 0.5), 10) == {"7"}
    assert await journal.undone("accounts", (0.0, 0.25), 10) == frozenset()
    await journal.end([Ended(id=one.id, outcome=FirstOutcome.FAILED)])

    assert await journal.undone("accounts", (0.0, 1.0), 10) == frozenset()
    assert (await journal.begin([intent("7")], 60.0)).pending


async def test_the_summary_counts_by_route_and_state(journal: PostgresJournal) -> None:
    """For status and metrics: how many, and how old the oldest is."""
    await owed(journal, intent("7"), intent("8"))
    await journal.begin([intent("9")], 60.0)
    found = {(each.route, each.state): each for each in await journal.summary()}

    assert {key: each.count for key, each in found.items()} == {
        ("accounts", IntentState.OWED): 2,
        ("accounts", IntentState.PENDING): 1,
    }
    assert all(each.oldest >= 0.0 for each in found.values())


async def test_a_write_waits_for_what_goes_the_other_way(journal: PostgresJournal) -> None:
    """Where new has answered and legacy is to get it still, legacy does not answer a write of the same key."""
    there = replace(intent("7"), side=Side.NEW)
    await owed(journal, there)
    assert (await journal.begin([intent("7"), other := intent("8")], 60.0)).pending == {other.id}
    (entry,) = await journal.take(10, 60.0)
    await journal.settle(entry, DONE)

    assert (await journal.begin([again := intent("7")], 60.0)).pending == {again.id}


async def test_a_write_of_a_cohort_that_moves_waits(journal: PostgresJournal) -> None:
    """Those of its draws, in its scope; until the hold ends."""
    held = await journal.hold("accounts", (0.25, 0.5), 60.0)
    elsewhere = replace(intent("9"), scope="orders")
    several = [intent("7", 0.25), below := intent("8", 0.2), above := intent("10", 0.5), elsewhere]
    assert (await journal.begin(several, 60.0)).pending == {below.id, above.id, elsewhere.id}
    assert await journal.undone("accounts", (0.25, 0.5), 10) == frozenset()
    await journal.unhold([held], 0.0)

    assert (await journal.begin([again := intent("7", 0.25)], 60.0)).pending == {again.id}


async def test_the_summary_does_not_look_at_every_write(connections: Connections, journal: PostgresJournal) -> None:
    """Counts and bytes are those of the rows whatever was done to them; the oldest is found by an index."""
    await owed(journal, intent("1"), intent("2"), intent("3"), gone := intent("4"))
    await journal.begin([intent("5"), failed := intent("6")], 60.0)
    await journal.end([Ended(id=failed.id, outcome=FirstOutcome.FAILED)])
    first, second, *_ = await journal.take(10, 60.0)
    await journal.settle(first, SecondVerdict(outcome=SecondOutcome.DEAD, said="no"))
    await journal.settle(second, SecondVerdict(outcome=SecondOutcome.LATER, said="wait", wait=60.0))
    await journal.done([gone.id])
    assert await journal.drop(first.intent.id)
    found = {(each.state, each.count, each.bytes) for each in await journal.summary()}
    assert found == await _counted(connections)
    assert found == {(state, count, bytes_) for state, count, bytes_ in found if count > 0}
    async with connections.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        rows = await connection.fetch(f"EXPLAIN {query('journal/summary')}")
        await connection.execute("RESET enable_seqscan")
    plan = "\n".join(row["QUERY PLAN"] for row in rows)

    assert "using journal_began on journal one" in plan
    assert "Seq Scan on journal " not in plan


async def _counted(connections: Connections) -> set[tuple[str, int, int]]:
    """By a look at all."""
    async with connections.connection() as connection:
        rows = await connection.fetch(
            "SELECT state, count(*), sum(octet_length(request) + coalesce(octet_length(answer), 0)) AS bytes "
            "FROM banyan.journal GROUP BY state"
        )
    return {(row["state"], row["count"], row["bytes"]) for row in rows}


async def test_readers_that_put_counts_together_lose_none(connections: Connections) -> None:
    """While others write."""
    replicas = [PostgresJournal(connections, f"replica {number}") for number in range(4)]

    async def write(replica: PostgresJournal) -> None:
        for _ in range(10):
            await owed(replica, intent(str(next(_numbers))))
            await replica.summary()

    await asyncio.gather(*map(write, replicas))
    (found,) = await replicas[0].summary()

    assert (found.state, found.count) == (IntentState.OWED, 40)


async def test_who_asked_the_first_side_again_says_what_became_of_a_write(connections: Connections) -> None:
    """Not the worker that stood still meanwhile and has never sent it: the other side is owed what was done since."""
    journal, other = PostgresJournal(connections, "one"), PostgresJournal(connections, "two")
    await journal.begin([one := intent("7"), unasked := intent("8")], 0.0)
    assert {each.intent.id for each in await other.abandoned(2, 60.0)} == {one.id, unasked.id}
    await other.end([Ended(id=unasked.id, outcome=FirstOutcome.UNKNOWN)])
    await journal.end([Ended(id=each.id, outcome=FirstOutcome.FAILED) for each in (one, unasked)])
    await other.end([done(one)])

    assert [each.intent.id for each in await journal.take(10, 60.0)] == [one.id]
    assert await journal.entries(None, IntentState.UNKNOWN, 10) == ()


async def test_what_was_asked_for_again_in_vain_is_left_to_people(journal: PostgresJournal) -> None:
    """Also where the worker that began it says that it has not sent it; they see how often it was asked for."""
    await journal.begin([one := intent("7")], 0.0)
    await journal.abandoned(1, 60.0)
    await journal.end([Ended(id=one.id, outcome=FirstOutcome.UNKNOWN, asked=5)])
    await journal.end([Ended(id=one.id, outcome=FirstOutcome.FAILED)])
    (entry,) = await journal.entries(None, None, 10)

    assert (entry.state, entry.attempts) == (IntentState.UNKNOWN, 5)


async def learn(journal: PostgresJournal, ours: str, theirs: str, gone: tuple[str, ...] = ()) -> SecondVerdict:
    """Of a write that both sides have done now; legacy did it first."""
    await owed(journal, one := intent(f"{next(_numbers)}"))
    (entry,) = [each for each in await journal.take(10, 60.0) if each.intent.id == one.id]
    pairs = ((ours, theirs),) if ours else ()
    verdict = await journal.settle(entry, DONE, LearnedNames(pairs=pairs, gone=gone))
    assert verdict is not None
    return verdict


@pytest.mark.parametrize("pair", [("42", "5000"), ("43", "4711")])
async def test_a_name_that_is_another_things_waits_for_people(journal: PostgresJournal, pair: tuple[str, str]) -> None:
    """Whichever side has given it twice; sent again, the newer pair stands, and what clashed with it does not."""
    assert await learn(journal, "42", "4711") == await learn(journal, "42", "4711") == DONE
    verdict = await learn(journal, *pair)
    assert verdict.outcome is SecondOutcome.DEAD
    assert f"legacy calls it {pair[0]} and new {pair[1]}, and legacy's 42 was new's 4711" in verdict.said
    assert await journal.names("accounts", Side.LEGACY, ["42", "43"]) == {"42": "4711"}
    (dead,) = await journal.entries(None, IntentState.DEAD, 10)
    assert await journal.retry(dead.intent.id)
    (entry,) = await journal.take(10, 60.0)
    assert await journal.settle(entry, DONE, LearnedNames(pairs=(pair,))) == DONE

    assert await journal.names("accounts", Side.LEGACY, ["42", "43"]) == dict([pair])
    assert await journal.entries(None, None, 10) == ()


async def test_a_name_that_people_have_dropped_stays_the_first_things(journal: PostgresJournal) -> None:
    """The newer pair is nowhere, and the next one of that name waits for people again."""
    await learn(journal, "42", "4711")
    await learn(journal, "42", "5000")
    (dead,) = await journal.entries(None, IntentState.DEAD, 10)
    assert await journal.drop(dead.intent.id)

    assert await journal.names("accounts", Side.LEGACY, ["42"]) == {"42": "4711"}
    assert (await learn(journal, "42", "5000")).outcome is SecondOutcome.DEAD


async def test_the_name_of_what_was_deleted_is_free(journal: PostgresJournal) -> None:
    """It is still known until another thing has it, which nobody need be asked about."""
    await learn(journal, "42", "4711")
    await learn(journal, "", "", gone=("42",))
    assert await journal.names("accounts", Side.LEGACY, ["42"]) == {"42": "4711"}
    assert await learn(journal, "42", "5000") == DONE
    assert await journal.names("accounts", Side.LEGACY, ["42"]) == {"42": "5000"}

    assert (await learn(journal, "42", "6000")).outcome is SecondOutcome.DEAD


async def test_what_came_back_under_both_names_is_no_longer_gone(journal: PostgresJournal) -> None:
    """A thing that was deleted and made again has its names for itself."""
    await learn(journal, "42", "4711")
    await learn(journal, "", "", gone=("42",))
    assert await learn(journal, "42", "4711") == DONE

    assert (await learn(journal, "42", "5000")).outcome is SecondOutcome.DEAD
