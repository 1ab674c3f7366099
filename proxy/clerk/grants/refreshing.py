"""A refresh: the stored answer for an ancestor, the provider's own for whoever uses the current token, in good time.

Rule 1: what is to be done is ruled anew after each thing that was waited for: the database may have gone on.
Rule 2: whoever waits is checked for itself; wrong credentials are found out by a probe, and use no token.
Rule 3: a client waits at most `wait` seconds; its flight goes on without it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import assert_never
from uuid import uuid4

import structlog

from proxy.clerk.grants import replies
from proxy.clerk.grants.alarms import GrantAlarm
from proxy.clerk.grants.credential_checks import CredentialCheck, CredentialChecks
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure, Flights, Landing
from proxy.clerk.grants.flights_elsewhere import FlightsElsewhere
from proxy.clerk.grants.sealing import ANSWER
from proxy.core.grants.family import LIMITED, FamilyState, GrantRuling, rule
from proxy.core.grants.grant_policy import GrantSystem
from proxy.core.grants.token_answer import CallOutcome, given_again, tokens_of
from proxy.core.grants.token_request import Proof
from proxy.link.grant_questions import GrantUsed
from proxy.store.errors import StoreUnavailable
from proxy.store.postgres.grant_tables import KnownToken

_CLOSED = "the database was restored or failed over; `banyan grants replay` has not run on every host yet"
_log = structlog.get_logger()
_ALARMS = {
    GrantRuling.STRANGER: GrantAlarm.STRANGER,
    GrantRuling.OTHER_CLIENT: GrantAlarm.OTHER_CLIENT,
    GrantRuling.REGRESSED: GrantAlarm.REGRESSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAsker:
    """Who refreshes, with what, and until when (`monotonic`) it waits."""

    fence: Fence
    departure: Departure
    system: GrantSystem | None
    until: float

    @property
    def hash(self) -> bytes:
        """Of the token that it shows."""
        return self.fence.keys.hashes.token(self.departure.request.token)

    @property
    def name(self) -> str:
        """Of its system; empty for a stranger."""
        return self.system.name if self.system is not None else ""


class Refreshing:
    """Answers refreshes."""

    def __init__(self, flights: Flights, elsewhere: FlightsElsewhere, checks: CredentialChecks, host: str) -> None:
        """`host` is whose spool has to be replayed."""
        self._flights = flights
        self._elsewhere = elsewhere
        self._checks = checks
        self._host = host

    async def answer(self, asker: TokenAsker) -> GrantUsed:
        """StoreUnavailable where the database is away. Rule 1."""
        reply: GrantUsed | None = None
        slot = asker.departure.request.slot
        while reply is None:
            known = await asker.fence.tables.look(asker.hash, asker.name, slot)
            reply = await (self._adopt(asker) if known is None else self._follow(asker, known))
        return reply

    # -- a token that nobody has seen ---------------------------------------------------------------------------------

    async def _adopt(self, asker: TokenAsker) -> GrantUsed | None:
        fence, system, request = asker.fence, asker.system, asker.departure.request
        if system is None:
            fence.alarms.ring(GrantAlarm.STRANGER, fence.policy.name)
            return replies.refused(GrantRuling.STRANGER)
        if await fence.tables.is_closed(self._host):
            return self._closed(asker)
        if system.adopt and await self._is_wrong(asker):
            return _unauthorised(asker)
        family = uuid4()
        sealed = fence.sealed_token(family, request.token)
        who = request.credentials.client_id
        may = system.name, system.adopt
        if await fence.tables.adopt(asker.hash, family, fence.policy.name, who, sealed, may):
            return None
        if await fence.tables.look(asker.hash, asker.name, request.slot) is not None:
            return None  # another request brought it just now
        fence.alarms.ring(GrantAlarm.UNSEEN, fence.policy.name, system=system.name)
        sentence = f"this token was never seen here, and {system.name} adopts none; `banyan grants import` tells of it"
        return replies.away(sentence, 60.0)

    # -- one that is known --------------------------------------------------------------------------------------------

    async def _follow(self, asker: TokenAsker, known: KnownToken) -> GrantUsed | None:
        """None: look again."""
        fence, shown = asker.fence, known.shown
        if fence.commits.waits(known.family) and self._flights.of(known.family) is None:
            return replies.away("the newest token is not in the database yet")
        committed = fence.commits.highest(known.family)
        if shown.current < committed:
            return self._closed(asker) if await self._is_behind(asker, committed) else None
        if not known.is_same and await fence.tables.is_closed(self._host):
            return self._closed(asker)
        ruling = rule(shown, fence.policy, asker.system, asker.departure.request.credentials)
        if shown.is_regressed and ruling in {GrantRuling.STORED, GrantRuling.REFRESH}:
            self._ring(asker, known, GrantAlarm.REGRESSED)
        match ruling:
            case GrantRuling.STORED:
                return await self._give(asker, known)
            case GrantRuling.WAIT:
                return await self._wait(asker, known)
            case GrantRuling.REFRESH:
                return await self._use(asker, known)
            case _:
                if ruling in _ALARMS:
                    self._ring(asker, known, _ALARMS[ruling])
                return replies.refused(ruling)

    async def _is_behind(self, asker: TokenAsker, committed: int) -> bool:
        """Whether the database has lost what was committed; what was looked up before that says nothing."""
        known = await asker.fence.tables.look(asker.hash, asker.name, asker.departure.request.slot)
        return known is None or known.shown.current < committed

    def _ring(self, asker: TokenAsker, known: KnownToken, alarm: GrantAlarm) -> None:
        detail = f"generation {known.shown.generation} of {known.shown.current}"
        asker.fence.alarms.ring(alarm, asker.fence.policy.name, family=known.family, system=asker.name, detail=detail)

    def _closed(self, asker: TokenAsker) -> GrantUsed:
        asker.fence.alarms.ring(GrantAlarm.CLOSED, asker.fence.policy.name)
        return replies.away(_CLOSED, 10.0)

    async def _give(self, asker: TokenAsker, known: KnownToken) -> GrantUsed:
        """The stored answer, to who is who it says (rule 2)."""
        fence, shown = asker.fence, known.shown
        match await self._checks.check(fence, asker.departure):
            case CredentialCheck.WRONG:
                return _unauthorised(asker)
            case CredentialCheck.NOT_KNOWN:
                return replies.away("the provider could not be asked whether the client is who it says")
            case CredentialCheck.RIGHT:
                pass
            case never:
                assert_never(never)
        policy = fence.policy
        rest = fence.keys.sealer.open(known.family, ANSWER, known.answer)
        current = fence.token(known.family, known.token)
        await fence.tables.give(asker.hash, known.family, asker.name, shown.generation)
        fence.alarms.figures.stored[policy.name, asker.name] += 1
        return replies.given(given_again(rest, current, shown.now - shown.begun, policy.relative, policy.absolute))

    async def _wait(self, asker: TokenAsker, known: KnownToken) -> GrantUsed | None:
        """Until the flight here lands, or it is time to look whether the one elsewhere has."""
        left, shown = asker.until - monotonic(), known.shown
        pause = max(0.0, shown.next_at - shown.now)
        if pause > left or left <= 0:
            return self._come_back(known, pause)
        flight = self._flights.of(known.family)
        if flight is not None:
            await asyncio.wait([flight], timeout=left)
        elif pause:
            await asyncio.sleep(pause)
        else:
            await self._elsewhere.landed(known.family, known.epoch, left)
        return None

    def _come_back(self, known: KnownToken, pause: float) -> GrantUsed:
        if known.why == LIMITED:
            return replies.error(429, "slow_down", "the provider wants to be asked later", retry_after=max(1.0, pause))
        return replies.away("the provider has not answered yet", max(1.0, pause))

    async def _is_wrong(self, asker: TokenAsker) -> bool:
        """A wrong secret uses no token, and takes nobody's turn; an assertion is good for one call, which tells."""
        if not asker.departure.request.credentials.is_lasting:
            return False
        return await self._checks.check(asker.fence, asker.departure) is CredentialCheck.WRONG

    async def _use(self, asker: TokenAsker, known: KnownToken) -> GrantUsed | None:
        """The current token, once, whoever asks for it."""
        left = asker.until - monotonic()
        if left <= 0:
            return self._come_back(known, 0.0)
        if await self._is_wrong(asker):
            return _unauthorised(asker)
        if known.shown.state is FamilyState.INFLIGHT and not await self._is_lost(asker, known):
            return None
        flight, left = self._flights.of(known.family), asker.until - monotonic()
        if flight is not None:
            await asyncio.wait([flight], timeout=left)
            return None
        flight = self._flights.begin(asker.fence, known, asker.departure)
        done, _ = await asyncio.wait([flight], timeout=left)
        if not done:
            return self._come_back(known, 0.0)
        landing = flight.result()
        return None if landing is None else await self._answer_to(asker, known, landing)

    async def _is_lost(self, asker: TokenAsker, known: KnownToken) -> bool:
        """Whether nobody makes the call any more whose lease is over: he may have an answer that is not committed."""
        return await self._elsewhere.is_lost(known, asker.fence.policy.lease, asker.until - monotonic())

    async def _answer_to(self, asker: TokenAsker, known: KnownToken, landing: Landing) -> GrantUsed | None:
        """What the one gets whose request was passed on; None: look again."""
        match landing.outcome:
            case CallOutcome.TAKEN:
                if not landing.is_kept:
                    return None
                tokens = tokens_of(landing.answer)
                await self._mark(asker, known)
                if tokens is not None and tokens.bound:
                    return replies.bound()
                return replies.relayed(landing.answer)
            case CallOutcome.NOT_SENT:
                return replies.away("the provider could not be reached; the token was not used")
            case CallOutcome.RELAYED | CallOutcome.LIMITED | CallOutcome.INVALID_GRANT:
                return replies.relayed(landing.answer)
            case CallOutcome.LOST:
                return None
            case never:
                assert_never(never)

    async def _mark(self, asker: TokenAsker, known: KnownToken) -> None:
        """A token is in the spool: its client gets it, whatever the database says now."""
        try:
            await asker.fence.tables.give(asker.hash, known.family, asker.name, known.shown.generation)
        except StoreUnavailable as error:
            _log.warning("grant_mark_lost", family=str(known.family), error=str(error))


def _unauthorised(asker: TokenAsker) -> GrantUsed:
    basic = asker.departure.request.credentials.proof is Proof.BASIC
    return replies.error(401, "invalid_client", "the provider knows other credentials", challenge=basic)
