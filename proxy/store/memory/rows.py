"""Rows by primary key, found by the first columns of it: what an index is in a database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

Row = tuple[Any, ...]
Value = TypeVar("Value")


class Rows(MutableMapping[Row, Value]):
    """One table; `under` costs as much as it finds, however large the table is."""

    __slots__ = ("_columns", "_groups")

    def __init__(self, columns: int) -> None:
        """Empty; rows are grouped by so many columns of their key."""
        self._columns = columns
        self._groups: dict[Row, dict[Row, Value]] = {}

    def under(self, *columns: Any) -> Mapping[Row, Value]:  # noqa: ANN401 -- what keys are made of
        """The rows whose keys begin with these, which are as many as the table is grouped by."""
        return self._groups.get(columns, {})

    def __getitem__(self, key: Row) -> Value:
        return self._groups[key[: self._columns]][key]

    def __setitem__(self, key: Row, value: Value) -> None:
        self._groups.setdefault(key[: self._columns], {})[key] = value

    def __delitem__(self, key: Row) -> None:
        group = self._groups[key[: self._columns]]
        del group[key]
        if not group:
            del self._groups[key[: self._columns]]

    def __iter__(self) -> Iterator[Row]:
        return (key for group in self._groups.values() for key in group)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))
