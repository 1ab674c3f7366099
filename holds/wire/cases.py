"""The published cases of bytes, played against Banyan and other proxies: which of them hold.

Rules, the published runner's: the statuses, whether the connection is closed, what the upstreams must and must not see,
and after every case a fresh client gets its own answer from each upstream. Our own tests ask for more (`tests/wire`);
this score asks the same of everybody. Where a refusal is allowed, a close without an answer counts as one when no whole
request went upstream: whoever closes while a client still sends loses the answer to a reset.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import BenchError
from bench.machine import free_ports
from bench.table import Table
from holds.finding import Check, Finding
from holds.fixtures import Contender, Site
from holds.launching import running
from holds.progress import Bar, bar
from tests.wire.case import CASES, Case, Seen, judge
from tests.wire.play import Client, Cut, is_poisoned, pieces
from tests.wire.recorder import Recorder
from tests.wire.reference import Broken

BY_HAND = {"EX01"}
"""It waits for a 100 between two writes, which the words of the file cannot say."""
JUDGED = [case for case in CASES if case.data and case.id not in BY_HAND]
ANSWER_SECONDS = 2.5
QUIET_SECONDS = 0.4
_CUTS = {Cut.WHOLE: "whole", Cut.RANDOM: "cut at random", Cut.BYTES: "byte by byte"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One proxy, one way of cutting: what each case that failed was about."""

    proxy: str
    version: str
    cut: Cut
    failed: tuple[tuple[str, str], ...]

    @property
    def passed(self) -> int:
        """How many cases held."""
        return len(JUDGED) - len(self.failed)


async def measure(contenders: Sequence[Contender], cuts: Sequence[Cut]) -> Finding:
    """Every case, every cut, every proxy; the proxies at the same time."""
    with tempfile.TemporaryDirectory(prefix="holds-") as folder, bar("cases", _steps(contenders, cuts)) as drawn:
        sites = [Path(folder) / contender.name for contender in contenders]
        played = [_against(each, site, cuts, drawn) for each, site in zip(contenders, sites, strict=True)]
        scores = [score for found in await asyncio.gather(*played) for score in found]
    return _finding(scores, contenders, cuts)


def _steps(contenders: Sequence[Contender], cuts: Sequence[Cut]) -> int:
    return len(contenders) * len(cuts) * len(JUDGED)


async def _against(contender: Contender, folder: Path, cuts: Sequence[Cut], drawn: Bar) -> list[Score]:
    recorders = (Recorder(), Recorder())
    async with AsyncExitStack() as stack:
        for each in recorders:
            await each.start()
            stack.callback(each.stop)
        listen, admin = free_ports(2)
        site = Site(folder=folder, listen=listen, admin=admin, legacy=recorders[0].port, new=recorders[1].port)
        version = contender.version()
        await stack.enter_async_context(running(contender.launch(site)))
        scores = []
        for cut in cuts:
            failed = []
            for case in JUDGED:
                complaints = await play(case, cut, listen, recorders)
                failed += [(case.id, "; ".join(complaints))] if complaints else []
                drawn.step(f"{contender.name} {case.id}")
            scores.append(Score(proxy=contender.name, version=version, cut=cut, failed=tuple(failed)))
        return scores


async def play(case: Case, cut: Cut, port: int, recorders: Sequence[Recorder]) -> list[str]:
    """One case; what did not hold."""
    for recorder in recorders:
        recorder.clear(unfinished=True)
    client = await Client.to(port)
    client.heard.methods = (case.data.partition(b" ")[0],)
    await client.send(*pieces(case.data, cut, case.id))
    if case.fin:
        client.half_close()
    try:
        await _hear(client, case.finals, ANSWER_SECONDS)
        ended = client.heard.ended
        client.half_close()
        await _hear(client, 0, QUIET_SECONDS)
        return await _judged(case, _seen(client, ended=ended), port, recorders)
    except Broken as broken:
        return [f"the client read what is not HTTP: {broken}"]
    finally:
        client.close()


def _seen(client: Client, *, ended: bool) -> Seen:
    """What was seen, with the end as it was before the client shut down its half."""
    heard = replace(client.heard, ended=ended)
    return Seen(finals=0, heard=heard, raw=b"", requests=[], lines=[], complaints=[])


async def _judged(case: Case, seen: Seen, port: int, recorders: Sequence[Recorder]) -> list[str]:
    seen.raw = b"".join(recorder.raw for recorder in recorders)
    seen.requests = [each for recorder in recorders for each in recorder.requests]
    poisoned = await is_poisoned(port)
    expect = dict(case.expect)
    refusable = any(status and status >= 400 for status in expect.get("status", ()))
    if refusable and not seen.heard.statuses and seen.heard.ended and not seen.requests:
        expect.pop("status", None)
    return judge(expect, seen) + ([poisoned] if poisoned else [])


async def _hear(client: Client, finals: int, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await client.hear(finals)
    except TimeoutError:
        return


def _finding(scores: Sequence[Score], contenders: Sequence[Contender], cuts: Sequence[Cut]) -> Finding:
    rows = []
    for contender in contenders:
        mine = {score.cut: score for score in scores if score.proxy == contender.name}
        lost = sorted({case for score in mine.values() for case, _ in score.failed})
        figures = tuple(f"{mine[cut].passed}/{len(JUDGED)}" for cut in cuts)
        rows.append((f"{contender.name} {next(iter(mine.values())).version}", *figures, " ".join(lost) or "none"))
    columns = ("proxy", *(_CUTS[cut] for cut in cuts), "what does not hold, in any cut")
    table = Table(title="Cases of bytes that hold", columns=columns, rows=tuple(rows))
    checks = [
        Check(
            sentence=f"Banyan, {_CUTS[score.cut]}: every case holds",
            holds=not score.failed,
            seen=f"{score.passed}/{len(JUDGED)}",
        )
        for score in scores
        if score.proxy == "Banyan"
    ]
    notes = [f"{each.proxy} {each.cut} {case}: {text}" for each in scores for case, text in each.failed]
    return Finding(suite="cases", tables=(table,), checks=tuple(checks), notes=tuple(notes))


def choose(names: str, among: Sequence[Contender]) -> tuple[Contender, ...]:
    """The proxies of `--only`."""
    wanted = {name.strip().lower() for name in names.split(",") if name.strip()}
    known = {each.name.lower() for each in among}
    if not wanted or not wanted <= known:
        strange = ", ".join(sorted(wanted - known)) or "nothing"
        raise BenchError(f"--only: {strange} is not one of {', '.join(sorted(known))}")
    return tuple(each for each in among if each.name.lower() in wanted)
