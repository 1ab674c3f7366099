"""One throw-away PostgreSQL for all tests of the store, a database for each test."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from proxy.store.embedded.binaries import Binaries, installed
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.embedded.privilege import identity
from proxy.store.embedded.server import Server
from proxy.store.postgres.connections import Connections
from tests.store.stores import Stores, memory, postgres
from tests.store.waiting import PATIENT

TEMPLATE = "banyan_template"
_numbers = itertools.count(1)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory with a short path that every user may enter: sockets and other users need both."""
    found = Path(tempfile.mkdtemp(prefix="banyan-"))
    found.chmod(0o755)
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.fixture(scope="session")
def fresh_data() -> Iterator[Path]:
    """A data directory as `initdb` leaves it, to be copied: making one takes a second."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        server = Server(Path(folder), identity(), installed()[0], durable=False)
        server.make()
        yield server.data


@pytest.fixture
def home(place: Path, fresh_data: Path) -> Path:
    """The directory of an embedded server that has its data, of the first PostgreSQL that is installed."""
    (place / "p").mkdir(mode=0o700)
    shutil.copytree(fresh_data, place / "p" / "data")
    return place / "p"


@pytest.fixture(params=installed(), ids=lambda each: f"postgresql{each.major}")
def binaries(request: pytest.FixtureRequest) -> Binaries:
    """Each PostgreSQL of this machine in turn; the development extra brings one."""
    found: Binaries = request.param
    return found


@pytest.fixture(scope="session")
def server() -> Iterator[Embedded]:
    """A running PostgreSQL; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        embedded = Embedded(Path(folder), durable=False, patience=120.0)
        asyncio.run(_with_template(embedded))
        yield embedded
        asyncio.run(embedded.stop())


async def _with_template(embedded: Embedded) -> None:
    """Start it, and migrate the database that others are copied from."""
    await embedded.start()
    connection = await asyncpg.connect(embedded.address)
    await connection.execute(f"CREATE DATABASE {TEMPLATE}")
    await connection.close()
    connections = Connections(named(embedded, TEMPLATE), patience=PATIENT)
    async with connections.connection():
        pass
    await connections.close()


def named(server: Embedded, database: str) -> str:
    return server.address.replace("/postgres?", f"/{database}?")


@pytest.fixture
async def empty_database(server: Embedded) -> str:
    """The address of a database in which nothing is."""
    return await _database(server, "template0")


@pytest.fixture
async def database(server: Embedded) -> str:
    """The address of a database that has the schema."""
    return await _database(server, TEMPLATE)


async def _database(server: Embedded, template: str) -> str:
    name = f"test{next(_numbers)}"
    connection = await asyncpg.connect(server.address)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()
    return named(server, name)


@pytest.fixture(params=["memory", "called_by_name", "postgres"])
async def stores(request: pytest.FixtureRequest, server: Embedded) -> AsyncIterator[Stores]:
    """Both implementations, one after the other, empty; and one behind a table that renames nothing."""
    made = postgres(await _database(server, TEMPLATE)) if request.param == "postgres" else memory()
    if request.param == "called_by_name":
        made = made.by_name()
    yield made
    await made.close()
