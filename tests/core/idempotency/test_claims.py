"""How a key stands, and what becomes of the request that holds it."""

from __future__ import annotations

import pytest

from proxy.core.idempotency.claims import (
    ClaimOutcome,
    KeyPhase,
    KeyRecord,
    Settlement,
    settlement_of,
    standing_of,
)

OWNER, OTHER, PRINT = b"owner", b"other", b"print"


def standing(
    phase: KeyPhase, *, locked: bool = False, tried: bool = False, payload: bytes = PRINT, repeatable: bool = False
) -> ClaimOutcome:
    return standing_of(KeyRecord(OTHER, PRINT, phase, locked, tried), OWNER, payload, repeatable=repeatable)


def test_what_was_claimed_before_is_ones_own() -> None:
    """A claim that is made twice, since its answer was lost, is the same one."""
    record = KeyRecord(OWNER, PRINT, KeyPhase.CLAIMED, is_locked=True)

    assert standing_of(record, OWNER, PRINT, repeatable=False) is ClaimOutcome.CLAIMED


@pytest.mark.parametrize("phase", KeyPhase)
def test_another_payload_is_told_first(phase: KeyPhase) -> None:
    """Whatever became of the first request."""
    assert standing(phase, payload=b"else") is ClaimOutcome.OTHER_PAYLOAD


def test_a_lock_says_whether_a_request_still_runs() -> None:
    """One that was sent and whose lock has run out is unknown; so is one before which another was sent."""
    assert standing(KeyPhase.CLAIMED, locked=True) is ClaimOutcome.RUNNING
    assert standing(KeyPhase.SENT, locked=True, tried=True) is ClaimOutcome.RUNNING
    assert standing(KeyPhase.CLAIMED) is ClaimOutcome.RUNNING
    assert standing(KeyPhase.CLAIMED, tried=True) is ClaimOutcome.UNKNOWN
    assert standing(KeyPhase.SENT) is ClaimOutcome.UNKNOWN


@pytest.mark.parametrize("phase", [KeyPhase.CLAIMED, KeyPhase.SENT, KeyPhase.UNKEPT])
@pytest.mark.parametrize("tried", [False, True])
def test_what_may_be_repeated_is_never_refused_for_good(phase: KeyPhase, *, tried: bool) -> None:
    """Its request has ended between the claim and the look at it: the client comes back, and takes the key then."""
    assert standing(phase, tried=tried, repeatable=True) is ClaimOutcome.RUNNING


def test_what_was_answered_is_answered() -> None:
    """With the answer, or without it."""
    assert standing(KeyPhase.ANSWERED) is ClaimOutcome.ANSWERED
    assert standing(KeyPhase.UNKEPT) is ClaimOutcome.UNKEPT


@pytest.mark.parametrize(
    ("status", "whole", "sent", "settlement"),
    [
        (201, True, True, Settlement.ANSWERED),
        (422, True, True, Settlement.ANSWERED),
        (429, True, True, Settlement.UNSENT),
        (425, False, True, Settlement.UNSENT),
        (201, False, True, Settlement.UNKEPT),
        (500, True, True, Settlement.UNSENT),
        (503, False, True, Settlement.UNSENT),
        (502, True, True, Settlement.UNKNOWN),
        (504, True, True, Settlement.UNKNOWN),
        (0, False, True, Settlement.UNKNOWN),
        (0, False, False, Settlement.UNSENT),
    ],
)
def test_an_answer_settles_the_key(status: int, whole: bool, sent: bool, settlement: Settlement) -> None:  # noqa: FBT001
    """5xx and what was not taken are not kept; what says that nobody behind answered leaves the outcome unknown."""
    assert settlement_of(status, whole=whole, sent=sent) is settlement
