"""Names in the bodies of some requests, for a discovery: which fields there are, and which are null.

Rule 1: a few bodies of known and modest length are looked at between two reports, and after their answers; all others
        pay one comparison.
Rule 2: no value leaves this file: a body is read for its names, and forgotten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy.core.auth.principal import client_of
from proxy.core.discovery.request_fields import LARGEST, fields_of
from proxy.core.http.redact import redact_target
from proxy.edge.routing.tap import Tap
from proxy.link.messages import BodyFields

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Failure
    from proxy.edge.routing.request import Request

MOST_BODIES: Final = 10
"""Between two reports."""
_LONGEST: Final = 2048
"""Bytes of a target."""


class BodySample:
    """One worker's."""

    __slots__ = ("_left", "_taken")

    def __init__(self) -> None:
        self._left = MOST_BODIES
        self._taken: list[BodyFields] = []

    def watch(self, request: Request) -> None:
        """Look at this request's body, if there is room for one more."""
        head = request.head
        if self._left and 0 < head.length <= LARGEST and len(head.target) <= _LONGEST:
            self._left -= 1
            request.watch(FieldsTap(self, request))

    def keep(self, found: BodyFields) -> None:
        """What was found in one."""
        self._taken.append(found)

    def take(self) -> list[BodyFields]:
        """All since the last report; begin anew."""
        taken, self._taken, self._left = self._taken, [], MOST_BODIES
        return taken


class FieldsTap(Tap):
    """Of one request."""

    def __init__(self, sample: BodySample, request: Request) -> None:
        """It has a body."""
        self._sample = sample
        self._route: str = request.bound.route.name
        self._head: RequestHead = request.head
        self._caller = "" if request.principal is None else client_of(request.principal)
        self._parts: list[bytes] = []

    def request(self, payload: bytes) -> None:
        """More of it."""
        self._parts.append(payload)

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        """Its names are told, where the client got an answer."""
        del began, ended, fell_back
        parts, self._parts = self._parts, []
        fields = fields_of(b"".join(parts)) if failure is None else None
        if fields is not None:
            head = self._head
            path = redact_target(head.path).decode("latin-1")
            found = BodyFields(self._route, head.method.decode("latin-1"), path, self._caller, list(fields))
            self._sample.keep(found)
