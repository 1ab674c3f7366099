"""Tokens that exist once, in PostgreSQL: each move one statement, guarded by id, epoch and state.

Rule 1: what is true is so by the database's clock; times are unix seconds of that clock.
Rule 2: nothing here opens what is sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from proxy.core.grants.family import FamilyMove, FamilyState, ShownToken
from proxy.store.grant_records import GrantRecord
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import query

ACCEPTED_FOR = 600.0
"""Seconds for which a provider's word holds that a client's credentials are right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownToken:
    """A token that the database knows: its family, and the stored answer of the slot that is asked for.

    `is_same`: the database is the one that it was, neither restored nor failed over. `by`: whose call its last one was.
    """

    family: UUID
    epoch: int
    attempts: int
    why: str
    by: str
    is_same: bool
    shown: ShownToken
    token: bytes
    answer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIntent:
    """A call that may be made: its epoch, the token's generation, the sealed token, when it was committed."""

    epoch: int
    generation: int
    token: bytes
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """One family as `banyan grants list` shows it; `marks` by system the highest generation that it has shown."""

    family: UUID
    provider: str
    client_id: str
    state: str
    generation: int
    why: str
    attempts: int
    age: float
    marks: Mapping[str, int]


class GrantTables:
    """The tables of 0004_grants.sql."""

    def __init__(self, connections: Connections) -> None:
        """Nothing is asked yet."""
        self._connections = connections

    async def look(self, token_hash: bytes, system: str, slot: str) -> KnownToken | None:
        """What is known of a token that this system shows."""
        row = await self._row("grants/look", token_hash, system, slot)
        if row is None:
            return None
        shown = ShownToken(
            state=FamilyState(row["state"]),
            client_id=row["client_id"],
            generation=row["shown"],
            current=row["gen"],
            **{name: row[name] for name in ("marked", "now", "lease", "next_at", "begun", "ends")},
        )
        return KnownToken(
            family=row["id"],
            epoch=row["epoch"],
            attempts=row["attempts"],
            why=row["why"],
            by=row["intent_by"] or "",
            is_same=row["is_same"],
            shown=shown,
            token=row["rt"] or b"",
            answer=row["body"] or b"",
        )

    async def adopt(
        self, token_hash: bytes, family: UUID, provider: str, client_id: str, token: bytes, system: tuple[str, bool]
    ) -> bool:
        """Begin a family with a token never seen; False: this system (its name, whether it adopts) may not."""
        return await self._row("grants/adopt", token_hash, family, provider, client_id, token, *system) is not None

    async def intend(self, family: UUID, epoch: int, who: str, lease: float) -> TokenIntent | None:
        """Commit that the token is about to be used; None: somebody else was first."""
        row = await self._row("grants/intend", family, epoch, who, lease)
        if row is None:
            return None
        return TokenIntent(epoch=row["epoch"], generation=row["gen"], token=row["rt"], at=row["intent_at"])

    async def is_elsewhere(self, family: UUID, epoch: int) -> bool:
        """Whether the call of this epoch is in flight, and its lease not over."""
        return bool(await self._value("grants/is_elsewhere", family, epoch))

    async def is_overdue(self, family: UUID, epoch: int) -> bool:
        """Whether the call of this epoch is in flight, and its lease over."""
        return bool(await self._value("grants/is_overdue", family, epoch))

    async def renew(self, family: UUID, epoch: int, lease: float) -> bool:
        """Whether the intent still stands."""
        return await self._row("grants/renew", family, epoch, lease) is not None

    async def settle(self, family: UUID, epoch: int, move: FamilyMove) -> bool:
        """What an answer without tokens moves the family to; False: the intent does not stand any more."""
        if move.state is None:
            return await self._row("grants/forget", family, epoch) is not None
        asked = (family, epoch, move.state.value, move.attempts, move.pause, move.why)
        return await self._row("grants/settle", *asked) is not None

    async def commit(self, record: GrantRecord) -> bool:
        """Take a new token in; False: the family has gone on without it, or has it already."""
        values = (record.slot, record.answer, record.begun, record.ends, record.access_hash)
        if record.is_new:
            born = (record.family, record.provider, record.client_id, record.token, record.token_hash)
            return bool(await self._value("grants/born", *born, *values, record.subject))
        known = (record.family, record.generation, record.token, record.token_hash)
        who = (record.credential, record.client_id, record.subject)
        return bool(await self._value("grants/commit", *known, *values, *who))

    async def replay(self, record: GrantRecord) -> bool:
        """The same for a database that is older than the record; True: it was news."""
        born = record.is_new and await self.commit(record)
        known = (record.family, record.provider, record.client_id, record.generation, record.token)
        return bool(await self._value("grants/replay", *known, record.token_hash, record.before)) or born

    async def give(self, token_hash: bytes, family: UUID, system: str, generation: int) -> None:
        """Write down that this system, which showed that generation, was given an answer."""
        await self._row("grants/give", token_hash, family, system, generation)

    async def is_accepted(self, credential: bytes) -> bool:
        """Whether the provider took these credentials lately."""
        return bool(await self._value("grants/is_accepted", credential, ACCEPTED_FOR))

    async def accept(self, credential: bytes, client_id: str) -> None:
        """The provider took them just now."""
        await self._row("grants/accept", credential, client_id)

    async def end(self, family: UUID, why: str) -> None:
        """The grant is no more: its tokens are erased."""
        await self._row("grants/end", family, why)

    async def drop_access(self, access_hash: bytes) -> bool:
        """Forget stored answers with this access token; whether there were any."""
        return await self._row("grants/drop_access", access_hash) is not None

    async def orphan(self, who: str) -> int:
        """Of a clerk that died: what its open calls came to is unknown. How many there were."""
        async with self._connections.connection() as connection:
            return len(await connection.fetch(query("grants/orphan"), who))

    async def generations(self, families: Iterable[UUID]) -> Mapping[UUID, int]:
        """Of those that are known."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("grants/generations"), list(families))
        return {row["id"]: row["gen"] for row in found}

    async def note(self, provider: str, family: UUID | None, kind: str, system: str, detail: str = "") -> None:
        """For the record."""
        await self._row("grants/note", provider, family, kind, system, detail)

    async def now(self) -> float:
        """By the database's clock, in unix seconds."""
        return float(await self._value("grants/now"))

    async def is_closed(self, host: str) -> bool:
        """Whether this database is another one than it was: restored, or failed over, and not replayed by all hosts."""
        now = await self._value("grants/identity")
        known = await self._value("grants/begin_here", now, host) or await self._value("grants/begin_here", now, host)
        return known is not None and known != now

    async def replayed(self, host: str, without: Sequence[str] = ()) -> list[str]:
        """This host has replayed; the hosts that are still missing, none: the database is open."""
        now = await self._value("grants/identity")
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("grants/replayed"), now, host, list(without))
        return [row["host"] for row in found]

    async def families(self, provider: str, unproved: str, most: int) -> list[FamilyRow]:
        """The longest unchanged first; `unproved`: those alone whose current token this system has not shown."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("grants/families"), provider, unproved, bool(unproved), most)
        return [
            FamilyRow(
                family=row["id"],
                generation=row["gen"],
                marks=json.loads(row["marks"]),
                **{name: row[name] for name in ("provider", "client_id", "state", "why", "attempts", "age")},
            )
            for row in found
        ]

    async def sealed(self, provider: str, system: str) -> list[tuple[UUID, str, int, bytes]]:
        """Family, client, generation and sealed token where this system has not shown the current one."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("grants/sealed"), provider, system)
        return [(row["id"], row["client_id"], row["gen"], row["rt"]) for row in found]

    async def expect(self, hashes: Sequence[bytes], provider: str, system: str) -> None:
        """Tokens that this system may bring."""
        await self._row("grants/expect", list(hashes), provider, system)

    async def states(self) -> list[tuple[str, str, int, float]]:
        """Provider, state, families there, and the age of the oldest in seconds."""
        async with self._connections.connection() as connection:
            found = await connection.fetch(query("grants/states"))
        return [(row["provider"], row["state"], row["families"], row["oldest"]) for row in found]

    async def prune(self, provider: str, keep: float, holders: Sequence[str]) -> None:
        """Drop what nobody asks for: tokens, `keep` seconds after all of these systems have shown a newer one."""
        await self._row("grants/prune", keep, provider, list(holders))

    async def _row(self, statement: str, *arguments: object) -> Mapping[str, Any] | None:
        async with self._connections.connection() as connection:
            return await connection.fetchrow(query(statement), *arguments)

    async def _value(self, statement: str, *arguments: object) -> Any:  # noqa: ANN401 -- asyncpg's own
        async with self._connections.connection() as connection:
            return await connection.fetchval(query(statement), *arguments)
