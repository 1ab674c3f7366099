"""The last tokens."""

from __future__ import annotations

from proxy.core.noise.token_memory import TokenMemory


def test_the_oldest_token_goes_first() -> None:
    """What is said again is new again, about something else."""
    ring: TokenMemory[int] = TokenMemory()
    for token, about in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        ring.say(token, about, 2)

    assert [ring.about(token) for token in "abc"] == [3, None, 4]
    assert len(ring) == 2
