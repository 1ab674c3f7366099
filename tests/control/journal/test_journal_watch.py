"""What control knows of the journal."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import structlog

from proxy.control.journal import journal_watch
from proxy.control.journal.journal_watch import JournalWatch
from proxy.core.journal.intent import Ended, FirstOutcome
from proxy.core.journal.standing import JournalStanding
from proxy.core.routing.snapshot import Snapshot
from proxy.core.stage import Stage
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.journal import PostgresJournal
from tests.clerk.journal.conftest import WRITES, put
from tests.control.tables import route, snapshot
from tests.waiting import until

WRITTEN = route("accounts", Stage.SHADOW, steps=(WRITES,))
TABLE = snapshot(WRITTEN, route("rest"))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_it_counts_what_is_undone_by_route(journal: PostgresJournal) -> None:
    """A route that writes to one side has none; what is younger than a second is no lag."""
    clock = Clock()
    watch = JournalWatch(journal, lambda: TABLE, clock)
    await journal.begin([put("7")], 60.0)
    await journal.begin([owed := put("8")], 60.0)
    await journal.end([Ended(id=owed.id, outcome=FirstOutcome.DONE)])
    await watch.look()
    standing = watch.of(WRITTEN)

    assert standing is not None
    assert (standing.pending, standing.owed, standing.dead, standing.unknown) == (1, 1, 0, 0)
    assert watch.standings == {"accounts": standing}
    assert watch.of(TABLE.routes[1]) is None


async def test_what_cannot_be_read_again_grows_old(journal: PostgresJournal) -> None:
    """A journal of which nobody knows is no empty one: the ramp waits."""
    clock = Clock()
    watch = JournalWatch(journal, lambda: TABLE, clock)
    await watch.look()
    assert watch.of(WRITTEN) == JournalStanding()
    away = Connections("postgresql://nobody@127.0.0.1:1/x", patience=Patience(connect=0.5))
    watch.journal = PostgresJournal(away, "x")
    clock.now = 2.5
    assert watch.of(WRITTEN) == JournalStanding()
    clock.now = 60.0
    with pytest.raises(StoreUnavailable):
        await watch.look()

    assert watch.of(WRITTEN) == JournalStanding(lag=60.0)


async def test_that_it_is_away_is_told_once(journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is looked at; and that it is back, once."""
    monkeypatch.setattr(journal_watch, "EVERY", 0.0)
    away = PostgresJournal(Connections("postgresql://nobody@127.0.0.1:1/x", patience=Patience(connect=0.5)), "x")
    looks: list[PostgresJournal | None] = []

    def table() -> Snapshot:
        looks.append(watch.journal)
        return TABLE

    watch = JournalWatch(away, table, Clock())
    with structlog.testing.capture_logs() as said:
        running = asyncio.ensure_future(watch.run())
        await until(lambda: looks.count(away) > 3)
        watch.journal = journal
        await until(lambda: looks.count(journal) > 3)
        running.cancel()

    assert [each["event"] for each in said] == ["journal_away", "journal_back"]


async def test_what_people_have_to_decide_is_told_once(journal: PostgresJournal) -> None:
    """And again when it has come again."""
    told: list[str] = []
    watch = JournalWatch(journal, lambda: TABLE, Clock(), alarm=lambda name, reason: told.append(f"{name}: {reason}"))
    for _ in range(2):
        await journal.begin([lost := put("7")], 60.0)
        await journal.end([Ended(id=lost.id, outcome=FirstOutcome.UNKNOWN)])
        await watch.look()
        await watch.look()
        assert await journal.drop(lost.id)
        await watch.look()

    assert len(told) == 2
    assert told[0].startswith("accounts: the journal of writes has 0 dead letters and 1 writes of unknown outcome")


async def test_a_journal_that_is_nearly_full_is_told_once(journal: PostgresJournal) -> None:
    """From four fifths of what the route may have on; again when it has become so again."""
    told: list[str] = []
    table = snapshot(route("accounts", Stage.SHADOW, steps=(replace(WRITES, max_undone=5),)))
    watch = JournalWatch(journal, lambda: table, Clock(), alarm=lambda name, reason: told.append(f"{name}: {reason}"))
    await journal.begin([put("1"), put("2"), put("3")], 60.0)
    await watch.look()
    assert told == []
    for _ in range(2):
        await journal.begin([more := put("4")], 60.0)
        await watch.look()
        await watch.look()
        await journal.end([Ended(id=more.id, outcome=FirstOutcome.FAILED)])
        await watch.look()

    assert len(told) == 2
    assert told[0].startswith("accounts: the journal has 80% of the writes that it may keep")


async def test_where_nobody_writes_to_both_nothing_is_asked() -> None:
    """Nor where there is no database."""
    away = PostgresJournal(Connections("postgresql://nobody@127.0.0.1:1/x"), "x")
    await JournalWatch(away, lambda: snapshot(route("rest"))).look()
    await JournalWatch(None, lambda: TABLE).look()
