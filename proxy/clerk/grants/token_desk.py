"""The clerk's part in `grants:`: one question of a worker to one answer for its client.

Rule 1: whatever goes wrong here costs the request alone, and says nothing about its token: 503.
Rule 2: what is sent outlives who asked, as a flight does: a code is good once, and what is revoked is given no more.
Rule 3: a table that is adopted changes later questions only; what is under way keeps its provider's keys and calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from time import monotonic, time
from typing import Any

import structlog

from proxy.clerk.grants import replies
from proxy.clerk.grants.alarms import GrantAlarms, GrantFigures
from proxy.clerk.grants.commits import Commits
from proxy.clerk.grants.consents import consent
from proxy.clerk.grants.credential_checks import CredentialChecks
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure, Flights
from proxy.clerk.grants.flights_elsewhere import FlightsElsewhere
from proxy.clerk.grants.provider_call import ProviderCalls
from proxy.clerk.grants.provider_keys import KeyFileError, load_keys
from proxy.clerk.grants.refreshing import Refreshing, TokenAsker
from proxy.clerk.grants.revocations import NAMED, revoke
from proxy.clerk.grants.sealing import SealError
from proxy.clerk.grants.spool import Spool
from proxy.clerk.grants.spool_recovery import recover
from proxy.core.grants.grant_policy import GrantPolicy
from proxy.core.grants.token_request import Misread, read_token_request
from proxy.core.routing.route import Upstream
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed, UseGrant
from proxy.names.resolver import Resolver
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks

RECOVER_EVERY = 2.0
PRUNE_EVERY = 3600.0
_log = structlog.get_logger()


class TokenDesk:
    """Of one clerk, for all providers of its table."""

    def __init__(self, tables: GrantTables, spool: Spool, resolver: Resolver, tasks: Tasks) -> None:
        """Knows no provider before `follow`."""
        self.figures = GrantFigures()
        self._tables = tables
        self._resolver = resolver
        self._spool = spool
        self._commits = Commits(tables, spool, tasks)
        self._alarms = GrantAlarms(tables, self.figures, tasks)
        self._flights = Flights(tasks)
        self._sending = Tasks()
        self._elsewhere = FlightsElsewhere(tables, tasks, self._flights, spool.name)
        self._refreshing = Refreshing(self._flights, self._elsewhere, CredentialChecks(tasks), spool.host)
        self._fences: dict[str, Fence] = {}

    def follow(self, policies: Mapping[str, GrantPolicy], upstreams: Mapping[str, Upstream]) -> None:
        """Stand before these providers from now on. Reads key files: a provider whose keys are bad answers 503."""
        made: dict[str, Fence] = {}
        for name, policy in policies.items():
            try:
                made[name] = self._fence(policy, upstreams[policy.upstream])
            except KeyFileError as error:
                _log.error("grant_keys_unusable", grants=name, error=str(error))
        self._fences = made

    def _fence(self, policy: GrantPolicy, upstream: Upstream) -> Fence:
        return Fence(
            policy=policy,
            keys=load_keys(policy),
            calls=ProviderCalls(upstream, self._resolver, policy.timeout),
            tables=self._tables,
            commits=self._commits,
            alarms=self._alarms,
        )

    async def answer(self, question: UseGrant) -> GrantUsed:
        """Rule 1."""
        fence = self._fences.get(question.provider)
        if fence is None:
            return replies.away("this provider's keys cannot be used; the log of the clerk says why", 10.0)
        try:
            return await self._answer(fence, question)
        except StoreUnavailable:
            return replies.away("the database is away; the token was not used")
        except (StoreRefused, SealError) as error:
            _log.error("grant_request_failed", grants=question.provider, error=str(error))
            return replies.away("this cannot be answered now; the log of the clerk says why", 10.0)

    async def _answer(self, fence: Fence, question: UseGrant) -> GrantUsed:
        until = monotonic() + fence.policy.wait
        named = NAMED if question.revokes else "refresh_token"
        request = read_token_request(question.fields, question.body, named, question.target)
        if isinstance(request, Misread):
            return replies.misread(request)
        departure = Departure(request=request, target=question.target, fields=question.fields)
        system = fence.policy.system_of(question.address)
        if question.revokes:
            return await self._sent(revoke(fence, departure, system, self._elsewhere, until))
        if request.grant_type == "refresh_token":
            return await self._refreshing.answer(
                TokenAsker(fence=fence, departure=departure, system=system, until=until)
            )
        return await self._sent(consent(fence, departure, Secret(question.body)))

    async def _sent(self, work: Coroutine[Any, Any, GrantUsed]) -> GrantUsed:
        """Rule 2."""
        reply: GrantUsed = await asyncio.shield(self._sending.start(work, name="grant-request"))
        return reply

    async def keep_recovering(self) -> None:
        """For as long as the clerk lives: at once, and again for predecessors that took longer to end."""
        while True:
            try:
                await recover(self._tables, self._spool)
            except StoreUnavailable as error:
                _log.warning("grant_recovery_waits", error=str(error))
            await asyncio.sleep(RECOVER_EVERY)

    async def keep_pruning(self) -> None:
        """Now and then."""
        while True:
            await asyncio.sleep(PRUNE_EVERY)
            self._spool.prune()
            for name, fence in self._fences.items():
                await self._tables.prune(name, fence.policy.keep, fence.policy.holders(time()))

    async def end(self) -> None:
        """Wait for what is under way: a token that was sent is not left behind."""
        await self._flights.landed()
        await self._sending.done()
        self._spool.close()
