"""What a shadow begins with. Interpreted: a compiled named tuple needs its types at once, and these go in circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.outcome import Side
    from proxy.core.routing.shadow import Copied, ShadowPolicy
    from proxy.edge.routing.bound_table import BoundRoute, Leg, Live
    from proxy.edge.wire.request_bytes import Ids


class Asked(NamedTuple):
    """A request that gets a shadow: `leg` answers the client, `side` is asked as well, with the `copied` lines."""

    policy: ShadowPolicy
    table: Live
    bound: BoundRoute
    leg: Leg
    side: Side
    head: RequestHead
    ids: Ids
    peer: bytes
    copied: Copied
    dry_run: bool
