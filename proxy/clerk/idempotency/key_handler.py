"""The clerk's part in idempotency keys: claims and sendings in common commits, what became of requests, old keys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import msgspec
import structlog

from proxy.clerk.group_commit import GroupCommit
from proxy.core.idempotency.claims import ClaimOutcome, KeptReply, KeyClaim, Settlement
from proxy.core.routing.snapshot import Snapshot
from proxy.link.idempotency_questions import ClaimKey, KeptAnswer, KeyClaimed, KeySettled, KeysHeld, SendKey
from proxy.link.questions import Answer
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.key_records import Claimed, PostgresKeys
from proxy.tasks import Tasks, Work

PRUNE_EVERY = 600.0
_NOTHING = KeptReply(0)
_log = structlog.get_logger()


class KeyHandler:
    """One clerk's."""

    takes: tuple[type[msgspec.Struct], ...] = (ClaimKey, SendKey, KeySettled, KeysHeld)

    def __init__(self, keys: PostgresKeys) -> None:
        """To be made inside the running loop."""
        self._keys = keys
        self._tasks = Tasks()
        self._claims: GroupCommit[KeyClaim, Mapping[tuple[bytes, bytes], Claimed]]
        self._claims = GroupCommit(keys.claim, self._tasks, "key-claims")
        self._sendings: GroupCommit[tuple[bytes, bytes], AbstractSet[tuple[bytes, bytes]]]
        self._sendings = GroupCommit(keys.send, self._tasks, "key-sendings")

    @property
    def loops(self) -> Mapping[str, Work]:
        """One."""
        return {"key-retention": self._prune}

    def follow(self, snapshot: Snapshot) -> None:
        """What a route asks of keys is with its requests."""

    async def answer(self, question: ClaimKey | SendKey) -> Answer:
        """How the key stands."""
        key = (question.record, question.owner)
        if isinstance(question, ClaimKey):
            return _answer((await self._claims.add(_claim_of(question)))[key])
        is_own = key in await self._sendings.add(key)
        return KeyClaimed(ClaimOutcome.CLAIMED if is_own else ClaimOutcome.RUNNING)

    async def forget(self, question: ClaimKey | SendKey) -> None:
        """Who does not wait for either has sent nothing."""
        await self._keys.settle(question.record, question.owner, Settlement.UNSENT, _NOTHING)

    async def take(self, notice: KeySettled | KeysHeld) -> None:
        """What became of a request, or that some still run."""
        if isinstance(notice, KeysHeld):
            await self._keys.hold(notice.held)
            return
        kept = notice.answer
        reply = KeptReply(notice.status) if kept is None else KeptReply(kept.status, tuple(kept.lines), kept.body)
        await self._keys.settle(notice.record, notice.owner, notice.settlement, reply)

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            try:
                await self._keys.prune()
            except (StoreUnavailable, StoreRefused) as error:
                _log.warning("keys_not_pruned", error=str(error))


def _claim_of(question: ClaimKey) -> KeyClaim:
    return KeyClaim(
        question.record, question.owner, question.fingerprint, question.route, question.key, question.repeatable
    )


def _answer(claimed: Claimed) -> KeyClaimed:
    standing, reply = claimed
    if reply is None:
        return KeyClaimed(standing)
    kept = KeptAnswer(reply.status, list(reply.lines), reply.body) if standing is ClaimOutcome.ANSWERED else None
    return KeyClaimed(standing, reply.status, kept)
