"""Whoever dies or stands still at whichever step of a run, it reports what differs, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

from holds.state.comparing import EACH_STEP_TWICE, RunStep, Victim, comparing

ROWS = 20_000


async def test_a_fault_at_each_step_makes_no_ghost_and_loses_none() -> None:
    """Twelve faults under writes: either database, the clerk, the run itself; `python -m holds reconcile` has more."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        async with comparing(Path(name), ROWS, seed=1) as play, play.tables.under_writes():
            for fault in EACH_STEP_TWICE:
                await play.suffer(fault)

            assert play.wrong == []
            assert play.resumed >= sum(each.kills and each.victim is not Victim.CLERK for each in EACH_STEP_TWICE)


def test_the_faults_meet_every_step_and_everybody() -> None:
    """So that none is left out of the twelve."""
    assert {each.step for each in EACH_STEP_TWICE} == {*RunStep}
    assert {(each.victim, each.kills) for each in EACH_STEP_TWICE} == {
        (victim, kills) for victim in Victim for kills in (True, False)
    }
