"""What a replica keeps on its own disk, so that it goes on where it was without a store: one small file.

Rule 1: it is a copy. Where the store has a position, the store is right; moves that were made here while the store was
        away are the exception, and are written to it when it is back.
Rule 2: a worker reads the orders in it before it serves its first client.
Rule 3: in the file routes are called by their origins, so that it is read aright with a table that has renamed them.
Rule 4: without it, or with one of another kind of store, nobody knows where routes stand before the store was read. A
        store in memory begins with nothing, so there is nothing to read.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from proxy.core.position.position import Position, Transition
from proxy.core.position.standing import Pin
from proxy.core.routing.state_names import Naming, all_called, called
from proxy.link.messages import Orders


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A move that the store has not got yet: it replaces the position of version `base` (0: none)."""

    position: Position
    base: int
    transition: Transition


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What routes.yaml said of a route when this replica read it last."""

    stage: str
    split: float


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. `standing` is the version of what all replicas obey, as far as this one has heard.

    `store` is the kind of store in which it stands; empty in files of versions that did not say so.
    """

    orders: Orders = Orders(0, [])
    standing: int = 0
    positions: tuple[Position, ...] = ()
    pins: tuple[Pin, ...] = ()
    pending: tuple[Pending, ...] = ()
    said: dict[str, Said] = {}
    store: str = ""


NOTHING = Kept()
_MEMORY, _EMBEDDED, _SERVER = "memory", "embedded", "postgresql"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def kind_of(state: str) -> str:
    """The kind of store that `state:` names; nothing of an address."""
    return state if state in {_MEMORY, _EMBEDDED} else _SERVER


def begun(kept: Kept | None, state: str) -> Kept:
    """What a replica with this `state:` begins with, given what its disk has: `orders.known` as rule 4 says."""
    found, kind = kept or NOTHING, kind_of(state)
    known = kind == _MEMORY or (kept is not None and kept.store in {"", kind} and kept.orders.known)
    return replace(found, orders=replace(found.orders, known=known), store=kind)


def kept_called(kept: Kept, naming: Naming) -> Kept:
    """The same by other names of routes, without what is nobody's; orders have origins wherever they are."""
    moves = ((each, naming(each.position.route)) for each in kept.pending)
    return replace(
        kept,
        positions=all_called(kept.positions, naming),
        pins=all_called(kept.pins, naming),
        pending=tuple(pending_called(each, name) for each, name in moves if name is not None),
        said={name: each for route, each in kept.said.items() if (name := naming(route)) is not None},
    )


def pending_called(pending: Pending, name: str) -> Pending:
    """The same move, of a route of this name."""
    position, moved = called(pending.position, name), called(pending.transition, name)
    return replace(pending, position=position, transition=moved)


def written(kept: Kept) -> bytes:
    """The file's text."""
    return _encode(kept)


def read(text: bytes) -> Kept | None:
    """What the file says; None when it is not one of this version's."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError):
        return None
