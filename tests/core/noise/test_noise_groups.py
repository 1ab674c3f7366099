from __future__ import annotations

import pytest

from proxy.core.noise.key_state import Decided, KeyState
from proxy.core.noise.noise_groups import UNKNOWN, group_id, marked, read, verdict


def test_a_group_has_the_same_id_wherever_its_keys_come_from() -> None:
    """Order does not count, another key does, and half a character of the network breaks nothing."""
    assert group_id(["$.a", "$.b"]) == group_id(["$.b", "$.a"])
    assert group_id(["$.a"]) != group_id(["$.a", "$.b"])
    assert len(group_id(["\ud800"])) == 16


@pytest.mark.parametrize("why", ["", "repeated"])
def test_a_tally_says_its_group_and_what_else_there_is(why: str) -> None:
    """What was written is what is read."""
    assert read(marked("1f2e", why)) == ("1f2e", why)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({}, (Decided.UNDECIDED, False)),
        ({"a": KeyState.NOISY}, (Decided.UNDECIDED, False)),
        ({"a": KeyState.NOISY, "b": KeyState.CLOCK}, (Decided.IGNORED, False)),
        ({"a": KeyState.NOISY, "b": KeyState.OPEN}, (Decided.MISMATCH, False)),
        ({"a": KeyState.OPEN, "b": KeyState.HELD}, (Decided.MISMATCH, True)),
        ({"a": KeyState.HELD, "c": KeyState.NOISY}, (Decided.MISMATCH, True)),
    ],
)
def test_a_group_is_decided_by_what_is_known_of_its_keys(
    states: dict[str, KeyState], expected: tuple[Decided, bool]
) -> None:
    """All excused, or one that counts; only a key that is held proves that it is more than noise."""
    assert verdict(("a", "b"), states) == expected


def test_a_group_that_nobody_knows_counts() -> None:
    """As a mismatch, and as one that nobody has proved."""
    assert UNKNOWN == (Decided.MISMATCH, False)
