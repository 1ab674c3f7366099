"""The record of orders: of which kind each one was."""

from __future__ import annotations

import pytest

from proxy.core.auth.suspension import Suspension
from proxy.core.outcome import Side
from proxy.core.position.ladder import LIVE, RETIRED, SHADOW, Place
from proxy.core.position.position import Cause, Transition
from proxy.core.position.record import (
    BEGUN,
    RELEASED,
    RESTORED,
    STOOD,
    OrderKind,
    OrderRecord,
    kind_of,
    lift_record,
    pin_record,
    stood_reason,
    suspend_record,
    unpin_record,
)
from proxy.core.position.standing import NEWCOMERS, Pin, ended_as
from proxy.core.stage import Stage

FIVE = Place(Stage.CANARY, 0.05)


def made(start: Place, end: Place, cause: Cause, number: str = "", version: int = 2) -> Transition:
    return Transition(
        route="a",
        version=version,
        from_stage=start.stage,
        from_split=start.split,
        to_stage=end.stage,
        to_split=end.split,
        cause=cause,
        actor="ann",
        at=1.0,
        numbers=((number, 1.0),) if number else (),
        reason="why",
    )


@pytest.mark.parametrize(
    ("move", "kind"),
    [
        (made(FIVE, LIVE, Cause.OPERATOR), OrderKind.PROMOTE),
        (made(SHADOW, FIVE, Cause.EVIDENCE), OrderKind.PROMOTE),
        (made(FIVE, SHADOW, Cause.GUARD), OrderKind.ROLLBACK),
        (made(FIVE, FIVE, Cause.OPERATOR), OrderKind.HOLD),
        (made(FIVE, FIVE, Cause.LEGACY), OrderKind.HOLD),
        (made(FIVE, FIVE, Cause.LEGACY, RELEASED), OrderKind.RELEASE),
        (made(FIVE, FIVE, Cause.RESUME), OrderKind.RESUME),
        (made(FIVE, FIVE, Cause.OPERATOR, BEGUN), OrderKind.EPOCH),
        (made(FIVE, FIVE, Cause.GUARD, RESTORED), OrderKind.RESTORE),
        (made(FIVE, SHADOW, Cause.FILE), OrderKind.EDIT),
        (made(FIVE, FIVE, Cause.FILE), OrderKind.EDIT),
        (made(FIVE, RETIRED, Cause.OPERATOR), OrderKind.RETIRE),
        (made(FIVE, RETIRED, Cause.FILE), OrderKind.EDIT),
        (made(FIVE, SHADOW, Cause.FILE, version=1), OrderKind.EDIT),
        (made(FIVE, FIVE, Cause.FILE, version=1), OrderKind.BEGIN),
    ],
)
def test_a_move_says_of_which_kind_it_was(move: Transition, kind: OrderKind) -> None:
    """By its cause, its numbers, and whether it led up, down or nowhere."""
    assert kind_of(move) is kind


@pytest.mark.parametrize(("given", "recorded"), [(" as agreed\n", f"{STOOD}: as agreed"), (" ", STOOD)])
def test_an_order_that_changed_nothing_says_so_beside_its_own_reason(given: str, recorded: str) -> None:
    """Nobody reads it as a move, and its reason is kept."""
    assert stood_reason(given) == recorded


def test_a_pin_and_its_end_are_orders() -> None:
    """With the cohort, the side and the end of the pin, and each with the time and reason of its own."""
    pin = Pin(route="a", cohort="acme", side=Side.NEW, by="ann", since=5.0, until=9.0, reason="tries it")

    assert pin_record(pin) == OrderRecord(
        route="a",
        kind=OrderKind.PIN,
        actor="ann",
        at=5.0,
        reason="tries it",
        cohort="acme",
        side=Side.NEW,
        until=9.0,
    )
    assert unpin_record("a", "acme", actor="bob", at=7.0, reason="done") == OrderRecord(
        route="a", kind=OrderKind.UNPIN, actor="bob", at=7.0, reason="done", cohort="acme"
    )


def test_a_drain_is_of_no_cohort() -> None:
    """What stands for newcomers in the store is no cohort's name."""
    pin = Pin(route="a", cohort=NEWCOMERS, side=Side.LEGACY, by="ann", since=5.0, reason="new ends at six")

    assert pin_record(pin) == OrderRecord(
        route="a", kind=OrderKind.DRAIN, actor="ann", at=5.0, reason="new ends at six"
    )
    assert unpin_record("a", NEWCOMERS, actor="bob", at=7.0, reason="") == OrderRecord(
        route="a", kind=OrderKind.UNDRAIN, actor="bob", at=7.0
    )


def test_the_end_of_a_brown_out_is_an_order() -> None:
    """Of the brown-out with this id, by whom and why."""
    pin = Pin(
        route="a", cohort=ended_as("7f00"), side=Side.LEGACY, by="ann", since=5.0, until=9.0, reason="phones ring"
    )

    assert pin_record(pin) == OrderRecord(
        route="a", kind=OrderKind.UNBROWN, actor="ann", at=5.0, reason="phones ring", cohort="7f00"
    )


def test_suspending_a_subject_and_lifting_that_are_orders() -> None:
    """Of no route; the subject stands where a cohort would."""
    suspension = Suspension(subject="auth0|7", by="ann", since=5.0, reason="left")

    assert suspend_record(suspension) == OrderRecord(
        route="", kind=OrderKind.SUSPEND, actor="ann", at=5.0, reason="left", cohort="auth0|7"
    )
    assert lift_record("auth0|7", actor="bob", at=7.0, reason="is back") == OrderRecord(
        route="", kind=OrderKind.LIFT, actor="bob", at=7.0, reason="is back", cohort="auth0|7"
    )
