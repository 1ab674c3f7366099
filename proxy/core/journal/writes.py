"""What a route says of its writes: both sides get them, in order for each key (`writes:` of routes.yaml).

Rule 1: a key is what one write after the other is about: an account, an order. It is part of the request, or what the
        authoritative side called the thing that it made (`answer:`).
Rule 2: keys, and identifiers that one side made, belong to a route's scope: routes that write to the same things stand
        in one group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from proxy.core.routing.cohort import CohortSource

if TYPE_CHECKING:
    from proxy.core.routing.route import Route

MAX_BODY = 1024 * 1024
"""Bytes of a request, and of an answer that is waited for, unless routes.yaml says otherwise."""
MOST_BODY = 4 * 1024 * 1024
"""Bytes that routes.yaml may say."""
MAX_UNDONE = 1_000_000
MAX_UNDONE_BYTES = 4 * 1024**3
"""Of a route, in the journal, unless routes.yaml says otherwise: writes, and bytes of their requests and answers."""
REPLAY_NAME = "X-Banyan-Replay"
REPLAY = "1"
"""Marks a write that the other side has done already, and the question whether a side takes such."""
REPLAY_ACCEPTED = "accepted"
OF_KIND = "\x1f"
"""Between a kind and an identifier; what has it itself is mapped to nothing."""
IDEMPOTENCY_KEY = b"idempotency-key"
CONTENT_ENCODING = b"content-encoding"
_STEP = re.compile(r"\.([_A-Za-z][_A-Za-z0-9-]*)|\['([^'\\]+)'\]")


class WriteMode(StrEnum):
    """How many sides get a write."""

    DUAL = "dual"


class SentOn(StrEnum):
    """What the other side gets: the request as it came, or the answer of the first side as the thing's new state."""

    REQUEST = "request"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A JSONPath that names one value by members alone (RFC 9535 section 2.3.5: a singular query)."""

    text: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """The key is in the answer: nobody knew it before."""

    path: JsonPath


WriteKey = CohortSource | JsonPath | AnswerKey
"""Rule 1; a `JsonPath` is one of the request's body."""


@dataclass(frozen=True, slots=True)
class MintedId:
    """An identifier that each side makes for itself: where an answer brings one, where requests hold one. `kind`: of
    what, where things of several kinds of one scope may have the same identifiers.
    """

    answer: JsonPath | None
    request: tuple[CohortSource | JsonPath, ...] = ()
    kind: str = ""

    def called(self, known: str) -> str:
        """As the journal calls it: by its kind as well."""
        return f"{self.kind}{OF_KIND}{known}" if self.kind else known

    def known(self, called: str) -> str:
        """As a side calls it."""
        return called.removeprefix(f"{self.kind}{OF_KIND}") if self.kind else called


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """How writes of a route reach both sides, the policy of a step; `max_body` in bytes, of request and answer.

    `max_undone`: writes that the journal keeps of the route at most, and `max_undone_bytes` what they come to.
    """

    keyed_by: WriteKey
    mode: WriteMode = WriteMode.DUAL
    send: SentOn = SentOn.REQUEST
    ids: tuple[MintedId, ...] = ()
    max_body: int = MAX_BODY
    max_undone: int = MAX_UNDONE
    max_undone_bytes: int = MAX_UNDONE_BYTES
    key: ClassVar[str] = "writes"
    answers: ClassVar[tuple[str, ...]] = ("no_write_key", "write_waits", "write_outdated", "write_encoded")
    is_remembered: ClassVar[bool] = True

    @property
    def fields(self) -> frozenset[bytes]:
        """Lower-case names of the header fields that are read."""
        own = self.keyed_by.fields if isinstance(self.keyed_by, CohortSource) else frozenset[bytes]()
        return own | {IDEMPOTENCY_KEY, CONTENT_ENCODING}

    @property
    def reads_body(self) -> bool:
        """Whether something is found in the JSON of a request, so that it has to stand there in clear."""
        return isinstance(self.keyed_by, JsonPath) or any(
            isinstance(p, JsonPath) for each in self.ids for p in each.request
        )

    @property
    def holds_answer(self) -> bool:
        """Whether the client gets its answer only after it is in the journal."""
        return (
            self.send is SentOn.RESULT or isinstance(self.keyed_by, AnswerKey) or any(each.answer for each in self.ids)
        )


def writes_of(route: Route) -> Writes | None:
    """What a route says of its writes, if it does."""
    return next((step for step in route.steps if isinstance(step, Writes)), None)


def parse_json_path(text: str) -> JsonPath | None:
    """None where it is not one that names a single value by members."""
    names: list[str] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            return None
        names.append(step[1] or step[2])
        at = step.end()
    return JsonPath(text, tuple(names)) if text.startswith("$") and names else None
