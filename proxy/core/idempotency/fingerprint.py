"""What tells two requests with the same key apart, and what a key belongs to.

Rule 1: JSON that means the same is the same: order of members, blanks, escapes and ways to write a number do not count.
        What is no JSON, or has a member twice, or is longer than `MOST_READ`, is taken as its bytes.
Rule 2: the parameters of a query count in any order; those of one name in theirs.
Rule 3: a key belongs to a route, a cohort and the credentials. An address is not a cohort here: a client that retries
        may come from another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Final

from proxy.core.routing.cohort import CohortSource, SourceKind

MOST_READ: Final = 64 * 1024
"""Bytes of JSON that are read: a millisecond of the worker's time at the most."""
_JSON = (b"application/json", b"+json")


def fingerprint(method: bytes, path: bytes, query: bytes, content_type: bytes, body: bytes) -> bytes:
    """32 bytes; `query` as in the target, without the question mark."""
    parameters = sorted(query.split(b"&"), key=lambda each: each.partition(b"=")[0])
    return _hash((method, path, b"&".join(parameters), content_of(content_type, body)))


def content_of(content_type: bytes, body: bytes) -> bytes:
    """The body in the one way of writing it (rule 1)."""
    kind = content_type.partition(b";")[0].strip().lower()
    if len(body) > MOST_READ or not kind.endswith(_JSON):
        return body
    try:
        read = json.loads(body, object_pairs_hook=_members, parse_float=_number, parse_int=_number)
        return json.dumps(read, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    except (ValueError, ArithmeticError, RecursionError):
        return body


def record_of(route: str, cohort: tuple[CohortSource, bytes] | None, credentials: Iterable[bytes], key: str) -> bytes:
    """32 bytes for all that a key belongs to (rule 3); `route` is its origin."""
    source, of = cohort or (None, b"")
    known = source is not None and source.kind is not SourceKind.CLIENT_IP
    whose = source.prefix + of if source is not None and known else b""
    return _hash((route.encode(), whose, _hash(credentials), key.encode("ascii")))


def _hash(parts: Iterable[bytes]) -> bytes:
    """Each part with its length, so that no two lists are alike."""
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a member stands twice")
    return made


def _number(text: str) -> str:
    """A text that nobody writes, the same for every way to write the number."""
    sign, digits, exponent = Decimal(text).as_tuple()
    said = "".join(map(str, digits))
    short = said.rstrip("0")
    return f"\0{'-' * sign}{short}e{int(exponent) + len(said) - len(short)}" if short else "\0"
