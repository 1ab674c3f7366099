"""Rows of customers and of what belongs to them, by statements that were written for each. `store` is asyncpg's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from examples.crm.systems.customer_json import CATEGORIES, KINDS, SOURCES, STATUSES

_SEARCH = """SELECT id, name, kana, phone, created_at, count(*) OVER () AS total FROM customers
WHERE deleted_at IS NULL AND kana LIKE $1 || '%' AND ($2 = '' OR phone = $2) ORDER BY id LIMIT $3 OFFSET $4"""
_CREATE = """INSERT INTO customers (name, kana, phone, status, source, note, next_call_at, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING *"""
_CHANGE = """UPDATE customers SET status = $2, source = $3, note = $4, next_call_at = $5, updated_at = $6,
lock_version = lock_version + 1 WHERE id = $1"""
_TOUCH = """UPDATE customers SET updated_at = $2, lock_version = lock_version + 1
WHERE id = $1 AND deleted_at IS NULL RETURNING id"""
_BOOK = """INSERT INTO appointments (customer_id, kind, starts_at, place, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5) RETURNING *"""
_ADD = """INSERT INTO items (customer_id, category, title, estimate, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $5) RETURNING *"""
_DISCARD = "UPDATE items SET deleted_at = $3, updated_at = $3 WHERE id = $1 AND customer_id = $2 AND deleted_at IS NULL"
_DELETE = "DELETE FROM items WHERE id = $1 AND customer_id = $2"
_COLUMNS = ("status", "source", "note", "next_call_at")
_ORDER = tuple(KINDS)


class StaleError(Exception):
    """Somebody else has changed it."""


class NoSuchError(Exception):
    """There is none, or it is deleted."""


async def search(store: Any, kana: str, phone: str, most: int, skipped: int) -> Sequence[Any]:  # noqa: ANN401
    """A page of them, each with the `total`."""
    rows: Sequence[Any] = await store.fetch(_SEARCH, kana, phone, most, skipped)
    return rows


async def find(store: Any, number: int, *, lock: bool = False) -> Any:  # noqa: ANN401 -- asyncpg has no types
    """NoSuchError. `lock`: until the transaction ends nobody else changes it."""
    statement = "SELECT * FROM customers WHERE id = $1 AND deleted_at IS NULL"
    row = await store.fetchrow(f"{statement} FOR UPDATE" if lock else statement, number)
    if row is None:
        raise NoSuchError
    return row


async def create(store: Any, sent: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- asyncpg has no types
    """The row that was made."""
    status, source = STATUSES[sent.get("status", "lead")], SOURCES[sent.get("source", "tv")]
    values = sent["name"], sent["kana"], sent["phone"], status, source, sent.get("note")
    return await store.fetchrow(_CREATE, *values, in_utc(sent.get("next_call_at")), now())


async def change(store: Any, number: int, sent: Mapping[str, Any], *, always: bool) -> None:  # noqa: ANN401
    """StaleError, NoSuchError. `always`: also where nothing is another than before, which is the bug of release 2."""
    row = await find(store, number, lock=True)
    if sent.get("lock_version", row["lock_version"]) != row["lock_version"]:
        raise StaleError
    values = {name: row[name] for name in _COLUMNS} | _columns(sent)
    if always or any(values[name] != row[name] for name in _COLUMNS):
        await store.execute(_CHANGE, number, *values.values(), now())


def _columns(sent: Mapping[str, Any]) -> dict[str, object]:
    read = {"status": STATUSES.__getitem__, "source": SOURCES.__getitem__, "next_call_at": in_utc}
    return {name: read[name](sent[name]) if name in read else sent[name] for name in _COLUMNS if name in sent}


async def appointments(store: Any, number: int) -> Sequence[Any]:  # noqa: ANN401 -- asyncpg has no types
    """Of a customer."""
    rows: Sequence[Any] = await store.fetch("SELECT * FROM appointments WHERE customer_id = $1 ORDER BY id", number)
    return rows


async def book(store: Any, number: int, sent: Mapping[str, Any], *, counts_itself: bool) -> Any:  # noqa: ANN401
    """The row that was made; its customer is touched. `counts_itself` is a bug of release 2: kinds by their order."""
    if await store.fetchrow(_TOUCH, number, now()) is None:
        raise NoSuchError
    kind = _ORDER.index(sent["kind"]) if counts_itself else KINDS[sent["kind"]]
    return await store.fetchrow(_BOOK, number, kind, in_utc(sent["starts_at"]), sent.get("place"), now())


async def items(store: Any, number: int) -> Sequence[Any]:  # noqa: ANN401 -- asyncpg has no types
    """Of a customer."""
    statement = "SELECT * FROM items WHERE customer_id = $1 AND deleted_at IS NULL ORDER BY id"
    rows: Sequence[Any] = await store.fetch(statement, number)
    return rows


async def add(store: Any, number: int, sent: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- asyncpg has no types
    """The row that was made."""
    category = CATEGORIES[sent["category"]]
    return await store.fetchrow(_ADD, number, category, sent["title"], sent.get("estimate"), now())


async def discard(store: Any, number: int, parent: int, *, for_good: bool) -> None:  # noqa: ANN401
    """NoSuchError. `for_good` is a bug of release 2: the row goes."""
    statement, *more = (_DELETE,) if for_good else (_DISCARD, now())
    done: str = await store.execute(statement, number, parent, *more)
    if done.endswith(" 0"):
        raise NoSuchError


def now() -> datetime:
    """UTC, without a zone, as all columns have it."""
    return datetime.now(UTC).replace(tzinfo=None)


def in_utc(said: str | None) -> datetime | None:
    """As the columns have it."""
    return None if said is None else datetime.fromisoformat(said).astimezone(UTC).replace(tzinfo=None)
