from __future__ import annotations

import pytest
from xxhash import xxh3_64_intdigest

from proxy.core.math.distinct import Distinct


def counted(number: int, times: int = 1) -> int:
    distinct = Distinct()
    for _ in range(times):
        for each in range(number):
            distinct.add(xxh3_64_intdigest(b"%d" % each))
    return distinct.count


def test_nothing_is_none() -> None:
    """What was never added is not counted."""
    assert Distinct().count == 0


@pytest.mark.parametrize("number", [1, 2, 10, 100, 2_500, 3_000, 100_000])
def test_the_estimate_is_within_three_standard_errors(number: int) -> None:
    """Few are counted almost exactly, many within 10 %, also where one way of counting gives way to the other."""
    assert counted(number) == pytest.approx(number, rel=0.1, abs=0.5)


def test_what_was_seen_before_does_not_count_again() -> None:
    """A thing counts once, however often it comes."""
    assert counted(500, times=5) == counted(500)


@pytest.mark.parametrize("hashed", [0, 2**64 - 1])
def test_every_hash_has_its_place(hashed: int) -> None:
    """The lowest and the highest hash there is are one thing each."""
    distinct = Distinct()
    distinct.add(hashed)

    assert distinct.count == 1
