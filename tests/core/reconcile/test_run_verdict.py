from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.judge.ramp import checks
from proxy.core.judge.verdict import judge
from proxy.core.reconcile.reconcile_check import NeededRun
from proxy.core.reconcile.reconcile_run import ReconcileRun
from proxy.core.reconcile.run_verdict import verdict_of
from tests.core.judge.cases import FIVE, GOOD, NOW, QUARTER, RAMP, case, standing
from tests.core.reconcile.test_reconcile_run import run

NEEDED = NeededRun("accounts", "m", 3600.0)
RUN = run("a", NOW - 900, NOW - 600)


@pytest.mark.parametrize(
    ("runs", "agrees", "sentence"),
    [
        ((), None, "the check accounts was not run: run `banyan reconcile accounts`"),
        ((run("a", NOW),), None, "the check accounts is not complete yet: run `banyan reconcile accounts`"),
        (
            (replace(RUN, mark="x"),),
            None,
            "the check accounts asked otherwise than routes.yaml does now: run `banyan reconcile accounts`",
        ),
        (
            (replace(RUN, check="other"),),
            None,
            "the check accounts was not run: run `banyan reconcile accounts`",
        ),
        ((RUN,), True, "9 and 9 rows of accounts agreed 10m ago"),
        ((run("b", NOW), RUN), True, "9 and 9 rows of accounts agreed 10m ago"),
        (
            (run("b", NOW, differences=2), RUN),
            False,
            "2 keys differ between the databases of accounts: run `banyan reconcile accounts` to see them",
        ),
        (
            (run("a", 0, NOW - 7200),),
            None,
            "9 and 9 rows of accounts agreed 2h ago: run `banyan reconcile accounts`",
        ),
    ],
)
def test_the_newest_result_counts_while_it_is_young(
    runs: tuple[ReconcileRun, ...],
    agrees: bool | None,  # noqa: FBT001
    sentence: str,
) -> None:
    """Met by a complete run without a difference; failed by one; open without a result, or with an old one."""
    found = verdict_of(NEEDED, runs, NOW)

    assert (found.agrees, found.sentence) == (agrees, sentence)


def test_a_route_waits_for_the_databases_that_it_needs() -> None:
    """With everything else proved: no step without a result, one with it, none back for a difference."""
    ramp = replace(RAMP, needs=replace(RAMP.needs, reconciled=(NEEDED,)))
    good, bad = replace(GOOD, runs=(RUN,)), replace(GOOD, runs=(run("b", NOW, differences=1),))

    assert judge(case(ramp=ramp)).action == "stay"
    assert judge(case(ramp=ramp, measures=good)).action == "promote"
    assert judge(case(ramp=ramp, measures=bad)).action == "stay"
    assert "reconciled" in [check.need for check in checks(ramp, standing(FIVE), QUARTER, good, NOW)]
