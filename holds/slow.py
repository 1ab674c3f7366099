"""Slow clients beside normal ones: slowhttptest's four attacks end by Banyan's limits, and nobody else notices."""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.errors import BenchError
from bench.machine import free_ports, raise_file_limit
from bench.processes import find_program
from bench.table import Table
from holds.aftermath import metric
from holds.asking import Answer, Ask, Asker, percentile
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import PIN, running
from holds.mischief import System
from holds.progress import Bar, bar

ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
limits: { head: 5s, body: 5s, write: 5s, idle: 5s }
upstreams:
  legacy: { url: "http://127.0.0.1:@LEGACY@", timeout: { idle: 5s } }
  new: { url: "http://127.0.0.1:@NEW@", timeout: { idle: 5s } }
routes:
  - { name: legacy, match: "/legacy/{id}", stage: legacy }
  - { name: new, match: "/new/{id}", stage: live }
  - { name: large, match: "/large", stage: legacy }
"""
ASKS = (Ask("GET", "legacy"), Ask("POST", "new"))
CALM_SECONDS = 5.0
GONE_SECONDS = 10.0
"""After the attack: as long as the limits, and as long again."""
LENGTH = 40
"""Seconds after which slowhttptest gives up; by then every connection must have been ended."""
_STATUS = re.compile(r"Exit status:\s*(.+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One mode: its options, the path that it asks for, and its part of the connections.

    A slow reader costs the system megabytes in its own buffers, so there are fewer of them.
    """

    name: str
    options: tuple[str, ...]
    path: str
    part: float = 1.0


ATTACKS = (
    Attack(name="slow heads (-H)", options=("-H", "-i", "2"), path="/legacy/1"),
    Attack(name="slow bodies (-B)", options=("-B", "-i", "2", "-x", "10", "-s", "8192"), path="/legacy/1"),
    Attack(name="ranges (-R)", options=("-R", "-a", "5", "-b", "3000"), path="/legacy/1"),
    Attack(
        name="slow reading (-X)",
        options=("-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "32"),
        path="/large",
        part=0.2,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one attack went: what the attacker said, the seconds until it had nobody left, and the others' requests."""

    attack: Attack
    status: str
    seconds: float
    most: float
    left: float
    answers: tuple[Answer, ...]

    @property
    def failed(self) -> int:
        """Of the others' requests."""
        return sum(1 for each in self.answers if each.trouble)


async def measure(connections: int, rate: float) -> Finding:
    """Normal traffic alone, then each attack beside it."""
    program = find_program("slowhttptest", "apt-get install slowhttptest")
    raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        folder = Path(name)
        listen, admin, legacy, new = free_ports(4)
        site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=legacy, new=new)
        async with AsyncExitStack() as stack:
            for system in (System("legacy", legacy, folder), System("new", new, folder)):
                await system.begin()
                stack.push_async_callback(system.end)
            await stack.enter_async_context(running(launch_banyan(site, ROUTES)))
            with bar("attacks", 1 + len(ATTACKS)) as drawn:
                calm = Asker(listen, ASKS, rate)
                await calm.ask_for(CALM_SECONDS)
                drawn.step()
                played = [await _attack(each, program, site, connections, rate, drawn) for each in ATTACKS]
    return _finding(calm.answers, played, connections)


async def _attack(attack: Attack, program: str, site: Site, connections: int, rate: float, drawn: Bar) -> Played:
    asker = Asker(site.listen, ASKS, rate)
    load = asyncio.ensure_future(asker.ask_for(float("inf")))
    url = f"http://127.0.0.1:{site.listen}{attack.path}"
    count = max(1, round(connections * attack.part))
    speed = ("-c", str(count), "-r", str(max(1, count // 2)), "-l", str(LENGTH), "-p", "3")
    process = await asyncio.create_subprocess_exec(
        *(*PIN, program, *attack.options, *speed, "-u", url),
        cwd=site.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    began, most = time.monotonic(), 0.0
    reading = asyncio.ensure_future(process.communicate())
    while not reading.done():
        most = max(most, await metric(site.admin, "banyan_connections"))
        await asyncio.wait([reading], timeout=0.5)
    seconds = time.monotonic() - began
    left = await _left(site.admin, load, asker)
    output = _COLOUR.sub("", reading.result()[0].decode(errors="replace"))
    told = _STATUS.findall(output)
    if not told:
        raise BenchError(f"slowhttptest did not say how it ended:\n{output[-600:]}")
    drawn.step(f"{attack.name}: {told[-1].strip()}")
    return Played(
        attack=attack,
        status=told[-1].strip(),
        seconds=seconds,
        most=most,
        left=left,
        answers=tuple(asker.answers),
    )


async def _left(admin: int, load: asyncio.Future[None], asker: Asker) -> float:
    """Stop asking; how many connections there still are when all limits have run out."""
    asker.enough()
    await load
    deadline = time.monotonic() + GONE_SECONDS
    while (left := await metric(admin, "banyan_connections")) and time.monotonic() < deadline:  # noqa: ASYNC110 -- not our process
        await asyncio.sleep(0.2)
    return left


def _finding(calm: list[Answer], played: list[Played], connections: int) -> Finding:
    rows = [("none", "", "", "", f"{len(calm)}", "0", f"{percentile(calm, 0.99) * 1000:.1f}")]
    rows += [
        (
            each.attack.name,
            each.status.lower(),
            f"{each.seconds:.0f}",
            f"{each.most:.0f}",
            f"{len(each.answers)}",
            f"{each.failed}",
            f"{percentile(list(each.answers), 0.99) * 1000:.1f}",
        )
        for each in played
    ]
    columns = ("attack", "how it ended", "after s", "most connections", "others' requests", "failed", "99 % within ms")
    table = Table(
        title=f"{connections} slow clients ({round(connections * ATTACKS[-1].part)} slow readers)",
        columns=columns,
        rows=tuple(rows),
        words=2,
    )
    checks = [
        check
        for each in played
        for check in (
            Check(
                sentence=f"{each.attack.name}: the limits ended every connection",
                holds=each.status.lower() == "no open connections left" and not each.left,
                seen=f"{each.status.lower()}; {each.left:.0f} left",
            ),
            Check(
                sentence=f"{each.attack.name}: no other request failed",
                holds=not each.failed,
                seen=f"{each.failed} of {len(each.answers)}",
            ),
        )
    ]
    return Finding(suite="slow", tables=(table,), checks=tuple(checks))
