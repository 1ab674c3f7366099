"""Tags of what an operator can change on a route, for `If-Match`: the same as long as nobody has changed it.

Rule 1: a tag names the version of the position, and every pin that holds: cohort, side and end.
Rule 2: of a tag that is sent back only the part before the first dot counts; what follows is about what was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from aiohttp import web

from proxy.core.position.standing import Pin

UNTOUCHED = "v0"
"""Of a route on which nobody has changed anything yet."""


def tag_of(version: int, pins: Iterable[Pin]) -> str:
    """`v3`, and with pins `v3p0c5b1a9d`; version 0 where the file alone rules."""
    listed = sorted((each.cohort, each.side.value, each.until or 0.0) for each in pins)
    return f"v{version}" + (f"p{hashlib.sha256(repr(listed).encode()).hexdigest()[:8]}" if listed else "")


def is_seen(request: web.Request, tag: str) -> bool:
    """Whether the request was made by somebody who has seen this, or who has not looked."""
    return request.if_match is None or any(each.value.partition(".")[0] in {tag, "*"} for each in request.if_match)
