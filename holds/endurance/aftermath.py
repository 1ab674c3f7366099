"""What is left when the soak is over: which request has which excuse, what memory did, whether the last edit counts."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.table import Table
from holds.asking import Answer, Asker, percentile
from holds.endurance.mischief import Diary, System
from holds.endurance.sorting import Excuse, excuse, executed_twice, growth
from holds.family import Family, Log
from holds.finding import Check, Finding

MIB = 1024 * 1024
FLAT = 4 * MIB
WARM = 0.3
"""The share of the time after which memory must not grow."""
LAST_SPLIT = 0.37
SETTLED_SECONDS = 10.0
SHOWN = 60


@dataclass(slots=True, kw_only=True)
class Stage:
    """All who take part; `file` is routes.yaml as reached from here."""

    seconds: float
    asker: Asker
    family: Family
    systems: tuple[System, ...]
    log: Log
    file: Path
    diary: Diary = field(default_factory=Diary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What /metrics said in the end: whether the last edit came into force, and the lines dropped."""

    in_force: bool
    dropped: float


async def settle(file: Path, good: str, admin: int) -> Settled:
    """One more good edit, after all the broken ones."""
    fresh = file.with_suffix(".last")
    fresh.write_text(good.replace("50%", f"{LAST_SPLIT:.0%}"))
    fresh.replace(file)
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        split = await metric(admin, 'banyan_route_split_ratio{route="split"}')
        if split == LAST_SPLIT or time.monotonic() > deadline:
            return Settled(in_force=split == LAST_SPLIT, dropped=await metric(admin, "banyan_log_lines_dropped_total"))
        await asyncio.sleep(0.1)


async def metric(admin: int, name: str) -> float:
    """The sum over its labels; -1 when nobody answers as it should."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", admin)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % admin)
        page = (await reader.read()).decode(errors="replace")
    except OSError:
        return -1
    writer.close()
    if not page.startswith("HTTP/1.1 200 "):
        return -1
    lines = [line for line in page.splitlines() if line.startswith((name + " ", name + "{"))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def conclude(stage: Stage, settled: Settled) -> Finding:
    """Tables and verdicts."""
    failed = [each for each in stage.asker.answers if each.trouble]
    diary = stage.diary
    reasons = [(excuse(each, diary.kills, diary.outages), each) for each in failed]
    executed = [line for system in stage.systems for line in system.lines]
    grown = steady_growth(stage)
    return Finding(
        suite="soak",
        tables=(_requests(stage, reasons), _done(diary), _memory(stage.family, grown)),
        checks=(*_checks(reasons, executed, stage, settled), _flat(grown)),
        notes=tuple(told(why, each) for why, each in reasons if why in {Excuse.ELSE, Excuse.CLEAR})[:SHOWN],
    )


def _requests(stage: Stage, reasons: list[tuple[Excuse, Answer]]) -> Table:
    answers = stage.asker.answers
    calm = [each for each in answers if not each.trouble]
    counts = Counter(why for why, _ in reasons)
    median, slow = (percentile(calm, share) * 1000 for share in (0.5, 0.99))
    return Table(
        title=f"{len(answers):,} requests in {stage.seconds:.0f} s",
        columns=("outcome", "requests"),
        rows=(("answered", f"{len(calm):,}"), *((why.value, f"{counts[why]:,}") for why in Excuse)),
        notes=(f"Answered within {median:.1f} ms (median), {slow:.0f} ms (99 %).",),
    )


def _done(diary: Diary) -> Table:
    rows = tuple((what, f"{times:,}") for what, times in sorted(diary.counts.items()))
    return Table(title="What was done to it meanwhile", columns=("", "times"), rows=rows)


def _memory(family: Family, grown: dict[str, float]) -> Table:
    rows = tuple((name, f"{family.sizes[name][-1][1] / MIB:.1f}", f"{more / MIB:+.2f}") for name, more in grown.items())
    columns = ("process", "MiB at the end", f"growth after the first {WARM:.0%}, MiB")
    return Table(title="Memory of the processes that lived to the end", columns=columns, rows=rows)


def steady_growth(stage: Stage) -> dict[str, float]:
    """Bytes by which the supervisor and the worker that was never killed grew."""
    names = ["supervisor", *stage.family.workers()[-1:]]
    return {name: growth(stage.family.sizes[name], WARM * stage.seconds) for name in names}


def _checks(
    reasons: list[tuple[Excuse, Answer]], executed: list[str], stage: Stage, settled: Settled
) -> tuple[Check, ...]:
    guilty = [each for why, each in reasons if why is Excuse.ELSE]
    twice = executed_twice(executed)
    broken = [line for line in executed if line.startswith("BROKEN")]
    lost = stage.family.lost
    return (
        Check(sentence="no request failed without an excuse", holds=not guilty, seen=f"{len(guilty)} did"),
        Check(
            sentence="nothing was executed twice",
            holds=not twice,
            seen=f"{len(executed):,} executed, {len(twice)} twice",
        ),
        Check(sentence="the upstreams read nothing but HTTP", holds=not broken, seen=f"{len(broken)} breaches"),
        Check(sentence="no process ended that was not killed", holds=not lost, seen=", ".join(lost) or "none"),
        Check(
            sentence="a good edit after all the broken ones is in force",
            holds=settled.in_force,
            seen=f"{LAST_SPLIT:.0%}" if settled.in_force else "it is not",
        ),
        Check(
            sentence="lines that found no reader are counted",
            holds=settled.dropped >= 0,
            seen=f"{settled.dropped:,.0f} dropped, {stage.log.lines:,} read",
        ),
    )


def _flat(grown: dict[str, float]) -> Check:
    most = max(grown.values(), default=0)
    sentence = f"memory is flat: no process that lived through it all grew by {FLAT // MIB} MiB"
    return Check(sentence=sentence, holds=most < FLAT, seen=f"at most {most / MIB:+.2f} MiB")


def told(why: Excuse, each: Answer) -> str:
    """A failed request in a line."""
    when = (round(each.began, 3), round(each.ended, 3))
    return json.dumps([why.value, each.number, each.ask, when, each.status, each.trouble, each.detail])
