"""A write between the word that it is in the journal and its sending."""

from __future__ import annotations

from typing import cast

import pytest

from proxy.core.journal.intent import FirstOutcome
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import Wait
from proxy.edge.steps import journal_step
from proxy.edge.steps.journal_step import JournalStep, WriteBeginning
from proxy.edge.steps.step_kind import WITHIN
from proxy.link.journal_questions import BeginWrite, WriteEnded
from tests.edge.steps.test_journal_tap import Listening

BEGIN = BeginWrite("i", "s", "7", "r", "", 0.5, Side.LEGACY, SentOn.REQUEST, b"PUT", b"/7", [], b"", repeatable=True)


class OneWrite:
    """A step whose every write is this one; `asked` is what waits for the clerk."""

    def __init__(self) -> None:
        self.clerk = self
        self.desk = Listening()
        self.tell = self.desk.tell
        self.asked = Wait(WITHIN)

    def intent(self, request: Request, key: str, body: bytes) -> BeginWrite:
        del request, key, body
        return BEGIN

    def ask(self, question: BeginWrite, hear: object) -> Wait:
        del question, hear
        return self.asked


def test_who_stood_still_before_a_write_was_sent_does_not_send_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The word lay in its socket meanwhile, and somebody else may have settled the write and done a later one."""
    step, now = OneWrite(), [100.0]
    monkeypatch.setattr(journal_step, "monotonic", lambda: now[0])
    word = WriteBeginning(cast("JournalStep", step), cast("Request", None), "7", b"").ask()
    assert isinstance(word, Wait)
    now[0] += WITHIN + 0.1
    step.asked.go_on()

    assert word.given is not None
    assert (word.given.status, word.given.lines) == (503, (b"Retry-After: 1",))
    assert step.desk.told == [WriteEnded("i", FirstOutcome.FAILED)]
