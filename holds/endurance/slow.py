"""Slow clients beside normal ones: slowhttptest's four attacks end by Banyan's limits, and nobody else notices.

Rule: what counts is what the system holds for Banyan. A slow reader may go on reading what has long arrived on its own
side, so slowhttptest's word that a connection is open is not asked for.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import procfs
from bench.machine import free_ports, raise_file_limit
from bench.processes import find_program
from bench.table import Table
from holds.asking import Answer, Ask, Asker, percentile
from holds.endurance.mischief import System
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import PIN, running
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
LENGTH = 40
"""Seconds by which every slow connection must have been ended."""
QUIET_SECONDS = 3.0
OTHERS = "127.0.0.2"
"""Where the normal clients come from, so that the attackers' connections can be told from theirs."""
HELD = {"01", "04", "05", "08", "09", "0B"}
"""States of tcp(7) in which the system still keeps something: established, and half-closed in either way."""


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
    """How one attack went: the most slow connections that Banyan held, the seconds until it held none, or -1."""

    attack: Attack
    most: int
    seconds: float
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
                calm = Asker(listen, ASKS, rate, source=OTHERS)
                await calm.ask_for(CALM_SECONDS)
                drawn.step()
                played = [await _attack(each, program, site, connections, rate, drawn) for each in ATTACKS]
    return _finding(calm.answers, played, connections)


async def _attack(attack: Attack, program: str, site: Site, connections: int, rate: float, drawn: Bar) -> Played:
    asker = Asker(site.listen, ASKS, rate, source=OTHERS)
    load = asyncio.ensure_future(asker.ask_for(float("inf")))
    url = f"http://127.0.0.1:{site.listen}{attack.path}"
    count = max(1, round(connections * attack.part))
    speed = ("-c", str(count), "-r", str(max(1, count // 2)), "-l", str(LENGTH), "-p", "3")
    process = await asyncio.create_subprocess_exec(
        *(*PIN, program, *attack.options, *speed, "-u", url),
        cwd=site.folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.STDOUT,
    )
    most, seconds = await _watch(site.listen)
    if process.returncode is None:
        process.terminate()
    await process.wait()
    asker.enough()
    await load
    drawn.step(f"{attack.name}: {seconds:.0f} s")
    return Played(attack=attack, most=most, seconds=seconds, answers=tuple(asker.answers))


async def _watch(port: int) -> tuple[int, float]:
    """The most connections of attackers, and the seconds until there were none left; -1 when there always were."""
    began, most, quiet = time.monotonic(), 0, 0.0
    while (passed := time.monotonic() - began) < LENGTH:
        held = attackers(procfs.PROC.joinpath("net/tcp").read_text(encoding="ascii"), port)
        most = max(most, held)
        quiet = quiet or passed if most and not held else 0.0
        if quiet and passed - quiet > QUIET_SECONDS:
            return most, quiet
        await asyncio.sleep(0.2)
    return most, -1.0


def attackers(table: str, port: int) -> int:
    """Connections to the port from 127.0.0.1 that the system still holds for Banyan, in /proc/net/tcp's words."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return sum(
        1
        for _, local, remote, state, *_ in rows
        if local.endswith(f":{port:04X}") and remote.startswith("0100007F:") and state in HELD
    )


def _finding(calm: list[Answer], played: list[Played], connections: int) -> Finding:
    rows = [("none", "", "", f"{len(calm)}", "0", f"{percentile(calm, 0.99) * 1000:.1f}")]
    rows += [
        (
            each.attack.name,
            f"{each.most}",
            f"{each.seconds:.0f}" if each.seconds >= 0 else "never",
            f"{len(each.answers)}",
            f"{each.failed}",
            f"{percentile(list(each.answers), 0.99) * 1000:.1f}",
        )
        for each in played
    ]
    columns = ("attack", "held at most", "none left after s", "others' requests", "failed", "99 % within ms")
    readers = round(connections * ATTACKS[-1].part)
    title = f"{connections} slow clients ({readers} slow readers)"
    checks = [
        check
        for each in played
        for check in (
            Check(
                sentence=f"{each.attack.name}: every connection was ended",
                holds=each.seconds >= 0,
                seen=f"after {each.seconds:.0f} s" if each.seconds >= 0 else f"not within {LENGTH} s",
            ),
            Check(
                sentence=f"{each.attack.name}: no other request failed",
                holds=not each.failed,
                seen=f"{each.failed} of {len(each.answers)}",
            ),
        )
    ]
    return Finding(suite="slow", tables=(Table(title=title, columns=columns, rows=tuple(rows)),), checks=tuple(checks))
