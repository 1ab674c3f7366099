"""Brings a database to this version's schema: `migrations/NNNN_name.sql`, in order, each once.

Rule 1: the lock is taken before anything is read, and all that is missing is applied in one transaction: of any number
of replicas that start at once, one migrates and the others find it done.
Rule 2: what was applied is remembered with its checksum; a file that changed afterwards is refused.
Rule 3: a database that knows more than this version is refused. Nothing is ever migrated back.
Rule 4: what an older version can do without is an addition (`additions/NNNN_name.sql`), and remembered apart: that one
does not look there, and goes on beside a newer replica. An addition makes tables, columns and triggers of
its own, and nothing that an older version's statements would miss.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from proxy.store.errors import SchemaRefused
from proxy.store.postgres.driver import Connection

_MIGRATIONS, _ADDITIONS = (files("proxy.store") / each for each in ("migrations", "additions"))
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('banyan schema', 0))"
_KNOWN = "SELECT to_regclass('banyan.migration') IS NOT NULL"
_HAS_SCHEMA = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'banyan')"
_TABLE = """CREATE TABLE banyan.migration (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now()
)"""
_HAS_ADDITIONS = "SELECT to_regclass('banyan.addition') IS NOT NULL"
_ADDITION_TABLE = """CREATE TABLE banyan.addition (
    number integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now()
)"""
_ADDED = "SELECT number FROM banyan.addition"
_REMEMBER_ADDITION = "INSERT INTO banyan.addition (number, name) VALUES ($1, $2)"
_APPLIED = "SELECT number, name, checksum FROM banyan.migration ORDER BY number"
_REMEMBER = "INSERT INTO banyan.migration (number, name, checksum) VALUES ($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file. `number` begins its name; `checksum` is of its text."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        """SHA-256, in hex."""
        return sha256(self.text.encode("utf-8")).hexdigest()


@cache
def shipped() -> tuple[Migration, ...]:
    """Every migration of this version, in order."""
    return _in(_MIGRATIONS)


@cache
def additions() -> tuple[Migration, ...]:
    """Every addition of this version, in order."""
    return _in(_ADDITIONS)


def _in(folder: Traversable) -> tuple[Migration, ...]:
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    texts = ((name, (folder / name).read_text(encoding="utf-8")) for name in names)
    return tuple(Migration(number=int(name[:4]), name=name, text=text) for name, text in texts)


async def migrate(connection: Connection, known: tuple[Migration, ...] | None = None) -> None:
    """Apply what is missing; SchemaRefused when the database is not what this version or an older one left."""
    known = shipped() if known is None else known
    await connection.execute("BEGIN")
    await connection.execute(_LOCK)
    for migration in missing(known, await _applied(connection)):
        await connection.execute(migration.text)
        await connection.execute(_REMEMBER, migration.number, migration.name, migration.checksum)
    await _add(connection)
    await connection.execute("COMMIT")


async def _add(connection: Connection) -> None:
    """Make the additions that are missing; those of a later version are nobody's business here."""
    if not await connection.fetchval(_HAS_ADDITIONS):
        await connection.execute(_ADDITION_TABLE)
    there = {each["number"] for each in await connection.fetch(_ADDED)}
    for addition in additions():
        if addition.number not in there:
            await connection.execute(addition.text)
            await connection.execute(_REMEMBER_ADDITION, addition.number, addition.name)


async def _applied(connection: Connection) -> list[tuple[int, str, str]]:
    """What the database remembers, after the place for it was made."""
    if not await connection.fetchval(_KNOWN):
        if not await connection.fetchval(_HAS_SCHEMA):  # it may have been made for us, by who may do so
            await connection.execute("CREATE SCHEMA banyan")
        await connection.execute(_TABLE)
    return [(each["number"], each["name"], each["checksum"]) for each in await connection.fetch(_APPLIED)]


def missing(known: tuple[Migration, ...], applied: list[tuple[int, str, str]]) -> tuple[Migration, ...]:
    """The migrations still to be applied; SchemaRefused unless those applied are the first of those known."""
    ours = {each.number: each for each in known}
    for number, name, checksum in applied:
        if number not in ours:
            newest = max(ours, default=0)
            raise SchemaRefused(
                f"the database's schema is newer (migration {name}) than this Banyan (up to {newest:04}); "
                "run the newer Banyan, or give this one a database of its own"
            )
        if ours[number].checksum != checksum:
            raise SchemaRefused(
                f"migration {name} was applied to this database with another text than {ours[number].name} has here; "
                "run the version of Banyan that applied it, or give this one a database of its own"
            )
    return tuple(each for each in known if each.number > max((number for number, _, _ in applied), default=0))
