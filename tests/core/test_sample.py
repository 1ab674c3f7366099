from __future__ import annotations

from itertools import pairwise

import pytest

from proxy.core.sample import LASTS, is_sampled, question_of

NEVER = 1.0 - 2**-53
"""A chance that no share reaches."""
QUESTIONS = [question_of(b"GET", b"/orders/%d" % number, b"client_ip:10.0.0.1") for number in range(20_000)]


def chosen(share: float, at: float = 0.0, salt: int = 7, chance: float = NEVER) -> set[bytes]:
    return {each for each in QUESTIONS if is_sampled(share, chance, salt, at, each)}


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


def test_a_question_is_method_target_and_cohort() -> None:
    """Each tells it from others, and none of them can be taken for another."""
    parts = [(b"GET", b"/a", b"x"), (b"HEAD", b"/a", b"x"), (b"GET", b"/b", b"x"), (b"GET", b"/a", b"b x")]

    assert len({question_of(*each) for each in parts}) == 4
