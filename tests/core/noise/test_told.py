"""Noise without a memory."""

from __future__ import annotations

import pytest

from proxy.core.noise.state import KeyState
from proxy.core.noise.told import Told
from proxy.core.parity.excuse import Aliases, Verdict
from tests.core.noise.pairs import find

STATES = {"$.a": KeyState.NOISY, "$.b": KeyState.CLOCK, "$.c": KeyState.HELD, "$[*] ~ Took <n> ms": KeyState.NOISY}


@pytest.mark.parametrize(
    ("path", "legacy", "new", "verdict"),
    [
        ("$.a", 1, 2, Verdict.NOISE),
        ("$.b", "2027-01-15T08:00:00Z", "2027-01-15T09:00:00Z", Verdict.NOISE),
        ("$[*]", "Took 1 ms", "Took 2 ms", Verdict.NOISE),
        ("$[*]", "Made 1 ms", "Made 2 ms", Verdict.COUNTS),
        ("$.a", 1, "x", Verdict.COUNTS),
        ("$.a", "x", "longer by far", Verdict.COUNTS),
        ("$.c", 1, 2, Verdict.COUNTS),
        ("$.d", 1, 2, Verdict.COUNTS),
    ],
)
def test_what_is_told_is_excused(path: str, legacy: object, new: object, verdict: Verdict) -> None:
    """Values at keys that are noisy or a clock's, if alike; nothing waits."""
    assert Told(STATES).sort(find(path, legacy, new), Aliases()).verdict is verdict


def test_an_id_stands_for_one_id() -> None:
    """What was said for another one counts."""
    aliases = Aliases()
    assert aliases.agree("ab12cd34", "ef56gh78")

    assert Told(STATES).sort(find("$.a", "ab12cd34", "xx99yy88"), aliases).verdict is Verdict.COUNTS
