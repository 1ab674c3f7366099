"""What a client is told when its write is not begun."""

from __future__ import annotations

from proxy.core.journal.not_begun import NotBegun


def test_each_reason_has_a_sentence_of_its_own() -> None:
    """One that goes on after a colon: without a capital, without a stop."""
    assert len({str(each) for each in NotBegun}) == len(NotBegun) == 8
    assert all(each[0].islower() and each[-1].isalpha() for each in NotBegun)
