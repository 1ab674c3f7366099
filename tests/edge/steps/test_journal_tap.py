"""What the journal hears of a write, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest

from proxy.core.http.response import ResponseHead, ResponseReader
from proxy.core.journal.intent import HOLD, FirstOutcome
from proxy.core.journal.writes import AnswerKey, JsonPath, SentOn, WriteKey, Writes
from proxy.core.outcome import Blame, Failure, Phase, Refused, Side
from proxy.edge.exchange.rescue import status_of
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps import held_writes
from proxy.edge.steps.held_writes import HeldWrites, boot_time
from proxy.edge.steps.journal_tap import JournalTap
from proxy.edge.steps.step_kind import WITHIN, Hear, nobody
from proxy.link.journal_questions import BeginWrite, KeepAnswer, WriteAnswer, WriteCommitted, WriteEnded
from proxy.link.questions import Notice, Question

if TYPE_CHECKING:
    from proxy.edge.routing.bound_table import Leg

ID = JsonPath("$.id", ("id",))


class Listening:
    """A clerk that writes down what it is told; `hear` is what waits for its answer. `held` holds what taps watch."""

    def __init__(self) -> None:
        self.told: list[Notice] = []
        self.asked: list[Question] = []
        self.taken: list[Callable[[], None]] = []
        self.held = HeldWrites(self)
        self.hear: Hear | None = None

    def ask(self, question: Question, hear: Hear, within: float = WITHIN) -> Wait | LocalAnswer:
        self.asked.append(question)
        self.hear = hear
        return Wait(within)

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        self.told.append(notice)
        self.taken.append(taken)
        return True

    @property
    def is_under_way(self) -> bool:
        """The write of `tap`."""
        return self.held.may_send("i")

    def tap(self, keyed_by: WriteKey = ID, method: bytes = b"POST", *, repeatable: bool = False) -> JournalTap:
        intent = BeginWrite(
            id="i",
            scope="accounts",
            key="7",
            route="accounts",
            cohort="header:1",
            draw=0.5,
            side=Side.LEGACY,
            send=SentOn.REQUEST,
            method=method,
            target=b"/accounts/7",
            lines=[],
            body=b"",
            repeatable=repeatable,
        )
        self.held.add("i", boot_time())
        return JournalTap(intent, Writes(keyed_by=keyed_by), self, self.held)


def head(status: int) -> ResponseHead:
    raw = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" % status
    found = ResponseReader().read(raw, bodyless=False)
    assert isinstance(found, ResponseHead)
    return found


def ended(tap: JournalTap, failure: Failure | None = None) -> None:
    tap.ended(failure, 0.0, 1.0, fell_back=False)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(201, FirstOutcome.DONE), (422, FirstOutcome.FAILED), (500, FirstOutcome.FAILED), (502, FirstOutcome.UNKNOWN)],
)
def test_an_answer_is_told(status: int, outcome: FirstOutcome) -> None:
    """Done, refused, or of somebody who has no answer himself; then it is no longer on its way."""
    clerk = Listening()
    tap = clerk.tap()
    assert not tap.holds
    tap.respond(head(status), b"")
    ended(tap)

    assert clerk.told == [WriteEnded("i", outcome)]
    assert not clerk.is_under_way


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM), FirstOutcome.FAILED),
        (Failure(phase=Phase.SEND, blame=Blame.UPSTREAM, replayable=True), FirstOutcome.UNKNOWN),
        (Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM, timed_out=True), FirstOutcome.UNKNOWN),
        (Failure(phase=Phase.SEND, blame=Blame.CLIENT), FirstOutcome.UNKNOWN),
    ],
)
def test_silence_is_told_by_whether_something_was_sent(failure: Failure, outcome: FirstOutcome) -> None:
    """Where nobody was reached nothing was done; whoever closed a connection that was used before may have done it."""
    clerk = Listening()
    ended(clerk.tap(), failure)
    assert clerk.told == [WriteEnded("i", outcome)]


def test_silence_on_what_may_be_asked_again_is_no_outcome_yet() -> None:
    """The first side is asked again, as after the death of a worker; where the second attempt reached nobody, too."""
    clerk = Listening()
    ended(clerk.tap(repeatable=True), Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM))
    repeated = clerk.tap(repeatable=True)
    repeated.again()
    ended(repeated, Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM))
    assert clerk.told == [WriteEnded("i", FirstOutcome.UNANSWERED)] * 2


@pytest.mark.parametrize(
    ("method", "status", "outcome"),
    [
        (b"PUT", 200, FirstOutcome.DONE),
        (b"DELETE", 404, FirstOutcome.DONE),
        (b"PUT", 404, FirstOutcome.FAILED),
        (b"PUT", 409, FirstOutcome.UNANSWERED),
    ],
)
def test_the_answer_to_a_second_attempt_may_be_about_the_first(
    method: bytes, status: int, outcome: FirstOutcome
) -> None:
    """What is gone was deleted before, and a conflict may be with the same write."""
    clerk = Listening()
    tap = clerk.tap(method=method, repeatable=True)
    tap.again()
    tap.respond(head(status), b"")
    ended(tap)
    assert clerk.told == [WriteEnded("i", outcome)]


def test_what_was_never_passed_on_was_not_done() -> None:
    """A later step answered it."""
    clerk = Listening()
    clerk.tap().unsent()
    assert clerk.told == [WriteEnded("i", FirstOutcome.FAILED)]


def test_an_answer_with_the_key_is_kept_first() -> None:
    """The clerk is asked; once it has answered, nothing needs to be told."""
    clerk = Listening()
    tap = clerk.tap(AnswerKey(ID))
    assert tap.holds
    wait = tap.settle(head(201), b'{"id": 7}')
    kept = WriteEnded("i", FirstOutcome.DONE, "7", WriteAnswer(201, b"application/json", b'{"id": 7}'))
    assert isinstance(wait, Wait)
    assert clerk.asked == [KeepAnswer(kept)]
    assert clerk.hear is not None
    assert clerk.hear(WriteCommitted()) is None
    tap.respond(head(201), b'{"id": 7}')
    ended(tap)
    assert (clerk.told, clerk.is_under_way) == ([], False)


def test_an_answer_that_could_not_be_kept_in_time_is_told_all_the_same() -> None:
    """With the key and the body: it is known nowhere else."""
    clerk = Listening()
    tap = clerk.tap(AnswerKey(ID))
    tap.settle(head(201), b"no json")
    ended(tap, Failure(phase=Phase.HEAD, blame=Blame.PROXY))
    kept = WriteEnded("i", FirstOutcome.DONE, "", WriteAnswer(201, b"application/json", b"no json"))
    assert clerk.told == [kept]


def test_an_answer_that_is_too_long_to_be_kept_is_left_to_people() -> None:
    """And a refusal need not be kept."""
    clerk = Listening()
    tap = clerk.tap(AnswerKey(ID))
    tap.respond(head(201), b"")
    ended(tap)
    refused = clerk.tap(AnswerKey(ID))
    assert refused.settle(head(422), b"{}") is None
    ended(refused)

    assert clerk.told == [WriteEnded("i", FirstOutcome.UNKNOWN), WriteEnded("i", FirstOutcome.FAILED)]


@pytest.mark.parametrize("lines", [b"", b"Content-Encoding: identity\r\n"], ids=["alone", "second"])
def test_an_answer_in_which_nothing_can_be_found_is_left_to_people(lines: bytes) -> None:
    """Whichever line says it: a side that encodes it all the same has done the write, and nobody knows to what."""
    clerk = Listening()
    tap = clerk.tap(AnswerKey(ID))
    raw = b"HTTP/1.1 201 X\r\n%bContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" % lines
    encoded = ResponseReader().read(raw, bodyless=False)
    assert isinstance(encoded, ResponseHead)
    assert tap.settle(encoded, b"\x1f\x8b") is None
    tap.respond(encoded, b"")
    ended(tap)

    assert clerk.asked == []
    assert clerk.told == [WriteEnded("i", FirstOutcome.UNKNOWN)]


def test_a_write_that_somebody_else_may_have_in_hand_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker stood still while its connection was made; an attempt before that may have been done."""
    now = [100.0]
    monkeypatch.setattr(held_writes, "boot_time", lambda: now[0])
    clerk, leg = Listening(), cast("Leg", None)
    tap, repeated = clerk.tap(repeatable=True), clerk.tap(repeatable=True)
    repeated.again()
    clerk.held.add("i", now[0])
    assert tap.sending(b"head", leg) == b"head"
    now[0] += HOLD
    failure = tap.sending(b"head", leg)
    assert isinstance(failure, Failure)
    assert (failure.refused, status_of(failure), failure.retry_after) == (Refused.WRITE_OUTDATED, 503, 1)
    for each in (tap, repeated):
        ended(each, failure)

    assert clerk.told == [WriteEnded("i", FirstOutcome.FAILED), WriteEnded("i", FirstOutcome.UNANSWERED)]
