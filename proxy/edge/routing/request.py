"""One request of a client as steps, taps and its exchange see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.auth.principal import Principal
    from proxy.core.auth.refusal import Refusal
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Side
    from proxy.core.routing.decide import Decision
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
    from proxy.edge.routing.tap import Tap
    from proxy.edge.wire.request_bytes import Ids


class Request:
    """`live` is the table that it began with; `peer` the connection's other end, `client_ip` who asks behind it.

    `bound` is there once `is_matched`; `leg`, `decision` and `wants_upgrade` (to a tunnel) once it is admitted. `body`
    is None unless a step has asked for all of it. `taps` see what passes. `notes` are what steps say of it in the log.
    `stays`: once it was sent, its client's leaving does not end it. `only` is the side for which it was cleared: if it
    is decided otherwise after that, it is not sent. `principal`: who calls, as a policy has verified it; None: nobody
    is known to. `refused`: why its token was found bad when routes were asked, which is not found out twice.
    """

    __slots__ = (
        *("body", "bound", "client_ip", "decision", "head", "ids", "is_matched", "leg", "live", "notes"),
        *("only", "peer", "principal", "refused", "stays", "taps", "wants_upgrade"),
    )

    bound: BoundRoute
    leg: Leg
    decision: Decision

    def __init__(self, live: Live, head: RequestHead, ids: Ids, peer: bytes, client_ip: bytes) -> None:
        """A request whose head was read."""
        self.live = live
        self.head = head
        self.ids = ids
        self.peer = peer
        self.client_ip = client_ip
        self.is_matched = False
        self.wants_upgrade = False
        self.body: bytes | None = None
        self.taps: tuple[Tap, ...] = ()
        self.notes: tuple[tuple[str, str], ...] = ()
        self.stays = False
        self.only: Side | None = None
        self.principal: Principal | None = None
        self.refused: Refusal | None = None

    def note(self, step: str, said: str) -> None:
        """A step's word for the log, under the step's name; no secret."""
        self.notes = (*self.notes, (step, said))

    def watch(self, tap: Tap) -> None:
        """Let this tap see the request too; the one that replaces comes first, and there is only one (ValueError)."""
        if not tap.replaces:
            self.taps = (*self.taps, tap)
        elif self.taps and self.taps[0].replaces:
            raise ValueError("two taps would replace the same answer")
        else:
            self.taps = (tap, *self.taps)
