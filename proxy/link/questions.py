"""What workers ask and tell the clerk over its private Unix socket, and what it says.

Rule 1: a question is answered once; one that was asked again, since its answer was lost with the clerk, is the same
        one: it carries what makes it so.
Rule 2: a notice is told until the clerk has taken it, perhaps twice; so is that a question is forgotten.
Rule 3: frames are as those of `messages.py`, of at most `MAX_QUESTION` bytes.
Rule 4: a feature has a file of its own here, and adds its structs to the unions below; their tags are its kinds in
        metrics, and no two are alike.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from proxy.link.grant_questions import GrantUsed, UseGrant
from proxy.link.idempotency_questions import ClaimKey, KeyClaimed, KeySettled, KeysHeld, SendKey
from proxy.link.introspection_questions import IntrospectToken, TokenIntrospected
from proxy.link.journal_questions import BeginWrite, KeepAnswer, WriteCommitted, WriteEnded, WriteOutdated, WritesHeld
from proxy.link.member_questions import FindMember, MemberFound
from proxy.link.token_messages import TokenRefused, UpstreamTokens

QUESTIONS = "questions"
"""The socket's name in the directory of the link."""
MAX_QUESTION = 8 * 1024 * 1024
"""Bytes of a frame's body."""


class Unavailable(msgspec.Struct, frozen=True, array_like=True, tag="unavailable"):
    """An answer to any question: it cannot be answered now. `detail` is for the client, `again` in seconds."""

    detail: str
    again: int = 1


Question = ClaimKey | SendKey | BeginWrite | KeepAnswer | UseGrant | IntrospectToken | FindMember
Notice = KeySettled | KeysHeld | WriteEnded | WritesHeld | TokenRefused
Answer = Unavailable | KeyClaimed | WriteCommitted | WriteOutdated | GrantUsed | TokenIntrospected | MemberFound


class Asked(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """Worker to clerk; `id` counts up in each worker."""

    id: int
    question: Question


class Told(msgspec.Struct, frozen=True, array_like=True, tag="tell"):
    """Worker to clerk."""

    id: int
    notice: Notice


class Forgotten(msgspec.Struct, frozen=True, array_like=True, tag="forget"):
    """Worker to clerk: nobody waits for the answer any more; whatever was done for it alone may be undone."""

    id: int
    question: Question


class Answered(msgspec.Struct, frozen=True, array_like=True, tag="answer"):
    """Clerk to worker."""

    id: int
    answer: Answer


class Taken(msgspec.Struct, frozen=True, array_like=True, tag="taken"):
    """Clerk to worker: what was told, or forgotten, by this id needs to be said no more."""

    id: int


ToClerk = Asked | Told | Forgotten
FromClerk = Answered | Taken | UpstreamTokens

QUESTION_KINDS = tuple(str(each.__struct_config__.tag) for each in (*get_args(Question), *get_args(Notice)))
"""The words of all questions and notices."""
_encode = msgspec.msgpack.Encoder().encode
_to_clerk: msgspec.msgpack.Decoder[ToClerk] = msgspec.msgpack.Decoder(ToClerk)
_from_clerk: msgspec.msgpack.Decoder[FromClerk] = msgspec.msgpack.Decoder(FromClerk)


def kind_of(said: Question | Notice) -> str:
    """Its word in metrics."""
    return str(said.__struct_config__.tag)


def frame_of(said: ToClerk | FromClerk) -> bytes:
    """As it goes over the socket."""
    body = _encode(said)
    return len(body).to_bytes(4, "big") + body


def read_by_clerk(body: bytes) -> ToClerk:
    """What a worker said; msgspec.DecodeError when it is not of this version."""
    return _to_clerk.decode(body)


def read_by_worker(body: bytes) -> FromClerk:
    """What the clerk said; msgspec.DecodeError when it is not of this version."""
    return _from_clerk.decode(body)
