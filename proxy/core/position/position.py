"""Where a route stands: what runs, given what routes.yaml says and what happened since.

Rule 1: a position is changed by making another one with the next version; stores compare and set on the version.
Rule 2: an edit of a route's stage or split in routes.yaml ends its latch, and so does `resume`; nothing else does.
Rule 3: without a ramp the file is law. With one an edit lowers at once and raises by one step.
Rule 4: a move and a resume begin a step; a hold does not, and neither does an edit that says what runs already, unless
        it ends a latch. Whoever begins an epoch changes what is evidence, and nothing
        else: place, step, latch and hold stay.
Rule 5: a hold that the judge set because legacy was down (`waits`) is the judge's to end, and no move keeps it. Whoever
        holds such a route makes the hold a person's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from proxy.core.position.ladder import Place, is_above, next_above
from proxy.core.stage import Stage


class Cause(StrEnum):
    """Why a route moved."""

    FILE = "file"
    OPERATOR = "operator"
    EVIDENCE = "evidence"
    GUARD = "guard"
    BREAKER = "breaker"
    LEGACY = "legacy"
    RESUME = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What runs on one route. `split` in [0, 1]; `since` in unix seconds.

    `latched`: rolled back, and kept back. `held`: the judge does not promote. `file_*`: what routes.yaml said when this
    position was taken. `begun`: how often somebody has ordered a new epoch.
    """

    route: str
    stage: Stage
    split: float
    version: int
    latched: bool
    held: bool
    cause: Cause
    since: float
    file_stage: Stage
    file_split: float
    begun: int = 0

    @property
    def waits(self) -> bool:
        """Whether the judge holds it, as new failed while legacy was down."""
        return self.held and self.cause is Cause.LEGACY

    @property
    def step(self) -> int:
        """The name of this step: when it began, in unix ms; 0 where the file alone rules."""
        return int(self.since * 1000) if self.version else 0

    @property
    def place(self) -> Place:
        """Stage and split as a place on the ladder."""
        return Place(self.stage, self.split)

    @property
    def file_place(self) -> Place:
        """What routes.yaml said when this position was taken."""
        return Place(self.file_stage, self.file_split)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One recorded move: from where to where, why, by whom (`actor`), at what time, and on which numbers.

    `version` is that of the position it made.
    """

    route: str
    version: int
    from_stage: Stage
    from_split: float
    to_stage: Stage
    to_split: float
    cause: Cause
    actor: str
    at: float
    numbers: tuple[tuple[str, float], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One route's move: decided on `before`, it makes `after`, and is recorded as `record`."""

    before: Position
    after: Position
    record: Transition


def reconcile(
    position: Position | None,
    file_stage: Stage,
    file_split: float,
    *,
    route: str,
    now: float,
    steps: tuple[float, ...] = (),
) -> Position:
    """What runs given what the file says; the same object when nothing changes. `steps` are those of the ramp, if any.

    A route without a position takes the file's, whatever its ramp: there is nothing from which it could be raised.
    """
    said = Place(file_stage, file_split)
    if position is None:
        return _from_file(route, said, now)
    if position.file_place == said:
        return position
    target = next_above(position.place, steps) if steps and is_above(said, position.place) else said
    place = _no_further(target, said)
    goes_on = place == position.place and not position.latched
    return replace(
        moved(position, place, Cause.FILE, position.since if goes_on else now),
        latched=False,
        file_stage=file_stage,
        file_split=file_split,
    )


def _from_file(route: str, said: Place, now: float) -> Position:
    return Position(
        route=route,
        stage=said.stage,
        split=said.split,
        version=0,
        latched=False,
        held=False,
        cause=Cause.FILE,
        since=now,
        file_stage=said.stage,
        file_split=said.split,
    )


def _no_further(target: Place | None, said: Place) -> Place:
    """A step that would pass what the file says ends there."""
    return said if target is None or is_above(target, said) else target


def moved(position: Position, to: Place, cause: Cause, at: float) -> Position:
    """The position after a move, with the next version. Latch and hold stay as they are, but for rule 5."""
    after = replace(position, stage=to.stage, split=to.split, version=position.version + 1, cause=cause, since=at)
    return replace(after, held=False) if position.waits else after


def rolled_back(position: Position, to: Place, cause: Cause, at: float) -> Position:
    """The position after a rollback: it is latched."""
    return replace(moved(position, to, cause, at), latched=True)


def begun(position: Position) -> Position:
    """The position with a new epoch: what was found before is no evidence any more."""
    return replace(position, begun=position.begun + 1, version=position.version + 1)


def move(before: Position, after: Position, *, at: float, actor: str, numbers: dict[str, float], reason: str) -> Move:
    """The move from one position to the next, with its record: made `at` that time, also where what runs stays."""
    record = transition(before, after, actor=actor, numbers=numbers, reason=reason)
    return Move(before=before, after=after, record=replace(record, at=at))


def transition(before: Position, after: Position, *, actor: str, numbers: dict[str, float], reason: str) -> Transition:
    """The record of the move from one position to the next."""
    return Transition(
        route=after.route,
        version=after.version,
        from_stage=before.stage,
        from_split=before.split,
        to_stage=after.stage,
        to_split=after.split,
        cause=after.cause,
        actor=actor,
        at=after.since,
        numbers=tuple(numbers.items()),
        reason=reason,
    )
