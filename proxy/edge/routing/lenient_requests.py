"""Requests that need a point of leniency: read by a reader of their own, and held against what their route allows.

Rule 1: whether a route forgives a point is only known once the head is read and matched: the head is mended with every
        point that is open anywhere, and refused when its route does not have those that it took.
Rule 2: nothing that was mended enters the memory of the strict reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.http.leniency_points import OF_FRAMING, Leniency, Points, mend_target
from proxy.core.http.request import RequestHead, RequestRefusal
from proxy.core.routing.route import Route

if TYPE_CHECKING:
    from proxy.core.routing.snapshot import Snapshot
    from proxy.core.routing.table import Miss

_AMBIGUOUS_PATH = Leniency.AMBIGUOUS_PATH
_METHODS: Points = frozenset({Leniency.UNKNOWN_METHODS})


class LenientRequests:
    """What one snapshot forgives requests."""

    __slots__ = ("_everywhere", "_reader", "_table", "points")

    def __init__(self, snapshot: Snapshot) -> None:
        """`points` are those that are open for some request."""
        self.points = snapshot.forgiven
        self._everywhere = snapshot.leniency
        self._reader = snapshot.reader(nul=Leniency.PERCENT_NUL in self.points)
        self._table = snapshot.table

    def read(self, mended: bytes, used: Points) -> RequestHead | RequestRefusal:
        """The head, unless its route does not forgive all that was `used` to mend it."""
        head = self._reader.read(mended)
        if isinstance(head, RequestRefusal):
            return head
        found = self._table.match(head)
        route = found if isinstance(found, Route) else self.by_raw_path(head, found)
        missing = used - self._everywhere - (route.leniency if route is not None else frozenset())
        if missing:
            status = 501 if missing == _METHODS else 400
            return RequestRefusal(status, f"this needs leniency that is not open here: {', '.join(sorted(missing))}")
        if used & OF_FRAMING:
            head.keep_alive = False
        return head

    def read_again(self, head: bytes, refusal: RequestRefusal) -> RequestHead | RequestRefusal:
        """A head that llhttp took and the strict reader did not: perhaps for its target alone."""
        mended, used = mend_target(head, self.points)
        return self.read(mended, used) if used else refusal

    def by_raw_path(self, head: RequestHead, miss: Miss) -> Route | None:
        """The route of an ambiguous path's own bytes, where that is forgiven."""
        if not miss.ambiguous or _AMBIGUOUS_PATH not in self.points:
            return None
        route = self._table.by_raw_path(head)
        if route is None or _AMBIGUOUS_PATH in self._everywhere | route.leniency:
            return route
        return None
