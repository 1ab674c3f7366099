"""Idempotency keys in PostgreSQL: what `proxy/core/idempotency/claims.py` says, as statements.

Rule 1: many claims are one statement, and so one commit; of two with the same key in it the first one counts.
Rule 2: time is the database's, so that replicas whose clocks differ agree on what has run out.
Rule 3: whatever is written names the owner: who has lost a key changes nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from proxy.core.idempotency.claims import (
    KEPT,
    LOCK,
    ClaimOutcome,
    KeptReply,
    KeyClaim,
    KeyPhase,
    KeyRecord,
    Settlement,
    UndecidedKey,
    standing_of,
)
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.driver import query

PRUNED = 5000
Claimed = tuple[ClaimOutcome, KeptReply | None]
"""How a key stands, and the answer where there was one; of one that was not kept its status alone."""


class PostgresKeys:
    """Every method raises StoreUnavailable while the database is away."""

    def __init__(self, connections: Connections) -> None:
        """Nothing is asked of the database yet."""
        self._connections = connections

    async def claim(self, claims: Sequence[KeyClaim]) -> Mapping[tuple[bytes, bytes], Claimed]:
        """What each comes to, by record and owner."""
        first = {claim.record: claim for claim in reversed(claims)}
        columns = list(map(list, zip(*first.values(), strict=True)))
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("idempotency/claim"), *columns, LOCK, KEPT)
            taken = {row["record"] for row in rows}
            made = {(claim.record, claim.owner) for claim in first.values() if claim.record in taken}
            others = [claim for claim in claims if (claim.record, claim.owner) not in made]
            asked = [claim.record for claim in others]
            found = await connection.fetch(query("idempotency/known"), asked) if asked else ()
        known = {row["record"]: row for row in found}
        result: dict[tuple[bytes, bytes], Claimed] = dict.fromkeys(made, (ClaimOutcome.CLAIMED, None))
        return result | {(claim.record, claim.owner): _claimed(known.get(claim.record), claim) for claim in others}

    async def send(self, held: Sequence[tuple[bytes, bytes]]) -> AbstractSet[tuple[bytes, bytes]]:
        """Record that the requests of these (record, owner) are about to be sent; those that still have their keys."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(query("idempotency/send"), *_columns(held), LOCK)
        return {(row["record"], row["owner"]) for row in rows}

    async def hold(self, held: Sequence[tuple[bytes, bytes]]) -> None:
        """The requests of these (record, owner) still run."""
        async with self._connections.connection() as connection:
            await connection.execute(query("idempotency/hold"), *_columns(held), LOCK)

    async def settle(self, record: bytes, owner: bytes, settlement: Settlement, reply: KeptReply) -> None:
        """What became of the request; `reply` matters where there was one."""
        async with self._connections.connection() as connection:
            match settlement:
                case Settlement.ANSWERED | Settlement.UNKEPT:
                    kept = (settlement.value, reply.status, list(reply.lines), reply.body, KEPT)
                    await connection.execute(query("idempotency/answered"), record, owner, *kept)
                case Settlement.UNSENT:
                    await connection.execute(query("idempotency/unsent"), record, owner)
                case Settlement.UNKNOWN:
                    await connection.execute(query("idempotency/unknown"), record, owner)

    async def undecided(self, limit: int) -> tuple[UndecidedKey, ...]:
        """The oldest keys whose outcome is unknown."""
        async with self._connections.connection() as connection:
            return tuple(UndecidedKey(**row) for row in await connection.fetch(query("idempotency/undecided"), limit))

    async def release(self, record: bytes) -> tuple[str, str] | None:
        """Free such a key, so that a retry is executed: its route's origin, and the key. None: there is none."""
        async with self._connections.connection() as connection:
            row = await connection.fetchrow(query("idempotency/release"), record)
        return None if row is None else (row["route"], row["key"])

    async def prune(self, most: int = PRUNED) -> bool:
        """Let go what was kept long enough, so many at a time; whether there may be more. What people decide stays."""
        async with self._connections.connection() as connection:
            return len(await connection.fetch(query("idempotency/prune"), most)) == most


def _columns(held: Sequence[tuple[bytes, bytes]]) -> tuple[list[bytes], list[bytes]]:
    return [record for record, _ in held], [owner for _, owner in held]


def _claimed(row: Mapping[str, Any] | None, claim: KeyClaim) -> Claimed:
    if row is None:
        return ClaimOutcome.RUNNING, None  # it has gone since
    record = KeyRecord(row["owner"], row["fingerprint"], KeyPhase(row["phase"]), row["is_locked"], row["tried"])
    standing = standing_of(record, claim.owner, claim.fingerprint, repeatable=claim.repeatable)
    if standing in (ClaimOutcome.ANSWERED, ClaimOutcome.UNKEPT):
        return standing, KeptReply(row["status"], tuple(row["lines"]), row["body"])
    return standing, None
