"""Interleaved rounds: A B C, A B C, … so that all share the same weather, and the median of what they showed.

A ratio is the median of the ratios of rounds that stood side by side, not the ratio of two medians: what disturbs the
machine for a while then disturbs both.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import procfs
from bench.load import wrk
from bench.machine import Cores
from bench.processes import Running

Say = Callable[[str], None]
WARM_UP_SECONDS = 1.0
BUSY = 0.9  # a proxy that used less of its core than this was not the limit
FOREIGN = 0.05  # more of the core than this used by others makes figures doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and how often, on which cores, and where to say how it goes."""

    rounds: int
    seconds: float
    cores: Cores
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One thing measured: a running proxy, the load it gets, and the log that is emptied between rounds.

    `rest` returns once all that a round left behind is done: its CPU belongs to that round, not to the next one's.
    """

    label: str
    child: Running
    load: wrk.Load
    log: Path | None = None
    rest: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One contender for some seconds. `cpu` is its whole tree; `foreign` what others took of its core, in seconds."""

    requests: int
    seconds: float
    body_bytes: int
    cpu: float
    foreign: float
    p50_us: float
    p99_us: float
    failures: int

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU µs per request."""
        return self.cpu * 1e6 / max(1, self.requests)

    @property
    def bytes_per_second(self) -> float:
        """Bytes per second in the direction of the body."""
        return self.body_bytes / self.seconds

    @property
    def busy(self) -> float:
        """The share of its core that the contender used."""
        return self.cpu / self.seconds

    @property
    def disturbed(self) -> float:
        """The share of the core that others used."""
        return self.foreign / self.seconds


Figure = Callable[[Round], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """All rounds of one contender."""

    label: str
    rounds: tuple[Round, ...]

    def median(self, figure: Figure) -> float:
        """The median round's figure."""
        return statistics.median(figure(each) for each in self.rounds)

    @property
    def failures(self) -> int:
        """Failed requests over all rounds."""
        return sum(each.failures for each in self.rounds)


def by_label(series: Sequence[Series], label: str) -> Series | None:
    """The series of that name, if it was measured."""
    return next((each for each in series if each.label == label), None)


def ratio(one: Series, other: Series, figure: Figure) -> float:
    """How many times `other`'s figure `one` has: the median over pairs of rounds."""
    pairs = zip(one.rounds, other.rounds, strict=True)
    return statistics.median(figure(mine) / max(figure(theirs), 1e-12) for mine, theirs in pairs)


def doubts(series: Sequence[Series]) -> tuple[str, ...]:
    """What a reader must know before trusting the figures."""
    found = []
    for each in series:
        if each.failures:
            found.append(f"{each.label}: {each.failures} requests failed; its figures are void.")
        if each.median(lambda one: one.busy + one.disturbed) < BUSY:
            used = each.median(lambda one: one.busy)
            found.append(f"{each.label} used {used:.0%} of its core: the load was the limit; trust CPU, not the rate.")
    worst = max(each.median(lambda one: one.disturbed) for each in series)
    if worst > FOREIGN:
        found.append(f"Other work took up to {worst:.0%} of the proxy's core: read ratios, and measure again.")
    return tuple(found)


def play(contenders: Sequence[Contender], plan: Plan) -> tuple[Series, ...]:
    """Warms everyone up, then plays all rounds."""
    for contender in contenders:
        plan.say(f"warming up {contender.label}")
        _one(contender, plan, WARM_UP_SECONDS)
    played: list[list[Round]] = [[] for _ in contenders]
    for number in range(plan.rounds):
        for contender, mine in zip(contenders, played, strict=True):
            mine.append(_one(contender, plan, plan.seconds))
            plan.say(f"round {number + 1}/{plan.rounds}  {describe(contender, mine[-1])}")
    return tuple(
        Series(label=contender.label, rounds=tuple(mine)) for contender, mine in zip(contenders, played, strict=True)
    )


def describe(contender: Contender, one: Round) -> str:
    """A round in a line, for the terminal."""
    trouble = f"  {one.failures} failed" if one.failures else ""
    doubt = f"  ({one.disturbed:.0%} of the core went to others)" if one.disturbed > FOREIGN else ""
    return f"{contender.label:<16}{one.per_second:>9,.0f} req/s {one.cpu_us:>8.1f} µs CPU{trouble}{doubt}"


def _one(contender: Contender, plan: Plan, seconds: float) -> Round:
    core_before, before = procfs.read_core(plan.cores.proxy), contender.child.cpu_seconds()
    count = wrk.run(contender.load, port=contender.child.launch.port, seconds=seconds, core=plan.cores.load)
    contender.rest()
    after, core_after = contender.child.cpu_seconds(), procfs.read_core(plan.cores.proxy)
    if contender.log and contender.log.exists():
        os.truncate(contender.log, 0)
    cpu = after - before
    core = core_after.work + core_after.stolen - core_before.work - core_before.stolen
    return Round(
        requests=count.requests,
        seconds=count.seconds,
        body_bytes=count.requests * contender.load.sent_bytes or count.bytes,
        cpu=cpu,
        foreign=max(0.0, core - cpu),
        p50_us=count.p50,
        p99_us=count.p99,
        failures=count.failures,
    )
