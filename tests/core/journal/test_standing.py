"""How the journal stands for a route."""

from __future__ import annotations

from proxy.core.journal.intent import IntentState
from proxy.core.journal.standing import JournalCount, JournalStanding, standing_of


def test_it_is_the_counts_of_one_route() -> None:
    """The lag is that of the oldest which is not on its way to the first side."""
    counts = [
        JournalCount(route="a", state=IntentState.PENDING, count=1, oldest=90.0),
        JournalCount(route="a", state=IntentState.OWED, count=3, oldest=2.0),
        JournalCount(route="a", state=IntentState.DEAD, count=1, oldest=5.0),
        JournalCount(route="b", state=IntentState.OWED, count=9, oldest=99.0),
    ]
    assert standing_of(counts, "a") == JournalStanding(pending=1, owed=3, dead=1, lag=5.0)
    assert standing_of(counts, "c") == JournalStanding()
