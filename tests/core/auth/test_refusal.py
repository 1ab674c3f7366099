from __future__ import annotations

import pytest

from proxy.core.auth.refusal import Challenge, Refusal, challenge_of, is_failed_check, nearest_refusal


def test_most_reasons_are_told_as_one() -> None:
    """What would help a forger is not told apart."""
    apart = {Refusal.NO_TOKEN, Refusal.TWO_FIELDS, Refusal.SCOPE, Refusal.CLAIM, Refusal.FAILURES, Refusal.NO_KEYS}
    apart |= {Refusal.SUSPENDED}
    assert {each for each in Refusal if challenge_of(each) is not Challenge.INVALID_TOKEN} == apart
    assert {each for each in Refusal if is_failed_check(each)} == set(Refusal) - apart


@pytest.mark.parametrize(
    ("one", "other", "nearest"),
    [
        (Refusal.ISSUER, Refusal.AUDIENCE, Refusal.AUDIENCE),
        (Refusal.AUDIENCE, Refusal.EXPIRED, Refusal.AUDIENCE),
        (Refusal.AUDIENCE, Refusal.SCOPE, Refusal.SCOPE),
        (Refusal.NO_KEYS, Refusal.ISSUER, Refusal.NO_KEYS),
        (Refusal.NO_KEYS, Refusal.CLAIM, Refusal.CLAIM),
    ],
)
def test_of_two_policies_the_one_that_came_further_speaks(one: Refusal, other: Refusal, nearest: Refusal) -> None:
    """Whichever was asked first, where they say different things to the caller."""
    assert nearest_refusal(one, other) is nearest
    if challenge_of(one) is not challenge_of(other):
        assert nearest_refusal(other, one) is nearest
