from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.routing.split import cohort_at, draw, draw_of, hash_of, salt_of

COHORTS = 100_000
SHAPES: dict[str, Callable[[int], str]] = {
    "sequential ids": str,
    "padded ids": "T{:08d}".format,
    "uuids": lambda number: str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number))),
    "addresses": lambda number: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
    "mail addresses": "user.{}@example.com".format,
}
SPLITS = (0.001, 0.01, 0.1, 0.25, 0.5, 0.9)

GOLDEN = [
    ("orders.show", b"header:tenant-1", 0.8320458820943634),
    ("orders.show", b"header:tenant-2", 0.10349870237067937),
    ("customers", b"header:tenant-1", 0.5323459821255468),
    ("customers", b"client_ip:203.0.113.7", 0.9001898371452123),
    ("", b"", 0.8288643902242244),
    ("größe", b"cookie:\x00\xff", 0.9633937371607081),
]


@cache
def draws(group: str, shape: Callable[[int], str]) -> list[float]:
    salt = salt_of(group)
    return [draw(salt, b"header:" + shape(number).encode()) for number in range(COHORTS)]


@pytest.mark.parametrize(("group", "key", "number"), GOLDEN)
def test_draws_stay_what_they_are(group: str, key: bytes, number: float) -> None:
    """These very numbers hold for ever: another hash would move every tenant of every running canary."""
    assert draw(salt_of(group), key) == number


def test_draws_are_equal_in_every_process() -> None:
    """Workers and machines agree, whatever Python's own hash seed is."""
    script = "from proxy.core.routing.split import draw, salt_of; print(draw(salt_of('orders'), b'header:t1').hex())"

    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "4242")
    ]

    assert said == [draw(salt_of("orders"), b"header:t1").hex()] * 2


@pytest.mark.thorough
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_share_is_the_split(shape: Callable[[int], str]) -> None:
    """Of 100,000 cohorts, whatever their keys look like, the new side gets the split within half a point."""
    numbers = draws("orders", shape)

    for split in SPLITS:
        assert abs(sum(number < split for number in numbers) / COHORTS - split) < 0.005


@given(st.binary(max_size=64), st.text(max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_raising_a_split_only_adds_cohorts(key: bytes, group: str, one: float, other: float) -> None:
    """Whoever is served by new at a split is served by it at every higher one."""
    low, high = sorted((one, other))
    number = draw(salt_of(group), key)

    assert 0 <= number < 1
    assert number < high or not number < low


@pytest.mark.thorough
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_groups_draw_independently(shape: Callable[[int], str]) -> None:
    """The cohorts that two groups pick overlap as chance would have it: no tenant is always the first."""
    orders, customers = draws("orders", shape), draws("customers", shape)

    for one, other in ((0.1, 0.1), (0.5, 0.5), (0.2, 0.8)):
        both = sum(a < one and b < other for a, b in zip(orders, customers, strict=True))
        assert abs(both / COHORTS - one * other) < 0.005


def test_routes_of_one_group_move_a_cohort_together() -> None:
    """The same group and key give the same draw; a cohort is on one side of all its routes."""
    assert draw(salt_of("crm"), b"header:t1") == draw(salt_of("crm"), b"header:t1")
    assert salt_of("crm") != salt_of("crm2")


def test_a_whole_split_takes_everyone_and_none_takes_nobody() -> None:
    """No draw reaches 1 and none is below 0, so that 0 % and 100 % are exact."""
    numbers = draws("orders", str)

    assert not any(number < 0.0 for number in numbers)
    assert all(number < 1.0 for number in numbers)


def test_draws_use_all_their_bits() -> None:
    """100,000 cohorts get 100,000 different draws: a split of 0.01 % can be told from the next."""
    assert len(set(draws("orders", str))) == COHORTS


@given(st.binary(max_size=20), st.text(max_size=5))
def test_the_hash_of_a_cohort_holds_its_draw(key: bytes, group: str) -> None:
    """Evidence that knows a cohort by its hash knows its draw, without the key."""
    assert draw_of(hash_of(salt_of(group), key)) == draw(salt_of(group), key)


@given(st.binary(max_size=20), st.integers(0, 2**64 - 1))
def test_a_draw_alone_stands_for_its_cohort(key: bytes, salt: int) -> None:
    """A cohort that is known by its draw alone has that draw."""
    assert draw_of(cohort_at(draw(salt, key))) == draw(salt, key)
