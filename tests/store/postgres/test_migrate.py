"""The schema: applied once, by whomever; never half, never over a newer one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import asyncpg
import pytest

from proxy.store.errors import SchemaRefused
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.migrate import Migration, additions, migrate, missing, shipped
from proxy.store.postgres.positions import PostgresPositions
from tests.store.waiting import PATIENT

STORE = Path(__file__).parents[3] / "proxy/store"


async def test_of_ten_migrators_each_finds_it_done(empty_database: str) -> None:
    """However many replicas start at once over an empty database, each migration is applied once and all can work."""
    replicas = [Connections(empty_database, patience=PATIENT) for _ in range(10)]
    await asyncio.gather(*(PostgresPositions(each).standing() for each in replicas))
    async with replicas[0].connection() as connection:
        applied = await connection.fetch("SELECT number FROM banyan.migration ORDER BY number")
    for replica in replicas:
        await replica.close()

    assert [row["number"] for row in applied] == [each.number for each in shipped()]


async def test_a_migration_that_fails_leaves_nothing(empty_database: str) -> None:
    """All that is missing is applied in one transaction; the next attempt begins where the first did."""
    broken = (*shipped(), Migration(number=9, name="0009_broken.sql", text="CREATE TABLE banyan.x (); nonsense"))
    connection = await asyncpg.connect(empty_database)
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await migrate(connection, broken)
    connection.terminate()

    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT to_regclass('banyan.migration')") is None
    await migrate(connection)
    await connection.close()


async def test_an_older_schema_is_brought_up(empty_database: str) -> None:
    """What is there stays, what is missing is added."""
    connection = await asyncpg.connect(empty_database)
    await migrate(connection, shipped()[:1])
    await connection.execute("INSERT INTO banyan.applied (id, at) VALUES ('kept', 1)")
    await migrate(connection)
    await migrate(connection)

    assert await connection.fetchval("SELECT id FROM banyan.applied") == "kept"
    assert await connection.fetchval("SELECT version FROM banyan.standing") == 0
    await connection.close()


async def test_a_newer_schema_is_refused(database: str) -> None:
    """An old Banyan over a database that a newer one has migrated says so and writes nothing."""
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO banyan.migration (number, name, checksum) VALUES (99, '0099_later.sql', '')")
    await connection.close()
    connections = Connections(database, patience=PATIENT)

    newest = shipped()[-1].number
    with pytest.raises(
        SchemaRefused, match=rf"newer \(migration 0099_later.sql\) than this Banyan \(up to {newest:04}\)"
    ):
        await PostgresPositions(connections).standing()
    await connections.close()


def test_a_migration_that_was_changed_is_refused() -> None:
    """Its text must be what was applied."""
    first = shipped()[0]

    with pytest.raises(SchemaRefused, match=f"{first.name} was applied to this database with another text"):
        missing(shipped(), [(first.number, first.name, "0" * 64)])
    assert missing(shipped(), [(first.number, first.name, first.checksum)]) == shipped()[1:]


async def test_a_role_needs_no_more_than_is_written(empty_database: str) -> None:
    """A schema that an administrator made for the role is enough: no right to the database itself, none to others."""
    role = empty_database.split("/")[3].split("?", maxsplit=1)[0]
    connection = await asyncpg.connect(empty_database)
    await connection.execute(f"CREATE ROLE {role} LOGIN; CREATE SCHEMA banyan AUTHORIZATION {role}")
    await connection.execute(f"REVOKE ALL ON DATABASE {role} FROM PUBLIC; GRANT CONNECT ON DATABASE {role} TO {role}")
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    await connection.close()
    connections = Connections(empty_database.replace("postgres@", f"{role}@"), patience=PATIENT)

    assert (await PostgresPositions(connections).standing()).version == 0
    await connections.close()


@pytest.mark.parametrize("found", [shipped(), additions()], ids=["migrations", "additions"])
def test_migrations_are_numbered_without_gaps(found: tuple[Migration, ...]) -> None:
    """0001, 0002, …, each with a name; so are additions, of which two branches may take one number."""
    assert [each.number for each in found] == list(range(1, len(found) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", each.name) for each in found)


def test_every_statement_is_used_and_every_name_has_one() -> None:
    """No file in sql/ without a use in the code, no use without a file."""
    code = "".join(path.read_text(encoding="utf-8") for path in STORE.rglob("*.py"))
    folder = STORE / "sql"
    files = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.sql")}

    alone = {name for name in files if f'"{name}"' not in code}
    assert {name for name in alone if f'"{name.rpartition("/")[2]}"' not in code} == set()
    assert set(re.findall(r'query\("([\w/]+)"\)', code)) <= files


async def test_an_addition_leaves_the_schema_as_old_as_it_was(empty_database: str) -> None:
    """What an older version can do without is remembered apart: that one, which looks at migrations alone, goes on."""
    connection = await asyncpg.connect(empty_database)
    await migrate(connection)
    await migrate(connection)
    applied = await connection.fetch("SELECT number, name, checksum FROM banyan.migration")
    added = await connection.fetch("SELECT name FROM banyan.addition ORDER BY number")
    connection.terminate()

    assert missing(shipped(), [tuple(row) for row in applied]) == ()
    assert [row["name"] for row in added] == [each.name for each in additions()]


async def test_an_addition_of_a_later_version_is_left_alone(database: str) -> None:
    """A replica of this version goes on beside one that has added more."""
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO banyan.addition (number, name) VALUES (99, '0099_later.sql')")
    await migrate(connection)

    assert await connection.fetchval("SELECT count(*) FROM banyan.addition") == len(additions()) + 1
    connection.terminate()


OLD_SET_PIN = """
WITH turn AS (
    SELECT version FROM banyan.standing FOR UPDATE
), pinned AS (
    INSERT INTO banyan.pin (route, cohort, side, by, since, until, reason)
    SELECT $1, $2, $3, $4, $5, $6, $7 FROM turn WHERE $8::bigint IS NULL OR turn.version = $8
    ON CONFLICT (route, cohort) DO UPDATE SET side = excluded.side
    RETURNING true
)
UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM pinned) RETURNING version
"""


async def test_an_older_replica_pins_as_before(database: str) -> None:
    """Its statement knows nothing of the record, and what it has pinned stands; it is only not recorded."""
    connection = await asyncpg.connect(database)
    assert await connection.fetchval(OLD_SET_PIN, "a", "acme", "new", "ann", 1.0, None, "", None) == 1
    connection.terminate()
    connections = Connections(database, patience=PATIENT)
    store = PostgresPositions(connections)

    assert [pin.cohort for pin in (await store.standing()).pins] == ["acme"]
    assert await store.orders(None, 10) == ()
    await connections.close()
