"""What workers have the translators' process translate, and what it hands on to the process of one adapter.

Rule 1: workers say which adapters there are, by the digest of all that they do: the process reads no routes.yaml, and
        translates for two tables at once while one replaces the other.
Rule 2: a message that was handed over twice, since its answer was lost with the process, comes to the same.
Rule 3: frames are as those of `messages.py`, of at most `MAX_MESSAGE` bytes.
Rule 4: what comes out of an adapter's own process is believed in nothing: whoever reads it checks it.
"""

from __future__ import annotations

import pickle
from hashlib import sha256

import msgspec

from proxy.core.translation.adapter_code import HeadChange, MadeElsewhere, ToMake, check_change, fields_shown
from proxy.core.translation.adapter_policy import AdapterPolicy
from proxy.core.translation.json_document import NotJson
from proxy.core.translation.untranslatable import Untranslatable
from proxy.link.table_bytes import dump_value

TRANSLATIONS = "translations"
"""The socket's name in the directory of the link."""
MAX_MESSAGE = 4 * 1024 * 1024
"""Bytes of a frame's body: a body of 1 MiB, and its head."""


class Adapter(msgspec.Struct, frozen=True, array_like=True, tag="adapter"):
    """An adapter, before its first message; `digest` is that of `pickled`."""

    digest: str
    pickled: bytes


class Keep(msgspec.Struct, frozen=True, array_like=True, tag="keep"):
    """Worker to the process: these adapters are used, and no other."""

    digests: list[str]


class Message(msgspec.Struct, frozen=True, array_like=True, tag="message"):
    """A message to translate; `id` counts up in each worker. `status` 0: it is a request. `body` None: none is read.

    `timeout` in seconds is what its translation may take; `is_waited_for`: a client waits, which a shadow does not.
    The others are for code: `fields` are those that it may see; `may_keep`: a body that is no JSON stays as it is.
    """

    id: int
    adapter: str
    body: bytes | None
    status: int
    timeout: float
    is_waited_for: bool
    method: str = ""
    path: str = ""
    query: str = ""
    fields: list[tuple[str, str]] = []
    may_keep: bool = False


class Forget(msgspec.Struct, frozen=True, array_like=True, tag="forget"):
    """Worker to the process: nobody waits for this message any more."""

    id: int


class Translated(msgspec.Struct, frozen=True, array_like=True, tag="translated"):
    """What a message has become: its body, None: it stays; and what code has made of its head (`HeadChange`)."""

    id: int
    body: bytes | None
    status: int = 0
    query: bytes | None = None
    fields: tuple[tuple[bytes, tuple[bytes, ...]], ...] = ()


class NotTranslated(msgspec.Struct, frozen=True, array_like=True, tag="not_translated"):
    """Why it has become nothing, as `Untranslatable` says it; `is_json` False: its body is none."""

    id: int
    where: str
    why: str
    step: str
    status: int
    is_json: bool = True


class Ready(msgspec.Struct, frozen=True, array_like=True, tag="ready"):
    """The first word of an adapter's own process; `confined`: in which way. `problem`: why it cannot be used, `line`:
    where in its file.
    """

    confined: str
    problem: str = ""
    line: int = 0


ToTranslator = Adapter | Keep | Message | Forget
ToAdapter = Adapter | Message
FromTranslator = Translated | NotTranslated
FromAdapter = FromTranslator | Ready

_encode = msgspec.msgpack.Encoder().encode
_to_translator: msgspec.msgpack.Decoder[ToTranslator] = msgspec.msgpack.Decoder(ToTranslator)
_to_adapter: msgspec.msgpack.Decoder[ToAdapter] = msgspec.msgpack.Decoder(ToAdapter)
_from_translator: msgspec.msgpack.Decoder[FromTranslator] = msgspec.msgpack.Decoder(FromTranslator)
_from_adapter: msgspec.msgpack.Decoder[FromAdapter] = msgspec.msgpack.Decoder(FromAdapter)


def frame_of(said: ToTranslator | FromAdapter) -> bytes:
    """As it goes over the socket."""
    body = _encode(said)
    return len(body).to_bytes(4, "big") + body


def read_by_translator(body: bytes) -> ToTranslator:
    """What a worker said; msgspec.DecodeError when it is not of this version."""
    return _to_translator.decode(body)


def read_by_adapter(body: bytes) -> ToAdapter:
    """What the translators' process said to that of an adapter."""
    return _to_adapter.decode(body)


def read_from_adapter(body: bytes) -> FromAdapter:
    """What the process of an adapter said; msgspec.DecodeError for anything else (rule 4)."""
    return _from_adapter.decode(body)


def read_by_worker(body: bytes) -> FromTranslator:
    """What came of a message; msgspec.DecodeError when it is not of this version."""
    return _from_translator.decode(body)


def adapter_frame(policy: AdapterPolicy) -> Adapter:
    """The policy as it travels."""
    pickled = dump_value(policy)
    return Adapter(sha256(pickled).hexdigest()[:32], pickled)


def policy_of(adapter: Adapter) -> AdapterPolicy:
    """The policy that has travelled from a worker, or from the process that workers told."""
    found = pickle.loads(adapter.pickled)  # noqa: S301 -- from our own worker, over private sockets and pipes
    if not isinstance(found, AdapterPolicy):
        raise TypeError(f"an adapter came as {type(found).__name__}; worker and translator differ in version")
    return found


def refusal_of(number: int, error: Untranslatable) -> NotTranslated:
    """As it travels."""
    is_json = not isinstance(error, NotJson)
    return NotTranslated(number, error.where, error.why, error.step, error.status, is_json)


def error_of(refusal: NotTranslated) -> Untranslatable:
    """As it was raised."""
    kind = Untranslatable if refusal.is_json else NotJson
    return kind(refusal.where, refusal.why, refusal.step, refusal.status)


def message_of(
    number: int, digest: str, adapter: AdapterPolicy, asked: ToMake, *, is_waited_for: bool = True
) -> Message:
    """As it travels; steps are told nothing but the body."""
    head = Message(number, digest, asked.body, asked.status, adapter.timeout, is_waited_for)
    if adapter.code is None:
        return head
    path, _, query = asked.target.decode("latin-1").partition("?")
    method, fields = asked.method.decode("latin-1"), fields_shown(asked.lines)
    return msgspec.structs.replace(head, method=method, path=path, query=query, fields=fields, may_keep=asked.may_keep)


def made_of(said: Translated) -> MadeElsewhere | Untranslatable:
    """Rule 4."""
    change = HeadChange(said.status, said.query, said.fields)
    try:
        check_change(change)
    except Untranslatable as error:
        return error
    return MadeElsewhere(said.body, change)
