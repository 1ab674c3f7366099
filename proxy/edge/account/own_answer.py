"""A request that Banyan answered. Interpreted: compiled, it needs its types at once, and these go in circles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.auth.principal import Principal
    from proxy.core.http.request import RequestHead
    from proxy.edge.routing.bound_table import BoundRoute, Live
    from proxy.edge.routing.step import LocalAnswer
    from proxy.edge.wire.request_bytes import Ids


@dataclass(frozen=True, slots=True)
class OwnAnswerRecord:
    """A request that Banyan answered itself; `bound` None: no route was found. `ended` on the monotonic clock.

    `notes` are what steps said of it.
    """

    answer: LocalAnswer
    bound: BoundRoute | None
    head: RequestHead
    ids: Ids
    live: Live
    seconds: float
    ended: float
    peer: bytes
    address: bytes
    notes: tuple[tuple[str, str], ...] = ()
    principal: Principal | None = None

    @property
    def reason(self) -> str:
        """For the log, and for who asks why."""
        return self.answer.reason or self.answer.counted or "refused"
