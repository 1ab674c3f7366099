"""From rows of two sides to what differs: by key, in two looks.

Rule 1: a key whose rows differ is looked at once more, after the time that both sides have to agree. Only what is the
        same in both looks, and was not written meanwhile, is a difference; what moves is unsettled, and no difference.
Rule 2: rows that exist on one side by right are none of the pair; where the other side has the key as well they differ.
Rule 3: a key that a side has twice is compared with all its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

Key = tuple[str, ...]
Hashes = tuple[str, ...]


class RowDifferenceKind(StrEnum):
    """How the rows of a key differ."""

    VALUE = "value"
    ONLY_AT_LEGACY = "only_at_legacy"
    ONLY_AT_NEW = "only_at_new"
    DUPLICATE = "duplicate"
    NOT_ALONE = "not_alone"


@dataclass(frozen=True, slots=True)
class RangeDigest:
    """Of one side's rows in a range: how many, and the sums of the halves of their hashes."""

    rows: int
    high: int
    low: int


@dataclass(frozen=True, slots=True)
class RowPair:
    """The hashes of a key's rows on each side, in order; those that are there by right are left out."""

    legacy: Hashes
    new: Hashes


@dataclass(frozen=True, slots=True)
class Sight:
    """A key's rows on one side at the second look. `texts` are those of the first row, column by column."""

    hashes: Hashes = ()
    texts: tuple[str | None, ...] = ()
    is_alone: bool = False
    is_fresh: bool = False

    @property
    def paired(self) -> Hashes:
        """What the other side has to have as well."""
        return () if self.is_alone else self.hashes


NOTHING = Sight()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDifference:
    """One key that differs. `columns` are those whose values do, by place among what is compared."""

    key: Key
    kind: RowDifferenceKind
    columns: tuple[int, ...] = ()
    legacy: tuple[str | None, ...] = ()
    new: tuple[str | None, ...] = ()


class Unsettled(Enum):
    """Neither the same nor a difference."""

    MOVING = "moving"


def hashes_by_key(rows: Iterable[tuple[Key, str]]) -> dict[Key, Hashes]:
    """The rows of each key, in an order that does not depend on theirs."""
    found: dict[Key, list[str]] = {}
    for key, hash_ in rows:
        found.setdefault(key, []).append(hash_)
    return {key: tuple(sorted(hashes)) for key, hashes in found.items()}


def differing(legacy: Mapping[Key, Hashes], new: Mapping[Key, Hashes]) -> dict[Key, RowPair]:
    """The keys whose rows are not the same on both sides."""
    return {
        key: RowPair(legacy.get(key, ()), new.get(key, ()))
        for key in (*legacy, *(key for key in new if key not in legacy))
        if legacy.get(key) != new.get(key)
    }


def settled(key: Key, first: RowPair, legacy: Sight, new: Sight) -> RowDifference | Unsettled | None:
    """What two looks at a key say; None: the sides agree by now."""
    again = RowPair(legacy.paired, new.paired)
    if again.legacy == again.new:
        return None
    if legacy.is_fresh or new.is_fresh or again != first:
        return Unsettled.MOVING
    kind = _kind(legacy, new)
    columns = _columns(legacy.texts, new.texts) if kind is RowDifferenceKind.VALUE else ()
    return RowDifference(key=key, kind=kind, columns=columns, legacy=legacy.texts, new=new.texts)


def _kind(legacy: Sight, new: Sight) -> RowDifferenceKind:
    if legacy.hashes and new.hashes and (legacy.is_alone or new.is_alone):
        return RowDifferenceKind.NOT_ALONE
    if not new.hashes:
        return RowDifferenceKind.ONLY_AT_LEGACY
    if not legacy.hashes:
        return RowDifferenceKind.ONLY_AT_NEW
    if len(legacy.hashes) > 1 or len(new.hashes) > 1:
        return RowDifferenceKind.DUPLICATE
    return RowDifferenceKind.VALUE


def _columns(legacy: Sequence[str | None], new: Sequence[str | None]) -> tuple[int, ...]:
    return tuple(place for place, (one, other) in enumerate(zip(legacy, new, strict=True)) if one != other)
