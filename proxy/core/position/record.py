"""The record: what was ordered, each with its own time, actor, reason and kind; moves are `Transition`s, all else here.

Rule 1: the kind of a move is read off what the move says, so that records of older versions have one as well.
Rule 2: what is recorded is never changed. Whatever is given twice with the same time and actor is one order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.auth.suspension import Suspension
from proxy.core.one_line import one_line
from proxy.core.outcome import Side
from proxy.core.position.ladder import Place, is_above
from proxy.core.position.position import Cause, Transition
from proxy.core.position.standing import NEWCOMERS, Pin, ended_by

BEGUN = "begun"
"""The number by which the record of a new epoch is known: how many have been ordered."""
RELEASED = "released"
"""The number by which the end of the judge's own hold is known."""
RESTORED = "restored"
"""The number by which it is known that a replica gave a position back to a store which had lost it: nobody's order."""

STOOD = "it stood already"
"""How the recorded reason begins of an order that changed nothing."""


class OrderKind(StrEnum):
    """What was ordered, by a person, by the judge or by routes.yaml.

    `retire`: nobody answers the route any more. `brownout` and `unbrown`: a brown-out of it began, and ended; `found`:
    that one has met a client for the first time.
    `begin`: a ramp began. `edit`: routes.yaml was edited; `refuse`: it was, and is not taken. `release`: the judge
    ended a hold of its own. `retry` and `drop`: of a write in the journal; `free`: of an idempotency key. `undrain`,
    `unpin`, `unkill` and `lift` (of a `suspend`) end what the others begin. `restore`: the store had lost where the
    route stood.
    """

    PROMOTE = "promote"
    ROLLBACK = "rollback"
    HOLD = "hold"
    RELEASE = "release"
    RESUME = "resume"
    EPOCH = "epoch"
    EDIT = "edit"
    REFUSE = "refuse"
    BEGIN = "begin"
    RESTORE = "restore"
    PIN = "pin"
    UNPIN = "unpin"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    KILL = "kill"
    UNKILL = "unkill"
    RETRY = "retry"
    DROP = "drop"
    SUSPEND = "suspend"
    LIFT = "lift"
    FREE = "free"
    BROWNOUT = "brownout"
    FOUND = "found"
    UNBROWN = "unbrown"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """An order that is no move of a route. `at` in unix seconds.

    `route` is empty where it is about all of them, `instance` where it is about every replica. `cohort`, `side` and
    `until` are those of a pin; of `suspend` and `lift` the `cohort` is the subject, of a brown-out its id, of what it
    has `found` the client.
    """

    route: str
    kind: OrderKind
    actor: str
    at: float
    reason: str = ""
    cohort: str = ""
    side: Side | None = None
    until: float | None = None
    instance: str = ""


def stood_reason(reason: str) -> str:
    """What is recorded as the reason of an order that changed nothing, beside its own."""
    said = one_line(reason.strip())
    return f"{STOOD}: {said}" if said else STOOD


def pin_record(pin: Pin) -> OrderRecord:
    """The order that has set this pin, begun this drain, or ended this brown-out."""
    if ended := ended_by(pin.cohort):
        return brownout_end(pin.route, ended, actor=pin.by, at=pin.since, reason=pin.reason)
    drains = pin.cohort == NEWCOMERS
    return OrderRecord(
        route=pin.route,
        kind=OrderKind.DRAIN if drains else OrderKind.PIN,
        actor=pin.by,
        at=pin.since,
        reason=pin.reason,
        cohort="" if drains else pin.cohort,
        side=None if drains else pin.side,
        until=pin.until,
    )


def unpin_record(route: str, cohort: str, *, actor: str, at: float, reason: str) -> OrderRecord:
    """The order that ends a pin, or a drain."""
    drains = cohort == NEWCOMERS
    kind = OrderKind.UNDRAIN if drains else OrderKind.UNPIN
    return OrderRecord(route=route, kind=kind, actor=actor, at=at, reason=reason, cohort="" if drains else cohort)


def brownout_end(route: str, policy_id: str, *, actor: str, at: float, reason: str) -> OrderRecord:
    """The end of a brown-out, by whom and why."""
    return OrderRecord(route=route, kind=OrderKind.UNBROWN, actor=actor, at=at, reason=reason, cohort=policy_id)


def suspend_record(suspension: Suspension) -> OrderRecord:
    """The order that has suspended this subject."""
    return OrderRecord(
        route="",
        kind=OrderKind.SUSPEND,
        actor=suspension.by,
        at=suspension.since,
        reason=suspension.reason,
        cohort=suspension.subject,
    )


def lift_record(subject: str, *, actor: str, at: float, reason: str) -> OrderRecord:
    """The order that ends a suspension."""
    return OrderRecord(route="", kind=OrderKind.LIFT, actor=actor, at=at, reason=reason, cohort=subject)


def kind_of(made: Transition) -> OrderKind:
    """What a recorded move was."""
    numbers, start, end = dict(made.numbers), _start(made), _end(made)
    if RESTORED in numbers:
        return OrderKind.RESTORE
    if BEGUN in numbers:
        return OrderKind.EPOCH
    if made.cause is Cause.RESUME:
        return OrderKind.RESUME
    if made.cause is Cause.FILE:
        return OrderKind.BEGIN if start == end and made.version == 1 else OrderKind.EDIT
    if start == end:
        return OrderKind.RELEASE if RELEASED in numbers else OrderKind.HOLD
    if end.stage.facts.ends and made.cause is Cause.OPERATOR:
        return OrderKind.RETIRE
    return OrderKind.PROMOTE if is_above(end, start) else OrderKind.ROLLBACK


def _start(made: Transition) -> Place:
    return Place(made.from_stage, made.from_split)


def _end(made: Transition) -> Place:
    return Place(made.to_stage, made.to_split)
