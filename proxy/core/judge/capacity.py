"""How much of a route's requests new has carried, as answers and as shadows: what says that it can carry the next step.

Rule 1: a share says something when it was carried over a whole stretch: 200 requests in ten seconds or more, or ten
        minutes. The greatest of them is kept: what new carried at shadow it can carry at canary.
Rule 2: what cannot be shadowed (writes, upgrades, conditional requests) proves nothing, and nothing is asked of it.
Rule 3: another epoch (a side was deployed) and a rollback begin anew.
Rule 4: at canary the sample is raised to what the next step needs: so that new carries its share, a little more after
        each stretch that fell short; and while comparisons are missing as far as new has carried already.
Rule 5: a stretch fell short only where the judge could raise the sample over all of it: what new carried on hold
        counts, and is no reason for more. Under the kill switch new carries nothing, and no stretch goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.core.judge.policy import Ramp
from proxy.core.position.ladder import Place
from proxy.core.position.position import Position

STRETCH = 200
AT_LEAST, AT_MOST = 10.0, 600.0
"""Requests and seconds of a stretch."""
_MARGIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedLoad:
    """Answers of both sides, and what became of the requests that were drawn for a shadow: `unfit` cannot have one."""

    new: int = 0
    legacy: int = 0
    sent: int = 0
    refused: int = 0
    unfit: int = 0

    def __add__(self, other: CarriedLoad) -> CarriedLoad:
        """The sums of both."""
        return CarriedLoad(
            new=self.new + other.new,
            legacy=self.legacy + other.legacy,
            sent=self.sent + other.sent,
            refused=self.refused + other.refused,
            unfit=self.unfit + other.unfit,
        )

    @property
    def answers(self) -> int:
        """Answers of both sides."""
        return self.new + self.legacy

    @property
    def unfit_share(self) -> float:
        """Of the requests that were drawn for a shadow, those that cannot have one."""
        drawn = self.sent + self.refused + self.unfit
        return self.unfit / drawn if drawn else 0.0

    @property
    def carried(self) -> float | None:
        """The share that new carried of the requests that can be shadowed; None where there were none."""
        fit = 1.0 - self.unfit_share
        if not self.answers or not fit:
            return None
        by_legacy = self.legacy / self.answers
        return min(self.new / self.answers + self.sent * by_legacy / (self.answers * fit), 1.0)


NO_LOAD = CarriedLoad()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """`proved` in [0, 1], None: unknown. `load` is that of the stretch which began at `since`, unix seconds.

    `short` counts the whole stretches of this step over which the sample was the judge's, `is_raised` whether it was
    over the present one so far; `last` is the load of the newest one; `epoch` 0: none is known yet.
    """

    proved: float | None = None
    epoch: int = 0
    short: int = 0
    load: CarriedLoad = NO_LOAD
    last: CarriedLoad = NO_LOAD
    since: float = 0.0
    is_raised: bool = True

    def add(self, load: CarriedLoad, now: float, *, is_raised: bool = True) -> Capacity:
        """With what was carried since the last call; `is_raised`: the sample was as the judge wants it."""
        if not load.answers and not self.load.answers:
            return self
        both = self.load + load
        is_begun = self.load.answers > 0
        since, is_raised = self.since if is_begun else now, is_raised and (self.is_raised or not is_begun)
        if now - since < (AT_LEAST if both.answers >= STRETCH else AT_MOST):
            return replace(self, load=both, since=since, is_raised=is_raised)
        carried = both.carried
        proved = self.proved if carried is None else max(self.proved or 0.0, carried)
        return replace(self, proved=proved, short=self.short + is_raised, load=NO_LOAD, last=both, since=now)

    def stopped(self) -> Capacity:
        """The same, with the stretch that had begun thrown away."""
        return replace(self, load=NO_LOAD)

    def at(self, epoch: int) -> Capacity:
        """In this epoch; 0: nobody knows it yet."""
        if not epoch or epoch == self.epoch:
            return self
        return replace(self, epoch=epoch) if not self.epoch else Capacity(epoch=epoch, since=self.since)

    def step(self) -> Capacity:
        """At the beginning of a step: its stretches are its own."""
        return replace(self, short=0, load=NO_LOAD, last=NO_LOAD)


NOTHING_CARRIED = Capacity()


def raised(ramp: Ramp, position: Position, to: Place, capacity: Capacity, compared: int) -> float:
    """The share to shadow until new has carried what `to` needs and is `compared` enough; 0: nobody waits for it."""
    needs, split, proved = ramp.needs, position.split, capacity.proved or 0.0
    if not may_raise(ramp, position) or not position.stage.facts.draws:
        return 0.0
    carries = needs.capacity and to.stage.facts.draws and proved < to.split
    most = sample_needed(split, to.split, capacity.short) if carries else 0.0
    return max(most, _within(split, proved)) if compared < needs.compared else most


def may_raise(ramp: Ramp, position: Position) -> bool:
    """Whether a sample is raised at all: the route waits for evidence, and for nobody's word."""
    return not (position.held or position.latched or ramp.dry_run) and ramp.needs.compared > 0


def _within(split: float, proved: float) -> float:
    """The sample with which new carries no more than it has carried."""
    return max(proved - split, 0.0) / (1.0 - split) if split < 1.0 else 0.0


def sample_needed(split: float, to: float, short: int) -> float:
    """The share of legacy's requests to shadow at `split`, so that new carries `to`; more after stretches in vain."""
    needed = (to - split) / (1.0 - split) if split < 1.0 else 0.0
    return min(max(needed, 0.0) + _MARGIN * (1 + short), 1.0)


def most_carried(split: float, sample: float) -> float:
    """The share that new carries at a split with this sample."""
    return split + (1.0 - split) * sample
