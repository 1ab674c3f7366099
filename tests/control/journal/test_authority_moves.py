"""A move waits until both sides have what its cohorts have written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from proxy.control.journal import authority_moves
from proxy.control.journal.authority_moves import AuthorityMoves, UndoneWritesError
from proxy.core.journal.intent import Ended, FirstOutcome
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Move, Position, move
from proxy.core.routing.split import draw
from proxy.core.stage import Stage
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from tests.clerk.journal.conftest import WRITES, put
from tests.control.tables import route, snapshot

TABLE = snapshot(route("accounts", Stage.CANARY, 0.4, steps=(WRITES,)), route("rest", Stage.CANARY, 0.4))


def moved(name: str, before: Place, after: Place, cause: Cause = Cause.OPERATOR) -> Move:
    found = [
        Position(
            route=name,
            stage=place.stage,
            split=place.split,
            version=number,
            latched=False,
            held=False,
            cause=cause,
            since=0.0,
            file_stage=place.stage,
            file_split=place.split,
        )
        for number, place in enumerate((before, after), start=1)
    ]
    return move(found[0], found[1], at=0.0, actor="me", numbers={}, reason="")


async def held(journal: PostgresJournal) -> int:
    """How often writes were held so far."""
    async with journal._connections.connection() as connection:
        count: int = await connection.fetchval(
            "SELECT coalesce(pg_sequence_last_value('banyan.journal_hold_id_seq'), 0)"
        )
    return count


async def make_old(journal: PostgresJournal, entry_id: str) -> None:
    async with journal._connections.connection() as connection:
        await connection.execute(
            "UPDATE banyan.journal SET began = began - interval '3 s' WHERE id = $1", UUID(entry_id)
        )


def canary(split: float) -> Place:
    return Place(Stage.CANARY, split)


UP = moved("accounts", canary(0.4), canary(0.6))
"""It takes along the cohort of `put`, whose draw is 0.5."""


async def test_nothing_that_moves_is_begun_meanwhile(journal: PostgresJournal) -> None:
    """Held from before the move until a moment after it."""
    gate = AuthorityMoves(journal, lambda: TABLE)
    holds = await gate.hold([UP])
    assert (await journal.begin([put("7")], 60.0)).pending == frozenset()
    await gate.end(holds)

    assert len((await journal.begin([put("7")], 60.0)).pending) == 1


async def test_it_waits_for_what_is_undone(journal: PostgresJournal) -> None:
    """As soon as the journal is empty the move may be made."""
    gate = AuthorityMoves(journal, lambda: TABLE)
    await journal.begin([one := put("7")], 60.0)
    holding = asyncio.ensure_future(gate.hold([UP]))
    await asyncio.sleep(0)
    await journal.end([Ended(id=one.id, outcome=FirstOutcome.FAILED)])

    assert len(await holding) == 1


async def test_what_stays_undone_stops_it(journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much, and writes go on; cohorts that stay where they are do not matter."""
    monkeypatch.setattr(authority_moves, "WAITS", 0.2)
    gate = AuthorityMoves(journal, lambda: TABLE)
    await journal.begin([put("7")], 60.0)
    with pytest.raises(UndoneWritesError, match="1 of the things that the moving cohorts write to"):
        await gate.hold([UP])
    assert len((await journal.begin([put("8")], 60.0)).pending) == 1

    assert len(await gate.hold([moved("accounts", canary(0.4), canary(0.2))])) == 1


async def test_other_moves_ask_nothing() -> None:
    """Routes that write to one side, moves that change nobody's side, tables without a database."""
    away = Connections("postgresql://nobody@127.0.0.1:1/x", patience=Patience(timeout=1.0, connect=0.5))
    gate = AuthorityMoves(PostgresJournal(away, "x"), lambda: TABLE)
    same = moved("accounts", canary(0.4), canary(0.4))
    others = [moved(name, canary(0.1), canary(0.2)) for name in ("rest", "gone")]
    assert await gate.hold([same, *others]) == ()
    assert await AuthorityMoves(None, lambda: TABLE).hold([UP]) == ()
    with pytest.raises(StoreUnavailable):
        await gate.hold([UP])
    await gate.end([7])


async def test_after_the_move_they_are_held_until_all_have_heard(journal: PostgresJournal) -> None:
    """A worker that has not might send them to the side that was."""
    heard = [False, False, True]

    async def is_heard() -> bool:
        assert (await journal.begin([put("7")], 60.0)).pending == frozenset()
        return heard.pop(0)

    gate = AuthorityMoves(journal, lambda: TABLE, is_heard)
    await gate.end(await gate.hold([UP]), moved=True)
    assert heard == []


async def test_for_what_people_must_decide_nothing_is_held(journal: PostgresJournal) -> None:
    """Nor for what has been owed for longer than a hold lasts: other writes of these cohorts go on all the while."""
    gate, before = AuthorityMoves(journal, lambda: TABLE), await held(journal)
    for outcome, is_old, said in ((FirstOutcome.UNKNOWN, False, "1 unknown"), (FirstOutcome.DONE, True, "1 owed")):
        await journal.begin([one := put("7")], 60.0)
        await journal.end([Ended(id=one.id, outcome=outcome)])
        if is_old:
            await make_old(journal, one.id)
        with pytest.raises(UndoneWritesError, match=f"are not on both sides: {said} "):
            await gate.hold([UP])
        assert await held(journal) == before
        assert await journal.drop(one.id) or await journal.take(1, 60.0)
        await journal.done([one.id])

    assert len(await gate.hold([UP])) == 1


async def test_what_was_held_in_vain_is_left_alone_for_a_while(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit is not tried again at once, and each time later; an operator may; once made, all is as before."""
    monkeypatch.setattr(authority_moves, "WAITS", 0.2)
    now, before = [0.0], await held(journal)
    gate = AuthorityMoves(journal, lambda: TABLE, now=lambda: now[0])
    edit = moved("accounts", canary(0.4), canary(0.6), Cause.FILE)
    await journal.begin([slow := put("7")], 60.0)
    await make_old(journal, slow.id)
    for at, said in ((0.0, "1 of the things"), (3.0, "again in 1 s"), (4.0, "1 of the"), (11.0, "again in 1 s")):
        now[0] = at
        with pytest.raises(UndoneWritesError, match=said):
            await gate.hold([edit])
    assert await held(journal) == before + 2
    await journal.end([Ended(id=slow.id, outcome=FirstOutcome.FAILED)])

    assert len(await gate.hold([UP])) == 1
    assert len(await gate.hold([edit])) == 1


async def test_a_rest_ends_when_the_journal_has_emptied(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback that was held in vain is not put off for a minute: it is made once what it waited for is done."""
    monkeypatch.setattr(authority_moves, "WAITS", 0.2)
    gate = AuthorityMoves(journal, lambda: TABLE, now=lambda: 0.0)
    rollback = moved("accounts", canary(0.6), canary(0.4), Cause.GUARD)
    await journal.begin([slow := put("7")], 60.0)
    await make_old(journal, slow.id)
    for said in ("1 of the things", "again in 4 s"):
        with pytest.raises(UndoneWritesError, match=said):
            await gate.hold([rollback])
    await journal.end([Ended(id=slow.id, outcome=FirstOutcome.FAILED)])

    assert len(await gate.hold([rollback])) == 1


async def test_all_of_a_group_waits_for_its_writes(journal: PostgresJournal) -> None:
    """A route that only reads must not read from new what legacy alone has."""
    grouped = route("accounts", Stage.CANARY, 0.4, group="g", steps=(WRITES,))
    reads = route("reads", Stage.CANARY, 0.4, group="g")
    gate = AuthorityMoves(journal, lambda: snapshot(grouped, reads))
    await journal.begin([one := replace(put("7"), scope="g")], 60.0)
    await journal.end([Ended(id=one.id, outcome=FirstOutcome.UNKNOWN)])

    with pytest.raises(UndoneWritesError):
        await gate.hold([moved("reads", canary(0.4), canary(0.6))])


async def test_a_pin_waits_for_what_its_cohort_has_written(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And begins nothing of it meanwhile; other cohorts go on, and a route that writes to one side asks nothing."""
    monkeypatch.setattr(authority_moves, "WAITS", 0.2)
    gate, (accounts, rest) = AuthorityMoves(journal, lambda: TABLE), TABLE.routes
    theirs = replace(put("7"), draw=draw(accounts.salt, b"client_ip:10.0.0.1"))
    await journal.begin([theirs], 60.0)
    assert await gate.hold_cohort(rest, "10.0.0.1") == ()
    assert await gate.hold_cohort(accounts, "10.0.0.2") != ()
    with pytest.raises(UndoneWritesError, match="1 of the things"):
        await gate.hold_cohort(accounts, "10.0.0.1")
    await journal.end([Ended(id=theirs.id, outcome=FirstOutcome.FAILED)])
    holds = await gate.hold_cohort(accounts, "10.0.0.1")
    again = replace(theirs, id=put("7").id)
    assert (await journal.begin([again], 60.0)).pending == frozenset()
    await gate.end(holds)

    assert (await journal.begin([again], 60.0)).pending == {again.id}
