"""What the taps of a request say before it is sent: whether it may be, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.outcome import Failure

if TYPE_CHECKING:
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.routing.tap import Tap


def why_not_sent(taps: tuple[Tap, ...], leg: Leg) -> Failure | None:
    """The first one's that lacks what this side needs; None: none does."""
    for tap in taps:
        if (failure := tap.can_send(leg)) is not None:
            return failure
    return None


def sent_as(taps: tuple[Tap, ...], data: bytes, leg: Leg) -> bytes | Failure:
    """The head as they want it sent to this side, or the first one's reason why nothing is."""
    for tap in taps:
        said = tap.sending(data, leg)
        if isinstance(said, Failure):
            return said
        data = said
    return data
