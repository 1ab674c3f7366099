from __future__ import annotations

from itertools import pairwise

import pytest

from proxy.core.routing.sample import LASTS, is_sampled

NEVER = 1.0 - 2**-53
"""A chance that no share reaches."""
QUESTIONS = [b"GET/orders/%d" % number for number in range(20_000)]


def chosen(share: float, at: float = 0.0, salt: int = 7, draw: float = 0.25, chance: float = NEVER) -> set[bytes]:
    return {question for question in QUESTIONS if is_sampled(share, chance, question, draw, salt, at)}


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_half_of_the_share_goes_by_what_is_asked(share: float) -> None:
    """Of many questions the hash takes half of the share, and the same ones each time."""
    assert len(chosen(share)) / len(QUESTIONS) == pytest.approx(share / 2, rel=0.2)
    assert chosen(share) == chosen(share)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_chance_has_the_rest(share: float) -> None:
    """Both together come to the share: any one question has its turn by chance, whatever its hash."""
    by_chance = share / (2 - share)

    assert share / 2 + (1 - share / 2) * by_chance == pytest.approx(share)
    assert len(chosen(share, chance=by_chance - 1e-9)) == len(QUESTIONS)
    assert chosen(share, chance=by_chance + 1e-9) == chosen(share)


def test_repeats_stay_together_until_the_turn_of_others() -> None:
    """Within one turn the same are in; the next turn takes others; another salt too; a greater share takes more."""
    turns = [chosen(0.5, at=at) for at in (0.0, LASTS - 0.001, LASTS)]

    assert turns[0] == turns[1] != turns[2]
    assert len(turns[0] & turns[2]) < len(turns[0])
    assert chosen(0.5, salt=8) != turns[0]
    assert all(less < more for less, more in pairwise([chosen(share) for share in (0.01, 0.1, 0.5)]))


def test_a_cohort_is_chosen_by_its_draw() -> None:
    """Two cohorts that ask the same are chosen apart, so that one busy target is seen of some of them."""
    both = [chosen(0.5, draw=draw) for draw in (0.25, 0.25 + 2**-53)]

    assert len(both[0] & both[1]) / len(QUESTIONS) == pytest.approx(0.25**2, rel=0.2)
