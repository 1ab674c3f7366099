"""What became of a write, and whether it may be asked for again."""

from __future__ import annotations

import pytest

from proxy.core.journal.intent import FirstOutcome, may_ask_again, outcome_of
from proxy.core.routing.effects import Effects


@pytest.mark.parametrize(
    ("status", "was_sent", "outcome"),
    [
        (200, True, FirstOutcome.DONE),
        (303, True, FirstOutcome.DONE),
        (404, True, FirstOutcome.FAILED),
        (500, True, FirstOutcome.FAILED),
        (503, True, FirstOutcome.FAILED),
        (502, True, FirstOutcome.UNKNOWN),
        (504, True, FirstOutcome.UNKNOWN),
        (0, True, FirstOutcome.UNKNOWN),
        (0, False, FirstOutcome.FAILED),
    ],
)
def test_an_answer_is_believed_and_silence_is_not(status: int, was_sent: bool, outcome: FirstOutcome) -> None:
    """What was sent and not answered is neither done nor failed."""
    assert outcome_of(status, was_sent=was_sent) is outcome


@pytest.mark.parametrize(
    ("declared", "method", "has_key", "may"),
    [
        (None, b"PUT", False, True),
        (None, b"DELETE", False, True),
        (None, b"POST", True, False),
        (None, b"PATCH", False, False),
        (Effects.KEYED, b"POST", True, True),
        (Effects.KEYED, b"POST", False, False),
        (Effects.IDEMPOTENT, b"POST", False, True),
        (Effects.UNSAFE, b"PUT", True, False),
    ],
)
def test_a_write_of_unknown_outcome_is_asked_for_again_only_without_harm(
    declared: Effects | None, method: bytes, has_key: bool, may: bool
) -> None:
    """A client's key alone promises nothing: the route has to declare that the side keeps it."""
    assert may_ask_again(declared, method, has_key=has_key) is may
