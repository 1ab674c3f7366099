"""What a brown-out is called, and whose calls it is about."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.brownout.brownout_policy import (
    GONE,
    BrownoutPolicy,
    brownout_of,
)
from proxy.core.steps.closed_hours import NEVER
from proxy.core.steps.step_policy import StepPolicy
from proxy.core.translation.body_path import parse_body_path

RANK = BrownoutPolicy(share=0.01, until=1_800_000_000.0, field=parse_body_path("$.rank"), clients=frozenset("ba"))
WHOLE = BrownoutPolicy(share=0.5, until=1_800_000_000.0)


def test_another_share_end_or_client_is_another_brown_out() -> None:
    """One that was ended begins anew where its block says something else, and there alone."""
    others = [
        replace(RANK, share=0.02),
        replace(RANK, until=1.0),
        replace(RANK, clients=frozenset("a")),
        replace(RANK, field=parse_body_path("$.score")),
        WHOLE,
        replace(WHOLE, status=GONE),
        replace(WHOLE, retry_after=5),
    ]
    assert RANK.id == replace(RANK, clients=frozenset("ab")).id
    assert len({RANK.id, *(each.id for each in others)}) == 1 + len(others)


def test_it_says_what_is_absent_from_whose_calls() -> None:
    """As people read it in `status` and in the record."""
    assert RANK.sentence == "$.rank is absent from 1% of the calls of a, b"
    assert WHOLE.sentence == "503 is the answer to 50% of the calls of each client"


def test_only_the_endpoint_itself_is_answered_by_banyan() -> None:
    """For now, or as if for good: each is counted by its own name."""
    assert (RANK.answers, WHOLE.answers) == ((), ("browned_out",))
    assert replace(WHOLE, status=GONE).answers == ("browned_gone",)
    assert isinstance(WHOLE, StepPolicy)


def test_a_route_has_one_or_none() -> None:
    """Among its other policies."""
    assert brownout_of((NEVER, RANK)) is RANK
    assert brownout_of((NEVER,)) is None
