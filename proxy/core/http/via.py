"""The mark by which a request that comes round is known: `X-Banyan-Via`, one entry for each Banyan on its way.

Rule 1: an entry is a hash of an instance and one of its routes; the same entry again is a request that comes round.
        The same instance on another route is a system that calls back, which is fine.
Rule 2: the tenth hop is refused, whoever's the entries are: replicas behind one balancer are several instances.
Rule 3: `s` behind an entry says that the request was shadowed there; it is not shadowed again, anywhere.
Rule 4: it is read whoever sends it, since in a loop the sender is a stranger; what is no entry counts for nothing.

An own field, since servers treat a request with `Via` differently: nginx then sends its answers uncompressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xxhash import xxh3_64_intdigest

NAME = b"x-banyan-via"
MOST = 10
"""Hops, the first one included."""
_LINE = b"X-Banyan-Via: "
_ENTRY = re.compile(rb"(?<![^ \t,])[0-9a-f]{16}s?(?![^ \t,])")
_READ = 1024
"""Bytes of the field that are read; ten entries, each with a comma and a blank, take 190."""


def entry_of(instance: int, route: str) -> bytes:
    """What stands for one route of an instance (64 random bits): 16 hex digits."""
    return b"%016x" % xxh3_64_intdigest(route.encode("utf-8"), instance)


def line_of(entry: bytes, passed: Sequence[bytes] = (), *, shadowed: bool = False) -> bytes:
    """The field for the upstream, with CRLF: what the request `passed` before, then this route."""
    own = entry + b"s" if shadowed else entry
    return _LINE + b", ".join([*passed, own]) + b"\r\n"


def passed_of(values: Iterable[bytes]) -> tuple[bytes, ...]:
    """The entries of a request's fields, at most `MOST`."""
    return tuple(_ENTRY.findall(b",".join(values)[:_READ])[:MOST])


def was_shadowed(passed: Sequence[bytes]) -> bool:
    """Whether an entry says that the request is a shadow of some Banyan, by rule 3."""
    return any(len(entry) > 16 for entry in passed)


def why_refused(entry: bytes, passed: Sequence[bytes], route: str) -> str:
    """Why a request that came so far goes no further, for the client; empty when it may."""
    if any(each[:16] == entry for each in passed):
        cure = "an upstream sends it back here, or calls back here on the same route with all its fields"
        return f"this request has been on route {route} of this proxy before: {cure}"
    if len(passed) + 1 >= MOST:
        return f"this request, now on route {route}, comes through a proxy of this kind for the {MOST}th time: a loop"
    return ""
