"""What shadowing every request costs the live path, and what a bad new side does to it.

First the cost: the small requests of `peers` on routes at stage shadow, with and without their shadows, as fast as they
go; CPU is that of the whole Banyan, its comparer too, until all is compared. At that pace most shadows find no room;
those of every tenth request all do. Then the published case SH01 and its kin: legacy answers after
5 ms, 500 requests come every second, and new hangs, resets, floods or is a hundred times slower: the 99th percentile
beside that of the same round without shadow, and how much memory Banyan took.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic, sleep

from bench.load import wrk
from bench.load.hostile import Mode
from bench.load.steady import Latencies, load
from bench.load.workload import ROUTES, Site, item_path
from bench.machine import free_ports
from bench.peers import banyan
from bench.peers.peer import Peer
from bench.processes import Launch, Running, running
from bench.report import Report
from bench.rounds import Contender, Plan, Series, by_label, doubts, play, ratio
from bench.suites.stand import Stand, stand
from bench.table import Table

RATE = 500
"""Requests a second of the steady load, as in the published case SH01."""
WITHOUT, TENTH, WITH, TWICE = "without", "10 % shadow", "100 % shadow", "and legacy twice"
_SAID = {
    WITHOUT: "{sample: 0%}",
    TENTH: "{sample: 10%, second: 0%}",
    WITH: "{sample: 100%, second: 0%}",
    TWICE: "{sample: 100%, second: 100%}",
}
_BEHIND = 15.0
"""Seconds after which a comparer is not waited for any longer: it lets go of what has waited for ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """One kind of new side: ratios of the 99th percentile, and MiB that Banyan grew by, per round."""

    mode: Mode
    p99: tuple[float, ...]
    beside: tuple[float, ...]
    grown: tuple[float, ...]
    failed: int
    shadows: str


def shadowing(label: str, new: int = 0) -> Peer:
    """Banyan with its routes at stage shadow; `new` is another port for the new side."""

    def launch(site: Site) -> Launch:
        started = banyan.launch(replace(site, new=new or site.new))
        path = site.folder / "routes.yaml"
        text = path.read_text().replace("stage: canary, split: 50%", "stage: shadow, effects: safe")
        path.write_text(text.replace("shadow: {sample: 0%}", f"shadow: {_SAID[label]}"))
        return replace(started, label=label)

    return replace(banyan.PEER, launch=launch)


NEW = (Mode.GOOD, Mode.SLOW, Mode.HANG, Mode.RESET, Mode.FLOOD)


def measure(plan: Plan, modes: Sequence[Mode] = NEW) -> Report:
    """Both tables."""
    with stand(plan.cores) as ground:
        costs = _cost(ground, plan)
    bad = []
    for mode in modes:
        with stand(plan.cores) as ground, _side(ground, Mode.USUAL) as legacy, _side(ground, mode) as new:
            bad.append(_beside(ground, plan, mode, legacy, new))
            plan.say(
                f"new side {mode.value}: p99 {_median(bad[-1].p99):.2f} ms, without {_median(bad[-1].beside):.2f} ms"
            )
    series = tuple(costs)
    return Report(suite="shadow", tables=(_table(costs), _bad_table(bad)), measures=(), series=series)


def _cost(ground: Stand, plan: Plan) -> dict[Series, str]:
    """What it costs, and what became of the shadows."""
    up = [ground.put_up(shadowing(label), routes=ROUTES) for label in _SAID]
    contenders = [
        Contender(label=child.label, child=child, load=wrk.items(ROUTES), log=site.log, rest=partial(_catch_up, site))
        for child, site in up
    ]
    series = play(contenders, plan)
    return {each: _shadows(site) for each, (_, site) in zip(series, up, strict=True)}


def _catch_up(site: Site) -> None:
    """Until the comparer, which reports once a second, has nothing left to do."""
    until = monotonic() + _BEHIND
    waiting = ""
    while waiting != "0" and monotonic() < until:
        sleep(1.2)
        (line,) = _lines(site, "banyan_comparer_waiting_pairs")
        waiting = line.split()[-1].removesuffix(".0")


@contextmanager
def _side(ground: Stand, mode: Mode) -> Iterator[int]:
    (port,) = free_ports(1)
    folder = ground.folder / mode.value
    started = Launch(
        label=f"{mode.value} side",
        argv=(sys.executable, "-m", "bench.load.hostile", mode.value, str(port)),
        folder=folder,
        output=folder / "stdout.txt",
        port=port,
        ready=(f"http://127.0.0.1:{port}/-/status",),
    )
    folder.mkdir()
    with running(replace(started, env={"PYTHONPATH": ":".join(filter(None, sys.path))}), ground.cores.load):
        yield port


def _beside(ground: Stand, plan: Plan, mode: Mode, legacy: int, new: int) -> Bad:
    """Rounds with and without shadow, side by side; who goes first takes turns."""
    plain, _ = ground.put_up(shadowing(WITHOUT, new), routes=1, legacy=legacy)
    shadowed, site = ground.put_up(shadowing(WITH, new), routes=1, legacy=legacy)
    p99, beside, grown, failed = [], [], [], 0
    for each in (plain, shadowed):
        _steady(each, 1.0)
    for number in range(plan.rounds):
        if number % 2 == 0:
            beside.append(_steady(plain, plan.seconds).rank(99))
        before = shadowed.pss()
        found = _steady(shadowed, plan.seconds)
        grown.append((shadowed.pss() - before) / (1 << 20))
        if number % 2 == 1:
            beside.append(_steady(plain, plan.seconds).rank(99))
        p99.append(found.rank(99))
        failed += found.failed
    return Bad(
        mode=mode,
        p99=tuple(p99),
        beside=tuple(beside),
        grown=tuple(grown),
        failed=failed,
        shadows=_shadows(site),
    )


def _steady(child: Running, seconds: float) -> Latencies:
    return asyncio.run(load(child.launch.port, item_path(0, 1), rate=RATE, seconds=seconds))


def _shadows(site: Site) -> str:
    """What the metrics say became of them: `sent 900, shed 12`."""
    counts: Counter[str] = Counter()
    for line in _lines(site, "banyan_shadow_total{"):
        counts[line.partition("outcome=")[2].split('"')[1]] += int(float(line.split()[-1]))
    return ", ".join(f"{outcome} {count:,}" for outcome, count in counts.items() if count)


def _lines(site: Site, start: str) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{site.admin}/metrics", timeout=5) as answer:
        return [line for line in answer.read().decode().splitlines() if line.startswith(start)]


def _table(costs: Mapping[Series, str]) -> Table:
    series = tuple(costs)
    plain = by_label(series, WITHOUT)
    figures: tuple[Callable[[Series], str], ...] = (
        lambda each: f"{each.median(lambda one: one.per_second):,.0f}",
        lambda each: f"{ratio(each, plain, lambda one: one.per_second):.2f}" if plain else "",
        lambda each: f"{each.median(lambda one: one.cpu_us):.1f}",
        lambda each: f"{ratio(each, plain, lambda one: one.cpu_us):.2f}" if plain else "",
        lambda each: f"{each.median(lambda one: one.p50_us) / 1000:.2f}",
        lambda each: f"{each.median(lambda one: one.p99_us) / 1000:.2f}",
    )
    return Table(
        title=f"Every request shadowed, one core for all of Banyan, {ROUTES:,} routes, medians of rounds",
        columns=("banyan", "req/s", "× without", "CPU µs/req", "× without", "p50 ms", "p99 ms", "shadows"),
        rows=tuple((each.label, *(figure(each) for figure in figures), said) for each, said in costs.items()),
        notes=tuple(doubts(series)),
    )


def _bad_table(found: Sequence[Bad]) -> Table:
    return Table(
        title=f"{RATE} requests a second to a legacy of 5 ms, every one shadowed",
        columns=("new", "p99 ms", "without shadow", "×", "ms more", "MiB grown", "failed", "shadows"),
        rows=tuple(
            (
                each.mode.value,
                f"{_median(each.p99):.2f}",
                f"{_median(each.beside):.2f}",
                f"{_median([mine / other for mine, other in zip(each.p99, each.beside, strict=True)]):.2f}",
                f"{_median([mine - other for mine, other in zip(each.p99, each.beside, strict=True)]):+.2f}",
                f"{_median(each.grown):.1f}",
                str(each.failed),
                each.shadows,
            )
            for each in found
        ),
        notes=("MiB grown is what all processes of Banyan held more after a round than before it, the median round.",),
    )


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)
