"""Ramps with their defaults, from shadow to live: fresh starts side by side, and what must not climb beside them.

Only `soak` and `hold` are short. Both sides say the time and a random id; a tenth of the requests come again within a
minute, and nothing else tells what is random from what new has wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from bench.table import Table
from holds.finding import Check, Finding
from holds.moving import untouched
from holds.moving.journey import FIRST_STEP, ROUTE, SHADOW, SPAN, Journey, Place, Plan, State, travel
from holds.moving.sides import Fault
from holds.progress import Bar, bar
from tests.e2e.program import text_of
from tests.e2e.replicas import TOKEN

FIELD = "answer_id"
"""The field that cannot be told from a wrong one where no request comes again."""
ALLOWED = {Fault.VALUES: SHADOW, Fault.CLOCK: SHADOW, Fault.LIVE: FIRST_STEP, Fault.WRITES: SHADOW}
_LONGEST = 300
_WATCHED = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How many fresh starts of each state, how many of all side by side, and for how many minutes each at most."""

    starts: int
    states: tuple[State, ...]
    at_once: int
    minutes: float

    @property
    def watched(self) -> float:
        """Minutes for which what must not climb is looked at."""
        return min(self.minutes, _WATCHED)


class Part(StrEnum):
    """What can be shown; `equal` are fresh starts whose answers have no time and no id."""

    COUNTER = "counter"
    WITHOUT_REPEATS = "without-repeats"
    FAULTS = "faults"
    CLIMB = "climb"
    EQUAL = "equal"


async def measure(options: Options, parts: Sequence[Part]) -> Finding:
    """One after the other."""
    return joined([await _part(options, part) for part in parts])


async def _part(options: Options, part: Part) -> Finding:
    match part:
        case Part.COUNTER:
            return await untouched.measure()
        case Part.WITHOUT_REPEATS:
            return await without_repeats(options)
        case Part.FAULTS:
            return await faults(options)
        case Part.CLIMB | Part.EQUAL:
            return await fresh_starts(options, equal=part is Part.EQUAL)
        case _:
            assert_never(part)


async def fresh_starts(options: Options, *, equal: bool) -> Finding:
    """All of them: each at live, none rolled back."""
    numbers = [(state, number) for number in range(options.starts) for state in options.states]
    plans = [
        Plan(state=state, seed=seed, minutes=options.minutes, equal=equal) for seed, (state, _) in enumerate(numbers)
    ]
    return conclude(await _travelled("climb", plans, options.at_once))


async def without_repeats(options: Options) -> Finding:
    """No request comes again: the ramp holds, and says which field waits."""
    plan = Plan(state=options.states[0], seed=0, minutes=options.watched, again=0.0)
    journey, *_ = await _travelled("without repeats", [plan], 1)
    told = FIELD in journey.shown and "noisy" in journey.shown
    checks = (
        Check(sentence="without any repeat the ramp holds", holds=journey.highest <= SHADOW, seen=str(journey.highest)),
        Check(sentence="it says which field waits, and the line to write", holds=told, seen=_first(journey.waits)),
    )
    return Finding(suite="climb", tables=(), checks=checks, notes=journey.waits)


async def faults(options: Options) -> Finding:
    """What new has wrong leads nowhere; where nobody looks, `check` has said so."""
    plans = [
        Plan(state=options.states[0], seed=seed, minutes=options.watched, fault=fault)
        for seed, fault in enumerate(ALLOWED)
    ]
    journeys = await _travelled("faults", plans, options.at_once)
    checks = [_stays(each, ALLOWED[each.plan.fault]) for each in journeys]
    rows = tuple((each.plan.fault.value, str(each.highest), _first(each.waits)) for each in journeys)
    table = Table(
        title="What new has wrong", columns=("fault", "highest place", "what the judge says"), rows=rows, words=3
    )
    said = [await _checked(needs) for needs in ("{}", "{ compared: 0 }")]
    checks += [
        Check(
            sentence="check says that nothing of the writes is compared", holds="ever compared" in said[0], seen=said[0]
        ),
        Check(
            sentence="with compared: 0 it says that nobody compares", holds="nobody compares" in said[1], seen=said[1]
        ),
    ]
    return Finding(suite="climb", tables=(table,), checks=tuple(checks))


def _stays(journey: Journey, allowed: Place) -> Check:
    where = "leaves shadow" if allowed == SHADOW else f"goes past {allowed}"
    sentence = f"with new's {journey.plan.fault} wrong the route never {where}"
    return Check(sentence=sentence, holds=journey.highest <= allowed, seen=f"at most {journey.highest}")


async def _checked(needs: str) -> str:
    """What `banyan check` says of a ramp on writes that nobody can dry-run."""
    route = ROUTE.format(method="POST", span=SPAN, needs=f", needs: {needs}", more="")
    with tempfile.TemporaryDirectory(prefix="holds-") as folder:
        file = Path(folder) / "routes.yaml"
        file.write_text(text_of(route, listen=8080, admin=9090, legacy=8081, new=8082))
        argv = (sys.executable, "-m", "proxy", "check", "--json", str(file))
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        said, _ = await process.communicate()
    found = json.loads(said)["files"][0]
    return "; ".join(each.partition(": ")[2] for each in [*found["warnings"], *found["remarks"]])


# -- fresh starts, several at a time -----------------------------------------------------------------------------------


async def _travelled(title: str, plans: Sequence[Plan], at_once: int) -> list[Journey]:
    os.environ["BANYAN_ADMIN_TOKEN"] = TOKEN
    room = asyncio.Semaphore(at_once)
    with bar(title, len(plans)) as shown:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_one(plan, room, shown)) for plan in plans]
    return [each.result() for each in running]


async def _one(plan: Plan, room: asyncio.Semaphore, shown: Bar) -> Journey:
    async with room:
        journey = await travel(plan)
    shown.step(f"{plan.state} {plan.fault}: {journey.highest} after {journey.seconds / 60:.1f} min")
    return journey


def conclude(journeys: Iterable[Journey]) -> Finding:
    """Minutes by state, and whether every start is at live without a way back."""
    listed = list(journeys)
    failed = [each for each in listed if not each.arrived]
    back = [each for each in listed if each.back]
    unanswered = sum(count for each in listed for status, count in each.answers.items() if status != "200")
    asked = sum(sum(each.answers.values()) for each in listed)
    table = Table(
        title="Fresh starts, from shadow to live by the defaults",
        columns=("state", "starts", "at live", "minutes, median", "most"),
        rows=tuple(_rows(listed)),
    )
    checks = (
        Check(
            sentence="every start is at live", holds=not failed, seen=f"{len(listed) - len(failed)} of {len(listed)}"
        ),
        Check(sentence="none was rolled back", holds=not back, seen=f"{len(back)} were"),
        Check(sentence="every request was answered", holds=not unanswered, seen=f"{unanswered} of {asked:,} were not"),
    )
    notes = [f"{each.plan.state} {each.plan.seed}: {each.highest}; {'; '.join(each.waits)}" for each in failed]
    notes += [f"{each.plan.state} {each.plan.seed}: {said}" for each in back for said in each.back]
    return Finding(suite="climb", tables=(table,), checks=checks, notes=tuple(notes))


def _rows(journeys: Sequence[Journey]) -> Iterator[tuple[str, ...]]:
    for state in State:
        mine = [each for each in journeys if each.plan.state is state]
        took = sorted(each.seconds / 60 for each in mine if each.arrived)
        minutes = (f"{took[len(took) // 2]:.1f}", f"{took[-1]:.1f}") if took else ("–", "–")
        if mine:
            yield state.value, str(len(mine)), str(len(took)), *minutes


def _first(waits: Sequence[str]) -> str:
    return "; ".join(waits)[:_LONGEST]


def joined(findings: Sequence[Finding]) -> Finding:
    """All parts as one."""
    return Finding(
        suite="climb",
        tables=tuple(table for each in findings for table in each.tables),
        checks=tuple(check for each in findings for check in each.checks),
        notes=tuple(note for each in findings for note in each.notes),
    )
