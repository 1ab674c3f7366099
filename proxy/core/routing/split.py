"""The draw: which share of the cohorts the new side serves.

Rule 1: draw = hash(group salt, cohort key) in [0, 1); the same for every process, version and machine.
Rule 2: new serves a cohort when its draw is below the split, so raising a split only ever adds cohorts.
Rule 3: routes of one group share the salt, so a tenant moves on all of them together; other groups pick others first.
"""

from __future__ import annotations

from typing import Final

from xxhash import xxh3_64_intdigest

_BITS: Final = 53
_SCALE: Final = 1.0 / (1 << _BITS)


def salt_of(group: str) -> int:
    """The 64-bit seed of a group's draws."""
    return xxh3_64_intdigest(b"banyan:" + group.encode())


def draw(salt: int, cohort_key: bytes) -> float:
    """A number in [0, 1), uniform over cohort keys (XXH3, 53 bits kept so that it is an exact float)."""
    return (xxh3_64_intdigest(cohort_key, salt) >> (64 - _BITS)) * _SCALE


def hash_of(salt: int, cohort_key: bytes) -> int:
    """The 64 bits that stand for a cohort in evidence, where its key must not."""
    return xxh3_64_intdigest(cohort_key, salt)


def draw_of(cohort: int) -> float:
    """The draw of a cohort that is known by `hash_of`."""
    return (cohort >> (64 - _BITS)) * _SCALE


def cohort_at(number: float) -> int:
    """The least of the hashes that have this draw: it stands for a cohort of which nothing else is known."""
    return int(number / _SCALE) << (64 - _BITS)
