"""What routes.yaml says about judging, compiled: the blocks `guard`, `ramp`, `windows`. Shares in [0, 1], seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.judge.guard import Bad
from proxy.core.position.ladder import COMPLETE
from proxy.core.reconcile.reconcile_check import NeededRun
from proxy.core.stage import Stage, is_past

DAY = 86_400.0


class OnFailure(StrEnum):
    """What an alarm does: go back, stay and stop promoting, or only tell somebody."""

    ROLLBACK = "rollback"
    FREEZE = "freeze"
    PAGE = "page"


class Stops(StrEnum):
    """What a window stops: every move of the judge, or promotion alone."""

    EVERYTHING = "everything"
    PROMOTION = "promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """One route's guard. `on_failure` by stage, else rollback; `budget`: mean time between two false rollbacks.

    `latency`: the quantile of legacy's own times above which an answer is slow; `door`: from this stage on the judge
    never goes back.
    """

    on_failure: tuple[tuple[Stage, OnFailure], ...] = ()
    budget: float = 30 * DAY
    classes: frozenset[Bad] = frozenset(Bad)
    latency: float = 0.95
    dry_run: bool = False
    door: Stage = COMPLETE.stage

    def action(self, stage: Stage) -> OnFailure:
        """What an alarm at `stage` does: past the door `rollback` becomes `freeze`."""
        said = dict(self.on_failure).get(stage, OnFailure.ROLLBACK)
        return OnFailure.FREEZE if said is OnFailure.ROLLBACK and is_past(stage, self.door) else said


PLAIN_GUARD = GuardPolicy()


class NeedName(StrEnum):
    """What a step needs, by the key of `needs` where it has one."""

    TIME = "time"
    COMPARED = "compared"
    NEWEST = "newest"
    MISMATCH_RATE = "mismatch_rate"
    UNDECIDED = "undecided"
    ANSWERED_BY_NEW = "answered_by_new"
    HIGH_SEVERITY = "high_severity"
    INCOMPARABLE = "incomparable"
    COVERAGE = "coverage"
    UNCOVERED = "uncovered"
    REQUESTS = "requests"
    CAPACITY = "capacity"
    LAG = "lag"
    RECONCILED = "reconciled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a step needs. `compared`: comparisons that are evidence, 0: nothing can be compared; `requests`: answers of
    new at this step; `lag`: seconds by which a journal of writes may trail, where there is one; `reconciled`: checks by
    which both databases have to agree.
    """

    compared: int = 1000
    mismatch_rate: float = 0.01
    coverage: float = 0.005
    incomparable: float = 0.01
    requests: int = 100
    capacity: bool = True
    lag: float = 0.0
    reconciled: tuple[NeededRun, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """The steps of canary. `hold`: least time at a step; `soak`: that at shadow; `after`: routes that go first."""

    steps: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.98)
    hold: float = 600.0
    soak: float = DAY
    needs: Needs = Needs()
    after: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A recurring window: weekdays (0 is Monday) on which it begins, `start` and `end` in minutes of the day there.

    One whose end is not after its start runs into the next day. `closes`: what it belongs to is not asked meanwhile.
    """

    name: str
    days: frozenset[int]
    start: int
    end: int
    zone: str = "UTC"
    stops: Stops = Stops.EVERYTHING
    closes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A window of fixed length: from `start` until before `end`, unix seconds; `closes` as of a recurring one."""

    name: str
    start: float
    end: float
    stops: Stops = Stops.PROMOTION
    closes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPolicy:
    """What holds over all routes. `errors` None: no error budget; `in_motion` None: no bound."""

    errors: float | None = None
    window: float = 30 * DAY
    in_motion: int | None = None


PLAIN_FLEET = FleetPolicy()
