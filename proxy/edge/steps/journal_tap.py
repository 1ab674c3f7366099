"""What became of a write on the authoritative side, told to the journal; on some routes before the client hears it.

Rule 1: the journal hears once of each write that was begun: that it was done, that it was not, or that nobody knows.
Rule 2: where the answer has to be kept (`Writes.holds_answer`), the client gets it once it is. If that does not happen
        in time the client gets 503, and the journal hears of it all the same, as soon as it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.evidence.records import storable
from proxy.core.journal.intent import FirstOutcome, outcome_of
from proxy.core.journal.json_values import is_encoded
from proxy.core.journal.second_request import value_in
from proxy.core.journal.writes import AnswerKey
from proxy.core.outcome import Phase
from proxy.edge.routing.tap import Tap
from proxy.link.journal_questions import KeepAnswer, WriteAnswer, WriteEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy.core.http.response import ResponseHead
    from proxy.core.journal.writes import Writes
    from proxy.core.outcome import Failure
    from proxy.edge.routing.step import LocalAnswer, Wait
    from proxy.edge.steps.step_kind import Clerk
    from proxy.link.questions import Answer


class JournalTap(Tap):
    """Of one write, which has an intent of this id."""

    def __init__(self, intent_id: str, writes: Writes, clerk: Clerk, forget: Callable[[str], None]) -> None:
        """`forget` hears that it is no longer on its way."""
        self.holds = writes.max_body if writes.holds_answer else 0
        self._id = intent_id
        self._writes = writes
        self._clerk = clerk
        self._forget = forget
        self._status = 0
        self._ended: WriteEnded | None = None
        self._is_kept = False

    def unsent(self) -> None:
        """A later step has answered it, or its client left before."""
        self._tell(WriteEnded(self._id, FirstOutcome.FAILED))

    def settle(self, head: ResponseHead, body: bytes) -> LocalAnswer | Wait | None:
        """Rule 2."""
        self._status = head.status
        outcome = outcome_of(head.status, was_sent=True)
        if outcome is not FirstOutcome.DONE:
            return None
        key = self._writes.keyed_by
        if is_encoded(_value(head, b"content-encoding")):
            self._ended = WriteEnded(self._id, FirstOutcome.UNKNOWN)  # nothing can be found in it
            return None
        named = value_in(body, key.path) if isinstance(key, AnswerKey) else None
        answer = WriteAnswer(head.status, _value(head, b"content-type"), body)
        self._ended = WriteEnded(self._id, outcome, storable(named or ""), answer)
        return self._clerk.ask(KeepAnswer(self._ended), self._kept)

    def _kept(self, _answer: Answer) -> None:
        self._is_kept = True

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """The client gets it now."""
        del payload
        self._status = head.status

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """Rule 1."""
        del began, ended, fell_back
        if self._is_kept:
            self._forget(self._id)
            return
        said = self._ended
        if said is None:
            said = WriteEnded(self._id, self._outcome(outcome_of(self._status, was_sent=_was_sent(failure))))
        self._tell(said)

    def _outcome(self, outcome: FirstOutcome) -> FirstOutcome:
        """An answer that was to be kept and was too long for it is none that the other side can be sent."""
        is_short_of = self.holds and outcome is FirstOutcome.DONE
        return FirstOutcome.UNKNOWN if is_short_of else outcome

    def _tell(self, said: WriteEnded) -> None:
        self._forget(self._id)
        self._clerk.tell(said)


def _was_sent(failure: Failure | None) -> bool:
    """Whether something of it may have arrived."""
    if failure is None:
        return True
    return not (failure.replayable or failure.phase is Phase.CONNECT or failure.refused is not None)


def _value(head: ResponseHead, name: bytes) -> bytes:
    """Of the first such field, empty without one; `name` in lower case."""
    found = (line.partition(b":") for line in head.lines)
    return next((value.strip() for known, _, value in found if known.lower() == name), b"")
