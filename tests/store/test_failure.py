"""PostgreSQL stopped, killed, frozen and started again under the store: real servers, real signals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from proxy.store.embedded.binaries import installed
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.evidence import PostgresEvidence
from proxy.store.postgres.positions import PostgresPositions
from tests.store.records import ROUTE, increments, position, tally, transition
from tests.store.waiting import PATIENT
from tests.waiting import until

SHORT = Patience(timeout=1.0, connect=0.7, first_wait=0.05, longest_wait=0.2)


@asynccontextmanager
async def running(home: Path, patience: Patience = PATIENT) -> AsyncIterator[tuple[Embedded, Connections]]:
    """A server of the test's own, and connections to it."""
    embedded = Embedded(home, binaries=installed()[0], patience=120.0)
    await embedded.start()
    connections = Connections(embedded.address, patience=patience)
    try:
        yield embedded, connections
    finally:
        await connections.close()
        embedded.server.send(signal.SIGCONT)
        await embedded.stop()


async def recovered(connections: Connections) -> None:
    """Ask again until an answer comes, as every caller does."""

    async def answers() -> bool:
        with suppress(StoreUnavailable):
            await PostgresPositions(connections).standing()
            return True
        return False

    await until(answers)


async def test_a_server_that_is_gone_is_said_to_be_gone(home: Path) -> None:
    """After an immediate stop every call fails with one kind of error, quickly; after a start all goes on as before."""
    async with running(home) as (embedded, connections):
        evidence = PostgresEvidence(connections)
        await evidence.add(increments(tallies=(tally(),)))
        embedded.server.send(signal.SIGQUIT)
        await until(embedded.server.ended)
        async with asyncio.timeout(PATIENT.timeout / 2):  # refused, and not waited for
            for _ in range(5):
                with pytest.raises(StoreUnavailable):
                    await evidence.tallies(ROUTE, 1)

        await embedded._own()
        await recovered(connections)
        assert await evidence.tallies(ROUTE, 1) == (tally(),)


async def test_a_frozen_server_keeps_nobody_waiting(home: Path) -> None:
    """Accepting, and never answering: each call ends in its time, those in line too, and all is well when it thaws."""
    async with running(home, SHORT) as (embedded, connections):
        positions = PostgresPositions(connections)
        await recovered(connections)
        frozen = freeze(embedded)
        async with asyncio.timeout(60):  # without a bound it would be for ever
            tries = await asyncio.gather(*(positions.standing() for _ in range(12)), return_exceptions=True)
        thaw(frozen)

        assert {type(each) for each in tries} == {StoreUnavailable}
        assert {str(each) for each in tries} == {"the state store did not answer within 1 s"}
        await recovered(connections)


async def test_a_restart_costs_one_error_at_most(home: Path) -> None:
    """Connections of before the restart are given up; the next call makes a new one."""
    async with running(home) as (embedded, connections):
        positions = PostgresPositions(connections)
        await positions.standing()
        await embedded._own()

        with suppress(StoreUnavailable):
            await positions.standing()
        await recovered(connections)
        assert await positions.compare_and_set(position(1), 0, transition(position(1)))


async def test_a_subscriber_outlives_a_restart(home: Path) -> None:
    """While the server is away there is silence; afterwards the changes come again."""
    async with running(home) as (embedded, connections):
        positions = PostgresPositions(connections)
        async with asyncio.timeout(60), aclosing(positions.subscribe(0.1)) as versions:  # type: ignore[type-var]
            assert await anext(versions) == 0
            await embedded._own()
            await recovered(connections)
            assert await positions.compare_and_set(position(1), 0, transition(position(1)))
            assert await anext(versions) == 1


async def test_a_database_that_was_made_anew_gets_its_schema(database: str) -> None:
    """Restored from nothing while Banyan runs: the next connection brings the schema, and all goes on."""
    connections = Connections(database, patience=PATIENT)
    positions = PostgresPositions(connections)
    await positions.standing()
    async with connections.connection() as connection:
        await connection.execute("DROP SCHEMA banyan CASCADE")
    with pytest.raises(StoreRefused):
        await positions.standing()

    assert (await positions.standing()).version == 0
    await connections.close()


async def test_a_clock_that_went_back_keeps_nobody_from_leading(database: str) -> None:
    """After a fail-over to a machine an hour behind, the old holder's lease would last an hour: it counts as over."""
    connections = Connections(database, patience=PATIENT)
    positions = PostgresPositions(connections)
    assert await positions.try_lead("judge", "first", 30.0) == 1
    async with connections.connection() as connection:
        await connection.execute("UPDATE banyan.lease SET until = until + interval '1 hour'")

    assert await positions.try_lead("judge", "second", 30.0) == 2
    assert await positions.try_lead("judge", "third", 30.0) is None
    await connections.close()


async def test_a_subscriber_looks_for_itself(database: str) -> None:
    """Where NOTIFY gets lost, as behind a pooler, a change is seen by looking."""
    connections = Connections(database, patience=PATIENT)
    positions = PostgresPositions(connections)
    async with asyncio.timeout(60), aclosing(positions.subscribe(0.05)) as versions:  # type: ignore[type-var]
        assert await anext(versions) == 0
        async with connections.connection() as connection:
            await connection.execute("UPDATE banyan.standing SET version = 7")
        assert await anext(versions) == 7
    await connections.close()


async def test_nothing_is_asked_of_a_server_that_just_failed() -> None:
    """Between two attempts callers are refused at once with the reason of the last one."""
    patience = Patience(timeout=1.0, connect=0.5, first_wait=3600.0, longest_wait=3600.0)
    connections = Connections("postgresql://banyan:hunter2@127.0.0.1:1/banyan", patience=patience)
    said = []
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            await PostgresPositions(connections).standing()
        said.append(str(caught.value))

    assert said[0] == said[1]
    assert said[0].startswith("the state store cannot be reached")
    assert "hunter2" not in said[0] + repr(connections) + repr(vars(connections).keys())


@pytest.mark.parametrize("address", ["postgresql://u:hunter2@h/x?sslmode=odd", "postgresql://u:hunter2@h:port/x"])
async def test_an_address_that_nobody_understands_is_not_repeated(address: str) -> None:
    """The driver would repeat a part of it, and any part may be the password."""
    connections = Connections(address, patience=SHORT)
    with pytest.raises(StoreUnavailable) as caught:
        await PostgresPositions(connections).standing()

    assert str(caught.value) == "the address of the state store cannot be understood"


async def test_a_wrong_statement_is_a_defect_and_not_a_failure(database: str) -> None:
    """What the server refuses would be refused again: it is told apart from a server that is away, and harms nobody."""
    connections = Connections(database, patience=PATIENT)
    with pytest.raises(StoreRefused, match="42P01"):
        async with connections.connection() as connection:
            await connection.execute("SELECT * FROM nowhere")

    await PostgresPositions(connections).standing()
    await connections.close()


async def test_half_an_addition_is_none(database: str) -> None:
    """A writer that dies between its statements leaves nothing, and holds nobody up."""
    connections = Connections(database, patience=PATIENT)
    evidence = PostgresEvidence(connections)
    with pytest.raises(RuntimeError, match="half way"):
        await _dies_half_way(connections)

    await evidence.add(increments(id="half", tallies=(tally(),)))
    assert await evidence.tallies(ROUTE, 1) == (tally(),)
    await connections.close()


async def test_a_writer_that_froze_in_a_transaction_is_put_out(database: str) -> None:
    """Its locks last as long as the server lets an idle transaction stand; then others go on."""
    frozen = Connections(database, patience=SHORT)
    connections = Connections(database, patience=Patience(timeout=20.0))
    holder = await frozen.dedicated()  # nobody will ever end what it begins
    await holder.execute("BEGIN")
    await holder.execute("SELECT pg_advisory_xact_lock(hashtextextended('banyan evidence', 0))")

    await PostgresEvidence(connections).add(increments(tallies=(tally(),)))
    await until(holder.is_closed)  # its goodbye may have come half
    with pytest.raises(asyncpg.InterfaceError):
        await holder.execute("COMMIT")
    holder.terminate()
    await connections.close()


async def _dies_half_way(connections: Connections) -> None:
    async with connections.transaction() as connection:
        await connection.execute("INSERT INTO banyan.applied (id, at) VALUES ('half', 1)")
        raise RuntimeError("half way")


def freeze(embedded: Embedded) -> list[int]:
    """SIGSTOP to the server and all its processes."""
    parent = embedded.server.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    found = [int(each) for each in (str(parent), *children.split())]
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    return found


def thaw(frozen: list[int]) -> None:
    for pid in frozen:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
