"""What is asked of one side, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from proxy.core.reconcile.row_difference import NOTHING, Hashes, Key, RangeDigest, Sight, hashes_by_key
from proxy.core.reconcile.statements import SideStatements
from proxy.reconcile.session import ReadOnlySession


@dataclass(frozen=True, slots=True)
class KeyRange:
    """Keys above `after` (empty: from the first) up to `upto` (empty: to the last)."""

    after: Key
    upto: Key


@dataclass(frozen=True, slots=True)
class SideReader:
    """One side of a check. Every method may raise ReconcileTrouble."""

    session: ReadOnlySession
    statements: SideStatements

    async def has_keyless_rows(self) -> bool:
        """Whether some row has no whole key, so that no range holds it."""
        (row,) = await self.session.fetch(self.statements.keyless)
        return bool(row["exists"])

    async def end(self, after: Key, rows: int) -> Key:
        """The last of the next `rows` keys; empty: there are fewer."""
        found = await self.session.fetch(self.statements.end(after=bool(after)), *after, rows - 1)
        return next(map(self._key, found), ())

    async def digest(self, of: KeyRange) -> RangeDigest:
        """A range in three numbers."""
        statement = self.statements.digest(after=bool(of.after), upto=bool(of.upto))
        (row,) = await self.session.fetch(statement, *of.after, *of.upto)
        return RangeDigest(row["rows"], int(row["high"]), int(row["low"]))

    async def rows(self, of: KeyRange) -> Mapping[Key, Hashes]:
        """Every row of a range."""
        statement = self.statements.rows(after=bool(of.after), upto=bool(of.upto))
        found = await self.session.fetch(statement, *of.after, *of.upto)
        return hashes_by_key((self._key(row), row["hash"]) for row in found)

    async def look(self, keys: Sequence[Key], within: float) -> Mapping[Key, Sight]:
        """All about the rows of these keys; keys without a row are left out. `within` seconds a row is fresh."""
        watched = (within,) if self.statements.is_watched else ()
        found = await self.session.fetch(self.statements.look, *map(list, zip(*keys, strict=True)), *watched)
        rows: dict[Key, list[Mapping[str, Any]]] = {}
        for row in found:
            rows.setdefault(self._key(row), []).append(row)
        return {key: _sight(each) for key, each in rows.items()}

    def _key(self, row: Mapping[str, Any]) -> Key:
        return tuple(row[f"key_{place}"] for place, _ in enumerate(self.statements.columns.key[self.statements.side]))


def _sight(rows: Iterable[Mapping[str, Any]]) -> Sight:
    listed = sorted(rows, key=lambda row: str(row["hash"]))
    if not listed:
        return NOTHING
    return Sight(
        hashes=tuple(row["hash"] for row in listed),
        texts=tuple(listed[0]["texts"]),
        is_alone=all(row["alone"] for row in listed),
        is_fresh=any(row["fresh"] for row in listed),
    )
