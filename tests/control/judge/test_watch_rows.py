from __future__ import annotations

from dataclasses import replace
from math import log

import msgspec
import pytest

from proxy.control.judge.route_watch import Docket, Rates
from proxy.control.judge.watch_rows import recalled, states_of
from proxy.core.evidence.records import GuardState
from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.capacity import Capacity
from proxy.core.judge.dedupe import Baseline
from proxy.core.judge.guard import Bad, Process, observe
from proxy.core.judge.recovery import NOT_YET
from proxy.core.outcome import Side
from proxy.core.position.position import Cause
from proxy.link.messages import ComparedDelta
from tests.control.stands import START
from tests.core.judge.cases import FIVE, NOW, QUARTER, standing


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


def test_a_step_comes_back_as_it_was() -> None:
    """Answers up to those that are needed, what new carried, an alarm of the breaker; without a ramp there is none."""
    capacity = Capacity(proved=0.6, epoch=3)
    docket = Docket(breaker=FailureRow(opened_at=START + 1), capacity=capacity)
    docket.follow(standing(FIVE, since=START + 0.25))
    docket.answers = 170
    again, plain = Docket(), Docket()
    recalled(again, states_of("a", docket, START, requests=100))
    recalled(plain, states_of("a", docket, START))
    again.follow(standing(FIVE, since=START + 0.25))

    assert (again.answers, again.capacity, again.breaker.opened_at) == (100, capacity, START + 1)
    assert (plain.answers, plain.capacity.proved, plain.version) == (0, None, -1)


def test_a_docket_follows_what_it_was_kept_for() -> None:
    """The judge's own hold is watched after a restart, and what new carried since a rollback is not lost by it."""
    capacity = Capacity(proved=0.6, epoch=3)
    waits = replace(standing(FIVE, held=True), cause=Cause.LEGACY)
    back = standing(FIVE, latched=True, since=NOW)
    again = {}
    for position in (waits, back):
        docket = Docket()
        docket.follow(position)
        docket.capacity, docket.answers = capacity, 20
        again[position] = Docket()
        recalled(again[position], states_of("a", docket, START, requests=100))
        again[position].follow(position)

    assert (again[waits].recovery, again[back].recovery) == (NOT_YET, None)
    assert [(each.answers, each.capacity) for each in again.values()] == [(20, capacity)] * 2


def test_a_step_that_has_ended_gives_no_answers() -> None:
    """What new carried counts at the next step as well; its answers at the last one do not."""
    docket = Docket(capacity=Capacity(proved=0.6, epoch=3))
    docket.follow(standing(FIVE))
    docket.answers = 50
    again = Docket()
    recalled(again, states_of("a", docket, START, requests=100))
    again.follow(replace(standing(QUARTER, since=NOW), version=4))

    assert (again.answers, again.capacity.proved) == (0, 0.6)


def test_what_was_seen_before_the_store_answered_stays() -> None:
    """Rows that come late are put beside it: answers add up, an alarm of one's own is not forgotten."""
    kept, seen = Docket(), Docket()
    for docket, answers, proved in ((kept, 50, 0.6), (seen, 20, 0.4)):
        docket.follow(standing(FIVE))
        docket.answers, docket.rates = answers, Rates(answers=answers, since=START, bad={Bad.ERROR: 1})
        docket.capacity = Capacity(proved=proved, epoch=3)
    kept.processes[Bad.ERROR] = Process(bad=Bad.ERROR, events=9)
    seen.processes[Bad.ERROR] = Process(bad=Bad.ERROR, events=5, alarmed_at=START)
    recalled(seen, states_of("a", kept, START, requests=100))

    assert (seen.answers, seen.capacity.proved) == (70, 0.6)
    assert (seen.rates.answers, seen.rates.bad[Bad.ERROR]) == (70, 2)
    assert seen.processes[Bad.ERROR].alarmed_at == START


@pytest.mark.parametrize(
    ("updated", "alarmed_at", "void"), [(START, 0.0, True), (START + 2, START, True), (START + 2, START + 2, False)]
)
def test_what_a_move_answered_is_nothing(updated: float, alarmed_at: float, *, void: bool) -> None:
    """Neither evidence that was kept before it, nor an alarm of before; baselines and rates outlive it."""
    kept, fresh, seen = Docket(), Docket(), Docket()
    kept.processes[Bad.ERROR] = Process(bad=Bad.ERROR, logs=(6.0,) * 7, events=9, alarmed_at=alarmed_at or None)
    kept.breaker, kept.rates = FailureRow(opened_at=alarmed_at or None), Rates(answers=500, since=START)
    seen.processes[Bad.ERROR] = known = Process(bad=Bad.ERROR, events=2)
    for docket in (fresh, seen):
        recalled(docket, states_of("a", kept, updated), START + 1)

    assert fresh.processes[Bad.ERROR] == (Process(bad=Bad.ERROR) if void else kept.processes[Bad.ERROR])
    assert (seen.processes[Bad.ERROR] == known, fresh.breaker.opened_at is None) == (void, void)
    assert fresh.rates.answers == 500


def test_an_older_epoch_has_proved_nothing() -> None:
    """What new carried before it was deployed anew is not taken up."""
    kept, seen = Docket(capacity=Capacity(proved=0.6, epoch=3)), Docket(capacity=Capacity(epoch=4))
    kept.follow(standing(FIVE))
    recalled(seen, states_of("a", kept, START, requests=100))

    assert seen.capacity.proved is None


def test_a_detector_of_change_comes_back_with_its_step() -> None:
    """An alarm at shadow holds the ramp after a restart, too; what was kept at an earlier step is passed over."""
    delta = ComparedDelta("a", "mark", 7_000, "legacy", [(3, 7)])
    kept = [_changed(msgspec.structs.replace(delta, step=step)) for step in (5_000, 7_000)]
    (old, _), (row, present) = kept
    again = Docket()
    recalled(again, [replace(row, bad="change self mark"), row, replace(old, bad="change new mark")])

    assert again.changes == present.changes
    assert again.changes.of("mark")[Side.LEGACY].alarmed_at == START
    recalled(again, [replace(row, numbers=(*row.numbers[:-1], 0.0))])
    assert again.changes == present.changes


def test_a_detector_of_change_begins_anew_with_the_guard() -> None:
    """What was kept of one before that, or alarmed before, is passed over."""
    row, present = _changed(ComparedDelta("a", "mark", 7_000, "legacy", [(3, 7)]))
    found = {}
    for updated, answered in ((START, START), (START + 2, START + 1), (START + 2, START - 1)):
        found[updated, answered] = Docket()
        recalled(found[updated, answered], [replace(row, updated=updated)], answered)

    assert [bool(each.changes.by_epoch) for each in found.values()] == [False, False, True]
    assert present.changes.of("mark")[Side.LEGACY].alarmed_at == START


def _changed(delta: ComparedDelta) -> tuple[GuardState, Docket]:
    """A docket with this behind it, and its row."""
    docket = Docket()
    docket.changes.follow(delta.step)
    docket.changes.add([delta], limit=0.01, at=START, log_a=log(1e9))
    (row,) = (each for each in states_of("a", docket, START, slow=False) if each.bad.startswith("change "))
    return row, docket


def test_rows_of_another_version_are_passed_over() -> None:
    """A class that is not known, and numbers that are too few, change nothing."""
    docket = Docket()
    rows = [
        ("step", (1.0,)),
        ("breaker", ()),
        ("5xx", (1.0,)),
        ("rates", (1.0,)),
        ("baseline 6xx", (1.0, 2.0)),
        ("later", (1.0,)),
        ("change new e", (1.0,)),
    ]
    recalled(docket, [GuardState(route="a", bad=bad, numbers=numbers, updated=START) for bad, numbers in rows])

    assert (docket.processes, docket.baselines, docket.rates, docket.changes.step) == ({}, {}, Rates(), -1)
