"""Grants that are new: whatever a client asks the token endpoint for beside a refresh, and what comes of it.

Rule 1: it is passed on as it is, once; a code is no token of ours and is used up by being sent.
Rule 2: an answer with a refresh token begins a family, in the spool and committed before the client has it.
Rule 3: tokens that are bound to a key are refused at once: their first refresh would be, and would use one up.
"""

from __future__ import annotations

from time import monotonic
from uuid import uuid4

import msgspec
import structlog

from proxy.clerk.grants import replies
from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure
from proxy.clerk.grants.provider_call import NO_ANSWER, NOT_SENT, ProviderRequest
from proxy.core.grants.token_answer import CallOutcome, Tokens, outcome_of, tokens_of
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed
from proxy.store.errors import StoreUnavailable

_log = structlog.get_logger()


async def consent(fence: Fence, departure: Departure, body: Secret[bytes]) -> GrantUsed:
    """The provider's answer."""
    begun = monotonic()
    answer = await fence.calls.send(ProviderRequest(target=departure.target, fields=departure.fields, body=body))
    figures = fence.alarms.figures
    figures.took(fence.policy.name, monotonic() - begun)
    if answer is NOT_SENT:
        figures.calls[fence.policy.name, CallOutcome.NOT_SENT] += 1
        return replies.away("the provider could not be reached; nothing was sent")
    figures.calls[fence.policy.name, outcome_of(answer)] += 1
    if answer is NO_ANSWER:
        return replies.error(504, "temporarily_unavailable", "the provider did not answer; what it did is not known")
    tokens = tokens_of(answer) if answer.status == 200 else None
    if tokens is not None and tokens.bound:
        return replies.bound()
    if tokens is not None and tokens.refresh_token:
        await _keep(fence, departure, tokens)
    return replies.relayed(answer)


async def _keep(fence: Fence, departure: Departure, tokens: Tokens) -> None:
    """Rule 2."""
    family = uuid4()
    client_id = departure.request.credentials.client_id
    record = fence.record(family, tokens, 0, await _now(fence), departure.request.slot)
    record = msgspec.structs.replace(
        record,
        client_id=client_id,
        is_new=True,
        subject=fence.subject(client_id, tokens),
    )
    await fence.commits.keep(record)


async def _now(fence: Fence) -> float:
    """By the database's clock; where it is away the answer is not given again."""
    try:
        return await fence.tables.now()
    except StoreUnavailable as error:
        _log.warning("grant_clock_away", error=str(error))
        return 0.0
