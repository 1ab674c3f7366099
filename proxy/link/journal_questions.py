"""What a worker asks and tells the clerk about writes that both sides are to get. Ids are 32 hex digits."""

from __future__ import annotations

import msgspec

from proxy.core.journal.intent import FirstOutcome
from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side


class BeginWrite(msgspec.Struct, frozen=True, array_like=True, tag="begin_write"):
    """Commit that this is about to be sent; the fields are those of `core/journal/intent.py`."""

    id: str
    scope: str
    key: str
    route: str
    cohort: str
    draw: float
    side: Side
    send: SentOn
    method: bytes
    target: bytes
    lines: list[bytes]
    body: bytes
    repeatable: bool
    needs: tuple[str, ...] = ()
    decided: int | None = None


class WriteAnswer(msgspec.Struct, frozen=True, array_like=True):
    """Of the authoritative side, as far as the journal keeps it."""

    status: int
    content_type: bytes
    body: bytes


class WriteEnded(msgspec.Struct, frozen=True, array_like=True, tag="write_ended"):
    """A notice: what became of it on the authoritative side; `key` where the answer has it, `answer` if it is kept."""

    id: str
    outcome: FirstOutcome
    key: str = ""
    answer: WriteAnswer | None = None
    made: tuple[str, ...] = ()


class KeepAnswer(msgspec.Struct, frozen=True, array_like=True, tag="keep_answer"):
    """The same as a question, where the client gets its answer only once it is kept."""

    ended: WriteEnded


class WritesHeld(msgspec.Struct, frozen=True, array_like=True, tag="writes_held"):
    """A notice: these are still on their way."""

    ids: list[str]


class WriteCommitted(msgspec.Struct, frozen=True, array_like=True, tag="write_committed"):
    """The answer to both questions: it is in the journal."""


class WriteOutdated(msgspec.Struct, frozen=True, array_like=True, tag="write_outdated"):
    """The other answer to `BeginWrite`: its cohort has moved since it was decided, and it was not begun."""
