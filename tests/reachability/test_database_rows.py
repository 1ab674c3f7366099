"""What is found of a real PostgreSQL: let in, another password, no database, no rights, no server."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest

from proxy.core.reachability.finding import End, ProbeRow, RowOutcome, TargetFindings, TargetKind
from proxy.core.reconcile.reconcile_check import Password
from proxy.core.secret import Secret
from proxy.reachability.reachability import find_out
from proxy.reachability.targets import targets_of
from proxy.store.embedded.embedded_postgres import Embedded
from tests.e2e.program import free_port
from tests.edge.scripted import Scripted, deaf
from tests.reachability.probing import LONG, failure, row, snapshot_of

RULES = "local all stranger reject\nlocal all reader scram-sha-256\nlocal all all trust\n"
SETUP = (
    "CREATE ROLE reader LOGIN PASSWORD 'right'",
    "CREATE ROLE keeper LOGIN",
    "CREATE ROLE stranger LOGIN",
    "CREATE DATABASE cards",
    "CREATE DATABASE closed",
    "REVOKE CONNECT ON DATABASE closed FROM public",
)
TABLES = (
    "CREATE TABLE open (id int PRIMARY KEY); CREATE TABLE shut (id int PRIMARY KEY); GRANT SELECT ON open TO reader"
)
IDS = ["shut", "no such table"]


@pytest.fixture(scope="module")
def server() -> Iterator[Embedded]:
    """With roles, databases and tables, and a pg_hba.conf that asks `reader` for a password."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        Path(folder).chmod(0o755)
        made = Embedded(Path(folder) / "postgres", durable=False, patience=120.0)
        asyncio.run(made.start())
        asyncio.run(_set_up(made))
        yield made
        asyncio.run(made.stop())


async def _set_up(server: Embedded) -> None:
    connection = await asyncpg.connect(server.address)
    for statement in SETUP:
        await connection.execute(statement)
    rules = Path(await connection.fetchval("SHOW hba_file"))
    await asyncio.to_thread(rules.write_text, RULES)
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()
    connection = await asyncpg.connect(server.address, database="cards")
    await connection.execute(TABLES)
    await connection.close()


def url(server: Embedded, who: str, database: str = "cards") -> str:
    return f"postgresql://{who}@/{database}?host={quote(str(server.server.sockets), safe='')}"


def select(table: str) -> Mapping[str, object]:
    side = {"database": "cards", "select": f"SELECT id FROM {table}"}
    return {"legacy": side, "new": {"database": "other", "select": "SELECT id FROM open"}, "key": "id"}


async def found_of(address: str, *, table: str = "", **database: object) -> TargetFindings:
    """What is found of a database, of which a check selects this table."""
    databases = {"cards": {"url": address} | database, "other": {"url": "postgresql://127.0.0.1:1/other"}}
    checks = {"reconcile": {"accounts": select(table)}} if table else {}
    snapshot = snapshot_of({"url": "http://127.0.0.1:1"}, databases=databases, **checks)
    targets = [target for target in targets_of(snapshot) if target.name == "cards"]
    (found,) = await find_out(snapshot, targets, LONG)
    return found


async def state_of(address: str) -> TargetFindings:
    """What is found of it as `state`."""
    snapshot = snapshot_of({"url": "http://127.0.0.1:1"}, state=address)
    (found,) = await find_out(snapshot, [each for each in targets_of(snapshot) if each.name == "state"], LONG)
    return found


async def test_a_database_that_lets_in(server: Embedded, tmp_path: Path) -> None:
    """As whom, with the password from where, what it may read; nothing that is secret is said."""
    (tmp_path / "password").write_text("right\n")

    found = await found_of(url(server, "reader"), table="open", password_file=str(tmp_path / "password"))

    assert found.outcome is RowOutcome.FINE
    assert [each.row for each in found.findings] == [
        ProbeRow.CONNECT,
        ProbeRow.AS_WHOM,
        ProbeRow.MAY_I,
        ProbeRow.ROUND_TRIP,
    ]
    assert row(found, ProbeRow.AS_WHOM).said == f"role reader, password from {tmp_path}/password"
    assert row(found, ProbeRow.MAY_I).said == "read what accounts selects"
    assert "right" not in repr(found)


async def test_a_password_of_the_environment_is_not_said_to_be_in_the_file(server: Embedded) -> None:
    """It is named by its variable, one that stands in the file by the file."""
    snapshot = snapshot_of({"url": "http://127.0.0.1:1"}, databases={"cards": {"url": url(server, "reader")}})
    rows = []
    for variables in (("CARDS_PASSWORD",), ()):
        password = Password(text=Secret("right"), variables=variables)
        (database,) = snapshot.databases
        table = replace(snapshot, databases=(replace(database, password=password),))
        (found,) = await find_out(table, [each for each in targets_of(table) if each.name == "cards"], LONG)
        rows.append(row(found, ProbeRow.AS_WHOM).said)

    assert rows == [
        "role reader, password from CARDS_PASSWORD in the environment",
        "role reader, password from routes.yaml",
    ]


async def test_another_password_is_for_this_end_to_change(server: Embedded) -> None:
    """The row is `as_whom`, and no password is repeated."""
    found = await found_of(url(server, "reader:secret-and-wrong"))

    assert (failure(found).row, failure(found).change) == (ProbeRow.AS_WHOM, End.HERE)
    assert "databases.cards has another password than the role reader" in failure(found).cure
    assert "secret-and-wrong" not in repr(found)


async def test_who_is_not_let_in_is_for_the_other_end_to_change(server: Embedded) -> None:
    """pg_hba.conf rejects the role."""
    found = failure(await found_of(url(server, "stranger")))

    assert (found.row, found.change) == (ProbeRow.AS_WHOM, End.THERE)
    assert "pg_hba.conf" in found.cure


async def test_a_database_that_is_not_there(server: Embedded) -> None:
    """It is named."""
    found = failure(await found_of(url(server, "keeper", "cardz")))

    assert (found.row, found.change) == (ProbeRow.MAY_I, End.THERE)
    assert "create the database cardz" in found.cure


async def test_a_database_that_one_may_not_connect_to(server: Embedded) -> None:
    """CONNECT was revoked."""
    found = failure(await found_of(url(server, "keeper", "closed")))

    assert (found.row, found.change) == (ProbeRow.MAY_I, End.THERE)
    assert "CONNECT" in found.said


@pytest.mark.parametrize(("table", "change"), [("shut", End.THERE), ("gone", End.HERE)], ids=IDS)
async def test_what_a_check_selects_is_asked_for(server: Embedded, table: str, change: End) -> None:
    """A table without rights, and one that is not there: no row of them is read."""
    found = await found_of(url(server, "reader:right"), table=table)

    said = row(found, ProbeRow.MAY_I)
    assert (said.outcome, said.change) == (RowOutcome.FAILED, change)
    assert said.said.startswith("accounts: ")
    assert table in said.said


async def test_state_needs_its_schema(server: Embedded) -> None:
    """Who may not create it is told how to let him; who may, may. Nothing is made by asking."""
    refused, owner = await state_of(url(server, "keeper")), await state_of(url(server, "postgres"))
    connection = await asyncpg.connect(url(server, "postgres"))

    assert (row(refused, ProbeRow.MAY_I).outcome, refused.kind) == (RowOutcome.FAILED, TargetKind.STATE)
    assert "GRANT CREATE ON DATABASE cards TO keeper" in row(refused, ProbeRow.MAY_I).cure
    assert owner.outcome is RowOutcome.FINE
    assert await connection.fetchval("SELECT to_regnamespace('banyan') IS NULL")
    await connection.close()


async def test_a_password_that_cannot_be_had(server: Embedded, tmp_path: Path) -> None:
    """Its file is not there."""
    found = failure(await found_of(url(server, "reader"), password_file=str(tmp_path / "none")))

    assert (found.row, found.change) == (ProbeRow.AS_WHOM, End.HERE)
    assert "databases.cards.password_file" in found.cure


async def test_a_server_that_is_away() -> None:
    """Its name is the system's to resolve; the port refuses."""
    found = failure(await found_of(f"postgresql://reader@localhost:{free_port()}/cards"))

    assert (found.row, found.said, found.change) == (ProbeRow.CONNECT, "refused", End.THERE)


async def test_what_is_no_postgresql_is_bounded() -> None:
    """It takes connections and says nothing: the target's time ends it."""
    mute = await Scripted(deaf).start()
    snapshot = snapshot_of({"url": "http://127.0.0.1:1"}, state=f"postgresql://banyan@127.0.0.1:{mute.port}/banyan")
    (_, state) = await find_out(snapshot, list(targets_of(snapshot)), 0.5)
    await mute.stop()

    assert (failure(state).row, failure(state).change) == (ProbeRow.AS_WHOM, End.THERE)
    assert failure(state).said == "timed out: no PostgreSQL answered"


@asynccontextmanager
async def by_tcp(server: Embedded) -> AsyncIterator[int]:
    """A port that leads to its socket."""

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.append(asyncio.current_task())
        inner, outer = await asyncio.open_unix_connection(server.server.sockets / ".s.PGSQL.5432")
        await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))

    running: list[asyncio.Task[None] | None] = []
    async with await asyncio.start_server(relay, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.gather(*[task for task in running if task is not None])


async def test_a_server_without_tls_is_told(server: Embedded) -> None:
    """Where the address demands it, the row is `tls`; where it does not, the connection is in the clear."""
    async with by_tcp(server) as port:
        address = f"postgresql://keeper@127.0.0.1:{port}/cards"
        demanded, clear = await found_of(f"{address}?sslmode=require"), await found_of(address)

    assert (failure(demanded).row, failure(demanded).change) == (ProbeRow.TLS, End.THERE)
    assert row(clear, ProbeRow.TLS).said == "in the clear"
    assert clear.outcome is RowOutcome.FINE
