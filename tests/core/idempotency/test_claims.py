"""The words of idempotency keys."""

from __future__ import annotations

from proxy.core.idempotency.claims import ClaimStanding, Settlement


def test_words_are_told_apart() -> None:
    """What a key's claim comes to and what becomes of its request are different lists of lower-case words."""
    for words in (ClaimStanding, Settlement):
        assert all(each.value == each.name.lower() for each in words)
