"""What of an upstream a request asks for, so that one endpoint's failures are told from another's.

Rule 1: a route whose path has no `**` is one operation.
Rule 2: behind `**` an operation is a method and the next two segments; a segment that looks like an id (digits, eight
        hexadecimal ones, over 24 characters) stands for all such.
Rule 3: a route has at most `MOST` operations: when there would be more, one segment counts, and then the method alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.path import PathPattern

MOST = 32
_LONGEST = 24
_ID = re.compile(rb"[0-9]+|(?=.*[0-9])[0-9a-fA-F-]{8,}")


class Operations:
    """The operations of one route."""

    __slots__ = ("_behind", "_deep", "_known", "_name")

    def __init__(self, route: str, pattern: PathPattern) -> None:
        """`route` is its name."""
        self._name = route.encode()
        self._behind = len(pattern.shape) if pattern.takes_rest else 0
        self._deep = 2
        self._known: set[bytes] = set()

    def of(self, method: bytes, path: bytes) -> bytes:
        """The operation's name, for logs too: the route's, or `ROUTE METHOD /first/second`."""
        if not self._behind:
            return self._name
        found = self._named(method, path)
        while found not in self._known:
            if len(self._known) < MOST or not self._deep:
                self._known.add(found)
                break
            self._deep -= 1
            self._known.clear()
            found = self._named(method, path)
        return found

    def _named(self, method: bytes, path: bytes) -> bytes:
        first = self._behind
        segments = path.split(b"/", first + self._deep)[first : first + self._deep]
        return b"%b %b /%b" % (self._name, method, b"/".join(map(_shape, segments)))


def _shape(segment: bytes) -> bytes:
    return b"*" if len(segment) > _LONGEST or _ID.fullmatch(segment) else segment
