"""`limits.body_size` for a body that says how long it is, and `Expect`; of a chunked one `wire/upload.py` counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.limits.bounds_met import Shed
from proxy.edge.routing.step import LocalAnswer

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import BoundRoute


def check_body(head: RequestHead, bound: BoundRoute) -> LocalAnswer | None:
    """RFC 9110 sections 10.1.1 and 15.5.14."""
    if head.expect and head.expect != b"100-continue":
        return LocalAnswer(417, "the only expectation known is 100-continue", close=True)
    if bound.body_limit and head.length > bound.body_limit:
        detail = f"the body is larger than {bound.body_limit} bytes"
        return LocalAnswer(413, detail, close=True, shed=Shed.BODY_SIZE)
    return None
