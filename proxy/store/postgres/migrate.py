"""Brings a database to this version's schema: `migrations/NNNN_name.sql`, in order, each once.

Rule 1: the lock is taken before anything is read, and all that is missing is applied in one transaction: of any number
of replicas that start at once, one migrates and the others find it done.
Rule 2: what was applied is remembered with its checksum; a file that changed afterwards is refused.
Rule 3: a database that knows more than this version is refused. Nothing is ever migrated back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from proxy.store.errors import SchemaRefused
from proxy.store.postgres.driver import Connection

_FOLDER = files("proxy.store") / "migrations"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('banyan schema', 0))"
_KNOWN = "SELECT to_regclass('banyan.migration') IS NOT NULL"
_HAS_SCHEMA = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'banyan')"
_TABLE = """CREATE TABLE banyan.migration (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now()
)"""
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
    names = sorted(each.name for each in _FOLDER.iterdir() if each.name.endswith(".sql"))
    texts = ((name, (_FOLDER / name).read_text(encoding="utf-8")) for name in names)
    return tuple(Migration(number=int(name[:4]), name=name, text=text) for name, text in texts)


async def migrate(connection: Connection, known: tuple[Migration, ...] | None = None) -> None:
    """Apply what is missing; SchemaRefused when the database is not what this version or an older one left."""
    known = shipped() if known is None else known
    await connection.execute("BEGIN")
    await connection.execute(_LOCK)
    for migration in missing(known, await _applied(connection)):
        await connection.execute(migration.text)
        await connection.execute(_REMEMBER, migration.number, migration.name, migration.checksum)
    await connection.execute("COMMIT")


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
