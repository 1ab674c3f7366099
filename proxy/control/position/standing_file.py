"""What a replica keeps on its own disk, so that it goes on where it was without a store: one small file.

Rule 1: it is a copy. Where the store has a position, the store is right; moves that were made here while the store was
        away are the exception, and are written to it when it is back.
Rule 2: a worker reads the orders in it before it serves its first client.
Rule 3: in the file routes are called by their origins, so that it is read aright with a table that has renamed them.
Rule 4: without it, or with one of another kind of store, nobody knows where routes stand before the store was read. A
        store in memory begins with nothing, so there is nothing to read; what it has recorded is kept here.
Rule 5: the file is replaced in one step; a crash, or a full disk, leaves the old one or the new one.
Rule 6: control never waits for the disk: the newest text is written by a thread, those in between are passed over.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import structlog
from msgspec.structs import replace

from proxy.core.auth.suspension import Suspension
from proxy.core.position.position import Position, Transition
from proxy.core.position.record import OrderRecord
from proxy.core.position.standing import Pin
from proxy.core.routing.state_names import Naming, all_called, called
from proxy.link.messages import Orders
from proxy.whole_file import read_regular, write_whole

NAME = "last-orders.json"
RECORD_KEPT = 1000
"""Moves, and as many other orders, of a store in memory."""
_log = structlog.get_logger()


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A move that the store has not got yet: it replaces the position of version `base` (0: none)."""

    position: Position
    base: int
    transition: Transition


class SaidPlace(msgspec.Struct, frozen=True, kw_only=True):
    """What routes.yaml said of a route when this replica read it last."""

    stage: str
    split: float


class StandingFile(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. `standing` is the version of what all replicas obey, as far as this one has heard.

    `store` is the kind of store in which it stands; empty in files of versions that did not say so. `moves` and
    `recorded` are the record of a store in memory, newest first, and `began` is when the process did that holds its
    evidence (unix seconds, 0: none does).
    """

    orders: Orders = Orders(0, [])
    standing: int = 0
    positions: tuple[Position, ...] = ()
    pins: tuple[Pin, ...] = ()
    suspensions: tuple[Suspension, ...] = ()
    pending: tuple[Pending, ...] = ()
    said: dict[str, SaidPlace] = {}
    store: str = ""
    moves: tuple[Transition, ...] = ()
    recorded: tuple[OrderRecord, ...] = ()
    began: float = 0.0


NOTHING = StandingFile()
MEMORY, _EMBEDDED, _SERVER = "memory", "embedded", "postgresql"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(StandingFile).decode


def lives_in_memory(kept: StandingFile) -> bool:
    """Whether the store is gone with its process, so that its record has to be kept here."""
    return kept.store == MEMORY


def kind_of(state: str) -> str:
    """The kind of store that `state:` names; nothing of an address."""
    return state if state in {MEMORY, _EMBEDDED} else _SERVER


def first_file(kept: StandingFile | None, state: str) -> StandingFile:
    """What a replica with this `state:` begins with, given what its disk has: `orders.known` as rule 4 says."""
    found, kind = kept or NOTHING, kind_of(state)
    known = kind == MEMORY or (kept is not None and kept.store in {"", kind} and kept.orders.known)
    return replace(found, orders=replace(found.orders, known=known), store=kind)


def file_called(kept: StandingFile, naming: Naming) -> StandingFile:
    """The same by other names of routes, without what is nobody's; orders have origins wherever they are."""
    moves = ((each, naming(each.position.route)) for each in kept.pending)
    return replace(
        kept,
        positions=all_called(kept.positions, naming),
        pins=all_called(kept.pins, naming),
        pending=tuple(pending_called(each, name) for each, name in moves if name is not None),
        said={name: each for route, each in kept.said.items() if (name := naming(route)) is not None},
        moves=tuple(called(each, naming(each.route) or each.route) for each in kept.moves),
        recorded=tuple(called(each, naming(each.route) or each.route) for each in kept.recorded),
    )


def pending_called(pending: Pending, name: str) -> Pending:
    """The same move, of a route of this name."""
    position, moved = called(pending.position, name), called(pending.transition, name)
    return replace(pending, position=position, transition=moved)


def written(kept: StandingFile) -> bytes:
    """The file as JSON."""
    return _encode(kept)


def read(text: bytes) -> StandingFile | None:
    """What the file says; None when it is not one of this version's."""
    try:
        return _decode(text)
    except (msgspec.DecodeError, ValueError):
        return None


def load(directory: Path) -> StandingFile | None:
    """What was kept; None when there is nothing, or nothing that this version understands."""
    try:
        text = read_regular(directory / NAME)
    except OSError:
        return None
    return read(text)


def begin(directory: Path, state: str) -> StandingFile:
    """What to begin with, for who reads this `state:`."""
    return first_file(load(directory), state)


def save(directory: Path, text: bytes) -> None:
    """Keep it; OSError when the directory cannot be written."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(directory / NAME, text)


class StandingWriter:
    """Writes the newest text; `run` is to be started in the background."""

    def __init__(self, directory: Path) -> None:
        """Nothing is written yet."""
        self._directory = directory
        self._text: bytes | None = None
        self._come = asyncio.Event()
        self._fault = ""

    def keep(self, text: bytes) -> None:
        """Write this text at the next turn of `run`, instead of any that waits."""
        self._text = text
        self._come.set()

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            await self.write()

    async def write(self) -> None:
        """Write what waits, if anything does."""
        text, self._text = self._text, None
        if text is None:
            return
        try:
            await asyncio.to_thread(save, self._directory, text)
            self._fault = ""
        except OSError as error:
            if str(error) != self._fault:
                self._fault = str(error)
                _log.error("last_orders_not_kept", directory=str(self._directory), error=self._fault)
