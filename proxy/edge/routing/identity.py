"""Who asks: the client's address, and the hash that stands for its cohort in evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy.core.http.forwarded import client_of, client_within, is_trusted
from proxy.core.routing.cohort import cohort_of
from proxy.core.routing.split import hash_of

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.bound_table import BoundRoute


def address_behind(head: RequestHead, peer: bytes, snapshot: Snapshot) -> bytes:
    """The client's address behind a trusted peer, in text form."""
    return client_of(head, peer.decode("ascii"), snapshot.trusted).encode("ascii")


def address_of(head: RequestHead, peer: bytes, snapshot: Snapshot) -> bytes:
    """The client's address, behind a trusted peer its own; off the fast path."""
    networks = snapshot.trusted
    if networks and is_trusted(peer.decode("ascii"), networks):
        return address_behind(head, peer, snapshot)
    return peer


def address_within(raw: bytes, peer: bytes, snapshot: Snapshot) -> bytes:
    """`address_of` for a head that was refused; where none could be read (`raw` is empty) the peer is all there is."""
    name = peer.decode("ascii") if raw else ""
    return client_within(raw, name, snapshot.trusted).encode("ascii") if is_trusted(name, snapshot.trusted) else peer


def cohort_hash(head: RequestHead, peer: bytes, snapshot: Snapshot, bound: BoundRoute) -> int:
    """64 bits whose upper 53 are the draw, also where the decision made none; off the fast path."""
    return hash_of(bound.salt, cohort_key(head, peer, snapshot, bound))


def cohort_key(head: RequestHead, peer: bytes, snapshot: Snapshot, bound: BoundRoute) -> bytes:
    """What tells this cohort from others on every route that draws by the same source; off the fast path."""
    address = address_of(head, peer, snapshot)
    source, key = cohort_of(bound.route.cohort, head, address)
    return source.prefix + key
