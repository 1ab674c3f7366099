"""Noise without a memory."""

from __future__ import annotations

import pytest

from proxy.core.noise.key_state import KeyState
from proxy.core.noise.recorded_noise import RecordedNoise
from proxy.core.parity.excuse import Aliases, FindVerdict
from tests.core.noise.pairs import find

STATES = {"$.a": KeyState.NOISY, "$.b": KeyState.CLOCK, "$.c": KeyState.HELD, "$[*] ~ Took <n> ms": KeyState.NOISY}


@pytest.mark.parametrize(
    ("path", "legacy", "new", "verdict"),
    [
        ("$.a", 1, 2, FindVerdict.NOISE),
        ("$.b", "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z", FindVerdict.NOISE),
        ("$[*]", "Took 1 ms", "Took 2 ms", FindVerdict.NOISE),
        ("$[*]", "Made 1 ms", "Made 2 ms", FindVerdict.COUNTS),
        ("$.a", 1, "x", FindVerdict.COUNTS),
        ("$.a", "x", "longer by far", FindVerdict.COUNTS),
        ("$.c", 1, 2, FindVerdict.COUNTS),
        ("$.d", 1, 2, FindVerdict.COUNTS),
    ],
)
def test_what_is_told_is_excused(path: str, legacy: object, new: object, verdict: FindVerdict) -> None:
    """Values at keys that are noisy or a clock's, if alike; nothing waits."""
    assert RecordedNoise(STATES).sort(find(path, legacy, new), Aliases()).verdict is verdict


def test_an_id_stands_for_one_id() -> None:
    """What was said for another one counts."""
    aliases = Aliases()
    assert aliases.agree("ab12cd34", "ef56gh78")

    assert RecordedNoise(STATES).sort(find("$.a", "ab12cd34", "xx99yy88"), aliases).verdict is FindVerdict.COUNTS
