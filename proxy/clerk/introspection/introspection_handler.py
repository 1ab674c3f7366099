"""The clerk's part in opaque tokens: it asks who issued them, once for all, and believes the answer for a while.

Rule 1: of any number of questions about one token at the same time one goes out.
Rule 2: an issuer that is away, or whose answer is none, says nothing of a token: 503, and nothing is remembered.
Rule 3: so many questions may be out at once; beyond, the next is 503.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from time import time

import msgspec
import structlog

from proxy.clerk.introspection.introspection_cache import IntrospectionCache, Key
from proxy.clerk.introspection.introspection_call import IntrospectionCalls
from proxy.core.auth.introspected import Introspected, read_introspected
from proxy.core.auth.opaque_policy import OpaquePolicy
from proxy.core.routing.snapshot import Snapshot
from proxy.link.introspection_questions import IntrospectToken, TokenIntrospected
from proxy.link.messages import IntrospectionCounts
from proxy.link.questions import Unavailable
from proxy.tasks import Tasks, Work

MOST_OUT = 256
_log = structlog.get_logger()


class IntrospectionOutcome(StrEnum):
    """What a question came to: answered from what is known, by the issuer, or not at all."""

    KNOWN = "known"
    ACTIVE = "active"
    INACTIVE = "inactive"
    FAILED = "failed"
    NO_ROOM = "no_room"


class IntrospectionHandler:
    """Answers `IntrospectToken`. `counts` by policy and outcome, since they were last taken."""

    takes: tuple[type[msgspec.Struct], ...] = (IntrospectToken,)
    loops: Mapping[str, Work] = {}

    def __init__(
        self, snapshot: Snapshot, calls: IntrospectionCalls | None = None, clock: Callable[[], float] = time
    ) -> None:
        """To be made inside the running loop; `clock` gives unix seconds."""
        self.counts: Counter[tuple[str, IntrospectionOutcome]] = Counter()
        self._calls = calls or IntrospectionCalls()
        self._clock = clock
        self._cache = IntrospectionCache()
        self._policies: dict[str, OpaquePolicy] = {}
        self._out: dict[Key, asyncio.Task[Introspected | str]] = {}
        self._faults: dict[str, str] = {}
        self._tasks = Tasks()
        self.follow(snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """A policy that asks elsewhere, or as another client, believes nothing of before."""
        found = {name: each for name, each in snapshot.auth.items() if isinstance(each, OpaquePolicy)}
        for name, before in self._policies.items():
            if name not in found or found[name].introspection != before.introspection:
                self._cache.forget(name)
        self._policies = found

    async def answer(self, question: IntrospectToken) -> TokenIntrospected | Unavailable:
        """From what is known, or from who issued the token."""
        policy = self._policies.get(question.policy)
        if policy is None:
            return Unavailable("tokens cannot be checked now")
        key = policy.name, sha256(question.token).digest()
        found: Introspected | str | None = self._cache.get(key, self._clock())
        if found is not None:
            self.counts[policy.name, IntrospectionOutcome.KNOWN] += 1
            return _answer(found)
        flight = self._out.get(key)
        if flight is None and len(self._out) >= MOST_OUT:
            self.counts[policy.name, IntrospectionOutcome.NO_ROOM] += 1
            return Unavailable("too many tokens are asked for at once")
        if flight is None:
            flight = self._out[key] = self._tasks.start(self._ask(policy, key, question.token), name="introspection")
        return _answer(await asyncio.shield(flight))

    async def forget(self, question: IntrospectToken) -> None:
        """Others may wait for it, and its answer is kept."""

    async def take(self, notice: None) -> None:
        """There are none."""

    def take_counts(self) -> IntrospectionCounts | None:
        """What happened since the last call, for control."""
        taken, self.counts = self.counts, Counter()
        rows = [(policy, outcome.value, count) for (policy, outcome), count in taken.items()]
        return IntrospectionCounts(rows) if rows else None

    async def end(self) -> None:
        """Ask no more."""
        await self._tasks.end()
        await self._calls.close()

    async def _ask(self, policy: OpaquePolicy, key: Key, token: bytes) -> Introspected | str:
        try:
            said = await self._calls.ask(policy.introspection, token)
            now, keep = self._clock(), policy.introspection.keep
            found = said if isinstance(said, str) else read_introspected(*said, now, keep)
            self._note(policy.name, found)
            if not isinstance(found, str) and self._policies.get(policy.name) == policy:
                self._cache.put(key, found)
            return found
        finally:
            del self._out[key]

    def _note(self, policy: str, found: Introspected | str) -> None:
        if isinstance(found, str):
            self.counts[policy, IntrospectionOutcome.FAILED] += 1
            if self._faults.get(policy) != found:
                self._faults[policy] = found
                _log.error("introspection_failed", policy=policy, error=found, hint="its callers get 503")
            return
        self.counts[policy, IntrospectionOutcome.ACTIVE if found.active else IntrospectionOutcome.INACTIVE] += 1
        if self._faults.pop(policy, None) is not None:
            _log.info("introspection_recovered", policy=policy)


def _answer(found: Introspected | str) -> TokenIntrospected | Unavailable:
    if isinstance(found, str):
        return Unavailable("tokens cannot be checked now")
    return TokenIntrospected(found.active, found.claims, found.until)
