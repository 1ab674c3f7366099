"""What control tells of runs of reconciliations."""

from __future__ import annotations

from dataclasses import replace

import structlog

from proxy.control.evidence.reconcile_runs import ReconcileRuns
from proxy.core.reconcile.reconcile_check import ReconcileCheck, SideQuery
from proxy.core.reconcile.reconcile_run import ReconcileRun, RunCounts
from proxy.store.memory.reconcile_runs import MemoryReconcileRuns
from tests.control.metrics.test_collector import families, reading, samples

A, B = SideQuery(database="a", select="SELECT"), SideQuery(database="b", select="SELECT")
CHECK = ReconcileCheck(name="rows", legacy=A, new=B, key=("id",))
GOOD = ReconcileRun(id="1", check="rows", mark=CHECK.mark, started=1.0, ended=2.0, counts=RunCounts(legacy_rows=7))
BAD = replace(GOOD, id="2", started=3.0, ended=4.0, counts=RunCounts(differences=5, unsettled=1, new_rows=9))


async def test_a_result_with_differences_is_told_once() -> None:
    """An alarm and a line of the log for each such run; none for one that agrees, or that asked something else."""
    told: list[str] = []
    runs = ReconcileRuns(store=MemoryReconcileRuns(), checks=lambda: (CHECK,), alarm=told.append)
    with structlog.testing.capture_logs() as said:
        await runs.keep(GOOD)
        await runs.keep(replace(BAD, id="x", mark="another"))
        assert told == []
        await runs.keep(BAD)
        await runs.look()
        await runs.keep(replace(BAD, id="3", started=5.0))

    assert told == ["5 keys differ between the databases of the check rows"] * 2
    assert [each["event"] for each in said] == ["reconcile_differs"] * 2


def test_the_last_result_is_in_the_metrics() -> None:
    """Of each check; one without a result says that it has none, and nothing stands where no check is named."""
    read = replace(reading(), reconcile={"rows": BAD, "never": None})
    names = ("differences", "unsettled", "ended_seconds")

    assert samples(read, "banyan_reconcile_known") == {("rows",): 1, ("never",): 0}
    assert [samples(read, f"banyan_reconcile_{name}") for name in names] == [{("rows",): each} for each in (5, 1, 4)]
    assert samples(read, "banyan_reconcile_rows") == {("rows", "legacy"): 0, ("rows", "new"): 9}
    assert not [name for name in families(reading()) if name.startswith("banyan_reconcile")]
