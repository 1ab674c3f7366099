"""A write that both sides are to get, from before it is sent to the first until the other has it.

    pending ──▶ owed ──▶ (done: no row is left)
       │         │ └───▶ dead ──▶ owed (retried), or dropped
       │         └─ sent again, later and later
       ├─── asked for again at the first side, where that does no harm
       ├──▶ (failed: the first side did not do it; no row is left)
       └──▶ unknown ──▶ owed (people say: it was done), or dropped (it was not)

Rule 1: of one key at most one write is `pending`, so that the order in which the first side did them is known. `turn`
        numbers them in that order: it is given when a write leaves `pending`, which the next one has to wait for.
Rule 2: of one key only the row with the lowest turn may be sent to the other side. A row that is dead or unknown keeps
        those behind it back, and no other key.
Rule 3: what names a thing that an earlier write has made waits until the other side has that one too, and so has a name
        of its own for the thing.
Rule 4: what may have been done is never taken for done, nor for not done. It is asked for again only where that does no
        harm (`may_ask_again`), and else left to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from proxy.core.journal.writes import SentOn
from proxy.core.outcome import Side
from proxy.core.routing.effects import Effects, effects_of

HOLD = 6.0
"""Seconds for which a write on its way is nobody else's, from when it was begun or last said to be; its worker says so
every third of them."""
_GATEWAYS = frozenset({502, 504})
"""Somebody between has no answer: whether the write was done is not known (RFC 9110 sections 15.6.3 and 15.6.5)."""

BY_KILL = 2**63 - 1
"""No version of the standing, but the kill switch: it outranks whatever stands, and whatever will."""
GONE = frozenset({404, 410})
"""What is to be deleted is not there, perhaps since an earlier attempt."""
_WITH_ITSELF = frozenset({409, 412})


_ELSEWHERE = frozenset({307, 308})
"""The client is to send the same request elsewhere (RFC 9110 sections 15.4.8 and 15.4.9): it was not done here."""


class IntentState(StrEnum):
    """Where an intent stands."""

    PENDING = "pending"
    OWED = "owed"
    UNKNOWN = "unknown"
    DEAD = "dead"


class FirstOutcome(StrEnum):
    """What became of a write on the authoritative side."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNANSWERED = "unanswered"
    """Unknown so far, and that side may be asked again: the intent stays pending, in nobody's hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """As the client sent it, less what belongs to one connection or one side. `lines` are `Name: value`."""

    method: bytes
    target: bytes
    lines: tuple[bytes, ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One write. `id` is 32 hex digits, and the Idempotency-Key on both sides unless the client brought one; `route` a
    route's origin, `side` the authoritative one. `cohort` is for people, `draw` its own in the route's scope. `needs`:
    identifiers in the request (`ids` of its route). `decided`: the version of the standing by which that side answers,
    or `BY_KILL`; None: nobody has said it, as in versions that knew of no fence.
    """

    id: str
    scope: str
    key: str
    route: str
    cohort: str
    draw: float
    side: Side
    send: SentOn
    request: StoredRequest
    repeatable: bool = False
    needs: tuple[str, ...] = ()
    decided: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunWrites:
    """Ids of those that are pending now, and of those whose cohort has moved since they were decided."""

    pending: frozenset[str]
    outdated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """Of the authoritative side: what is sent on where a route sends results, and what holds the ids that it made."""

    status: int
    content_type: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What became of an intent on the authoritative side; `key` where only the answer knew it, `made` what the answer
    calls what was made, `asked` how often that side was asked again, of what is unknown all the same.
    """

    id: str
    outcome: FirstOutcome
    key: str = ""
    answer: StoredAnswer | None = None
    made: tuple[str, ...] = ()
    asked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An intent as it is kept, and how often the other side was asked; the first one, until it is known that this has
    done it. Unix seconds; `said`: what the other side said last. `clashes`: it brought a name that was another thing's,
    and when people have it sent again all the same, the newer pair is to stand.
    """

    intent: Intent
    state: IntentState
    began: float
    turn: int = 0
    attempts: int = 0
    said: str = ""
    answer: StoredAnswer | None = None
    made: tuple[str, ...] = ()
    clashes: bool = False


def outcome_of(status: int, *, was_sent: bool) -> FirstOutcome:
    """Of an exchange that ended with `status`; 0: without an answer. `was_sent`: something of it had left."""
    if not status:
        return FirstOutcome.UNKNOWN if was_sent else FirstOutcome.FAILED
    if status in _GATEWAYS:
        return FirstOutcome.UNKNOWN
    return FirstOutcome.DONE if status < 400 and status not in _ELSEWHERE else FirstOutcome.FAILED


def outcome_of_repeat(status: int, method: bytes) -> FirstOutcome:
    """Of an exchange whose first attempt may have been done, though nobody said so: a DELETE finds nothing then, and a
    condition or a conflict may be with that attempt.
    """
    if method == b"DELETE" and status in GONE:
        return FirstOutcome.DONE
    if status in _WITH_ITSELF or status >= 500:
        return FirstOutcome.UNKNOWN
    return outcome_of(status, was_sent=True)


def may_ask_again(declared: Effects | None, method: bytes, *, has_key: bool) -> bool:
    """Rule 4: only what a route declares, or what a method promises (RFC 9110 section 9.2.2)."""
    effects = declared or effects_of(method, has_key=False)
    return effects in {Effects.SAFE, Effects.IDEMPOTENT} or (effects is Effects.KEYED and has_key)
