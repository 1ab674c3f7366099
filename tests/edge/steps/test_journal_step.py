"""A write between the word that it is in the journal and its sending."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proxy.core.journal.intent import FirstOutcome
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.core.stage import Stage
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps import journal_step
from proxy.edge.steps.journal_step import JournalStep, WriteBeginning
from proxy.edge.steps.standing_step import UNHEARD
from proxy.edge.steps.step_kind import WITHIN
from proxy.link.journal_questions import BeginWrite, WriteEnded, WriteOutdated
from tests.edge.steps.test_journal_tap import Listening
from tests.waiting import until

BEGIN = BeginWrite("i", "s", "7", "r", "", 0.5, Side.LEGACY, SentOn.REQUEST, b"PUT", b"/7", [], b"", repeatable=True)


class OneWrite:
    """A step whose every write is this one; `asked` is what waits for the clerk."""

    def __init__(self) -> None:
        self.clerk = self
        self.desk = Listening()
        self.tell = self.desk.tell
        self.asked = Wait(WITHIN)
        self.times = 0

    def intent(self, request: Request, key: str, body: bytes) -> BeginWrite:
        del request, key, body
        return BEGIN

    def ask(self, question: BeginWrite, hear: object) -> Wait:
        del question, hear
        self.times += 1
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


def table(standing: int, bound: object = None) -> SimpleNamespace:
    """One that nothing has replaced; `bound` is what it has of the write's route."""
    made = SimpleNamespace(standing=standing, same_route=lambda _: bound)
    made.newest = made
    return made


async def test_a_write_goes_on_by_the_table_that_has_heard_of_the_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit has moved its cohort: the table with which it began hears no orders any more."""
    step, old = OneWrite(), table(0)
    request = SimpleNamespace(live=old, bound=None)
    monkeypatch.setattr(journal_step, "decide", lambda _: None)
    beginning = WriteBeginning(cast("JournalStep", step), cast("Request", request), "7", b"")
    word = beginning.ask()
    assert isinstance(word, Wait)
    route = SimpleNamespace(route=SimpleNamespace(stage=Stage.CANARY), hours=None)
    old.newest = new = table(1, route)
    beginning._heard(WriteOutdated())
    step.asked.go_on()

    assert (step.times, word.is_over) == (2, False)
    assert (request.live, request.bound) == (new, route)


@pytest.mark.parametrize("stage", [None, Stage.COMPLETE])
async def test_a_write_whose_route_has_gone_is_refused(stage: Stage | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or goes to one side alone by now: the client comes back, and begins by the table of then."""
    step, old, now = OneWrite(), table(0), [100.0]
    request = SimpleNamespace(live=old, bound=None)
    monkeypatch.setattr(journal_step, "monotonic", lambda: now[0])
    beginning = WriteBeginning(cast("JournalStep", step), cast("Request", request), "7", b"")
    word = beginning.ask()
    assert isinstance(word, Wait)
    old.newest = table(1, None if stage is None else SimpleNamespace(route=SimpleNamespace(stage=stage)))
    beginning._heard(WriteOutdated())
    now[0] += UNHEARD + 0.1
    step.asked.go_on()

    assert word.given is not None
    assert (word.given.status, request.live) == (503, old)


async def test_a_write_waits_until_its_worker_has_heard_of_the_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database knows of a move before the worker does: nobody is refused for that, it is begun anew then."""
    step, live = OneWrite(), table(0)
    request = SimpleNamespace(live=live, bound=SimpleNamespace(hours=None))
    monkeypatch.setattr(journal_step, "decide", lambda _: None)
    beginning = WriteBeginning(cast("JournalStep", step), cast("Request", request), "7", b"")
    word = beginning.ask()
    beginning._heard(WriteOutdated())
    step.asked.go_on()
    assert (word.is_over, step.times) == (False, 1)  # type: ignore[union-attr] # a wait
    live.standing = 1

    await until(lambda: step.times == 2)
    assert not word.is_over  # type: ignore[union-attr] # a wait


async def test_a_write_whose_worker_never_hears_of_the_move_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where control stands still; the client may come back."""
    step, now = OneWrite(), [100.0]
    monkeypatch.setattr(journal_step, "monotonic", lambda: now[0])
    request = SimpleNamespace(live=table(0))
    beginning = WriteBeginning(cast("JournalStep", step), cast("Request", request), "7", b"")
    word = beginning.ask()
    assert isinstance(word, Wait)
    beginning._heard(WriteOutdated())
    now[0] += UNHEARD + 0.1
    step.asked.go_on()

    assert word.given is not None
    assert (word.given.status, word.given.counted) == (503, "write_outdated")
    assert step.times == 1


async def test_a_write_whose_side_has_closed_while_it_waited_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has moved meanwhile to a side that is closed: its client is told until when."""
    step, old = OneWrite(), table(0)
    closed = LocalAnswer(503, "legacy is closed", counted="closed")
    monkeypatch.setattr(journal_step, "decide", lambda _: None)
    monkeypatch.setattr(journal_step, "answer_if_closed", lambda _: closed)
    request = SimpleNamespace(live=old, leg=SimpleNamespace(side=Side.NEW))
    word = WriteBeginning(cast("JournalStep", step), cast("Request", request), "7", b"").ask()
    assert isinstance(word, Wait)
    step.asked.go_on()

    assert word.given is closed
    assert step.desk.told == [WriteEnded("i", FirstOutcome.FAILED)]
