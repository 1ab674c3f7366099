"""Runs while both sides are written, stopped half-way, and held back."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from proxy.core.outcome import Side
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.row_difference import RowDifferenceKind
from proxy.reconcile.trouble import ReconcileTrouble
from tests.reconcile.conftest import TwoDatabases, begun, check

ROWS = """CREATE TABLE account (id int PRIMARY KEY, name text, written timestamptz NOT NULL DEFAULT now());
INSERT INTO account SELECT i, 'n' || i FROM generate_series(1, 2000) AS i"""
LATE = 20
"""Writes by which new trails."""
WRITTEN = (
    "INSERT INTO account VALUES ({id}, '{name}') ON CONFLICT (id) DO UPDATE SET name = '{name}', written = now()",
    "UPDATE account SET name = '{name}', written = now() WHERE id = {id}",
    "DELETE FROM account WHERE id = {id}",
)


@contextlib.asynccontextmanager
async def under_writes(databases: TwoDatabases) -> AsyncIterator[None]:
    """For the length of the block both sides are written."""
    writing = asyncio.ensure_future(write_both(databases))
    yield
    writing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writing


async def write_both(databases: TwoDatabases) -> None:
    """Inserts, updates and deletes of sixty rows, without a pause: at legacy, and at new so many writes later."""
    trailing: deque[str] = deque()
    async with contextlib.AsyncExitStack() as stack:
        legacy, new = [await asyncpg.connect(databases.urls[side]) for side in (Side.LEGACY, Side.NEW)]
        for connection in (legacy, new):
            stack.push_async_callback(connection.close)
        for number in itertools.count():
            statement = WRITTEN[number % 3].format(id=number * 37 % 61 + 100, name=f"w{number}")
            trailing.append(statement)
            await legacy.execute(statement)
            if len(trailing) > LATE:
                await new.execute(trailing.popleft())


@pytest.mark.parametrize("watermark", ["written", ""])
async def test_writes_meanwhile_make_no_ghosts(databases: TwoDatabases, watermark: str) -> None:
    """While new trails behind legacy the planted rows differ and no others, with a watermark or without one."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET name = 'x' WHERE id = 5; INSERT INTO account VALUES (9999, 'x')")
    of = check(select="SELECT id, name, written FROM account", ignore=("written",) * (not watermark), chunk=100)
    async with under_writes(databases):
        for _ in range(3):
            progress = await databases.run(replace(of, watermark=watermark, recheck=0.3))
            assert {each.key for each in progress.found} == {("5",), ("9999",)}


async def test_a_row_that_agrees_by_the_second_look_is_no_difference(databases: TwoDatabases) -> None:
    """What one side writes a little later has agreed when it is looked at again."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET name = 'early' WHERE id = 7")

    def catch_up(_: RunProgress) -> None:
        caught_up.append(asyncio.ensure_future(databases.legacy("UPDATE account SET name = 'early' WHERE id = 7")))

    caught_up: list[asyncio.Future[None]] = []
    progress = await databases.run(check(ignore=("written",), recheck=0.5), told=catch_up)

    assert (progress.found, progress.counts.differences, progress.counts.unsettled) == ([], 0, 0)


async def test_a_row_that_is_fresh_by_the_watermark_is_unsettled(databases: TwoDatabases) -> None:
    """What was written within the time that both sides have is no difference yet, and is counted apart."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET name = 'x', written = now() + interval '1 hour' WHERE id = 7")

    fresh = await databases.run(check(watermark="written"))
    old = await databases.run(check(ignore=("written",)))

    assert (fresh.counts.differences, fresh.counts.unsettled) == (0, 1)
    assert [each.kind for each in old.found] == [RowDifferenceKind.VALUE]


@pytest.mark.parametrize("stopped_after", [1, 3, 10])
async def test_a_run_that_was_stopped_goes_on_where_it_was(databases: TwoDatabases, stopped_after: int) -> None:
    """From what is recorded after a range: each row is counted once, and so is each difference."""
    await databases.both(ROWS)
    await databases.new("UPDATE account SET name = 'x' WHERE id IN (3, 900, 2000)")
    of, ranges = check(ignore=("written",), chunk=100), itertools.count(1)

    def stop(_: RunProgress) -> None:
        if next(ranges) == stopped_after:
            raise ReconcileTrouble("stopped", "")

    first = begun(of)
    with pytest.raises(ReconcileTrouble, match="stopped"):
        await databases.run(of, first, told=stop)
    again = await databases.run(of, RunProgress(first.begun))

    assert first.begun.counts.legacy_rows < 2000
    assert again.ended(1.0).counts.differences == 3
    assert (again.counts.legacy_rows, again.counts.new_rows) == (2000, 2000)


async def test_a_rate_holds_a_run_back(databases: TwoDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each range it waits for as long as so many rows may take, and ranges are small for the rate."""
    await databases.both(ROWS)
    slept: list[float] = []

    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await really(0)

    monkeypatch.setattr("proxy.reconcile.reconciliation.asyncio.sleep", sleep)
    progress = await databases.run(check(ignore=("written",), chunk=1000), rate=2000)

    assert progress.counts.legacy_rows == 2000
    assert len(slept) >= 10
    assert max(slept) <= 200 / 2000


async def test_what_differs_throughout_is_given_up(databases: TwoDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that is wrong does not list a million keys: it ends after so many, and counts as different."""
    monkeypatch.setattr("proxy.core.reconcile.progress.MOST_DIFFERENCES", 50)
    await databases.both(ROWS)
    await databases.new("UPDATE account SET name = name || ' '")

    progress = await databases.run(check(ignore=("written",), chunk=100))

    assert 50 <= progress.counts.differences < 2000
    assert progress.counts.legacy_rows < 2000


async def test_a_database_that_goes_away_ends_the_run_with_a_word(databases: TwoDatabases) -> None:
    """Its name and what it said, and not its address."""
    await databases.both(ROWS)
    of = check(ignore=("written",), chunk=100)

    def cut(_: RunProgress) -> None:
        if not cuts:
            cuts.append(asyncio.ensure_future(databases.new(END)))

    cuts: list[asyncio.Future[None]] = []
    with pytest.raises(ReconcileTrouble, match=r"the database accounts (says|cannot be read)") as trouble:
        await databases.run(of, told=cut)

    assert "host=" not in trouble.value.message
    assert "--resume" in trouble.value.cure or "databases.accounts" in trouble.value.cure


END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan reconcile'"
