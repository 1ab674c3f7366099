"""What is bad in one place stays there: twenty endpoints, one of which goes wrong, or one client, or one address.

Rule 1: each scenario has a Banyan of its own with the defaults, and begins with a calm time against which it is read.
Rule 2: a good request has failed when its answer was not 200, not its own, or did not come.
Rule 3: an address that dies may take one request a second with it; what may be repeated it may not take, unless it
        goes on taking requests without a word, which looks like slowness until `timeout.response`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bench.machine import raise_file_limit
from bench.table import Table
from holds.asking import Answer, percentile
from holds.finding import Check, Finding
from holds.isolation import stopped
from holds.isolation.crowd import Crowd
from holds.isolation.harm import Death, Scenario
from holds.isolation.misuse import Misuser
from holds.isolation.setting import dead, setting
from holds.isolation.stopped import Stopped
from holds.progress import bar

WARM_SECONDS = 2.0
"""Not measured: a Banyan that has just begun is slow."""
CALM_SECONDS = 5.0
BEFORE_DEATH = 1.0
REPEATABLE = "GET"
_TOLD = 20
"""Failed requests of a scenario that the notes tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one scenario went; `came`: what the bad requests got; `told`: what the log said, as `Setting.told` counts."""

    scenario: Scenario
    seconds: float
    calm: Sequence[Answer]
    answers: Sequence[Answer]
    came: Counter[str]
    told: Counter[str]

    @property
    def failed(self) -> list[Answer]:
        """See rule 2."""
        return [each for each in self.answers if each.trouble]


async def measure(chosen: Sequence[Scenario], seconds: float) -> Finding:
    """One scenario after the other."""
    raise_file_limit()
    played: list[Played] = []
    hung: list[Stopped] = []
    with bar("scenarios", len(chosen)) as drawn:
        for scenario in chosen:
            if scenario.stops:
                hung.append(await stopped.play(scenario, seconds))
                drawn.step(f"{scenario.name}: opened after {hung[-1].opened_after:.1f} s")
            else:
                played.append(await _play(scenario, seconds + scenario.longer))
                drawn.step(f"{scenario.name}: {len(played[-1].failed)} of {len(played[-1].answers)} failed")
    return _finding(played, hung)


async def _play(scenario: Scenario, seconds: float) -> Played:
    came: Counter[str] = Counter()
    async with setting(scenario) as site, AsyncExitStack() as stack:
        crowd = Crowd(site.port, scenario.asks, scenario.good)
        await crowd.ask_for(WARM_SECONDS)
        warm = len(crowd.answers)
        await crowd.ask_for(CALM_SECONDS)
        calm = crowd.answers[warm:]
        load = asyncio.ensure_future(crowd.ask_for(seconds))
        if scenario.misuse is not None:
            misuser = Misuser(site.port, scenario.misuse)
            await misuser.go_on(seconds)
            came = misuser.came
        if scenario.death is not None:
            await asyncio.sleep(BEFORE_DEATH)
            await stack.enter_async_context(dead(site.addresses[0], scenario.death))
        await load
        answers = crowd.answers[warm + len(calm) :]
        return Played(scenario=scenario, seconds=seconds, calm=calm, answers=answers, came=came, told=site.told())


def _finding(played: Sequence[Played], hung: Sequence[Stopped]) -> Finding:
    tables = []
    if played:
        columns = (
            "scenario",
            "good requests",
            "failed",
            "99 % within ms",
            "without",
            "ratio",
            "opened: upstream",
            "a part",
            "ejected",
        )
        tables.append(Table(title="One is bad", columns=columns, rows=tuple(_row(each) for each in played)))
    if hung:
        rows = tuple(stopped.row(each) for each in hung)
        tables.append(Table(title="The upstream hangs for everybody", columns=stopped.COLUMNS, rows=rows))
    found = [check for each in played for check in checks(each)]
    found += [check for each in hung for check in stopped.checks(each)]
    notes = [note for each in played for note in _notes(each)]
    return Finding(suite="blast", tables=tuple(tables), checks=tuple(found), notes=tuple(notes))


def _row(run: Played) -> tuple[str, ...]:
    with_it, without = (percentile(list(each), 0.99) * 1000 for each in (run.answers, run.calm))
    times = f"{with_it / without:.1f}" if without else ""
    told = (f"{run.told[each]}" for each in ("upstream", "part", "address"))
    return (
        run.scenario.name,
        f"{len(run.answers):,}",
        f"{len(run.failed):,}",
        f"{with_it:.1f}",
        f"{without:.1f}",
        times,
        *told,
    )


def checks(run: Played) -> list[Check]:
    """What must hold: rules 2 and 3."""
    scenario, failed = run.scenario, run.failed
    seen = f"{len(failed):,} of {len(run.answers):,}"
    if scenario.death is None:
        found = [Check(sentence=f"{scenario.name}: no good request failed", holds=not failed, seen=seen)]
        if scenario.addresses > 1:
            ejected = run.told["address"]
            found.append(
                Check(sentence=f"{scenario.name}: no address is left out", holds=not ejected, seen=f"{ejected}")
            )
        return found
    sentence = f"{scenario.name}: at most one request a second failed"
    found = [Check(sentence=sentence, holds=len(failed) <= run.seconds - BEFORE_DEATH, seen=seen)]
    if scenario.death is not Death.HANGS:
        lost = sum(1 for each in failed if each.ask.method == REPEATABLE)
        found.append(
            Check(sentence=f"{scenario.name}: none that may be repeated failed", holds=not lost, seen=f"{lost}")
        )
    return found


def _notes(run: Played) -> list[str]:
    """Which good requests failed, and what the bad ones got."""
    kinds = Counter((each.ask.method, each.status, each.trouble, _detail(each)) for each in run.failed)
    notes = [f"{run.scenario.name}: {times} x {json.dumps(kind)}" for kind, times in kinds.most_common(_TOLD)]
    if run.came:
        notes.append(f"{run.scenario.name}: the bad requests got {json.dumps(dict(run.came))}")
    return notes


def _detail(answer: Answer) -> str:
    """What Banyan said of it, without its request id."""
    return answer.detail.partition('"detail":"')[2].partition('"')[0] or answer.detail[:100]
