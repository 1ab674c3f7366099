# ruff: noqa: S608 - statements are what is made here: of the operator's own SELECT, and of quoted names
"""What is asked of a side's database, as SQL: each a SELECT over the check's own SELECT, called `r`.

Rule 1: a row is hashed by the server: md5 of its texts, each quoted, so that no two rows have one text, and NULL is not
        the empty text. Of a range 128 bits are summed in two halves: a sum, unlike an exclusive
        or, does not lose a pair of equal changes.
Rule 2: texts are ordered by their bytes (COLLATE "C"), whatever the database's collation: both sides cut alike.
Rule 3: keys and bounds travel as the texts that `text_of` makes of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proxy.core.outcome import Side
from proxy.core.reconcile.compared_columns import NUMBER, TEXT, AgreedColumns, Column, quoted, text_of
from proxy.core.reconcile.reconcile_check import SideQuery

COLUMNS = """SELECT t.oid, t.typname, t.typtype::text AS kind, coalesce(i.typname, '') AS item
FROM pg_type AS t LEFT JOIN pg_type AS i ON i.oid = t.typelem AND t.typcategory = 'A' WHERE t.oid = ANY($1::oid[])"""
"""The types of columns, by their numbers."""
_HALVES = (("left", "high"), ("right", "low"))
_ARGUMENTS = 90
"""PostgreSQL gives a function at most 100."""


def described(query: SideQuery) -> str:
    """No rows: only what columns there are."""
    return f"SELECT * FROM {_source(query)} LIMIT 0"


@dataclass(frozen=True, slots=True)
class SideStatements:
    """The statements of one side. `after`: there is a lower bound, itself left out; `upto`: an upper one, taken in."""

    query: SideQuery
    columns: AgreedColumns
    side: Side

    @property
    def keyless(self) -> str:
        """Whether there is a row whose key is not whole."""
        some = " OR ".join(f"r.{quoted(column.name)} IS NULL" for column in self._key)
        return f"SELECT EXISTS (SELECT FROM {_source(self.query)} WHERE {some})"

    def end(self, *, after: bool) -> str:
        """The key that ends the next range: as many rows after the bound as the last parameter says, and one."""
        number = len(self._key) + 1 if after else 1
        order = ", ".join(map(_ordered, self._key))
        where = self._where(after=after, upto=False)
        return (
            f"SELECT {self._keys} FROM {_source(self.query)}{where} ORDER BY {order} OFFSET ${number}::bigint LIMIT 1"
        )

    def digest(self, *, after: bool, upto: bool) -> str:
        """How many rows a range has, and the sums of both halves of their hashes, as texts."""
        sums = ", ".join(f"coalesce(sum({_half(cut)}), 0)::text AS {name}" for cut, name in _HALVES)
        rows = f"SELECT {self._hash} AS hash FROM {_source(self.query)}{self._where(after=after, upto=upto)}"
        return f"SELECT count(*) AS rows, {sums} FROM ({rows} OFFSET 0) AS hashed"  # 0: each row is hashed once

    def rows(self, *, after: bool, upto: bool) -> str:
        """Key and hash of each row of a range."""
        where = self._where(after=after, upto=upto)
        return f"SELECT {self._keys}, {self._hash} AS hash FROM {_source(self.query)}{where}"

    @property
    def look(self) -> str:
        """All about the rows of some keys: an array for each column of the key; then seconds, where `is_watched`.

        `fresh`: by the watermark it was written within these seconds; `alone`: it may exist on this side only.
        """
        wanted = ", ".join(f"${place}::text[]" for place, _ in enumerate(self._key, 1))
        names = ", ".join(f"banyan_key_{place}" for place, _ in enumerate(self._key))
        same = " AND ".join(
            f"{_matched(column)} = {self._typed(f'banyan_key_{place}', place)}"
            for place, column in enumerate(self._key)
        )
        texts = ", ".join(map(text_of, self._compared))
        return (
            f"SELECT {self._keys}, {self._hash} AS hash, ARRAY[{texts}]::text[] AS texts, {self._fresh} AS fresh, "
            f"{self._alone} AS alone FROM unnest({wanted}) AS wanted ({names}) JOIN {_source(self.query)} ON {same}"
        )

    @property
    def is_watched(self) -> bool:
        """Whether its rows say when they were written."""
        return self.columns.watermark[self.side] is not None

    @property
    def _key(self) -> Sequence[Column]:
        return self.columns.key[self.side]

    @property
    def _compared(self) -> Sequence[Column]:
        return self.columns.compared[self.side]

    @property
    def _keys(self) -> str:
        return ", ".join(f"{text_of(column)} AS key_{place}" for place, column in enumerate(self._key))

    @property
    def _hash(self) -> str:
        texts = [f"coalesce(quote_literal({text_of(column)}), '-')" for column in self._compared]
        groups = (texts[start : start + _ARGUMENTS] for start in range(0, len(texts), _ARGUMENTS))
        whole = " || ',' || ".join(f"concat_ws(',', {_list(group)})" for group in groups)
        return f"md5(convert_to({whole}, 'UTF8'))"

    @property
    def _fresh(self) -> str:
        column = self.columns.watermark[self.side]
        if column is None:
            return "false"
        within = f"make_interval(secs => ${len(self._key) + 1}::float8)"
        value = f"r.{quoted(column.name)}::timestamptz"  # one without a zone is UTC, as the session is
        return f"coalesce({value} > clock_timestamp() - {within}, false)"

    @property
    def _alone(self) -> str:
        return f"(({self.query.alone}) IS TRUE)" if self.query.alone else "false"

    def _where(self, *, after: bool, upto: bool) -> str:
        count = len(self._key)
        bounds = [(">", 1)] * after + [("<=", 1 + count * after)] * upto
        conditions = [self._bounded(sign, first) for sign, first in bounds]
        conditions += [f"({self.query.alone}) IS NOT TRUE"] * bool(self.query.alone)
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def _bounded(self, sign: str, first: int) -> str:
        bound = (self._typed(f"${first + place}::text", place) for place, _ in enumerate(self._key))
        return f"({_list(map(_ordered, self._key))}) {sign} ({_list(bound)})"

    def _typed(self, text: str, place: int) -> str:
        """A text as a value that the key's column is compared with."""
        both = [columns[place] for columns in self.columns.key.values()]
        match self._key[place].family:
            case "number" if all(column.is_whole for column in both):
                return f"{text}::int8"
            case "number":
                return f"{text}::numeric"
            case "text":
                return text
            case family:
                return f"{text}::{family}"


def _source(query: SideQuery) -> str:
    """In lines of its own: a comment may end it."""
    return f"(\n{query.select}\n) AS r"


def _half(cut: str) -> str:
    return f"('x' || {cut}(hash, 16))::bit(64)::bigint"


def _matched(column: Column) -> str:
    """A key's column where it is looked for one by one, so that its index is used."""
    value = f"r.{quoted(column.name)}"
    return f"{value}::text" if column.family == TEXT and not column.is_plain_text else value


def _ordered(column: Column) -> str:
    """By rule 2."""
    return f'{_matched(column)} COLLATE "C"' if column.family == TEXT else _matched(column)


def _list(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def sort_key(columns: Sequence[Column], key: Sequence[str]) -> tuple[tuple[float, bytes], ...]:
    """By which of two keys comes first, nearly as the server orders them: it cuts ranges, and proves nothing."""
    return tuple(
        (float(text), b"") if column.family == NUMBER else (0.0, text.encode("utf-8", "surrogatepass"))
        for column, text in zip(columns, key, strict=True)
    )
