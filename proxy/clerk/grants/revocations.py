"""Revocations (RFC 7009): any token of a family revokes its current one, and ends the family.

Rule 1: whom a token would not be given revokes nothing with it: a system that is no heir ends nobody's grant.
Rule 2: what is in flight lands first: else the new token would live on at the provider, and nobody would know it.
"""

from __future__ import annotations

from time import monotonic

from proxy.clerk.grants import replies
from proxy.clerk.grants.alarms import GrantAlarm
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure
from proxy.clerk.grants.flights_elsewhere import FlightsElsewhere
from proxy.clerk.grants.provider_call import NO_ANSWER, NOT_SENT, ProviderRequest
from proxy.core.grants.family import FamilyState, GrantRuling, refusal_of
from proxy.core.grants.grant_policy import GrantSystem
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed
from proxy.store.postgres.grant_tables import KnownToken

NAMED = "token"
"""The parameter that holds what is to be revoked."""
_ALARMS = {
    GrantRuling.STRANGER: GrantAlarm.STRANGER,
    GrantRuling.OTHER_CLIENT: GrantAlarm.OTHER_CLIENT,
    GrantRuling.REGRESSED: GrantAlarm.REGRESSED,
}
_REVOCABLE = {GrantRuling.NEEDS_CONSENT, GrantRuling.PUBLIC}
_IN_USE = "a token of this grant is being used, and what comes of that has to be revoked; come back"


async def revoke(
    fence: Fence, departure: Departure, system: GrantSystem | None, elsewhere: FlightsElsewhere, until: float
) -> GrantUsed:
    """The provider's answer; `until` (`monotonic`) a call that is in flight is waited for. Rules 1 and 2."""
    name = system.name if system else ""
    hashed = fence.keys.hashes.token(departure.request.token)
    known = await fence.tables.look(hashed, name, departure.request.slot)
    while known is not None and known.shown.state is FamilyState.INFLIGHT:
        left = until - monotonic()
        if left <= 0:
            return replies.away(_IN_USE)
        if known.shown.is_in_flight:
            await elsewhere.landed(known.family, known.epoch, left)
        elif await elsewhere.is_lost(known, fence.policy.lease, left):
            break
        known = await fence.tables.look(hashed, name, departure.request.slot)
    if known is not None and fence.commits.waits(known.family):
        return replies.away(_IN_USE)
    ruling = None if known is None else refusal_of(known.shown, fence.policy, system, departure.request.credentials)
    if ruling is GrantRuling.ENDED:
        return GrantUsed(status=200, fields=(), body=b"")
    if known is not None and ruling is not None and ruling not in _REVOCABLE:
        if ruling in _ALARMS:
            fence.alarms.ring(_ALARMS[ruling], fence.policy.name, family=known.family, system=name)
        return replies.refused(ruling)
    return await _revoke(fence, departure, known, hashed)


async def _revoke(fence: Fence, departure: Departure, known: KnownToken | None, hashed: bytes) -> GrantUsed:
    token = departure.request.token
    current = fence.token(known.family, known.token) if known is not None else token
    request = ProviderRequest(
        target=departure.target, fields=departure.fields, body=Secret(departure.request.body(current, NAMED))
    )
    answer = await fence.calls.send(request)
    if answer is NOT_SENT or answer is NO_ANSWER:
        return replies.away("the provider did not answer")
    if answer.status == 200:
        await _ended(fence, known, hashed)
    return replies.relayed(answer)


async def _ended(fence: Fence, known: KnownToken | None, hashed: bytes) -> None:
    """What is revoked at the provider is not given again here."""
    if known is not None:
        await fence.tables.end(known.family, "revoked")
        await fence.tables.note(fence.policy.name, known.family, "revoked", "")
    else:
        await fence.tables.drop_access(hashed)
