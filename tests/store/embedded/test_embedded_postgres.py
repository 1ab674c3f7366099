"""The private PostgreSQL, with real processes; the basic tests run with every PostgreSQL that is installed."""

# ruff: noqa: ASYNC240 - one look at a file here and there holds nobody up

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from proxy.store.embedded.binaries import Binaries, NoPostgres, installed
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.embedded.privilege import Identity, identity, until_we_die
from tests.waiting import until

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("banyan.py")
PROGRAMS = installed()[0]
SOMEBODY = 12345  # a user without a name
NOBODY = 65534


@asynccontextmanager
async def banyan(
    directory: Path, programs: Binaries, user: int = os.geteuid()
) -> AsyncIterator[tuple[subprocess.Popen[str], str]]:
    """A process that keeps the server of a directory, and the server's address."""
    process = subprocess.Popen(  # noqa: ASYNC220 - asyncio's own would end with the loop that started it
        [sys.executable, str(SCRIPT), str(directory), str(programs.folder), str(programs.major), str(user)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = await asyncio.to_thread(process.stdout.readline)
        assert said.startswith("ready "), said
        yield process, said.split()[1]
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate)


async def ask(address: str, *statements: str) -> object:
    """The first value of the last statement; a server that is just starting is asked again."""
    connections: list[asyncpg.Connection] = []

    async def connected() -> bool:
        with suppress(OSError, asyncpg.PostgresError):
            connections.append(await asyncpg.connect(address))
        return bool(connections)

    await until(connected)
    (connection,) = connections
    for statement in statements[:-1]:
        await connection.execute(statement)
    value: object = await connection.fetchval(statements[-1])
    await connection.close()
    return value


async def test_it_starts_and_stops_and_keeps_its_data(place: Path, binaries: Binaries) -> None:
    """What was written is there after a stop and a start, and after the stop nothing runs."""
    for expected in (1, 2):
        embedded = Embedded(place / "p", binaries=binaries, durable=False)
        await embedded.start()
        made = "CREATE TABLE IF NOT EXISTS kept (number int)"
        count = await ask(embedded.address, made, "INSERT INTO kept VALUES (1)", "SELECT count(*) FROM kept")
        pid = embedded.server.pid
        await embedded.stop()

        assert count == expected
        assert pid is not None
        assert not Path(f"/proc/{pid}").exists()
        assert embedded.server.pid is None


async def test_durable_data_is_made_durable(place: Path) -> None:
    """Outside of tests fsync is on."""
    embedded = Embedded(place / "p")
    await embedded.start()
    said = await ask(embedded.address, "SELECT current_setting('fsync') || current_setting('synchronous_commit')")
    await embedded.stop()

    assert said == "onon"


async def test_nobody_else_gets_in(place: Path, home: Path) -> None:
    """No port is open, and every folder of the server is closed to other users, with no folder above opened for it."""
    place.chmod(0o700)
    embedded = Embedded(home, durable=False)
    await embedded.start()
    ports = await ask(embedded.address, "SELECT current_setting('listen_addresses')")
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (place, home, embedded.server.sockets)]
    await embedded.stop()

    assert ports == ""
    assert modes == [0o700, 0o700, 0o700]


async def test_a_long_path_gets_a_short_socket(place: Path) -> None:
    """A Unix socket's path has 107 bytes; the data may stand deeper."""
    embedded = Embedded(place / ("deep" * 30) / "p", durable=False)
    await embedded.start()
    answer = await ask(embedded.address, "SELECT 1")
    await embedded.stop()
    embedded.server.sockets.rmdir()

    assert answer == 1


@pytest.mark.parametrize("who", ["ourselves", "nobody", "nameless"])
async def test_any_user_may_run_it(place: Path, binaries: Binaries, who: str) -> None:
    """As whoever runs the tests, as a normal user, and (as containers do it) as a user id that has no name."""
    user = {"ourselves": 0, "nobody": NOBODY, "nameless": SOMEBODY}[who] if os.geteuid() == 0 else os.geteuid()
    directory = place / "p"
    directory.mkdir(mode=0o700)
    os.chown(directory, user, -1)

    async with banyan(directory, for_everybody(binaries, place), user) as (_, address):
        assert await ask(address, "CREATE TABLE kept (number int)", "SELECT count(*) FROM kept") == 0
        assert (directory / "data").stat().st_uid == user


async def test_without_user_namespaces_root_gives_it_to_nobody(place: Path, binaries: Binaries) -> None:
    """Where root may make no user namespace, the server runs as nobody; other users run it as themselves anyway."""
    who = Identity(user=NOBODY) if os.geteuid() == 0 else identity()
    embedded = Embedded(place / "p", binaries=for_everybody(binaries, place), who=who, durable=False)
    await embedded.start()
    pid = embedded.server.pid
    owner = Path(f"/proc/{pid}").stat().st_uid
    assert await ask(embedded.address, "SELECT 1") == 1
    await embedded.stop()

    assert owner == (NOBODY if os.geteuid() == 0 else os.geteuid())


async def test_it_ends_when_banyan_is_killed_and_the_data_stays(place: Path, binaries: Binaries) -> None:
    """After `kill -9` of Banyan the server shuts down in order; the next Banyan finds what was written."""
    async with banyan(place / "p", binaries) as (process, address):
        await ask(address, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (7)", "SELECT 1")
        server = Embedded(place / "p").server
        process.kill()
        await until(lambda: server.pid is None)

    async with banyan(place / "p", binaries) as (_, address):
        assert await ask(address, "SELECT number FROM kept") == 7
        assert "not properly shut down" not in server.log_end()
    assert until_we_die() != ()


async def test_an_orphan_is_ended_before_another_starts(home: Path) -> None:
    """A server that outlived its Banyan (here: it was never told to end with it) is found by its pid file."""
    orphan = Embedded(home, durable=False)
    await orphan.start()
    await ask(orphan.address, "CREATE TABLE kept (number int)", "SELECT 1")
    before = orphan.server.pid
    forget_lock(orphan)

    async with banyan(home, PROGRAMS) as (_, address):
        server = Embedded(home).server
        assert await ask(address, "SELECT count(*) FROM kept") == 0
        assert server.pid not in {before, None}
        assert orphan.server.ended()


async def test_a_stopped_orphan_is_ended_too(home: Path) -> None:
    """A server that does not react to being asked is killed in the end, and the data survives that as well."""
    orphan = Embedded(home, durable=False)
    await orphan.start()
    await ask(orphan.address, "CREATE TABLE kept (number int)", "SELECT 1")
    forget_lock(orphan)
    orphan.server.send(signal.SIGSTOP)
    successor = Embedded(home, durable=False, patience=10.0)
    await successor.start()

    assert await ask(successor.address, "SELECT count(*) FROM kept") == 0
    assert orphan.server.ended()
    await successor.stop()


async def test_another_s_process_id_in_the_pid_file_is_not_believed(home: Path) -> None:
    """In a container a dead server's number is soon another process's: it is left in peace, and the server starts."""
    embedded = Embedded(home, durable=False)
    await embedded.start()
    await embedded.stop()
    (embedded.server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{embedded.server.data}\n")

    await embedded.start()
    assert embedded.server.pid not in {os.getpid(), None}
    await embedded.stop()


async def test_a_server_that_dies_is_started_again(home: Path) -> None:
    """`kill -9` of PostgreSQL itself: it is back, with what had been committed."""
    async with banyan(home, PROGRAMS) as (_, address):
        await ask(address, "CREATE TABLE kept (number int)", "CHECKPOINT", "SELECT 1")
        server = Embedded(home).server
        before = server.pid
        server.send(signal.SIGKILL)
        await until(lambda: server.pid not in {before, None})

        assert await ask(address, "SELECT count(*) FROM kept") == 0


async def test_a_successor_shares_the_server_and_then_takes_it_over(home: Path) -> None:
    """Two Banyans use one server; when its owner ends, the other starts it again, under the same address."""
    async with banyan(home, PROGRAMS) as (owner, first):
        await ask(first, "CREATE TABLE kept (number int)", "SELECT 1")
        server = Embedded(home).server
        before = server.pid
        async with banyan(home, PROGRAMS) as (_, second):
            assert (first, before) == (second, server.pid)
            owner.terminate()
            await until(lambda: server.pid not in {before, None} and server.ready())

            assert await ask(second, "SELECT count(*) FROM kept") == 0
        await until(lambda: server.pid is None)


async def test_a_half_made_directory_is_made_anew(place: Path) -> None:
    """A Banyan that was killed during `initdb` leaves nothing that the next one would take for data."""
    (place / "p" / "data.new" / "base").mkdir(parents=True)
    embedded = Embedded(place / "p", durable=False)
    await embedded.start()
    assert await ask(embedded.address, "SELECT 1") == 1
    await embedded.stop()

    assert not (place / "p" / "data.new").exists()


async def test_data_of_another_major_version_is_refused(place: Path) -> None:
    """PostgreSQL cannot read it; the operator is told which version wrote it and what to do."""
    (place / "p" / "data").mkdir(parents=True)
    (place / "p" / "data" / "PG_VERSION").write_text("9\n")

    with pytest.raises(NoPostgres, match=r"written by PostgreSQL 9, and here is only .* or dump the data"):
        await Embedded(place / "p").start()


async def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    """What PostgreSQL itself complains about reaches the operator."""
    embedded = Embedded(home, durable=False)
    await embedded.start()
    await embedded.stop()
    (embedded.server.data / "postgresql.conf").write_text("nonsense = 1\n")

    with pytest.raises(NoPostgres, match="nonsense"):
        await embedded.start()
    await embedded.stop()


async def test_a_folder_of_somebody_else_s_is_not_used(place: Path) -> None:
    """A link where the server's folder should be could lead anywhere."""
    (place / "elsewhere").mkdir()
    (place / "p").symlink_to(place / "elsewhere")

    with pytest.raises(NoPostgres, match="is not a directory of this user; move it away"):
        await Embedded(place / "p").start()


def for_everybody(programs: Binaries, place: Path) -> Binaries:
    """The same programs where every user may start them: the environment of the tests may be closed to others."""
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in programs.folder.parents):
        return programs
    package = programs.folder.parent.parent
    for each in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(each, place / each.name)
    return replace(programs, folder=place / package.name / "pginstall" / "bin")


def forget_lock(embedded: Embedded) -> None:
    """What the kernel does with the lock of a process that was killed."""
    assert embedded._lock is not None
    os.close(embedded._lock)
    embedded._lock = None
