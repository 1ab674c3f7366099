"""Slow answers before the guard: they are frequent, they come together, and a tenant's say the same thing again.

The real docket, seconds of virtual time: 250 tenants, 125 requests a second, of which legacy answers 4 % slowly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from proxy.control.fleet.gossip import Answered
from proxy.control.judge.route_watch import Docket, Seen
from proxy.core.judge.guard import Bad, BadEvent
from proxy.core.judge.legacy import LegacyHealth
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY
from proxy.core.position.position import Cause, Position
from proxy.core.stage import Stage
from tests.core.judge.cases import standing

TENANTS, REQUESTS, SLOW = 250, 125, 0.04
DRAWS = tuple((number * 0.618) % 1 for number in range(TENANTS))
LENGTH = 600
STEPS = (0.05, 0.25, 0.5, 1.0)


def seconds(
    docket: Docket, position: Position, length: int, dice: Random, *, start: float, slow: float = SLOW, stalls: int = 0
) -> Iterator[float]:
    """Let the docket see so many seconds, in which new answers that share slowly; after each, its time.

    In one of `stalls` seconds everything is slow that new answers within a tenth of it, 0: in none.
    """
    for at in range(length):
        stalled = stalls and at % stalls == stalls // 2
        events, told = [], Answered("a")
        for number in range(REQUESTS):
            cohort = dice.randrange(TENANTS)
            side = Side.NEW if DRAWS[cohort] < position.split else Side.LEGACY
            held = bool(stalled) and side is Side.NEW and number < REQUESTS // 10
            told.new += side is Side.NEW
            told.legacy += side is Side.LEGACY
            if held or dice.random() < (slow if side is Side.NEW else SLOW):
                events.append(BadEvent(Bad.LATENCY, side, cohort, DRAWS[cohort], start + at))
        seen = Seen(start + at, told, tuple(events), tuple(events), 30 * 86_400.0, 4, LegacyHealth.UP, slow=0.05)
        docket.fold(position, seen)
        yield start + at


def ramped(dice: Random, *, slow: float = SLOW, stalls: int = 0, before: int = 600) -> float | None:
    """So long `before` at legacy, then each step; the seconds from the first step to an alarm of the guard.

    As on a real route nothing is slow before 1,000 answers have told what is.
    """
    docket, start = Docket(), float(before)
    stays = standing(LEGACY)
    docket.count(Answered("a", legacy=1000), 0.0)
    for _ in seconds(docket, stays, before, dice, start=0.0):
        pass
    for version, split in enumerate(STEPS, 1):
        position = replace(stays, stage=Stage.CANARY, split=split, version=version, cause=Cause.EVIDENCE)
        docket.follow(position)
        for at in seconds(docket, position, LENGTH, dice, start=start, slow=slow, stalls=stalls):
            if docket.is_alarmed:
                return at - before
        start += LENGTH
    return None


@pytest.mark.parametrize(("before", "stalls"), [(10, 0), (600, 60)])
def test_equal_sides_are_never_taken_apart(before: int, stalls: int) -> None:
    """Moved to 100 %, soon or late, also with a stall of new of a tenth of a second each minute: no alarm."""
    assert ramped(Random(before), stalls=stalls, before=before) is None


@pytest.mark.parametrize("slow", [0.2, 0.5])
def test_a_new_side_that_is_slower_is_found(slow: float) -> None:
    """Five times as many slow answers or more: an alarm while only 5 % of the cohorts have moved."""
    found = ramped(Random(7), slow=slow)

    assert found is not None
    assert found < LENGTH
