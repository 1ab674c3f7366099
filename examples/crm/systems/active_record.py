"""What Active Record does to rows, as far as the customer service relies on it. `connection` is asyncpg's.

Rule 1: what did not change is not written: a record that is saved as it was keeps its updated_at and lock_version.
Rule 2: with each write of a record that has a lock_version it goes up; whoever shows an older one is refused.
Rule 3: a record that is destroyed stays, with its deleted_at (acts_as_paranoid); nobody finds it any more.
Rule 4: a child of `belongs_to … touch: true` touches its parent, whose updated_at and lock_version change with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class StaleObjectError(Exception):
    """By rule 2."""


def now() -> datetime:
    """UTC, without a zone, as all columns have it."""
    return datetime.now(UTC).replace(tzinfo=None)


async def create(connection: Any, table: str, values: Mapping[str, object]) -> Any:  # noqa: ANN401 -- untyped
    """The row that was made."""
    moment = now()
    columns = {**values, "created_at": moment, "updated_at": moment}
    places = ", ".join(f"${place}" for place, _ in enumerate(columns, 1))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) RETURNING *"  # noqa: S608 -- our names
    return await connection.fetchrow(statement, *columns.values())


async def save(connection: Any, table: str, row: Any, changes: Mapping[str, object]) -> None:  # noqa: ANN401
    """Rules 1 and 2; `changes` may hold the lock_version that somebody has seen."""
    seen = changes.get("lock_version", row["lock_version"])
    if seen != row["lock_version"]:
        raise StaleObjectError
    changed = {name: value for name, value in changes.items() if row[name] != value}
    if not changed:
        return
    columns = {**changed, "updated_at": now(), "lock_version": row["lock_version"] + 1}
    sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 3))
    statement = f"UPDATE {table} SET {sets} WHERE id = $1 AND lock_version = $2"  # noqa: S608 -- our names
    if await connection.execute(statement, row["id"], row["lock_version"], *columns.values()) != "UPDATE 1":
        raise StaleObjectError


async def touch(connection: Any, table: str, number: int) -> bool:  # noqa: ANN401 -- untyped
    """Rule 4; False: there is none."""
    statement = (
        f"UPDATE {table} SET updated_at = $2, lock_version = lock_version + 1 "  # noqa: S608 -- our names
        "WHERE id = $1 AND deleted_at IS NULL"
    )
    return bool(await connection.execute(statement, number, now()) == "UPDATE 1")


async def destroy(connection: Any, table: str, number: int, parent: int) -> bool:  # noqa: ANN401 -- untyped
    """Rule 3; False: there is none."""
    statement = (
        f"UPDATE {table} SET deleted_at = $3, updated_at = $3 "  # noqa: S608 -- our names
        "WHERE id = $1 AND customer_id = $2 AND deleted_at IS NULL"
    )
    return bool(await connection.execute(statement, number, parent, now()) == "UPDATE 1")
