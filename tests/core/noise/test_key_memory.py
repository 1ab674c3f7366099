"""What holds a key."""

from __future__ import annotations

import pytest

from proxy.core.noise.key_memory import MOST_WORDS, KeyMemory, KeyRepeat
from proxy.core.noise.measure import Measure
from proxy.core.noise.ties import FINDS
from proxy.core.noise.tokens import Sort

HIT = KeyRepeat(raw=True, noise=True, gap=1.0, is_instant=False)
SAME = KeyRepeat(raw=True, noise=False, gap=2.0, is_instant=False)
FOLLOWS = KeyRepeat(raw=False, noise=True, gap=1.0, is_instant=False)


def repeated(sort: Sort, *repeats: KeyRepeat) -> Measure | None:
    memory = KeyMemory(sort)
    for repeat in repeats:
        memory.repeat(repeat)
    return memory.held


@pytest.mark.parametrize(("sort", "times"), [(Sort.TOKEN, 2), (Sort.NUMBER, 3), (Sort.WORD, 8)])
def test_what_legacy_repeats_is_no_noise(sort: Sort, times: int) -> None:
    """Twice the same token, thrice another value, a word more often, unless legacy once did not."""
    assert repeated(sort, *[SAME] * (times - 1)) is None
    assert repeated(sort, *[SAME] * times) is Measure.REPEATED
    assert repeated(sort, HIT, *[SAME] * times) is None


@pytest.mark.parametrize(("sort", "times"), [(Sort.TOKEN, 4), (Sort.NUMBER, 12)])
def test_what_new_follows_is_state(sort: Sort, times: int) -> None:
    """Legacy changed, and new with it, more than four times as often as both differ."""
    assert repeated(sort, *[FOLLOWS] * (times - 1)) is None
    assert repeated(sort, *[FOLLOWS] * times) is Measure.STATE
    assert repeated(sort, *[HIT] * times, *[FOLLOWS] * times) is None
    assert repeated(sort, *[FOLLOWS._replace(is_instant=True)] * times) is None


def test_a_time_that_legacy_says_again_later_is_stored() -> None:
    """Two repeats more than one and a half seconds apart."""
    frozen = SAME._replace(is_instant=True)

    assert repeated(Sort.WORD, frozen, frozen) is Measure.FROZEN
    assert repeated(Sort.WORD, *[frozen._replace(gap=1.0)] * 9) is None


def test_a_token_that_stands_still_in_new_alone_is_no_noise() -> None:
    """On three repeats, and more than half of them."""
    stuck, moves = HIT._replace(stuck=True), HIT._replace(stuck=False)

    assert repeated(Sort.TOKEN, stuck, stuck, HIT, stuck) is Measure.STUCK
    assert repeated(Sort.TOKEN, moves, moves, moves, stuck, stuck, stuck) is None
    assert repeated(Sort.NUMBER, stuck, stuck, stuck) is None


def test_numbers_tied_to_legacys_hold_the_key_once() -> None:
    """It is told once, and what holds a key first does so for good."""
    memory = KeyMemory(Sort.NUMBER)
    for value in range(2 * FINDS):
        memory.differ(value, value + 5, is_instant=False)
        memory.differ("x", "y", is_instant=False)
    memory.tell((Measure.SHARED, 0.0))

    assert memory.held is Measure.APART
    assert memory.found == [(Measure.APART, 5.0)]
    assert memory.pairs == 4 * FINDS


def test_numbers_that_are_times_are_not_tied() -> None:
    """Two clocks are always equally far from each other."""
    memory = KeyMemory(Sort.NUMBER)
    for value in range(FINDS):
        memory.differ(value, value + 1, is_instant=True)

    assert memory.held is None


def test_a_token_said_to_two_requests_is_no_noise() -> None:
    """Seen twice."""
    memory = KeyMemory(Sort.TOKEN)
    memory.shared()
    assert memory.held is None
    memory.shared()
    assert memory.held is Measure.SHARED


def test_legacys_words_are_kept_within_bounds() -> None:
    """What is found beside does not hold the key."""
    memory = KeyMemory(Sort.WORD)
    for number in range(MOST_WORDS + 9):
        memory.differ(f"w{number}", "x", is_instant=False)
    memory.tell(None)
    memory.tell((Measure.CLOCK, 0.0))

    assert len(memory.words) == MOST_WORDS
    assert (memory.held, memory.found) == (None, [(Measure.CLOCK, 0.0)])
