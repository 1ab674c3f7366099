"""A write is begun when it is committed; one at a time of each key; what nobody holds is found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from proxy.clerk.journal import abandoned
from proxy.core.journal.intent import HOLD, BegunWrites, Ended, FirstOutcome, Intent, IntentState, JournalEntry
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from tests.clerk.journal.conftest import Bench, put, repeatable
from tests.store.slow_network import slow_network
from tests.store.waiting import PATIENT
from tests.waiting import until


async def test_writes_of_one_key_take_turns(bench: Bench) -> None:
    """The second is begun when the first has ended; one of another key waits for neither."""
    first, second = put("7"), put("7")
    assert await bench.intents.begin(first, 5.0) == ""
    waiting = bench.tasks.start(bench.intents.begin(second, 60.0), name="second")
    assert await bench.intents.begin(put("8"), 5.0) == ""
    assert not waiting.done()
    await bench.intents.end(Ended(id=first.id, outcome=FirstOutcome.DONE))

    assert await waiting == ""


async def test_writes_of_one_key_take_turns_between_replicas(bench: Bench, database: str) -> None:
    """Another clerk's write is waited for as well, and refused when that takes too long."""
    connections = Connections(database)
    theirs = put("7")
    await PostgresJournal(connections, "other").begin([theirs], 60.0)
    assert await bench.intents.begin(put("7"), 0.2) == "another write of the same thing is on its way"
    waiting = bench.tasks.start(bench.intents.begin(put("7"), 60.0), name="ours")
    await PostgresJournal(connections, "other").end([Ended(id=theirs.id, outcome=FirstOutcome.FAILED)])

    assert await waiting == ""
    await connections.close()


async def test_many_begin_in_few_commits(bench: Bench) -> None:
    """What comes while one commit runs is the next one."""
    commits: list[int] = []
    begin = bench.journal.begin

    async def counted(intents: Sequence[Intent], seconds: float) -> BegunWrites:
        commits.append(len(intents))
        return await begin(intents, seconds)

    bench.journal.begin = counted  # type: ignore[method-assign]
    begun = await asyncio.gather(*(bench.intents.begin(put(str(number)), 60.0) for number in range(100)))

    assert set(begun) == {""}
    assert sum(commits) == 100
    assert len(commits) <= 2


async def test_a_write_that_is_not_begun_in_time_leaves_no_row(bench: Bench) -> None:
    """Its commit may have been made all the same: the row is taken back, and its key is free."""
    assert await bench.intents.begin(put("7"), 0.0) != ""
    await bench.intents.untidy.wait()
    await bench.intents.tidy()

    assert await bench.journal.entries(None, None, 10) == ()
    assert await bench.intents.begin(put("7"), 60.0) == ""


async def test_a_row_that_comes_late_goes_too(bench: Bench, database: str) -> None:
    """The statement was on its way when its clerk gave it up and took the row back: its client was told that it was not
    sent, and it never is.
    """
    intent = repeatable(put("7", b"never"))
    async with slow_network(database) as network:
        hasty = Connections(network.address, patience=PATIENT)
        async with hasty.connection():
            pass
        hasty.patience, network.slow = replace(PATIENT, timeout=2.0), b"INSERT INTO banyan.journal "
        bench.intents.journal = PostgresJournal(hasty, "clerk")
        assert "did not answer" in await bench.intents.begin(intent, 60.0)
        bench.intents.journal = bench.journal
        await bench.intents.tidy()
        network.arrive.set()

        async def is_there() -> bool:
            return bool(await bench.journal.entries(None, None, 10))

        await until(is_there)
        await hasty.close()
    await bench.intents.tidy()

    assert await bench.journal.entries(None, None, 10) == ()
    assert await bench.intents.begin(intent, 60.0) != ""


async def test_what_is_taken_back_is_forgotten_in_the_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once nothing of it can be on its way any more."""
    monkeypatch.setattr("proxy.clerk.journal.intents.LATE", 0.0)
    intent = put("7")
    bench.intents.forget(intent.id)
    for _ in range(2):
        await bench.intents.tidy()

    assert await bench.intents.begin(intent, 60.0) == ""


async def test_a_write_that_is_asked_for_while_it_begins_is_one(bench: Bench) -> None:
    """Neither of the two waits for the other's turn."""
    intent = put("7")
    asked = [bench.intents.begin(intent, 60.0) for _ in range(2)]

    async with asyncio.timeout(30.0):
        assert await asyncio.gather(*asked) == ["", ""]


async def test_without_a_database_nothing_is_begun(bench: Bench) -> None:
    """The reason is said at once, and the key is given back."""
    away = Connections("postgresql://nobody@127.0.0.1:1/none", patience=Patience(timeout=1.0, connect=0.5))
    bench.intents.journal = PostgresJournal(away, "clerk")
    assert "cannot be reached" in await bench.intents.begin(put("7"), 5.0)
    bench.intents.journal = bench.journal

    assert await bench.intents.begin(put("7"), 60.0) == ""


async def test_a_write_that_was_asked_for_twice_is_one(bench: Bench) -> None:
    """A clerk that is new hears of it again, since nobody heard its predecessor's answer."""
    intent = put("7")
    await bench.journal.begin([intent], 60.0)

    assert await bench.intents.begin(intent, 60.0) == ""
    assert len(await bench.journal.entries(None, None, 10)) == 1


async def test_what_may_be_repeated_is_asked_for_again(bench: Bench) -> None:
    """Its worker died after it was sent: the first side is asked with the same key, then the other gets it."""
    intent = repeatable(put("7", b"x"))
    await bench.journal.begin([intent], 0.0)
    await bench.abandoned.look()
    await bench.deliver()

    (first,), (second,) = bench.legacy.heard, bench.new.heard
    assert (first.replay, second.replay, first.body, first.key) == (False, True, b"x", second.key)


async def test_what_the_first_side_did_not_answer_is_asked_for_at_once(bench: Bench) -> None:
    """Its worker lives, and says that it may be repeated: its key stays taken until the first side has answered."""
    intent = repeatable(put("7", b"x", method=b"POST"))
    assert await bench.intents.begin(intent, 60.0) == ""
    bench.intents.untidy.clear()
    await bench.intents.end(Ended(id=intent.id, outcome=FirstOutcome.UNANSWERED))
    assert bench.intents.untidy.is_set()
    assert await bench.intents.begin(put("7"), 0.2) == "another write of the same thing is on its way"
    await bench.intents.tidy()
    await bench.abandoned.look()
    await bench.deliver()

    (first,), (second,) = bench.legacy.heard, bench.new.heard
    assert (first.replay, second.replay, first.key) == (False, True, second.key)


async def test_who_stood_still_since_it_found_a_write_does_not_ask_for_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of the database lay in its socket meanwhile; who finds the write next asks for it."""
    now, find = [0.0], bench.journal.abandoned

    async def late(most: int, seconds: float, known: Sequence[str] = ()) -> tuple[JournalEntry, ...]:
        found = await find(most, seconds, known)
        now[0] += HOLD
        return found

    monkeypatch.setattr(abandoned, "boot_time", lambda: now[0])
    monkeypatch.setattr(bench.journal, "abandoned", late)
    await bench.journal.begin([intent := repeatable(put("7"))], 0.0)
    await bench.abandoned.look()
    assert bench.legacy.heard == []
    monkeypatch.setattr(bench.journal, "abandoned", find)
    await bench.journal.renew([intent.id], 0.0)
    await bench.abandoned.look()

    assert len(bench.legacy.heard) == 1


async def test_what_may_not_is_left_to_people(bench: Bench) -> None:
    """Nothing is sent; later writes of its key are begun, and wait behind it on their way to the other side."""
    lost = put("7", method=b"POST")
    await bench.journal.begin([lost], 0.0)
    await bench.abandoned.look()
    await bench.write(put("7"))
    unknown, owed = await bench.journal.entries(None, None, 10)

    assert (unknown.state, owed.state) == (IntentState.UNKNOWN, IntentState.OWED)
    assert await bench.journal.take(10, 60.0) == ()
    assert bench.legacy.heard == []
    assert await bench.journal.drop(lost.id)
    await bench.deliver()
    assert len(bench.new.heard) == 1


async def test_a_first_side_that_cannot_say_is_asked_again_for_a_while(bench: Bench) -> None:
    """Then people decide; its key is taken as long as it is asked."""
    bench.legacy.statuses = [503] * 10
    await bench.journal.begin([repeatable(put("7"))], 0.0)
    await bench.abandoned.look()
    (entry,) = await bench.journal.entries(None, None, 10)
    assert (entry.state, entry.attempts) == (IntentState.PENDING, 1)
    for _ in range(5):
        await bench.journal.renew([entry.intent.id], 0.0)
        await bench.abandoned.look()
    (entry,) = await bench.journal.entries(None, None, 10)

    assert (entry.state, entry.attempts) == (IntentState.UNKNOWN, 5)
    assert len(bench.legacy.heard) == 5


async def test_a_no_at_the_second_time_settles_nothing(bench: Bench) -> None:
    """It may be that the first time was the yes; but what was to be gone is."""
    bench.legacy.statuses = [409, 404]
    await bench.journal.begin([repeatable(put("7"))], 0.0)
    await bench.abandoned.look()
    await bench.journal.begin([repeatable(put("8", method=b"DELETE"))], 0.0)
    await bench.abandoned.look()

    assert [each.state for each in await bench.journal.entries(None, None, 10)] == [
        IntentState.UNKNOWN,
        IntentState.OWED,
    ]


async def test_what_is_held_is_not_abandoned(bench: Bench) -> None:
    """Neither what its worker says it still does, nor what this clerk knows itself."""
    ours, theirs = repeatable(put("7")), repeatable(put("8"))
    assert await bench.intents.begin(ours, 60.0) == ""
    await bench.journal.begin([theirs], 0.0)
    await bench.intents.hold([theirs.id])
    await bench.abandoned.look()

    assert bench.legacy.heard == []


async def test_a_write_that_is_asked_for_again_has_its_turn_already(bench: Bench) -> None:
    """The worker's connection broke with the answer on it; it does not wait for itself."""
    intent = put("7")
    assert await bench.intents.begin(intent, 60.0) == ""

    assert await bench.intents.begin(intent, 0.5) == ""


async def test_what_is_known_after_later_writes_were_begun_is_left_to_people(bench: Bench) -> None:
    """The first side may have done it before or after them; without later ones it is owed."""
    late, alone = put("7", method=b"POST"), put("8", method=b"POST")
    await bench.journal.begin([late, alone], 0.0)
    await bench.abandoned.look()
    await bench.write(put("7", b"later"))
    await bench.journal.end([Ended(id=each.id, outcome=FirstOutcome.DONE) for each in (late, alone)])
    states = {each.intent.id: each.state for each in await bench.journal.entries(None, None, 10)}
    assert (states[late.id], states[alone.id]) == (IntentState.DEAD, IntentState.OWED)
    assert [each.intent.key for each in await bench.journal.take(10, 0.0)] == ["8"]
    assert await bench.journal.retry(late.id)
    await bench.deliver()

    assert [each.body for each in bench.new.heard if each.path.endswith("7")] == [b"{}", b"later"]


async def test_after_the_database_was_away_nobody_is_taken_for_gone_at_once(bench: Bench) -> None:
    """Whoever holds a write could not say so meanwhile."""
    away = Connections("postgresql://nobody@127.0.0.1:1/none", patience=Patience(timeout=1.0, connect=0.5))
    bench.abandoned.journal = PostgresJournal(away, "clerk")
    with pytest.raises(StoreUnavailable):
        await bench.abandoned.look()
    bench.abandoned.journal = bench.journal
    await bench.journal.begin([repeatable(put("7"))], 0.0)
    await bench.abandoned.look()

    assert bench.legacy.heard == []
