"""Upstreams by name: what name servers do to them (`name_plays.py`), and silent names beside one that is answered, of
which nobody who asks for the latter notices anything.

Rule 1: both are measured in turn, and each pair gives one ratio, so that a machine that is busy is busy for both.
Rule 2: in both as many requests go to upstreams that cannot be reached: what is compared is silence with an answer.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.machine import free_ports
from bench.table import Table
from holds.asking import Answer, Ask, Asker, percentile
from holds.endurance.mischief import System
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import running
from holds.progress import bar
from holds.upstreams.name_plays import COLUMNS, PLAYS, Played, Stage, play_all
from holds.upstreams.namespace import put_in_place_of
from tests.names.server import Mute, NameServer, Told

SILENT = 4
"""Upstreams whose names nobody answers for."""
ROUTES = """\
version: 1
listen: 127.0.0.1:@LISTEN@
admin: 127.0.0.1:@ADMIN@
upstreams:
  legacy: { url: "http://legacy.test:@LEGACY@", keep_alive: 500ms }
  new: { url: "http://new.test:@NEW@" }
  silent0: { url: "http://silent0.test", breaker: { enabled: false }, health: /healthz }
  silent1: { url: "http://silent1.test", breaker: { enabled: false }, health: /healthz }
  silent2: { url: "http://silent2.test", breaker: { enabled: false }, health: /healthz }
  silent3: { url: "http://silent3.test", breaker: { enabled: false }, health: /healthz }
  dead: { url: "http://dead.test:1", breaker: { enabled: false } }
  moved: { url: "http://moved.test:@ANY@" }
  gone: { url: "http://gone.test:@ANY@" }
  many: { url: "http://many.test:@ANY@" }
  most: { url: "http://most.test:@ANY@" }
  cut: { url: "http://cut.test:@ANY@" }
routes:
  - { name: dead, match: "/dead/{id}", stage: legacy, legacy: dead }
  - { name: legacy, match: "/legacy/{id}", stage: legacy }
  - { name: new, match: "/new/{id}", stage: live }
  - { name: silent0, match: "/silent0/{id}", stage: legacy, legacy: silent0 }
  - { name: silent1, match: "/silent1/{id}", stage: legacy, legacy: silent1 }
  - { name: silent2, match: "/silent2/{id}", stage: legacy, legacy: silent2 }
  - { name: silent3, match: "/silent3/{id}", stage: legacy, legacy: silent3 }
  - { name: moved, match: "/moved/{id}", stage: legacy, legacy: moved }
  - { name: gone, match: "/gone/{id}", stage: legacy, legacy: gone }
  - { name: many, match: "/many/{id}", stage: legacy, legacy: many }
  - { name: most, match: "/most/{id}", stage: legacy, legacy: most }
  - { name: cut, match: "/cut/{id}", stage: legacy, legacy: cut }
"""
GOOD = (Ask("GET", "legacy"), Ask("GET", "new"))
BAD = tuple(Ask("GET", f"silent{number}") for number in range(SILENT))
DEAD = (Ask("GET", "dead"),)
BAD_RATE = 20.0
MOST_RATIO = 1.2
NOTES = 20
"""Failures that are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The others' answers beside names that are answered, and beside silent ones."""

    without: list[Answer]
    beside: list[Answer]

    @property
    def ratio(self) -> float:
        """Of the times within which 99 % came."""
        return percentile(self.beside, 0.99) / percentile(self.without, 0.99)


async def measure(seconds: float, rounds: int, rate: float) -> Finding:
    """What name servers do; then in turn `seconds` beside requests for names that are answered, and as long beside
    those for silent ones.
    """
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        folder = Path(name)
        put_in_place_of(Path("/etc/resolv.conf"), "nameserver 127.0.0.1\n", folder)
        server = NameServer({f"{each}.test": Told(1, ("127.0.0.1",)) for each in ("legacy", "new", "dead")})
        server.book |= {f"silent{number}.test": Mute.SILENT for number in range(SILENT)}
        listen, admin, legacy, new, port = free_ports(5)
        site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=legacy, new=new)
        played: list[Round] = []
        async with AsyncExitStack() as stack:
            await server.start(port=53)
            stack.push_async_callback(server.stop)
            for system in (System("legacy", legacy, folder), System("new", new, folder)):
                await system.begin()
                stack.push_async_callback(system.end)
            await stack.enter_async_context(running(launch_banyan(site, ROUTES.replace("@ANY@", f"{port}"))))
            await _ask(site, GOOD, rate, 2.0)
            with bar("plays", len(PLAYS)) as drawn:
                plays = await play_all(Stage(listen=listen, port=port, server=server, folder=folder), drawn.step)
            with bar("rounds", rounds) as drawn:
                for _ in range(rounds):
                    without = await _beside(site, DEAD, rate, seconds)
                    played.append(Round(without=without, beside=await _beside(site, BAD, rate, seconds)))
                    drawn.step()
    return _finding(plays, played)


async def _beside(site: Site, bad: tuple[Ask, ...], rate: float, seconds: float) -> list[Answer]:
    asker = Asker(site.listen, bad, BAD_RATE)
    asked = asyncio.ensure_future(asker.ask_for(float("inf")))
    await asyncio.sleep(1.0)
    good = await _ask(site, GOOD, rate, seconds)
    asker.enough()
    await asked
    return good


async def _ask(site: Site, asks: tuple[Ask, ...], rate: float, seconds: float) -> list[Answer]:
    asker = Asker(site.listen, asks, rate)
    await asker.ask_for(seconds)
    return asker.answers


def _finding(plays: list[Played], played: list[Round]) -> Finding:
    without = [each for one in played for each in one.without]
    beside = [each for one in played for each in one.beside]
    rows = (_row("a name that is answered", without), _row(f"{SILENT} silent names", beside))
    columns = ("beside them", "requests", "failed", "50 % within ms", "99 % within ms")
    ratio = median(each.ratio for each in played)
    failed = sum(1 for each in (*without, *beside) if each.trouble)
    return Finding(
        suite="names",
        tables=(
            Table(title="What name servers do", columns=COLUMNS, rows=tuple(each.row for each in plays)),
            Table(title="Requests to upstreams whose names are answered", columns=columns, rows=rows),
        ),
        checks=(
            *(each.check for each in plays),
            Check(
                sentence=f"silent names leave the others' 99 % at {MOST_RATIO} times or less",
                holds=ratio <= MOST_RATIO,
                seen=f"{ratio:.2f}",
            ),
            Check(sentence="no request to the others fails", holds=not failed, seen=f"{failed}"),
        ),
        notes=tuple(_failure(each, answer) for each in plays for answer in each.answers if answer.trouble)[:NOTES],
    )


def _failure(play: Played, answer: Answer) -> str:
    late = (answer.ended - answer.began) * 1000
    return f"{play.title}: {answer.ask.method} {answer.trouble} {answer.status} after {late:.0f} ms: {answer.detail}"


def _row(name: str, answers: list[Answer]) -> tuple[str, ...]:
    failed = sum(1 for each in answers if each.trouble)
    within = (f"{percentile(answers, share) * 1000:.1f}" for share in (0.5, 0.99))
    return (name, f"{len(answers)}", f"{failed}", *within)
