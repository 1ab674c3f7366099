"""What a replica keeps on its own disk, so that it goes on where it was without a store: one small file.

Rule 1: it is a copy. Where the store has a position, the store is right; moves that were made here while the store was
        away are the exception, and are written to it when it is back.
Rule 2: a worker reads the orders in it before it serves its first client.
"""

from __future__ import annotations

import msgspec

from proxy.core.judge.position import Position, Transition
from proxy.core.orders import Pin
from proxy.link import Orders


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
    """The whole file. `standing` is the version of what all replicas obey, as far as this one has heard."""

    orders: Orders = Orders(0, [])
    standing: int = 0
    positions: tuple[Position, ...] = ()
    pins: tuple[Pin, ...] = ()
    pending: tuple[Pending, ...] = ()
    said: dict[str, Said] = {}


NOTHING = Kept()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Kept).decode


def written(kept: Kept) -> bytes:
    """The file's text."""
    return _encode(kept)


def read(text: bytes) -> Kept | None:
    """What the file says; None when it is not one of this version's."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError):
        return None
