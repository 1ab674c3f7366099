"""What differing keys come to."""

from __future__ import annotations

import pytest

from proxy.core.noise.key_state import Decided, KeyState, decide

STATES = {
    "a": KeyState.NOISY,
    "b": KeyState.CLOCK,
    "c": KeyState.HELD,
    "d": KeyState.OPEN,
    "e": KeyState.WAITS,
}


@pytest.mark.parametrize(
    ("keys", "decided"),
    [
        ("ab", Decided.IGNORED),
        ("abc", Decided.MISMATCH),
        ("ed", Decided.MISMATCH),
        ("ae", Decided.UNDECIDED),
        ("af", Decided.UNDECIDED),
    ],
)
def test_keys_decide_together(keys: str, decided: Decided) -> None:
    """One key that counts is a mismatch, all excused are ignored, and anything unknown waits."""
    assert decide(keys, STATES) is decided
