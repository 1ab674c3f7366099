"""Positions, measures and alarms for the tests of the judge."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.judge.breaker import FailureRow
from proxy.core.judge.guard import Bad, Process
from proxy.core.judge.policy import Ramp
from proxy.core.judge.ramp import ComparedCounts, Fault, Measures
from proxy.core.judge.verdict import Case
from proxy.core.parity.rules.pair_counts import PairCounts
from proxy.core.position.ladder import Place
from proxy.core.position.position import Cause, Position
from proxy.core.stage import Stage

NOW = 1_000_000.0
RAMP = Ramp(steps=(0.01, 0.05, 0.25), hold=600.0, soak=3600.0)
ONE, FIVE, QUARTER = (Place(Stage.CANARY, split) for split in RAMP.steps)
OPENED = FailureRow(row=5, opened_at=NOW - 1)
ALARM = Process(bad=Bad.ERROR, events=40, alarmed_at=NOW - 5)
GOOD = Measures(
    compared=5000,
    mismatched=3,
    pairs=PairCounts(5010, (("race", 10),)),
    answered=ComparedCounts(2000, 1),
    unseen=0.001,
    uncovered=0,
    requests=5000,
    newest_at=NOW - 2,
    carried=1.0,
    lag=0.0,
)

FAULT = Fault(seen=92, last_seen=NOW - 5, before=700, since=9)


def standing(place: Place, *, since: float = 0.0, latched: bool = False, held: bool = False) -> Position:
    return Position(
        route="orders",
        stage=place.stage,
        split=place.split,
        version=3,
        latched=latched,
        held=held,
        cause=Cause.GUARD if latched else Cause.FILE,
        since=since,
        file_stage=place.stage,
        file_split=place.split,
    )


def case(place: Place = FIVE, *, latched: bool = False, held: bool = False, **known: object) -> Case:
    """A route with a ramp and all the evidence for its next step, but for what is `known` otherwise."""
    plain = Case(position=standing(place, latched=latched, held=held), now=NOW, ramp=RAMP, measures=GOOD)
    return replace(plain, **known)  # type: ignore[arg-type]
