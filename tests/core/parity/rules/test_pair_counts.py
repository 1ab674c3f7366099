from __future__ import annotations

import pytest

from proxy.core.parity.answers import IncomparableReason
from proxy.core.parity.rules.pair_counts import LEGACYS_OWN, NO_PAIRS, PairCounts


def test_without_a_pair_there_is_no_share() -> None:
    """Nothing is divided by nothing, and nothing is missing."""
    assert (NO_PAIRS.share, NO_PAIRS.incomparable, NO_PAIRS.more_until(0.01)) == (None, 0, 0)


def test_the_reason_of_what_legacy_failed_alone_is_the_comparer_s() -> None:
    """It is written here, where nothing that reads bodies may be imported."""
    assert IncomparableReason.LEGACY_FAILED == LEGACYS_OWN


@pytest.mark.parametrize(("shed", "limit", "more"), [(40, 0.01, 3_000), (10, 0.01, 0), (7, 0.007, 0), (40, 0.0, 0)])
def test_so_many_more_bring_the_share_down(shed: int, limit: float, more: int) -> None:
    """To the limit and no further; a limit of nothing is never reached by more."""
    pairs = PairCounts(1_000, (("shed", shed),))

    assert pairs.more_until(limit) == more
    assert not more or pairs.plus(PairCounts(more)).share == limit


def test_pairs_since_then_are_those_that_came_since() -> None:
    """By reason; what an earlier count has more of is none of them."""
    before = PairCounts(100, (("shed", 40), ("race", 2)))
    now = before.plus(PairCounts(50, (("race", 3),)))

    assert now.since(before) == PairCounts(50, (("race", 3),))
    assert before.since(now) == NO_PAIRS
