"""Uses of current tokens: one at a time for each family here, and by the intent in the database everywhere.

Rule 1: nothing is sent before the intent is committed, and nothing later than a third of its lease after that.
Rule 2: a flight outlives whoever asked: client, reload, drain. Its lease is renewed while it lasts.
Rule 3: an answer with a new token is in the spool before anything else is done with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import monotonic
from uuid import UUID

import msgspec
import structlog

from proxy.clerk.boot_time import boot_time
from proxy.clerk.grants.alarms import GrantAlarm
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.provider_call import NOT_SENT, ProviderRequest
from proxy.core.grants.family import Attempt, FamilyMove, FamilyState, move_after
from proxy.core.grants.token_answer import (
    CallOutcome,
    ProviderAnswer,
    is_unauthorised,
    outcome_of,
    retry_after,
    tokens_of,
)
from proxy.core.grants.token_request import TokenRequest
from proxy.core.secret import Secret
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.grant_tables import KnownToken, TokenIntent
from proxy.tasks import Tasks

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What a flight came to. `is_kept`: the new token is the family's."""

    outcome: CallOutcome
    answer: ProviderAnswer
    is_kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Who uses which token, and how: the request that is passed on, with the current token put in."""

    request: TokenRequest
    target: str
    fields: tuple[tuple[str, str], ...]


class Flights:
    """Of one clerk, for all providers."""

    def __init__(self, tasks: Tasks) -> None:
        """None yet; `tasks` keeps them."""
        self._tasks = tasks
        self._open: dict[UUID, asyncio.Task[Landing | None]] = {}

    def of(self, family: UUID) -> asyncio.Task[Landing | None] | None:
        """The one that is open here."""
        return self._open.get(family)

    def begin(self, fence: Fence, known: KnownToken, departure: Departure) -> asyncio.Task[Landing | None]:
        """Its landing; None: somebody else was first."""
        flight = self._tasks.start(_Flight(fence, known, departure, self._tasks).fly(), name="grant-flight")
        self._open[known.family] = flight
        flight.add_done_callback(lambda _: self._open.pop(known.family, None))
        return flight

    async def landed(self) -> None:
        """Until none is open."""
        while self._open:
            await asyncio.wait(list(self._open.values()))


class _Flight:
    """One use of a token."""

    def __init__(self, fence: Fence, known: KnownToken, departure: Departure, tasks: Tasks) -> None:
        self._tasks = tasks
        self._fence = fence
        self._known = known
        self._departure = departure
        self._family = known.family

    async def fly(self) -> Landing | None:
        policy, tables = self._fence.policy, self._fence.tables
        self._fence.token(self._family, self._known.token)  # no intent for what no key opens
        begun = boot_time()
        intent = await tables.intend(self._family, self._known.epoch, self._fence.commits.spool.name, policy.lease)
        if intent is None:
            return None
        renewing = self._tasks.start(self._renew(intent), name="grant-lease")
        try:
            answer = await self._call(intent, begun + policy.lease / 3)
            return await self._land(intent, answer)
        finally:
            renewing.cancel()

    async def _renew(self, intent: TokenIntent) -> None:
        while True:
            await asyncio.sleep(self._fence.policy.lease / 3)
            try:
                await self._fence.tables.renew(self._family, intent.epoch, self._fence.policy.lease)
            except StoreUnavailable:
                _log.warning("grant_lease_not_renewed", family=str(self._family))

    async def _call(self, intent: TokenIntent, before: float) -> ProviderAnswer:
        token = self._fence.token(self._family, intent.token)
        departure = self._departure
        request = ProviderRequest(
            target=departure.target,
            fields=departure.fields,
            body=Secret(departure.request.body(token)),
            before=before,
        )
        begun = monotonic()
        answer = await self._fence.calls.send(request)
        figures = self._fence.alarms.figures
        figures.took(self._fence.policy.name, monotonic() - begun)
        return answer

    async def _land(self, intent: TokenIntent, answer: ProviderAnswer) -> Landing:
        outcome = CallOutcome.NOT_SENT if answer is NOT_SENT else outcome_of(answer)
        self._fence.alarms.figures.calls[self._fence.policy.name, outcome.value] += 1
        if outcome is CallOutcome.TAKEN:
            return Landing(outcome=outcome, answer=answer, is_kept=await self._keep(intent, answer))
        move = move_after(outcome, self._attempt(intent, answer, outcome), unauthorised=is_unauthorised(answer))
        if await self._settle(intent, move) and move.state is FamilyState.NEEDS_CONSENT:
            self._needs_consent(move.why)
        return Landing(outcome=outcome, answer=answer)

    def _needs_consent(self, why: str) -> None:
        alarms, provider = self._fence.alarms, self._fence.policy.name
        alarms.ring(GrantAlarm.NEEDS_CONSENT, provider, family=self._family, detail=why)
        alarms.figures.needs_consent(provider, self._family, self._known.shown.client_id, why)

    async def _keep(self, intent: TokenIntent, answer: ProviderAnswer) -> bool:
        tokens = tokens_of(answer)
        if tokens is None:
            return False
        fence, request = self._fence, self._departure.request
        used = fence.token(self._family, intent.token)
        if not tokens.refresh_token:  # the provider does not rotate: the token stays the current one
            tokens = replace(tokens, refresh_token=used)
        record = fence.record(self._family, tokens, intent.generation + 1, intent.at, request.slot)
        record = msgspec.structs.replace(
            record,
            client_id=request.credentials.client_id,
            before=fence.keys.hashes.token(used),
            subject=fence.subject(request.credentials.client_id, tokens),
            credential=fence.keys.hashes.credential(request.credentials) if request.credentials.is_lasting else None,
        )
        return await fence.commits.keep(record)

    async def _settle(self, intent: TokenIntent, move: FamilyMove) -> bool:
        """Where the database is away the lease runs out, and the next one asks again: the token may be used."""
        try:
            return await self._fence.tables.settle(self._family, intent.epoch, move)
        except StoreUnavailable as error:
            _log.warning("grant_not_settled", family=str(self._family), error=str(error))
            return False

    def _attempt(self, intent: TokenIntent, answer: ProviderAnswer, outcome: CallOutcome) -> Attempt:
        known = self._known
        came_from = FamilyState.ACTIVE if known.shown.state is FamilyState.ACTIVE else FamilyState.UNKNOWN
        return Attempt(
            came_from=came_from,
            is_first=intent.generation == 0,
            attempts=known.attempts,
            in_grace=self._fence.policy.grace > 0,
            retry_after=retry_after(answer) if outcome is CallOutcome.LIMITED else 0.0,
        )
