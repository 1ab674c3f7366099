"""What must move nothing where new is alone: one cohort's own trouble, new as bad as legacy was, failures in bursts.

The real docket, folds of a second. Legacy answers everybody for a while, then new does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from proxy.control.fleet.gossip import Answered
from proxy.control.judge.route_watch import Docket, Seen
from proxy.core.judge.guard import Bad, BadEvent
from proxy.core.judge.legacy import LegacyHealth
from proxy.core.outcome import Side
from proxy.core.position.ladder import LEGACY, LIVE
from proxy.core.position.position import Cause
from proxy.core.routing.split import draw_of
from proxy.edge.account.guard_events import TROUBLE
from proxy.link.messages import CohortDelta
from tests.core.judge.cases import standing
from tests.simulation import sticking
from tests.simulation.failing import COHORTS
from tests.simulation.guarding import DAY, HOUR

BEFORE = 2 * HOUR
RARELY = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """What part of the requests it sends, and the shares of them that fail, with legacy and with new."""

    weight: float
    legacy: float = RARELY
    new: float = RARELY


def one_in_trouble(tenants: int, weight: float, *, new: float = 1.0) -> tuple[Tenant, ...]:
    """The first one sends `weight` of all requests, and new fails it; the others share the rest and are well."""
    others = (Tenant(weight=(1 - weight) / (tenants - 1)) for _ in range(tenants - 1))
    return (Tenant(weight=weight, new=new), *others)


def alarms(tenants: tuple[Tenant, ...], rate: int, hours: float, seed: int, *, before: float = BEFORE) -> bool:
    """Whether the route is taken back within so many hours in which new answers `rate` requests a second.

    Legacy answers them for `before` seconds.
    """
    dice, watched = Random(f"{seed} {tenants} {rate}"), Watched()
    for second in range(int(before)):
        watched.fold(second, Side.LEGACY, _second(dice, tenants, rate, Side.LEGACY))
    watched.go_live()
    for second in range(int(before), int(before + hours * HOUR)):
        watched.fold(second, Side.NEW, _second(dice, tenants, rate, Side.NEW))
        if watched.docket.is_alarmed:
            return True
    return False


def own_trouble(hours: float, seed: int) -> tuple[int, int]:
    """Of how many runs one tenant's trouble takes the route back: 2, 5, 20 tenants, of which it sends 20, 50, 90 %."""
    runs = [
        alarms(one_in_trouble(tenants, weight, new=new), rate, hours, seed)
        for tenants in (2, 5, 20)
        for weight in (0.2, 0.5, 0.9)
        for new, rate in ((1.0, 5), (1.0, 20), (1.0, 100), (0.3, 20))
    ]
    return sum(runs), len(runs)


def as_bad_as_legacy(hours: float, seed: int) -> tuple[int, int]:
    """The same where both sides fail 5, 10, 30 or 50 % as a rule, for 1, 2, 5, 20 or 200 tenants."""
    runs = [
        alarms((Tenant(weight=1.0, legacy=share, new=share),) * tenants, 20, hours, seed)
        for tenants in (1, 2, 5, 20, 200)
        for share in (0.05, 0.1, 0.3, 0.5)
    ]
    return sum(runs), len(runs)


def bursts(days: int, rate: int, seed: int) -> int:
    """In how many days, each after one of legacy, 200 sticky tenants that fail twenty times at once raise an alarm."""
    dice = Random(seed)
    return sum(_day_of_bursts(dice, rate) for _ in range(days))


def _day_of_bursts(dice: Random, rate: int) -> bool:
    known, watched = sticking.tenants(dice, rate), Watched()
    for side, began in ((Side.LEGACY, 0.0), (Side.NEW, DAY)):
        by_second: dict[int, list[int]] = {}
        for event in sticking.failures(dice, known, 0.0, DAY, bursts=True):
            by_second.setdefault(int(event.at), []).append(event.cohort)
        for second in range(int(DAY)):
            failed = by_second.get(second, [])
            counts = {cohort: [0, failed.count(cohort)] for cohort in failed}
            for number in range(max(rate - len(failed), 0)):
                counts.setdefault((second * 7 + number) % sticking.TENANTS, [0, 0])[0] += 1
            watched.fold(int(began) + second, side, counts)
            if watched.docket.is_alarmed:
                return True
        watched.go_live()
    return False


class Watched:
    """A docket that is told what a worker tells."""

    def __init__(self) -> None:
        """Legacy answers everybody."""
        self.docket = Docket()
        self._position = standing(LEGACY)
        self._troubled = 0.0

    def go_live(self) -> None:
        """New answers everybody from now on."""
        stage = {"stage": LIVE.stage, "split": LIVE.split}
        self._position = replace(self._position, **stage, version=4, cause=Cause.EVIDENCE)  # type: ignore[arg-type]
        self.docket.follow(self._position)

    def fold(self, at: int, side: Side, counts: dict[int, list[int]]) -> None:
        """One second: by cohort good and failed answers of that side."""
        good, failed = (sum(each[place] for each in counts.values()) for place in (0, 1))
        is_new = side is Side.NEW
        if failed and is_new:
            self._troubled = at + TROUBLE
        told = counts if at < self._troubled else {}
        answered = Answered("a", new=good + failed, new_bad=failed) if is_new else Answered("a", good + failed, failed)
        self.docket.fold(self._position, seen(at, answered, _events(side, at, counts), told))


def seen(at: float, answered: Answered, events: Iterable[BadEvent], told: dict[int, list[int]]) -> Seen:
    """What the docket is told; nothing else says how legacy is."""
    listed = tuple(events)
    cohorts = tuple(CohortDelta("a", cohort, *each) for cohort, each in told.items())
    return Seen(at, answered, listed, listed, 30 * DAY, 4, LegacyHealth.UNKNOWN, 0.05, cohorts)


def _events(side: Side, at: float, counts: dict[int, list[int]]) -> Iterable[BadEvent]:
    for cohort, (_, failed) in counts.items():
        for _ in range(failed):
            yield BadEvent(Bad.ERROR, side, cohort, draw_of(cohort), at)


def _second(dice: Random, tenants: tuple[Tenant, ...], rate: int, side: Side) -> dict[int, list[int]]:
    counts: dict[int, list[int]] = {}
    for number in dice.choices(range(len(tenants)), [each.weight for each in tenants], k=rate):
        share = tenants[number].new if side is Side.NEW else tenants[number].legacy
        counts.setdefault(COHORTS[number], [0, 0])[dice.random() < share] += 1
    return counts
