"""New alone fails: seconds until the judge takes the route back. Its own code, rounds of a second, seeded dice.

The route runs at `live` from the start, so that nothing is known of how legacy was, and is good for two minutes. Then
`share` of the requests fail, of whichever tenant. With the upstream's breaker its real code decides, by the same clock,
what is sent at all.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from random import Random
from statistics import median

from proxy.core.outcome import Refused
from proxy.core.routing.route import BreakerPolicy as Rule
from proxy.core.routing.split import draw_of, hash_of
from proxy.edge.account.guard_events import MOST
from proxy.edge.upstream.circuit_breaker import Breakers
from proxy.link.messages import BUCKETS, AliveDelta, BadDelta, CohortDelta, RefusedDelta, Report, RouteDelta
from tests.control.stands import Clock, Stand, Store, table

TENANTS, RATES, SHARES = (1, 5, 10, 20), (20, 100, 500), (0.3, 0.5, 1.0)
GOOD_FOR, WITHIN = 120, 1800
SAMPLE = 0.1
"""Of the reads at `live` so many are shadowed to legacy."""
ROUTE = "name: a, match: /a, stage: live"
COHORTS = tuple(hash_of(number, b"tenant") for number in range(1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`tenants` send `rate` requests a second together, of which `share` fail. `health`: legacy has a probe.

    `reads` are shadowed to legacy, which answers them; `breaker`: the upstream has one, and the failures count there.
    """

    tenants: int
    rate: int
    share: float
    health: bool = False
    reads: bool = False
    breaker: bool = False


class Asking:
    """A request for the route's one operation; each tenant asks from an address of its own."""

    def __init__(self, cohort: int) -> None:
        self._client = b"%d" % cohort

    def operation(self, *, failed: bool = False) -> bytes:
        """What is asked for."""
        del failed
        return b"a"

    def who(self) -> bytes:
        """The tenant's address."""
        return self._client


class Worker:
    """What a worker would report of each second."""

    def __init__(self, fault: Fault, dice: Random) -> None:
        """Nothing has failed yet."""
        self.fault = fault
        self._dice = dice
        self._breakers = Breakers(Rule() if fault.breaker else None)

    def second(self, at: float, share: float) -> Report:
        """The report of the second that begins `at`."""
        fault, cohorts, failed, refused = self.fault, dict[int, list[int]](), list[int](), Counter[str]()
        for number in range(fault.rate):
            cohort = COHORTS[self._dice.randrange(fault.tenants)]
            fails = self._ask(Asking(cohort), at + number / fault.rate, share)
            if isinstance(fails, Refused):
                refused[fails.value] += 1
                continue
            cohorts.setdefault(cohort, [0, 0])[fails] += 1
            if fails:
                failed.append(cohort)
        shadows = round(fault.rate * SAMPLE) if fault.reads else 0
        events = [BadDelta("a", "5xx", "new", cohort, draw_of(cohort), at) for cohort in failed[:MOST]]
        told = [CohortDelta("a", cohort, *counts) for cohort, counts in cohorts.items()] if share else []
        return report(
            answered(fault.rate - refused.total() - len(failed), len(failed)),
            bad=events,
            cohorts=told,
            refused=[RefusedDelta("a", "new", *each) for each in refused.items()],
            alive=[AliveDelta("a", shadows, 0)] if shadows else [],
        )

    def _ask(self, asking: Asking, at: float, share: float) -> bool | Refused:
        """Whether one request fails, or why it is refused."""
        resting = self._breakers.refuses(asking, at)
        if resting is not None:
            return Refused.BREAKER if resting.operation else Refused.UPSTREAM
        fails = self._dice.random() < share
        if fails:
            self._breakers.failed(asking, at)
        else:
            self._breakers.succeeded(asking, at)
        return fails


def answered(good: int, failed: int) -> RouteDelta:
    """Answers of new."""
    return RouteDelta("a", "new", [0, good, 0, 0, failed], [good + failed] + [0] * len(BUCKETS), 0.0, failed)


def report(*routes: RouteDelta, **more: object) -> Report:
    """A worker's."""
    return Report(0, 1, "r", {}, 0, list(routes), [], **more)  # type: ignore[arg-type]


def until_rollback(fault: Fault, seed: int, *, most: int = WITHIN) -> int | None:
    """Seconds from the first failure to the rollback; None: not within `most`."""
    random.seed(seed)  # the upstream's breaker has dice of its own
    return asyncio.run(_until_rollback(fault, Random(f"{seed} {fault}"), most))


async def _until_rollback(fault: Fault, dice: Random, most: int) -> int | None:
    stand = await standing(ROUTE)
    if fault.health:
        stand.healthy.add("legacy")
    worker = Worker(fault, dice)
    for second in range(GOOD_FOR + most):
        share = fault.share if second >= GOOD_FOR else 0.0
        stand.outbox.hear(worker.second(stand.clock.now, share))
        await stand.rounds()
        if stand.place() != "live":
            return second + 1 - GOOD_FOR
    return None


async def standing(route: str) -> Stand:
    """One replica, after its first round."""
    clock = Clock()
    stand = Stand(table(route), Store(clock), clock)
    await stand.begin()
    await stand.rounds()
    return stand


def cells(*, breaker: bool, runs: int) -> Iterator[tuple[int, int, list[str]]]:
    """The table's rows: tenants, rate, and a cell per share."""
    for tenants, rate in product(TENANTS, RATES):
        yield tenants, rate, [_cell(tenants, rate, share, runs, breaker=breaker) for share in SHARES]


def _cell(tenants: int, rate: int, share: float, runs: int, *, breaker: bool) -> str:
    """Four medians, and in brackets the longest of all runs."""
    medians, longest = [], 0.0
    for reads, health in product((True, False), (True, False)):
        fault = Fault(tenants=tenants, rate=rate, share=share, health=health, reads=reads, breaker=breaker)
        found = [inf if each is None else each for each in (until_rollback(fault, seed) for seed in range(runs))]
        medians.append(median(found))
        longest = max(longest, *found)
    return " / ".join("never" if each == inf else f"{each:.0f}" for each in medians) + f" ({longest:.0f})"
