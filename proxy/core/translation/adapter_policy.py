"""`adapters:` of routes.yaml: how the messages of one contract become those of another, as steps in their order.

Rule 1: `speaks` is the side whose contract clients use. What goes to the other side is translated, and what it answers
        is translated back; the side that is spoken gets and gives everything as it is.
Rule 2: `answer` is for what the other side answers below 400, `error` for what it answers from there on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from proxy.core.outcome import Side
from proxy.core.translation.adapter_code import AdapterCode
from proxy.core.translation.envelope import Unwrap, Wrap
from proxy.core.translation.field_lines import HeaderStep, MapStatus
from proxy.core.translation.field_steps import Add, Drop, MoveMember, Rename
from proxy.core.translation.key_case import ChangeCase
from proxy.core.translation.number_form import WriteNumber
from proxy.core.translation.query_steps import QueryStep
from proxy.core.translation.time_form import WriteTime

IN_WORKER: Final = 8 * 1024
"""Bytes of a body that is translated in the worker, which does nothing else meanwhile; a longer one goes elsewhere."""
MAX_BODY: Final = 1024 * 1024
"""Bytes of the longest body that is translated where nothing else is said, and of the longest that may be said."""
TIMEOUT: Final = 1.0
"""Seconds that the translation of one message may take in the translators' process, where nothing else is said."""
MOST_STEPS: Final = 100
"""Steps of one list."""

BodyStep = Rename | MoveMember | ChangeCase | Drop | Add | WriteNumber | WriteTime | Wrap | Unwrap
HeadStep = HeaderStep | QueryStep | MapStatus
Step = BodyStep | HeadStep


class TranslationAnswer(StrEnum):
    """Why Banyan answers a request of a route with an adapter itself."""

    UNTRANSLATABLE_REQUEST = "untranslatable_request"
    UNTRANSLATABLE_ANSWER = "untranslatable_answer"
    TRANSLATOR_UNAVAILABLE = "translator_unavailable"


class TranslationOutcome(StrEnum):
    """What became of a message that a worker handed to the translators' process."""

    TRANSLATED = "translated"
    UNTRANSLATABLE = "untranslatable"
    FAILED = "failed"
    """It took too long or too much memory, or its process ended; or the adapter rests, since that happens again and
    again.
    """
    LATE = "late"
    """Nothing came in time."""
    LEFT = "left"
    """Nobody waited for it any more."""
    NO_ROOM = "no_room"
    """Too many wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterPolicy:
    """The policy of a step. `max_body` in bytes, before a body is translated and after; `timeout` in seconds.

    With `code` there are no steps.
    """

    name: str
    speaks: Side
    max_body: int = MAX_BODY
    timeout: float = TIMEOUT
    code: AdapterCode | None = None
    request: tuple[Step, ...] = ()
    answer: tuple[Step, ...] = ()
    error: tuple[Step, ...] = ()
    key: ClassVar[str] = "adapter"
    fields: ClassVar[frozenset[bytes]] = frozenset(
        {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"content-encoding"}
    )
    answers: ClassVar[tuple[str, ...]] = tuple(reason.value for reason in TranslationAnswer)
    is_remembered: ClassVar[bool] = True

    @property
    def other(self) -> Side:
        """The side for which messages are translated."""
        return Side.NEW if self.speaks is Side.LEGACY else Side.LEGACY

    @property
    def may_leave_worker(self) -> bool:
        """Whether any of its messages is translated elsewhere."""
        return self.code is not None or (self.max_body > IN_WORKER and (self.reads_request or self.reads_answer))

    @property
    def reads_request(self) -> bool:
        """Whether bodies of requests are read."""
        return self.code is not None or reads_body(self.request)

    @property
    def reads_answer(self) -> bool:
        """Whether bodies of any answers are read."""
        return self.code is not None or reads_body(self.answer) or reads_body(self.error)


def leaves_worker(adapter: AdapterPolicy, body: bytes) -> bool:
    """Whether a message with this body, which is to be read, is translated elsewhere."""
    return adapter.code is not None or len(body) > IN_WORKER


def reads_body(steps: tuple[Step, ...]) -> bool:
    """Whether one of them works on a body."""
    return any(isinstance(step, BodyStep) for step in steps)


def adapter_of(policies: Iterable[object]) -> AdapterPolicy | None:
    """The one among a route's policies."""
    return next((each for each in policies if isinstance(each, AdapterPolicy)), None)
