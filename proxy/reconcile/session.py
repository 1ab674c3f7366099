"""A session in a database that belongs to somebody else: read only, and the same on every server.

Rule 1: the server keeps it read only: every transaction of the session is, and each is begun so. Nothing is migrated.
Rule 2: whatever changes how a value is printed is pinned, and it is asked whether the server took it: a pooler may not.
Rule 3: it waits for nobody's lock for long, and is cancelled by the server when we went away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from proxy.core.reconcile.compared_columns import Column, TypeKind
from proxy.core.reconcile.reconcile_check import Database, SideQuery
from proxy.core.reconcile.statements import COLUMNS, described
from proxy.reconcile.password import password_of
from proxy.reconcile.trouble import ReconcileTrouble

CONNECT, ANSWER = 10.0, 600.0
"""Seconds for a connection, and for one statement."""
PINNED: Mapping[str, str] = {
    "default_transaction_read_only": "on",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "xmlbinary": "base64",
}
_OWN: Mapping[str, str] = {
    "application_name": "banyan reconcile",
    "jit": "off",  # compiling such statements takes longer than they do
    "lock_timeout": "5000",
    "statement_timeout": str(round(ANSWER * 1000)),
    "idle_in_transaction_session_timeout": "60000",
}
_SETTINGS = "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name"
_IDENTITY = """SELECT s.system_identifier::text AS cluster, c.timeline_id AS timeline, d.oid AS database
FROM pg_control_system() AS s, pg_control_checkpoint() AS c, pg_database AS d WHERE d.datname = current_database()"""
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which database it is, by whatever address. A clone that was promoted has a timeline of its own."""

    cluster: str
    timeline: int
    database: int


class ReadOnlySession:
    """One connection; statements one after another."""

    def __init__(self, database: Database, connection: Any) -> None:  # noqa: ANN401 - asyncpg ships no types
        """Of a connection that was pinned."""
        self._database = database
        self._connection = connection

    async def fetch(self, statement: str, *given: object) -> Sequence[Mapping[str, Any]]:
        """Its rows; ReconcileTrouble when the server refuses it or is away."""
        try:
            async with self._connection.transaction(readonly=True):
                rows: Sequence[Mapping[str, Any]] = await self._connection.fetch(statement, *given)
                return rows
        except _AWAY as error:
            raise _trouble(self._database, error) from error

    async def columns(self, query: SideQuery) -> tuple[Column, ...]:
        """What a SELECT gives; ReconcileTrouble when it is none."""
        try:
            async with self._connection.transaction(readonly=True):
                made = await self._connection.prepare(described(query))
                given = made.get_attributes()
        except _AWAY as error:
            raise _trouble(self._database, error) from error
        types = {row["oid"]: row for row in await self.fetch(COLUMNS, [each.type.oid for each in given])}
        return tuple(_column(each.name, types[each.type.oid]) for each in given)

    async def identity(self) -> DatabaseIdentity | None:
        """Which database it is; None where the server does not tell."""
        try:
            (row,) = await self.fetch(_IDENTITY)
        except ReconcileTrouble:
            return None
        return DatabaseIdentity(row["cluster"], row["timeline"], row["database"])

    async def check_settings(self) -> None:
        """ReconcileTrouble unless the session is pinned, by rule 2."""
        found = {row["name"]: row["value"] for row in await self.fetch(_SETTINGS, list(PINNED))}
        for name, value in PINNED.items():
            if found[name] != value:
                raise ReconcileTrouble(
                    f"the database {self._database.name} did not take the setting {name} = {value}: "
                    f"it says {found[name]}",
                    "Name the server itself, not a pooler, in its url.",
                )


@asynccontextmanager
async def session(database: Database) -> AsyncIterator[ReadOnlySession]:
    """A session for the length of the block; ReconcileTrouble when there is none."""
    connection = await _connected(database)
    try:
        made = ReadOnlySession(database, connection)
        await made.check_settings()
        yield made
    finally:
        connection.terminate()
        await asyncio.sleep(0)  # the driver, too, notices that nobody waits any more


async def _connected(database: Database) -> Any:  # noqa: ANN401 - asyncpg ships no types
    password = await password_of(database)
    try:
        return await asyncpg.connect(
            database.url.reveal(),
            password=password,
            timeout=CONNECT,
            command_timeout=ANSWER,
            statement_cache_size=0,  # behind a pooler the next statement may meet another server process
            server_settings={**PINNED, **_OWN},
        )
    except _AWAY as error:
        raise _trouble(database, error) from error
    except ValueError as error:
        raise _trouble(database, ValueError("its address cannot be understood")) from error


def _column(name: str, described_type: Mapping[str, Any]) -> Column:
    kinds = {kind.value: kind for kind in TypeKind}
    kind = kinds.get(described_type["kind"], TypeKind.OTHER)
    return Column(name=name, type=described_type["typname"], kind=kind, item=described_type["item"])


def _trouble(database: Database, error: BaseException) -> ReconcileTrouble:
    match error:
        case asyncpg.PostgresError():
            cure = f"See databases.{database.name} in routes.yaml, and the select of this check."
            return ReconcileTrouble(f"the database {database.name} says: {error} (SQLSTATE {error.sqlstate})", cure)
        case TimeoutError():
            said = "it did not answer in time"
        case _:
            said = str(error) or type(error).__name__
    return ReconcileTrouble(
        f"the database {database.name} cannot be read: {said}",
        f"See databases.{database.name} in routes.yaml; --resume goes on with what was begun.",
    )
