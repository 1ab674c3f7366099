"""A check at work: range by range over both sides, with a second look at whatever differs.

  1 cut      the next range: so many rows of either side    3 read    both sides' rows, where digests differ
  2 digest   both sides, at the same time                   4 look    again at keys that differed long enough ago

Rule 1: a range is one statement for each side, outside of any longer transaction: nothing is held up at the server.
Rule 2: memory holds the keys of one range, and those that wait for their second look.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proxy.core.outcome import Side
from proxy.core.reconcile.compared_columns import AgreedColumns, agreed
from proxy.core.reconcile.pace import pause, piece
from proxy.core.reconcile.progress import RunProgress
from proxy.core.reconcile.reconcile_check import Database, ReconcileCheck
from proxy.core.reconcile.reconcile_run import RunCounts
from proxy.core.reconcile.row_difference import NOTHING, Key, differing, settled
from proxy.core.reconcile.statements import SideStatements, sort_key
from proxy.reconcile.session import ReadOnlySession, session
from proxy.reconcile.side_reader import KeyRange, SideReader
from proxy.reconcile.trouble import ReconcileTrouble

LOOKED_AT = 500
"""Keys of one second look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BothSides:
    """A check with a reader for each side, whose columns agree."""

    check: ReconcileCheck
    columns: AgreedColumns
    legacy: SideReader
    new: SideReader


@asynccontextmanager
async def both_sides(check: ReconcileCheck, legacy: Database, new: Database) -> AsyncIterator[BothSides]:
    """Sessions with both databases, for the length of the block; ReconcileTrouble where they cannot be compared."""
    async with session(legacy) as of_legacy, session(new) as of_new:
        await _told_apart(check, of_legacy, of_new)
        found = agreed(check, await of_legacy.columns(check.legacy), await of_new.columns(check.new))
        if not isinstance(found, AgreedColumns):
            raise ReconcileTrouble("; ".join(found), f"Mend reconcile.{check.name} in routes.yaml.")
        readers = {
            side: SideReader(made, SideStatements(check.query(side), found, side))
            for side, made in ((Side.LEGACY, of_legacy), (Side.NEW, of_new))
        }
        for side, reader in readers.items():
            if await reader.has_keyless_rows():
                message = f"{side} has rows in which a column of the key ({', '.join(check.key)}) is null"
                raise ReconcileTrouble(message, f"Name columns that are never null: reconcile.{check.name}.key.")
        yield BothSides(check=check, columns=found, legacy=readers[Side.LEGACY], new=readers[Side.NEW])


async def _told_apart(check: ReconcileCheck, legacy: ReadOnlySession, new: ReadOnlySession) -> None:
    one, other = await legacy.identity(), await new.identity()
    if one is not None and one == other:
        raise ReconcileTrouble(
            f"{check.legacy.database} and {check.new.database} are one and the same database, or one copies the other",
            f"Whatever it holds would agree: name two databases in reconcile.{check.name}.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A run of a check. `told` is called after each range; `clock` and `now` give steady and unix seconds."""

    sides: BothSides
    progress: RunProgress
    rate: int
    told: Callable[[RunProgress], None]
    clock: Callable[[], float] = time.monotonic

    async def run(self) -> bool:
        """To the end, or until so much differs that it is given up: False. ReconcileTrouble."""
        after, is_last = self.progress.begun.position, False
        while not is_last:
            began = self.clock()
            upto = await self._end(after)
            rows = await self._compare(KeyRange(after, upto))
            after, is_last = upto, not upto
            await self._look_again()
            self.told(self.progress)
            if self.progress.is_hopeless:
                return False
            await asyncio.sleep(pause(rows, self.rate, self.clock() - began))
        await self._look_again(wait=True)
        self.told(self.progress)
        return not self.progress.is_hopeless

    async def _end(self, after: Key) -> Key:
        """The nearer of the two sides' ends, so that no side has more rows in the range."""
        rows = piece(self.sides.check.chunk, self.rate)
        ends = await asyncio.gather(self.sides.legacy.end(after, rows), self.sides.new.end(after, rows))
        key = self.sides.columns.key[Side.LEGACY]
        return min((end for end in ends if end), key=lambda end: sort_key(key, end), default=())

    async def _compare(self, of: KeyRange) -> int:
        """How many rows the larger side has there."""
        legacy, new = await asyncio.gather(self.sides.legacy.digest(of), self.sides.new.digest(of))
        suspects = {}
        if legacy != new:
            suspects = differing(*await asyncio.gather(self.sides.legacy.rows(of), self.sides.new.rows(of)))
        counts = RunCounts(legacy_rows=legacy.rows, new_rows=new.rows)
        self.progress.read(of.upto, counts, suspects.items(), self.clock())
        return max(legacy.rows, new.rows)

    async def _look_again(self, *, wait: bool = False) -> None:
        """At what has waited long enough; where much waits, or at the end (`wait`), it is waited for."""
        while (oldest := self.progress.oldest) is not None:
            left = oldest + self.sides.check.recheck - self.clock()
            if left > 0 and not wait and not self.progress.is_crowded:
                return
            await asyncio.sleep(max(left, 0.0))
            await self._look()

    async def _look(self) -> None:
        recheck = self.sides.check.recheck
        suspects = self.progress.due(self.clock() - recheck, LOOKED_AT)
        if not suspects:
            return
        keys = [suspect.key for suspect in suspects]
        legacy, new = await asyncio.gather(self.sides.legacy.look(keys, recheck), self.sides.new.look(keys, recheck))
        for suspect in suspects:
            key = suspect.key
            self.progress.looked(suspect, settled(key, suspect.pair, legacy.get(key, NOTHING), new.get(key, NOTHING)))
