"""Tokens that exist once, before a real provider: clerks that die at each point, and whatever else can go wrong.

Each number is of grants of their own. The last two rows are mutants: without the intent's commit, and without the
spool, the same runs have to fail.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import structlog

from bench.table import Table
from holds.finding import Check, Finding
from holds.progress import Bar, bar
from tests.clerk.grants import scenes
from tests.clerk.grants.crashes import LOSES_NOTHING, NEEDS_GRACE, deaths, lost
from tests.clerk.grants.desks import desk, said
from tests.clerk.grants.provider import Provider
from tests.e2e.replicas import postgres

_SILENT = logging.CRITICAL
"""Alarms are what this is about."""
AT_ONCE = 200
"""First uses of one token."""
OUTAGE = 5.0
"""Seconds in which the provider answers 500."""


@dataclass(slots=True)
class Stage:
    """Where everything happens: a server, a provider, a folder, and how often."""

    address: str
    provider: Provider
    folder: Path
    runs: int
    shown: Bar

    async def database(self, name: str) -> str:
        """One of its own."""
        connection = await asyncpg.connect(self.address)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        return self.address.replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def _stage(runs: int, shown: Bar) -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="holds-") as folder:
        async with postgres(durable=True) as server:
            provider = Provider(Path(folder)).start()
            try:
                yield Stage(server.address, provider, Path(folder), runs, shown)
            finally:
                provider.stop()


async def measure(runs: int) -> Finding:
    """All of it, `runs` times at each point."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_SILENT))
    with bar("tokens", len(LOSES_NOTHING) + 2 * len(NEEDS_GRACE) + 5) as shown:
        async with _stage(runs, shown) as stage:
            table, kept = await _deaths(stage)
            checks = (*kept, *await _others(stage), *await _mutants(stage))
    return Finding(suite="tokens", tables=(table,), checks=checks)


async def _deaths(stage: Stage) -> tuple[Table, list[Check]]:
    """What is lost where nothing can be kept, and that nothing else is."""
    database = await stage.database("deaths")
    found, rows = [], []
    with deaths() as killing:
        for point in LOSES_NOTHING:
            gone = await lost(killing, point, database, stage.provider, stage.folder / point, stage.runs)
            found.append(_none(f"killed {point.replace('_', ' ')}: none is lost", gone, stage.runs))
            stage.shown.step(point)
        for point in NEEDS_GRACE:
            place, killed = stage.folder / point, f"killed {point.replace('_', ' ')}"
            gone = await lost(killing, point, database, stage.provider, place, stage.runs)
            rows.append((killed, str(stage.runs), str(len(gone))))
            stage.provider.break_(grace=30)
            kept = await lost(killing, point, database, stage.provider, place, stage.runs, mutant="graced")
            stage.provider.break_(grace=0)
            stage.shown.step(point, 2)
            found.append(_none(f"{killed}, 30 s of grace: none is lost", kept, stage.runs))
    title = "Where the provider takes a used token for theft"
    return Table(title=title, columns=("", "grants", "lost"), rows=tuple(rows)), found


def _none(sentence: str, gone: list[str], runs: int) -> Check:
    return _all(sentence, len(gone), 0, runs)


def _all(sentence: str, gone: int, expected: int, runs: int) -> Check:
    return Check(sentence=sentence, holds=gone == expected, seen=f"{gone} of {runs} lost")


async def _others(stage: Stage) -> list[Check]:
    database = await stage.database("others")
    one, two = (desk(database, stage.folder / name, stage.provider.port) for name in ("one", "two"))
    calls, good = 0, 0
    rounds = max(1, stage.runs // 10)
    for number in range(rounds):
        used, answered = await scenes.first_uses((one, two), stage.provider, f"crowd{number}", AT_ONCE)
        calls, good = calls + used, good + answered
    stage.shown.step("first uses")
    right, wrong = await scenes.riders((one, two), stage.provider, "riders")
    stage.shown.step("riders")
    accounts = [f"outage{number}" for number in range(stage.runs)]
    ending = asyncio.create_task(_end_after(stage.provider, OUTAGE))
    answered = await scenes.outage(one, stage.provider, accounts, 10**6)
    await ending
    stage.shown.step("outage")
    await one.close()
    await two.close()
    return [
        Check(
            sentence=f"{AT_ONCE} first uses at once on two replicas are one call",
            holds=calls == rounds and good == rounds * AT_ONCE,
            seen=f"{calls} calls and {good} good answers in {rounds} rounds",
        ),
        Check(
            sentence="50 wrong secrets get nothing beside 50 right ones",
            holds=(right, wrong) == ([200] * 50, [401] * 50),
            seen=f"{right.count(200)} right and {wrong.count(200)} wrong were served",
        ),
        Check(
            sentence=f"{OUTAGE:g} s of 500s: none is lost",
            holds=answered == stage.runs,
            seen=f"{stage.runs - answered} of {stage.runs} lost",
        ),
        *await _restores(stage),
        await _release(stage),
    ]


async def _end_after(provider: Provider, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(provider.break_)


async def _restores(stage: Stage) -> list[Check]:
    folder = stage.folder / "restored"
    backup, newest = await scenes.used_after_the_backup(
        await stage.database("restores"), stage.provider, folder, stage.runs
    )
    one, two = (desk(backup, folder / name, stage.provider.port) for name in ("one", "two"))
    closed = [(await one.ask(token)).status for token in newest]
    for each, name in ((one, "one"), (two, "two")):
        await scenes.replay(each, folder / name)
    kept = sum([(await two.ask(token)).status == 200 for token in newest])
    stage.shown.step("restore")
    await one.close()
    await two.close()
    return [
        Check(
            sentence="a restored database is closed until it is replayed",
            holds=set(closed) == {503},
            seen=f"{closed.count(503)} of {stage.runs} told to come back",
        ),
        Check(
            sentence="with replay none is lost",
            holds=kept == stage.runs,
            seen=f"{stage.runs - kept} of {stage.runs} lost",
        ),
        await _without_replay(stage),
    ]


async def _without_replay(stage: Stage) -> Check:
    folder = stage.folder / "forced"
    backup, newest = await scenes.used_after_the_backup(await stage.database("forced"), stage.provider, folder, 20)
    three = desk(backup, folder / "three", stage.provider.port)
    hosts = [(folder / name / "grants/host").read_text() for name in ("one", "two")]
    await three.tables.replayed(three.spool.host, hosts)
    gone = [said(await three.ask(older)).get("error") == "invalid_grant" for older in newest.values()]
    await three.close()
    return Check(sentence="opened by force instead, all are lost", holds=all(gone), seen=f"{sum(gone)} of 20 lost")


async def _release(stage: Stage) -> Check:
    left, alive = await scenes.release(
        await stage.database("release"), stage.provider, stage.folder / "released", stage.runs
    )
    stage.shown.step("release")
    return Check(
        sentence="a release with a tenth of the answers thrown away: what is not proved is exported, none is lost",
        holds=alive == stage.runs and left == stage.runs // 10,
        seen=f"{left} exported, {stage.runs - alive} of {stage.runs} lost",
    )


async def _mutants(stage: Stage) -> list[Check]:
    database = await stage.database("mutants")
    with deaths() as killing:
        gone = await lost(
            killing, "after_spool", database, stage.provider, stage.folder / "no", stage.runs, mutant="no_spool"
        )
    stage.shown.step("mutants")
    one, two = (desk(database, stage.folder / f"mutant{name}", stage.provider.port) for name in ("one", "two"))
    stage.provider.break_(slow=100)
    with scenes.without_the_intent_s_commit():
        await scenes.first_uses((one, two), stage.provider, "race", 20)
    stage.provider.break_()
    await one.close()
    await two.close()
    ended = "race" not in stage.provider.alive()
    return [
        Check(
            sentence="without the spool they are lost",
            holds=len(gone) == stage.runs,
            seen=f"{len(gone)} of {stage.runs} lost",
        ),
        Check(
            sentence="without the intent's commit first uses end the grant",
            holds=ended,
            seen="ended" if ended else "alive",
        ),
    ]
