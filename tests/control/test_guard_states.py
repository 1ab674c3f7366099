from __future__ import annotations

from proxy.control.docket import Docket, Rates
from proxy.control.guard_states import recalled, states_of
from proxy.core.evidence import GuardState
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import Bad, Process, observe
from tests.control.stands import START


def test_a_docket_comes_back_as_it_was() -> None:
    """Processes with their alarms, baselines and rates are the same after they were kept."""
    docket = Docket(rates=Rates(answers=500, failed=9, bad={Bad.ERROR: 7, Bad.LATENCY: 2}, since=START))
    for _ in range(30):
        process = docket.processes.get(Bad.ERROR) or Process(bad=Bad.ERROR)
        docket.processes[Bad.ERROR] = observe(process, 1, 0, share=0.1, at=START, log_a=7.0)
    docket.baselines[Bad.TIMEOUT] = Baseline.of([(3, 4), (9_999, 1)])
    again = Docket()
    recalled(again, states_of("a", docket, START))

    assert docket.processes[Bad.ERROR].alarmed_at == START
    assert again.processes == docket.processes
    assert again.baselines[Bad.TIMEOUT].counts == ((3, 4), (9_999, 1))
    assert again.rates == Rates(
        answers=500, failed=9, bad={bad: {Bad.ERROR: 7, Bad.LATENCY: 2}.get(bad, 0) for bad in Bad}, since=START
    )


def test_rates_of_the_version_before_are_taken_up() -> None:
    """It did not keep how many answers failed."""
    docket = Docket()
    recalled(docket, [GuardState(route="a", bad="rates", numbers=(500.0, START, 7.0, 0.0, 0.0, 2.0), updated=START)])

    assert (docket.rates.answers, docket.rates.failed, docket.rates.bad[Bad.LATENCY]) == (500, 0, 2)


def test_rows_of_another_version_are_passed_over() -> None:
    """A class that is not known, and numbers that are too few, change nothing."""
    docket = Docket()
    rows = [("5xx", (1.0,)), ("rates", (1.0,)), ("baseline 6xx", (1.0, 2.0)), ("later", (1.0,))]
    recalled(docket, [GuardState(route="a", bad=bad, numbers=numbers, updated=START) for bad, numbers in rows])

    assert (docket.processes, docket.baselines, docket.rates) == ({}, {}, Rates())
