"""Bodies of 1 MiB, down and up: Banyan against nginx."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.bars import BarId, Measure
from bench.load import wrk
from bench.peers.peer import Peer
from bench.report import Report
from bench.rounds import Contender, Plan, Round, Series, by_label, doubts, play, ratio
from bench.suites.stand import stand
from bench.table import Table

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Which way the bytes go, and the bar for it."""

    word: str
    load: wrk.Load
    bar: BarId


DIRECTIONS = (
    Direction(word="down", load=wrk.download(), bar=BarId.BODY_DOWN),
    Direction(word="up", load=wrk.upload(), bar=BarId.BODY_UP),
)


def measure(peers: Sequence[Peer], plan: Plan) -> Report:
    """Both directions of every proxy in one set of rounds."""
    with stand(plan.cores) as ground:
        children = [ground.put_up(peer, routes=0) for peer in peers]
        series = play(
            [
                Contender(label=f"{child.label} {way.word}", child=child, load=way.load, log=site.log)
                for way in DIRECTIONS
                for child, site in children
            ],
            plan,
        )
    return Report(suite="body", tables=(_table(series),), measures=_measures(series), series=series)


def _rate(one: Round) -> float:
    return one.bytes_per_second


def _cpu(one: Round) -> float:
    return one.cpu_us


def _measures(series: Sequence[Series]) -> tuple[Measure, ...]:
    ours = [(way.bar, by_label(series, f"banyan {way.word}")) for way in DIRECTIONS]
    pairs = [(bar, mine, _reference(series, mine)) for bar, mine in ours if mine]
    return tuple(Measure(bar=bar, value=ratio(mine, theirs, _rate)) for bar, mine, theirs in pairs if theirs)


def _reference(series: Sequence[Series], each: Series) -> Series | None:
    """What nginx did in the same direction, if it was measured."""
    return by_label(series, f"nginx {each.label.split()[1]}")


def _table(series: Sequence[Series]) -> Table:
    return Table(
        title="Bodies of 1 MiB, 16 connections",
        columns=("proxy", "MiB/s", "× nginx", "CPU µs/MiB", "× nginx", "core used"),
        rows=tuple(_row(each, _reference(series, each)) for each in series),
        notes=doubts(series),
    )


def _row(each: Series, reference: Series | None) -> tuple[str, ...]:
    return (
        each.label,
        f"{each.median(_rate) / MIB:,.0f}",
        f"{ratio(each, reference, _rate):.2f}" if reference else "",
        f"{each.median(_cpu):,.0f}",
        f"{ratio(each, reference, _cpu):.2f}" if reference else "",
        f"{each.median(lambda one: one.busy):.0%}",
    )
