"""What became of a write on the authoritative side, told to the journal; on some routes before the client hears it.

Rule 1: the journal hears once of each write that was begun: that it was done, that it was not, or that nobody knows.
Rule 2: whatever had a connection counts as sent, also where an idle one seems to have been closed before: a side that
        was killed at its work looks the same. Sent once more, the earlier attempt may have been the one that did it.
Rule 3: where the answer has to be kept (`Writes.holds_answer`), the client gets it once it is. If that does not happen
        in time the client gets 503, and the journal hears of it all the same, as soon as it can.
Rule 4: nothing is sent of a write that somebody else may have in hand by now (`held_writes.py`). This is looked at when
        its connection stands, as the last thing before the first byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.evidence.records import storable
from proxy.core.journal.intent import FirstOutcome, outcome_of, outcome_of_repeat
from proxy.core.journal.json_values import is_encoded
from proxy.core.journal.second_request import made_by, value_in
from proxy.core.journal.writes import AnswerKey
from proxy.core.outcome import Phase, Refused
from proxy.edge.routing.tap import Tap
from proxy.edge.upstream.dial import refusal
from proxy.link.journal_questions import KeepAnswer, WriteAnswer, WriteEnded

if TYPE_CHECKING:
    from proxy.core.http.response import ResponseHead
    from proxy.core.journal.writes import Writes
    from proxy.core.outcome import Failure
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.step import LocalAnswer, Wait
    from proxy.edge.steps.held_writes import HeldWrites
    from proxy.edge.steps.step_kind import Clerk
    from proxy.link.journal_questions import BeginWrite
    from proxy.link.questions import Answer


class JournalTap(Tap):
    """Of one write, which has this intent."""

    def __init__(self, intent: BeginWrite, writes: Writes, clerk: Clerk, held: HeldWrites) -> None:
        """`held` has it among those on their way."""
        self.holds = writes.max_body if writes.holds_answer else 0
        self._id = intent.id
        self._intent = intent
        self._writes = writes
        self._clerk = clerk
        self._held = held
        self._status = 0
        self._ended: WriteEnded | None = None
        self._is_kept = False
        self._is_repeated = False

    def unsent(self) -> None:
        """A later step has answered it, or its client left before."""
        self._tell(WriteEnded(self._id, FirstOutcome.FAILED))

    def again(self) -> None:
        """Rule 2."""
        self._is_repeated = True

    def sending(self, data: bytes, leg: Leg) -> bytes | Failure:
        """Rule 4."""
        del leg
        if self._held.may_send(self._id):
            return data
        return refusal(Refused.WRITE_OUTDATED, "the write was begun too long ago to be sent")

    def settle(self, head: ResponseHead, body: bytes) -> LocalAnswer | Wait | None:
        """Rule 3."""
        self._status = head.status
        outcome = self._said()
        if outcome is not FirstOutcome.DONE:
            return None
        key = self._writes.keyed_by
        if is_encoded(_values(head, b"content-encoding")):
            self._ended = WriteEnded(self._id, FirstOutcome.UNKNOWN)  # nothing can be found in it
            return None
        named = value_in(body, key.path) if isinstance(key, AnswerKey) else None
        answer = WriteAnswer(head.status, next(iter(_values(head, b"content-type")), b""), body)
        made = made_by(self._writes, self._intent.needs, body)
        self._ended = WriteEnded(self._id, outcome, storable(named or ""), answer, made)
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
            self._held.discard(self._id)
            return
        said = self._ended
        if said is None:
            said = WriteEnded(self._id, self._outcome(failure))
        self._tell(said)

    def _outcome(self, failure: Failure | None) -> FirstOutcome:
        """An answer that was to be kept and was too long for it is none that the other side can be sent."""
        outcome = self._said(was_sent=_was_sent(failure))
        if self.holds and outcome is FirstOutcome.DONE:
            return FirstOutcome.UNKNOWN
        return FirstOutcome.UNANSWERED if outcome is FirstOutcome.UNKNOWN and self._intent.repeatable else outcome

    def _said(self, *, was_sent: bool = True) -> FirstOutcome:
        if self._is_repeated:
            return outcome_of_repeat(self._status, self._intent.method)
        return outcome_of(self._status, was_sent=was_sent)

    def _tell(self, said: WriteEnded) -> None:
        self._held.discard(self._id)
        self._clerk.tell(said)


def _was_sent(failure: Failure | None) -> bool:
    """Whether something of it may have arrived."""
    if failure is None:
        return True
    return failure.phase is not Phase.CONNECT and failure.refused is None


def _values(head: ResponseHead, name: bytes) -> list[bytes]:
    """Of each line of such a field; `name` in lower case."""
    found = (line.partition(b":") for line in head.lines)
    return [value.strip() for known, _, value in found if known.lower() == name]
