"""What of an upstream a request asks for, so that one endpoint's failures are told from another's.

Rule 1: a route whose path has no `**` is one operation.
Rule 2: behind `**` an operation is a method and the next two segments; a segment that looks like an id (digits, eight
        hexadecimal ones, over 24 characters) stands for all such.
Rule 3: names are learned from failures alone, `MOST` of a route; of further ones the first segment counts, and beyond
        `MOST` of those they are one. Who asks for what is not there spoils no names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.routing.path import PathPattern

MOST = 32
_LONGEST = 24
_ID = re.compile(rb"[0-9]+|(?=.*[0-9])[0-9a-fA-F-]{8,}")
_OTHERS = "\u2026".encode()


class Operations:
    """Names the operations of one route."""

    __slots__ = ("_behind", "_known", "_known_first", "_name")

    def __init__(self, route: str, pattern: PathPattern) -> None:
        """`route` is its name."""
        self._name = route.encode()
        self._behind = len(pattern.shape) if pattern.takes_rest else 0
        self._known: set[bytes] = set()
        self._known_first: set[bytes] = set()

    def of(self, method: bytes, path: bytes, *, failed: bool = False) -> bytes:
        """The operation's name, for logs too: the route's, or `ROUTE METHOD /first/second`. `failed`: it is learned."""
        if not self._behind:
            return self._name
        segments = path.split(b"/", self._behind + 2)[self._behind : self._behind + 2]
        whole = self._named(method, segments)
        if whole in self._known:
            return whole
        part = self._named(method, segments[:1])
        if part in self._known_first:
            return part
        return self._learned(method, whole, part) if failed else whole

    def _named(self, method: bytes, segments: list[bytes]) -> bytes:
        return b"%b %b /%b" % (self._name, method, b"/".join(map(_shape, segments)))

    def _learned(self, method: bytes, whole: bytes, part: bytes) -> bytes:
        """The name that a failed request's operation is known by from now on, by rule 3."""
        for known, name in ((self._known, whole), (self._known_first, part)):
            if len(known) < MOST:
                known.add(name)
                return name
        return b"%b %b /%b" % (self._name, method, _OTHERS)


def group_of(operation: bytes) -> bytes:
    """An operation without its second segment: what many slugs below one path have in common."""
    first, slash, rest = operation.partition(b" /")
    return first + slash + rest.partition(b"/")[0]


def _shape(segment: bytes) -> bytes:
    return b"*" if len(segment) > _LONGEST or _ID.fullmatch(segment) else segment
