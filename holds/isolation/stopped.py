"""An upstream that hangs for everybody: its breaker opens, its routes are answered at once, and it is found again.

Rule 1: a request is answered at once when a 503 comes within `AT_ONCE`.
Rule 2: while it hangs, some requests find out whether it still does, and those wait for their timeout; so may what was
        asked within the first `OPENS_WITHIN` seconds, or a whole timeout when that is longer.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from holds.asking import Answer
from holds.finding import Check
from holds.isolation.crowd import Crowd
from holds.isolation.harm import LIMIT, Scenario
from holds.isolation.setting import setting, stopped

RATE = 20.0
AT_ONCE = 0.05
OPENS_WITHIN = 10.0
"""Seconds; beyond a timeout that is longer than a second."""
BACK_WITHIN = 8.0
"""Seconds: the default `open` of 5 s, one request more, and a slow machine."""
AFTERWARDS = 15.0
RESTS = 4.0
"""Seconds: the default `open`, less a fifth."""
PROOF = 3
"""So many requests, one after the other, have to fail before the breaker opens again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How it went: the upstream hung from `began` to `ended`, on the monotonic clock."""

    scenario: Scenario
    began: float
    ended: float
    answers: Sequence[Answer]
    told: Counter[str]

    @property
    def bound(self) -> float:
        """Seconds within which it must have opened."""
        return OPENS_WITHIN + self.scenario.longer

    @property
    def opened_after(self) -> float:
        """Seconds until the first answer that came at once; -1 without any."""
        quick = [each.began for each in self.answers if self.began <= each.began < self.ended and is_quick(each)]
        return quick[0] - self.began if quick else -1.0

    @property
    def afterwards(self) -> list[Answer]:
        """What was asked while it hung, once the breaker had to be open."""
        return [each for each in self.answers if self.began + self.bound <= each.began < self.ended]

    @property
    def back_after(self) -> float:
        """Seconds from its return until the last request that failed was asked; 0 for none."""
        return max(
            (each.began - self.ended for each in self.answers if each.trouble and each.began > self.ended), default=0.0
        )

    @property
    def probes(self) -> int:
        """The most that may not have been answered at once, by rule 2: those of each round that may have begun.

        One that waits for longer than `open` is followed by another after `open`.
        """
        timeout = float(self.scenario.response.removesuffix("s") or LIMIT)
        seconds = self.ended - self.began - self.bound
        if timeout > RESTS:
            return 2 + int(seconds / RESTS)
        return PROOF * (1 + int(seconds / (RESTS + PROOF * timeout)))


def is_quick(answer: Answer) -> bool:
    """See rule 1."""
    return answer.status == 503 and answer.ended - answer.began < AT_ONCE


async def play(scenario: Scenario, seconds: float) -> Stopped:
    """It hangs for the time in which the breaker must open, and `seconds` more."""
    async with setting(scenario) as site:
        crowd = Crowd(site.port, scenario.asks, RATE)
        hangs = OPENS_WITHIN + scenario.longer + seconds
        load = asyncio.ensure_future(crowd.ask_for(1.0 + hangs + AFTERWARDS))
        await asyncio.sleep(1.0)
        async with stopped(site.addresses[0]):
            began = time.monotonic()
            await asyncio.sleep(hangs)
            ended = time.monotonic()
        await load
        told = site.told()
    return Stopped(scenario=scenario, began=began, ended=ended, answers=crowd.answers, told=told)


def row(run: Stopped) -> tuple[str, ...]:
    """Its line in the table."""
    late = sum(1 for each in run.afterwards if not is_quick(each))
    opened = f"{run.opened_after:.1f}" if run.opened_after >= 0 else "never"
    counts = (
        f"{len(run.afterwards)}",
        f"{late}",
        f"{run.back_after:.1f}",
        f"{run.told['upstream']}",
        f"{run.told['part']}",
    )
    return (run.scenario.name, opened, *counts)


COLUMNS = (
    "scenario",
    "opened after s",
    "asked afterwards",
    "not answered at once",
    "200 again after s",
    "opened: upstream",
    "a part",
)


def checks(run: Stopped) -> tuple[Check, ...]:
    """What must hold."""
    name = run.scenario.name
    late = [each for each in run.afterwards if not is_quick(each)]
    timeout = run.scenario.response or f"{LIMIT:.0f}s"
    return (
        Check(
            sentence=f"{name}: the breaker opens within {run.bound:.0f} s, with timeout.response {timeout}",
            holds=0 <= run.opened_after <= run.bound,
            seen=f"{run.opened_after:.1f} s" if run.opened_after >= 0 else "never",
        ),
        Check(
            sentence=f"{name}: afterwards all but {run.probes} are answered within {AT_ONCE * 1000:.0f} ms by 503",
            holds=bool(run.afterwards) and len(late) <= run.probes,
            seen=f"{len(late)} of {len(run.afterwards)} were not",
        ),
        Check(
            sentence=f"{name}: {BACK_WITHIN:.0f} s after its return everything is 200 again",
            holds=run.back_after <= BACK_WITHIN,
            seen=f"after {run.back_after:.1f} s",
        ),
    )
