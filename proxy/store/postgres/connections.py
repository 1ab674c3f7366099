"""Connections to PostgreSQL: few, bounded in time, and given up at the first doubt.

Rule 1: whatever is asked ends within `timeout` seconds, answered or not; waiting for a connection and making it count.
Rule 2: a connection on which anything failed is closed, not cleaned: its server may be stopped and never answer again.
Rule 3: after a failure to connect everyone is refused at once until the next attempt is due; waits double, with jitter.
Rule 4: no message repeats the address, which may hold a password.
Rule 5: a password in a file is read for each connection, and again while the server refuses it and there is time: who
        changes it changes two places. Connections that stand outlive the change.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.driver import Connection
from proxy.store.postgres.migrate import migrate

MOST_CONNECTIONS = 4
ANOTHER_PASSWORD = 0.1
"""Seconds until the file of a password that was refused is read again."""
AWAY = (  # what the driver raises when the database is not there, or not for us, or not now
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: for whatever is asked, for a connection to be made, and between two attempts at first and at most."""

    timeout: float = 5.0
    connect: float = 3.0
    first_wait: float = 0.1
    longest_wait: float = 5.0


class Connections:
    """At most `most` connections to `address`, made when they are needed.

    Each brings the schema up to date before it is used: after a break the database may be another one than before.
    """

    def __init__(
        self,
        address: str,
        *,
        patience: Patience | None = None,
        most: int = MOST_CONNECTIONS,
        password_file: Path | None = None,
    ) -> None:
        """Connect to nothing yet."""
        self._password_file = password_file
        self.patience = patience or Patience()
        self._address = address
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []
        self._failures = 0
        self._next_attempt = 0.0
        self._said = ""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for the length of the block; StoreUnavailable when there is none, or when the block fails."""
        with _explained(self.patience):
            async with asyncio.timeout(self.patience.timeout), self._free:
                found = await self._take()
                try:
                    yield found
                except BaseException:
                    await give_up(found)
                    raise
                self._idle.append(found)

    @asynccontextmanager
    async def transaction(self, kind: str = "") -> AsyncIterator[Connection]:
        """The same within a transaction of this `kind`: all of the block's statements or none.

        A block that fails is rolled back by the server, when it notices that the connection is gone.
        """
        async with self.connection() as found:
            await found.execute(f"BEGIN {kind}")
            yield found
            await found.execute("COMMIT")

    async def dedicated(self) -> Connection:
        """A connection that the caller keeps, and gives up; it counts to nobody's limit."""
        with _explained(self.patience):
            async with asyncio.timeout(self.patience.timeout):
                return await self._connect()

    async def close(self) -> None:
        """Close what is idle; what is in use is closed by who uses it."""
        while self._idle:
            await give_up(self._idle.pop())

    async def _take(self) -> Connection:
        while self._idle:
            if not (found := self._idle.pop()).is_closed():
                return found
        return await self._connect()

    async def _connect(self) -> Connection:
        if time.monotonic() < self._next_attempt:
            raise StoreUnavailable(self._said)
        try:
            made = await self._connected()
        except BaseException as error:
            self._wait_longer(error)
            raise
        self._failures = 0
        return made

    async def _connected(self) -> Connection:
        made = await self._admitted()
        try:
            await migrate(made)
        except BaseException:
            await give_up(made)
            raise
        return made

    async def _admitted(self) -> Connection:
        """Rule 5."""
        until = time.monotonic() + self.patience.connect
        while True:
            try:
                return await self._opened()
            except asyncpg.InvalidPasswordError:
                if self._password_file is None or time.monotonic() + ANOTHER_PASSWORD >= until:
                    raise
            await asyncio.sleep(ANOTHER_PASSWORD)

    async def _opened(self) -> Connection:
        try:
            made: Connection = await asyncpg.connect(
                self._address,
                password=None if self._password_file is None else await _read(self._password_file),
                timeout=self.patience.connect,
                statement_cache_size=0,  # behind a pooler the next statement may meet another server process
                server_settings=_server_settings(self.patience),
            )
        except ValueError as error:
            raise StoreUnavailable("the address of the state store cannot be understood") from error
        return made

    def _wait_longer(self, error: BaseException) -> None:
        wait = min(self.patience.first_wait * 2.0**self._failures, self.patience.longest_wait)
        self._failures = min(self._failures + 1, 30)
        self._said = _sentence(error, self.patience)
        self._next_attempt = time.monotonic() + wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


async def _read(path: Path) -> str:
    """The password in a file, which may end with a line's end."""
    try:
        return (await asyncio.to_thread(path.read_text, encoding="utf-8")).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StoreUnavailable(f"the password of the state store cannot be read: {why}") from error


async def give_up(connection: Connection) -> None:
    """Close at once, whatever state it is in and whether the server answers or not."""
    connection.terminate()
    await asyncio.sleep(0)  # the driver, too, notices that nobody waits any more


def _server_settings(patience: Patience) -> dict[str, str]:
    """What the server does by itself when we went away without a word."""
    length = str(round(patience.timeout * 1000))
    return {
        "application_name": "banyan",
        "statement_timeout": length,
        "idle_in_transaction_session_timeout": length,
    }


@contextmanager
def _explained(patience: Patience) -> Iterator[None]:
    """Turns the driver's errors into ours."""
    try:
        yield
    except (StoreUnavailable, StoreRefused):
        raise
    except AWAY as error:
        raise StoreUnavailable(_sentence(error, patience)) from error
    except asyncpg.PostgresError as error:
        raise StoreRefused(_sentence(error, patience)) from error


def _sentence(error: BaseException, patience: Patience) -> str:
    """What to tell an operator."""
    match error:
        case StoreUnavailable() | StoreRefused():
            return str(error)
        case TimeoutError() | asyncio.CancelledError():
            return f"the state store did not answer within {patience.timeout:g} s"
        case asyncpg.PostgresError():
            return f"the state store says: {error} (SQLSTATE {error.sqlstate})"
        case _:
            return f"the state store cannot be reached: {error}"
