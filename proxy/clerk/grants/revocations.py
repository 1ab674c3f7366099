"""Revocations (RFC 7009): any token of a family revokes its current one, and ends the family."""

from __future__ import annotations

from proxy.clerk.grants import replies
from proxy.clerk.grants.alarms import GrantAlarm
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure
from proxy.clerk.grants.provider_call import NO_ANSWER, NOT_SENT, ProviderRequest
from proxy.core.grants.family import FamilyState, GrantRuling
from proxy.core.grants.grant_policy import GrantSystem
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed
from proxy.store.postgres.grant_tables import KnownToken

NAMED = "token"
"""The parameter that holds what is to be revoked."""


async def revoke(fence: Fence, departure: Departure, system: GrantSystem | None) -> GrantUsed:
    """The provider's answer."""
    token = departure.request.token
    hashed = fence.keys.hashes.token(token)
    known = await fence.tables.look(hashed, system.name if system else "", departure.request.slot)
    if system is None and known is not None:
        fence.alarms.ring(GrantAlarm.STRANGER, fence.policy.name, family=known.family)
        return replies.refused(GrantRuling.STRANGER)
    if known is not None and known.shown.client_id != departure.request.credentials.client_id:
        return replies.refused(GrantRuling.OTHER_CLIENT)
    if known is not None and known.shown.state is FamilyState.ENDED:
        return GrantUsed(status=200, fields=(), body=b"")
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
