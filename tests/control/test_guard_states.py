from __future__ import annotations

from dataclasses import replace
from math import log

import msgspec

from proxy.control.docket import Docket, Rates
from proxy.control.guard_states import recalled, states_of
from proxy.core.evidence import GuardState
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import Bad, Process, observe
from proxy.core.outcome import Side
from proxy.link import ComparedDelta
from tests.control.stands import START


def test_a_docket_comes_back_as_it_was() -> None:
    """Processes with their alarms, baselines and rates are the same after they were kept."""
    docket = Docket(rates=Rates(answers=500, bad={Bad.ERROR: 7, Bad.LATENCY: 2}, since=START))
    for _ in range(30):
        process = docket.processes.get(Bad.ERROR) or Process(bad=Bad.ERROR)
        docket.processes[Bad.ERROR] = observe(process, 1, 0, share=0.1, at=START, log_a=7.0)
    docket.baselines[Bad.TIMEOUT] = Baseline.of([(3, 4), (9_999, 1)])
    again = Docket()
    recalled(again, states_of("a", docket, START))

    assert docket.processes[Bad.ERROR].alarmed_at == START
    assert again.processes == docket.processes
    assert again.baselines[Bad.TIMEOUT].counts == ((3, 4), (9_999, 1))
    assert (again.rates.answers, again.rates.since, again.rates.bad[Bad.ERROR]) == (500, START, 7)


def test_a_detector_of_change_comes_back_with_its_step() -> None:
    """An alarm at shadow holds the ramp after a restart, too; what was kept at an earlier step is passed over."""
    delta = ComparedDelta("a", "mark", 7_000, "legacy", [(3, 7)])
    kept = []
    for step in (5_000, 7_000):
        docket = Docket()
        docket.changes.follow(step)
        docket.changes.add([msgspec.structs.replace(delta, step=step)], limit=0.01, at=START, log_a=log(1e9))
        kept += states_of("a", docket, START, slow=False)
    again = Docket()
    recalled(again, [replace(kept[1], bad="change self mark"), kept[1], replace(kept[0], bad="change new mark")])

    assert again.changes == docket.changes
    assert again.changes.of("mark")[Side.LEGACY].alarmed_at == START
    assert len(kept) == 2


def test_rows_of_another_version_are_passed_over() -> None:
    """A class that is not known, and numbers that are too few, change nothing."""
    docket = Docket()
    rows = [
        ("5xx", (1.0,)),
        ("rates", (1.0,)),
        ("baseline 6xx", (1.0, 2.0)),
        ("later", (1.0,)),
        ("change new e", (1.0,)),
    ]
    recalled(docket, [GuardState(route="a", bad=bad, numbers=numbers, updated=START) for bad, numbers in rows])

    assert (docket.processes, docket.baselines, docket.rates, docket.changes.step) == ({}, {}, Rates(), -1)
