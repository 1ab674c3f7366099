"""The contract of ReconcileRunStore, held to by both implementations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.memory.reconcile_runs import MemoryReconcileRuns
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.reconcile_runs import PostgresReconcileRuns
from proxy.store.reconcile_runs import KEPT_RUNS, ReconcileRunStore
from tests.store.conftest import TEMPLATE, _database
from tests.store.waiting import PATIENT

RUN = ReconcileRun(
    id="r1",
    check="accounts",
    mark="0123456789ab",
    started=6000.5,
    position=("tenant-7", "é,\\"),
    counts=RunCounts(legacy_rows=2**40, new_rows=2, differences=3, unsettled=4),
    actor="ann@shop",
)


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest, server: Embedded) -> AsyncIterator[ReconcileRunStore]:
    """Both, one after the other, empty."""
    if request.param == "memory":
        yield MemoryReconcileRuns()
        return
    connections = Connections(await _database(server, TEMPLATE), patience=PATIENT)
    yield PostgresReconcileRuns(connections)
    await connections.close()


async def test_a_run_is_kept_as_it_came_last(store: ReconcileRunStore) -> None:
    """What is said later of a run replaces what was said before, until it has ended."""
    ended = replace(RUN, ended=6100.0, position=(), counts=RunCounts(legacy_rows=9, new_rows=9))
    for said in (RUN, ended, replace(RUN, position=("late",))):
        await store.keep(said)

    assert await store.runs() == (ended,)


async def test_the_newest_runs_of_each_check_are_kept(store: ReconcileRunStore) -> None:
    """Newest first; many runs of one check push out none of another."""
    await store.keep(replace(RUN, id="other", check="payments", started=1.0))
    for number in range(KEPT_RUNS + 3):
        await store.keep(replace(RUN, id=f"r{number}", started=100.0 + number))

    kept = await store.runs()

    assert [each.started for each in kept] == [*(100.0 + number for number in range(22, 2, -1)), 1.0]


async def test_a_text_that_no_database_takes_is_made_one(store: ReconcileRunStore) -> None:
    """Who runs it may be called anything."""
    await store.keep(replace(RUN, actor="a\0b"))

    assert (await store.runs())[0].actor == "a␀b"
