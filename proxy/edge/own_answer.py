"""A request that Banyan answered. Interpreted: compiled, it needs its types at once, and these go in circles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.request import RequestHead
    from proxy.edge.admit import Answer
    from proxy.edge.live import Live
    from proxy.edge.request_bytes import Ids


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """A request that Banyan answered itself; `ended` on the monotonic clock."""

    answer: Answer
    head: RequestHead
    ids: Ids
    live: Live
    seconds: float
    ended: float
    peer: bytes
    address: bytes
