"""All rows of a database's server: the way there as for upstreams, then a session that changes nothing.

Rule 1: names are the system's, as the driver asks for them.
Rule 2: every transaction is read only, which the server enforces; nothing is created, and no select is executed: the
        server explains it, which takes the same rights.
Rule 3: no row repeats an address, or a password.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from time import monotonic
from typing import Any

import asyncpg

from proxy.core.reachability.database_finding import turned_away
from proxy.core.reachability.finding import End, Finding, ProbeRow, RowOutcome, TargetKind, failed, fine
from proxy.core.reconcile.reconcile_check import SideQuery
from proxy.core.reconcile.statements import described
from proxy.core.routing.route import Endpoint
from proxy.reachability.connection_rows import connect_row, source_row
from proxy.reachability.name_row import NameSources, name_row
from proxy.reachability.target_time import TargetTime, ms_since
from proxy.reachability.targets import DatabaseTarget
from proxy.reconcile.password import password_of
from proxy.reconcile.session import CONNECT
from proxy.reconcile.trouble import ReconcileTrouble
from proxy.tls.handshake_errors import sentence_of

STATEMENT = 5.0
"""Seconds for one of them."""
_SETTINGS = {"application_name": "banyan probe", "default_transaction_read_only": "on"}
_TLS = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
_WHO = "SELECT current_user"
_MAY_KEEP_STATE = """SELECT CASE
    WHEN to_regnamespace('banyan') IS NULL THEN has_database_privilege(current_database(), 'CREATE')
    ELSE has_schema_privilege('banyan', 'USAGE') AND (
        to_regclass('banyan.migration') IS NULL OR has_table_privilege('banyan.migration', 'SELECT, INSERT'))
END"""


async def database_rows(target: DatabaseTarget, names: NameSources, target_time: TargetTime) -> list[Finding]:
    """Every row."""
    rows = await _way(target, names, target_time)
    if not any(row.row is ProbeRow.CONNECT and row.outcome is RowOutcome.FINE for row in rows):
        return rows
    return rows + await _session(target, target_time)


async def _way(target: DatabaseTarget, names: NameSources, target_time: TargetTime) -> list[Finding]:
    """Name, source and connection, of each address."""
    endpoint = target.endpoint
    if endpoint.is_unix:
        return await _connect(endpoint, target_time)
    found, hosts = await name_row(names, endpoint.host, target.key, target_time, system=True)
    places = [Endpoint(host, endpoint.port) for host in hosts]
    rows = await asyncio.gather(*[_connect(place, target_time) for place in places])
    return [found, *(row for each in rows for row in each)]


async def _connect(place: Endpoint, target_time: TargetTime) -> list[Finding]:
    rows = [] if place.is_unix else [source_row(place.host)]
    if not rows or rows[0].outcome is RowOutcome.FINE:
        row, opened = await connect_row(place, target_time, CONNECT)
        rows.append(row)
        if opened is not None:
            opened.close()
    address = "" if place.is_unix else place.text
    return [replace(row, address=address) for row in rows]


async def _session(target: DatabaseTarget, target_time: TargetTime) -> list[Finding]:
    """TLS, as whom, may I, round trip."""
    try:
        password = await password_of(target.database)
    except ReconcileTrouble as trouble:
        return [failed(ProbeRow.AS_WHOM, trouble.message, End.HERE, trouble.cure)]
    try:
        async with target_time.within(CONNECT):
            connection = await asyncpg.connect(**_address(target), password=password, server_settings=_SETTINGS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        return [_not_let_in(target, error)]
    try:
        async with target_time.within(STATEMENT):
            return await _asked(target, connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [_not_let_in(target, error)]
    finally:
        connection.terminate()
        await asyncio.sleep(0)  # the driver, too, notices that nobody waits any more


def _address(target: DatabaseTarget) -> dict[str, Any]:
    """What the driver is given: the whole address, of which this one server."""
    host, port = target.endpoint.host, target.endpoint.port
    if target.endpoint.is_unix:
        host, _, number = host.rpartition("/.s.PGSQL.")
        port = int(number)
    return {"dsn": target.database.url.reveal(), "host": host, "port": port, "statement_cache_size": 0}


async def _asked(target: DatabaseTarget, connection: Any) -> list[Finding]:  # noqa: ANN401 - asyncpg ships no types
    version = await connection.fetchval(_TLS)
    tls = [] if target.endpoint.is_unix else [fine(ProbeRow.TLS, version or "in the clear")]
    who = await connection.fetchval(_WHO)
    whom = fine(ProbeRow.AS_WHOM, f"role {who}, {_password_from(target)}")
    began = monotonic()
    await connection.fetchval("SELECT 1")
    took = ms_since(began)
    return [*tls, whom, *await _may(target, connection, who), fine(ProbeRow.ROUND_TRIP, f"{took:.1f} ms", took)]


async def _may(target: DatabaseTarget, connection: Any, who: str) -> list[Finding]:  # noqa: ANN401 - as above
    if target.kind is TargetKind.STATE:
        return [await _may_keep_state(target, connection, who)]
    refused = [row for each in target.selects if (row := await _refusal(target, connection, *each)) is not None]
    said = f"read what {', '.join(name for name, _ in target.selects)} selects" if target.selects else "connect"
    return refused or [fine(ProbeRow.MAY_I, said)]


async def _may_keep_state(target: DatabaseTarget, connection: Any, who: str) -> Finding:  # noqa: ANN401 - as above
    if await connection.fetchval(_MAY_KEEP_STATE):
        return fine(ProbeRow.MAY_I, "keep its tables in the schema banyan")
    cure = f"GRANT CREATE ON DATABASE {target.database_name} TO {who}, or CREATE SCHEMA banyan AUTHORIZATION {who}"
    return failed(ProbeRow.MAY_I, f"role {who} may not make the schema banyan, or use it", End.THERE, cure)


async def _refusal(target: DatabaseTarget, connection: Any, name: str, query: SideQuery) -> Finding | None:  # noqa: ANN401
    """What a check's select is refused with; None where it may be asked (rule 2)."""
    try:
        await connection.execute(f"EXPLAIN {described(query)}")
    except asyncpg.PostgresError as error:
        said = f"{name}: {error}"
        if error.sqlstate == "42501":
            cure = f"grant the role {target.role} SELECT on it, and USAGE on its schema"
            return failed(ProbeRow.MAY_I, said, End.THERE, cure)
        return failed(ProbeRow.MAY_I, said, End.HERE, f"mend the select of reconcile.{name}, or the database's schema")
    return None


def _password_from(target: DatabaseTarget) -> str:
    """Where it comes from, never what it is."""
    said = target.database.password
    if said.file:
        return f"password from {said.file}"
    if said.command:
        return f"password from {said.command[0]}"
    if said.variables:
        return f"password from {', '.join(said.variables)} in the environment"
    return "password from routes.yaml" if said.text else "as its address says"


def _not_let_in(target: DatabaseTarget, error: BaseException) -> Finding:
    match error:
        case asyncpg.PostgresError():
            names = {"role": target.role, "database": target.database_name, "key": target.key}
            return turned_away(error.sqlstate or "", str(error), **names)
        case TimeoutError():
            cure = "it takes connections and does not speak: is it a PostgreSQL, and does it live?"
            return failed(ProbeRow.AS_WHOM, "timed out: no PostgreSQL answered", End.THERE, cure)
        case ssl.SSLError():
            cure = f"see sslmode and sslrootcert in the address of {target.key}, and the server's certificate"
            return failed(ProbeRow.TLS, sentence_of(error), End.HERE, cure)
        case ConnectionError() if "SSL" in str(error):
            return failed(ProbeRow.TLS, str(error), End.THERE, "turn ssl on there, or take sslmode out of its address")
        case _:
            said = str(error) if isinstance(error, OSError) else "its address cannot be understood"
            return failed(ProbeRow.AS_WHOM, said, End.THERE, f"see its log, and {target.key}")
