"""Who answered, and how an upstream failed.

Rule 1: a side is an identity (legacy, new); who is authoritative is a role and lives in `Decision`.
Rule 2: failure on the hot path is a value of this module, never an exception that travels.
Rule 3: what Banyan refuses by itself before anything was sent says nothing of a side (`Refused`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Which system: an identity that never changes while roles swap."""

    LEGACY = "legacy"
    NEW = "new"


class ServedBy(StrEnum):
    """Whose answer the client got: one of the sides, or Banyan itself (`self`)."""

    LEGACY = "legacy"
    NEW = "new"
    SELF = "self"


SERVED_BY_SIDE = {Side.LEGACY: ServedBy.LEGACY, Side.NEW: ServedBy.NEW}


class Phase(StrEnum):
    """How far an exchange with an upstream had come when it failed."""

    CONNECT = "connect"
    SEND = "send"
    HEAD = "head"
    BODY = "body"


class Blame(StrEnum):
    """Whose fault a failure is."""

    CLIENT = "client"
    UPSTREAM = "upstream"
    PROXY = "proxy"


class Refused(StrEnum):
    """Why Banyan sent a request nowhere: nobody was asked, so nobody has failed.

    `upstream`: the whole upstream is left alone; `breaker`: one operation at it is, or one name of it; `misdirected`:
    the client asks for a name that the upstream does not have; `no_upstream_token`: Banyan has none to call it with;
    `write_outdated`: it was begun, or its key claimed, so long ago that somebody else may have it in hand; `closed`: it
    is within its closed hours.
    """

    UPSTREAM = "upstream"
    BREAKER = "breaker"
    QUEUE = "queue"
    WAIT = "wait"
    RESOURCES = "resources"
    MISDIRECTED = "misdirected"
    NO_TOKEN = "no_upstream_token"  # noqa: S105 -- a reason
    WRITE_OUTDATED = "write_outdated"
    CLOSED = "closed"


CLIENT_GONE = 499
"""In log and metrics, for a client that left before its answer was whole: nginx's number."""
UNAVAILABLE = (502, 503, 504)
"""Answers that say that somebody behind the answerer did not answer."""


class Repeat(StrEnum):
    """What became of a request that was sent more than once, or was to be."""

    RETRIED = "retried"
    RETRY_FAILED = "retry_failed"
    FELL_BACK = "fell_back"
    FALLBACK_FAILED = "fallback_failed"
    OVER_BUDGET = "over_budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong with one upstream; `replayable` says that nothing can have been executed.

    `retry_after` is in seconds, for a client that is told to come back; `refused`: nobody was asked. `loops`: what was
    to be asked is Banyan itself. `wrong_peer`: somebody answered at the address, who is not the upstream.
    """

    phase: Phase
    blame: Blame
    timed_out: bool = False
    replayable: bool = False
    detail: str = ""
    retry_after: int = 0
    refused: Refused | None = None
    loops: bool = False
    wrong_peer: bool = False

    @property
    def is_nobodys(self) -> bool:
        """Whether it says nothing of the side: it was not asked, or the client itself is to blame."""
        return self.refused is not None or self.blame is Blame.CLIENT

    @property
    def is_unreachable(self) -> bool:
        """Whether the side was asked for a connection and there was none."""
        return self.phase is Phase.CONNECT and self.blame is Blame.UPSTREAM


class AskOutcome(StrEnum):
    """What became of a question to the clerk."""

    ANSWERED = "answered"
    UNAVAILABLE = "unavailable"
    """The clerk is there, but not what it needs."""
    LATE = "late"
    """No answer came in time."""
    LEFT = "left"
    """The client did not wait for it."""
    NO_ROOM = "no_room"
    """Too many wait."""
