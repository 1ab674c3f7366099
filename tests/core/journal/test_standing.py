"""How the journal stands for a route."""

from __future__ import annotations

from proxy.core.journal.intent import IntentState
from proxy.core.journal.standing import JournalCount, JournalStanding, filled, standing_of
from proxy.core.journal.writes import AnswerKey, JsonPath, Writes


def test_it_is_the_counts_of_one_route() -> None:
    """The lag is that of the oldest which is not on its way to the first side."""
    counts = [
        JournalCount(route="a", state=IntentState.PENDING, count=1, oldest=90.0),
        JournalCount(route="a", state=IntentState.OWED, count=3, oldest=2.0, bytes=70),
        JournalCount(route="a", state=IntentState.DEAD, count=1, oldest=5.0, bytes=5),
        JournalCount(route="b", state=IntentState.OWED, count=9, oldest=99.0),
    ]
    assert standing_of(counts, "a") == JournalStanding(pending=1, owed=3, dead=1, lag=5.0, bytes=75)
    assert standing_of(counts, "c") == JournalStanding()


def test_it_is_full_by_writes_or_by_bytes() -> None:
    """Whichever comes first, and whatever they wait for."""
    writes = Writes(keyed_by=AnswerKey(JsonPath("$.id", ("id",))), max_undone=8, max_undone_bytes=100)
    assert filled(JournalStanding(), writes) == 0.0
    assert filled(JournalStanding(pending=1, owed=1, unknown=1, dead=1), writes) == 0.5
    assert filled(JournalStanding(owed=1, bytes=150), writes) == 1.5
