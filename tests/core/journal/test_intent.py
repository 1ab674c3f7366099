"""What became of a write, and whether it may be asked for again."""

from __future__ import annotations

import pytest

from proxy.core.journal.intent import FirstOutcome, may_ask_again, outcome_of, outcome_of_repeat
from proxy.core.routing.effects import Effects


@pytest.mark.parametrize(
    ("status", "sent", "outcome"),
    [
        (200, "sent", FirstOutcome.DONE),
        (303, "sent", FirstOutcome.DONE),
        (307, "sent", FirstOutcome.FAILED),
        (308, "sent", FirstOutcome.FAILED),
        (404, "sent", FirstOutcome.FAILED),
        (500, "sent", FirstOutcome.FAILED),
        (503, "sent", FirstOutcome.FAILED),
        (502, "sent", FirstOutcome.UNKNOWN),
        (504, "sent", FirstOutcome.UNKNOWN),
        (0, "sent", FirstOutcome.UNKNOWN),
        (0, "", FirstOutcome.FAILED),
    ],
)
def test_an_answer_is_believed_and_silence_is_not(status: int, sent: str, outcome: FirstOutcome) -> None:
    """What was sent and not answered is neither done nor failed."""
    assert outcome_of(status, was_sent=sent == "sent") is outcome


@pytest.mark.parametrize(
    ("declared", "method", "key", "may"),
    [
        (None, b"PUT", "", "again"),
        (None, b"DELETE", "", "again"),
        (None, b"POST", "k", ""),
        (None, b"PATCH", "", ""),
        (Effects.KEYED, b"POST", "k", "again"),
        (Effects.KEYED, b"POST", "", ""),
        (Effects.IDEMPOTENT, b"POST", "", "again"),
        (Effects.UNSAFE, b"PUT", "k", ""),
    ],
)
def test_a_write_of_unknown_outcome_is_asked_for_again_only_without_harm(
    declared: Effects | None, method: bytes, key: str, may: str
) -> None:
    """A client's key alone promises nothing: the route has to declare that the side keeps it."""
    assert may_ask_again(declared, method, has_key=bool(key)) is (may == "again")


@pytest.mark.parametrize(
    ("status", "method", "outcome"),
    [
        (404, b"DELETE", FirstOutcome.DONE),
        (404, b"PUT", FirstOutcome.FAILED),
        (409, b"PUT", FirstOutcome.UNKNOWN),
        (412, b"PUT", FirstOutcome.UNKNOWN),
        (500, b"PUT", FirstOutcome.UNKNOWN),
        (200, b"PUT", FirstOutcome.DONE),
    ],
)
def test_what_a_second_attempt_meets_may_be_the_first(status: int, method: bytes, outcome: FirstOutcome) -> None:
    """A DELETE finds nothing where the first one was done, and a conflict may be with it."""
    assert outcome_of_repeat(status, method) is outcome
