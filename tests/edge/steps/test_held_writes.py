"""Until when a worker may take a write for its own, by nothing but its clock and what the clerk has taken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.core.journal.intent import HOLD
from proxy.edge.steps import held_writes
from proxy.edge.steps.held_writes import HELD_EVERY, HeldWrites
from proxy.link.journal_questions import WritesHeld
from tests.edge.steps.test_journal_tap import Listening

SOON = HOLD - HELD_EVERY
Pass = Callable[[float], None]


@pytest.fixture
def after(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """Let so many seconds pass."""
    now = [100.0]
    monkeypatch.setattr(held_writes, "boot_time", lambda: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def held(clerk: Listening) -> HeldWrites:
    clerk.held.add("i", 100.0)
    return clerk.held


def test_a_write_may_be_sent_while_the_next_word_still_comes_in_time(after: Pass) -> None:
    """What is sent later may be taken for abandoned on its way."""
    writes = held(Listening())
    after(SOON - 0.1)
    assert writes.may_send("i")
    after(0.2)
    assert not writes.may_send("i")
    assert not writes.may_send("another")


def test_a_word_that_was_taken_holds_a_write_from_when_it_was_given(after: Pass) -> None:
    """Not from when it was taken, which may be later; and not before."""
    clerk = Listening()
    writes = held(clerk)
    after(HELD_EVERY)
    writes.tell()
    after(SOON - HELD_EVERY + 0.1)
    assert not writes.may_send("i")
    clerk.taken[-1]()
    assert writes.may_send("i")
    after(HELD_EVERY)

    assert not writes.may_send("i")
    assert clerk.told == [WritesHeld(["i"])]


def test_a_hold_that_is_over_is_over(after: Pass) -> None:
    """The clerk took the word too late: somebody else may have found the write before."""
    clerk = Listening()
    writes = held(clerk)
    writes.tell()
    after(HOLD)
    writes.tell()
    for taken in clerk.taken:
        taken()

    assert not writes.may_send("i")


def test_nothing_is_told_of_what_has_ended(after: Pass) -> None:
    """Nor held again by a word that is taken late."""
    clerk = Listening()
    writes = held(clerk)
    writes.tell()
    writes.discard("i")
    clerk.taken[-1]()
    after(HELD_EVERY)
    writes.tell()

    assert len(clerk.told) == 1
    assert not writes.may_send("i")
