"""What keeps a write from the side that no longer answers, whoever decided it and whenever: in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from proxy.core.journal.intent import BY_KILL, BegunWrites, Ended, FirstOutcome, Intent
from proxy.core.outcome import Side
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Move, Position, move, moved
from proxy.core.position.standing import Pin
from proxy.core.stage import Stage
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.journal import PostgresJournal
from proxy.store.postgres.positions import PostgresPositions
from tests.store.postgres.test_journal import intent
from tests.store.waiting import PATIENT

ALL = (0.0, 1.0)


@pytest.fixture
async def connections(database: str) -> AsyncIterator[Connections]:
    made = Connections(database, patience=PATIENT)
    yield made
    await made.close()


@pytest.fixture
def journal(connections: Connections) -> PostgresJournal:
    return PostgresJournal(connections, "one")


@pytest.fixture
def positions(connections: Connections) -> PostgresPositions:
    return PostgresPositions(connections)


def at(split: float, version: int) -> Position:
    return Position(
        route="accounts",
        stage=Stage.CANARY,
        split=split,
        version=version,
        latched=False,
        held=False,
        cause=Cause.OPERATOR,
        since=float(version),
        file_stage=Stage.CANARY,
        file_split=split,
    )


def move_to(before: Position, split: float) -> Move:
    after = moved(before, Place(before.stage, split), Cause.OPERATOR, before.since + 1.0)
    return move(before, after, at=after.since, actor="me", numbers={}, reason="")


def by(version: int | None, key: str, draw: float = 0.25) -> Intent:
    return replace(intent(key, draw), decided=version)


async def made(positions: PostgresPositions, moving: Move, *holds: int) -> bool:
    return await positions.compare_and_set_all([moving], holds=holds)


async def sql(connections: Connections, text: str) -> None:
    async with connections.connection() as connection:
        await connection.execute(text)


async def test_who_has_not_heard_of_a_move_begins_nothing(
    journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """Of the cohorts that moved; by the new standing, by the kill switch, and of other cohorts it is begun."""
    hold = await journal.hold("accounts", (0.2, 0.4), 60.0)
    assert await made(positions, move_to(at(0.4, 0), 0.2), hold)
    version = (await positions.standing()).version
    await journal.unhold([hold], 0.0)
    several = [by(version - 1, "old"), now := by(version, "now"), killed := by(BY_KILL, "killed")]
    several += [beside := by(version - 1, "beside", 0.4), elsewhere := replace(by(0, "old"), scope="orders")]
    begun = await journal.begin(several, 60.0)

    assert begun.outdated == {several[0].id}
    assert begun.pending == {now.id, killed.id, beside.id, elsewhere.id}


OLD_BEGIN = """
INSERT INTO banyan.journal (id, scope, key, route, cohort, draw, side, state, holder, held, request)
VALUES ($1, 'accounts', $2, 'accounts', 'a', $3, 'legacy', 'pending', 'old', 'tomorrow', '{}')
ON CONFLICT DO NOTHING RETURNING id
"""
"""As a version begins a write that knew of no fence."""


async def test_an_older_replica_begins_nothing_of_what_moved_lately(
    connections: Connections, journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """It does not say what it has heard of, nor does a worker of its version: neither begins a write of these cohorts
    for an hour, and both begin all others.
    """

    async def begun_by_old(number: int, draw: float) -> bool:
        async with connections.connection() as connection:
            return await connection.fetchval(OLD_BEGIN, UUID(int=number), str(number), draw) is not None

    assert await begun_by_old(1, 0.25)
    async with connections.connection() as connection:
        await connection.execute("DELETE FROM banyan.journal")
    hold = await journal.hold("accounts", (0.2, 0.4), 60.0)
    assert await made(positions, move_to(at(0.4, 0), 0.2), hold)
    await journal.unhold([hold], 0.0)
    assert (await journal.begin([by(None, "7"), beside := by(None, "8", 0.4)], 60.0)).pending == {beside.id}
    assert (await begun_by_old(2, 0.25), await begun_by_old(3, 0.5)) == (False, True)
    await sql(connections, "UPDATE banyan.journal_fence SET made = made - interval '61 minutes'")

    assert await begun_by_old(4, 0.25)


async def test_what_is_held_waits_and_is_not_outdated_yet(
    journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """Others hear of the move meanwhile."""
    hold = await journal.hold("accounts", ALL, 60.0)
    assert await made(positions, move_to(at(0.4, 0), 0.2), hold)

    assert await journal.begin([by(0, "7")], 60.0) == BegunWrites(pending=frozenset())


async def test_a_move_that_was_not_made_keeps_nobody_out(
    journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """Somebody else was faster: no fence is left of it."""
    hold = await journal.hold("accounts", ALL, 60.0)
    assert not await made(positions, move_to(at(0.4, 7), 0.2), hold)
    await journal.unhold([hold], 0.0)

    assert (await journal.begin([one := by(0, "7")], 60.0)).pending == {one.id}


async def test_no_move_is_made_when_its_hold_is_over(journal: PostgresJournal, positions: PostgresPositions) -> None:
    """Its process stood still, and somebody has begun a write since: authority stays where it was."""
    hold = await journal.hold("accounts", ALL, 0.0)
    await journal.begin([by(0, "first")], 60.0)
    assert (await journal.begin([one := by(0, "7")], 60.0)).pending == {one.id}
    assert not await made(positions, move_to(at(0.4, 0), 0.2), hold)

    assert (await positions.standing()).positions == ()


async def test_a_pin_keeps_out_what_was_decided_before(journal: PostgresJournal, positions: PostgresPositions) -> None:
    """And so does its end; a pin whose hold is over is not set."""
    pin = Pin(route="accounts", cohort="7", side=Side.NEW, by="me", since=0.0)
    first = await journal.hold("accounts", (0.25, 0.26), 60.0)
    assert await positions.set_pin(pin, holds=[first])
    second = await journal.hold("accounts", (0.25, 0.26), 60.0)
    assert await positions.drop_pin("accounts", "7", holds=[second])
    assert not await positions.set_pin(pin, holds=[10**9])
    await journal.unhold([first, second], 0.0)
    before, after = by(1, "7"), by(2, "8")

    assert (await positions.standing()).pins == ()
    assert await journal.begin([before, after], 60.0) == BegunWrites(
        pending=frozenset({after.id}), outdated=frozenset({before.id})
    )


async def test_whoever_died_before_he_took_it_back_has_not_sent_it(
    connections: Connections, journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """Such a row is gone, and the first side is not asked for it; one that was sent stays, and stops moves."""
    await journal.begin([sent := by(1, "sent", 0.9)], 0.0)
    hold = await journal.hold("accounts", (0.2, 0.4), 60.0)
    assert await made(positions, move_to(at(0.4, 0), 0.2), hold)
    await journal.begin([late := by(BY_KILL, "late")], 0.0)
    await sql(connections, f"UPDATE banyan.journal SET decided = 0 WHERE id = '{late.id}'")
    found = await journal.abandoned(10, 60.0)

    assert [each.intent.id for each in found] == [sent.id]
    assert await journal.undone("accounts", ALL, 10) == {"sent"}


async def test_old_fences_become_one(
    connections: Connections, journal: PostgresJournal, positions: PostgresPositions
) -> None:
    """Of the whole scope and the last of their versions; not while something older is on its way."""
    position = at(0.4, 0)
    await journal.begin([old := by(0, "old", 0.9)], 60.0)
    for split in (0.2, 0.4, 0.2):
        hold = await journal.hold("accounts", (0.2, 0.4), 60.0)
        moving = move_to(position, split)
        assert await made(positions, moving, hold)
        position = moving.after
        await sql(connections, "UPDATE banyan.journal_fence SET made = made - interval '2 hours'")
    assert await _fences(connections) == [(0.2, 1), (0.2, 2), (0.2, 3)]
    await journal.end([Ended(id=old.id, outcome=FirstOutcome.FAILED)])
    await journal.hold("accounts", (0.2, 0.4), 60.0)

    assert await _fences(connections) == [(0.0, 3)]


async def _fences(connections: Connections) -> list[tuple[float, int]]:
    async with connections.connection() as connection:
        rows = await connection.fetch("SELECT low, version FROM banyan.journal_fence ORDER BY version")
    return [(row["low"], row["version"]) for row in rows]


@dataclass(slots=True)
class Race:
    """Movers and replicas over one database; an odd version of the standing has sent the cohort to legacy."""

    journal: PostgresJournal
    positions: PostgresPositions
    dice: random.Random
    position: Position = field(default_factory=lambda: at(0.4, 0))
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    wrong: list[str] = field(default_factory=list)

    async def write(self, replica: str, hears: float) -> None:
        """Begin and end, and hear of the standing with this probability after each."""
        version = 0
        while not self.is_over.is_set():
            one = replace(by(version, replica), side=_side(version))
            if one.id in (await self.journal.begin([one], 60.0)).pending:
                self.begun += 1
                await asyncio.sleep(self.dice.random() / 100)
                await self._check(one)
                await self.journal.end([Ended(id=one.id, outcome=FirstOutcome.FAILED)])
            if self.dice.random() < hears:
                version = (await self.positions.standing()).version

    async def _check(self, one: Intent) -> None:
        standing = (await self.positions.standing()).version
        if _side(standing) is not one.side:
            self.wrong.append(f"{one.id}: decided by {one.decided}, and {standing} stands")

    async def move(self) -> bool:
        """Hold, look, and move if both sides have all; the hold may be over by then."""
        hold = await self.journal.hold("accounts", (0.2, 0.4), self.dice.choice((0.0, 60.0)))
        if await self._is_empty():
            await asyncio.sleep(self.dice.random() / 100)
            moving = move_to(self.position, 0.2 if self.position.split == 0.4 else 0.4)
            is_made = await made(self.positions, moving, hold)
            self.position = moving.after if is_made else self.position
        else:
            is_made = False
        await self.journal.unhold([hold], 0.0)
        return is_made

    async def _is_empty(self) -> bool:
        for _ in range(100):
            if not await self.journal.undone("accounts", ALL, 1):
                return True
        return False


def _side(version: int) -> Side:
    return Side.LEGACY if version % 2 else Side.NEW


@pytest.mark.parametrize("seed", range(3))
async def test_no_write_is_begun_at_the_side_that_was(connections: Connections, seed: int) -> None:
    """Whatever the interleaving, and whether a replica hears soon, late or never: each write that was begun and is not
    ended yet is at the side that answers.
    """
    race = Race(PostgresJournal(connections, "one"), PostgresPositions(connections), random.Random(seed))
    writing = [
        asyncio.ensure_future(race.write(f"{number}", hears)) for number, hears in enumerate((0.9, 0.9, 0.2, 0.0))
    ]
    moves = 0
    while moves < 12:
        moves += await race.move()
    race.is_over.set()
    await asyncio.gather(*writing)

    assert race.wrong == []
    assert race.begun > 12
