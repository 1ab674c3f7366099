"""Whether a client is who it says, before anything stored is given to it: the provider's word, no secret of ours.

Rule 1: the provider took these very credentials within ten minutes, or is asked now: a refresh with a random token,
        which a right client gets as 400 invalid_grant and a wrong one as 401.
Rule 2: equal questions at one time are one.
"""

from __future__ import annotations

import asyncio
import secrets
from enum import StrEnum

from proxy.clerk.grants.fence import Fence
from proxy.clerk.grants.flights import Departure
from proxy.clerk.grants.provider_call import ProviderRequest
from proxy.core.grants.token_answer import error_of
from proxy.core.secret import Secret
from proxy.tasks import Tasks


class CredentialCheck(StrEnum):
    """What is known of credentials."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_KNOWN = "not_known"


class CredentialChecks:
    """Of one clerk."""

    def __init__(self, tasks: Tasks) -> None:
        """Nothing is asked yet."""
        self._tasks = tasks
        self._asked: dict[bytes, asyncio.Task[CredentialCheck]] = {}

    async def check(self, fence: Fence, departure: Departure) -> CredentialCheck:
        """Rules 1 and 2; StoreUnavailable."""
        credentials = departure.request.credentials
        hashed = fence.keys.hashes.credential(credentials)
        if await fence.tables.is_accepted(hashed):
            return CredentialCheck.RIGHT
        asked = self._asked.get(hashed)
        if asked is None:
            asked = self._tasks.start(self._probe(fence, departure, hashed), name="grant-probe")
            self._asked[hashed] = asked
            asked.add_done_callback(lambda _: self._asked.pop(hashed, None))
        return await asyncio.shield(asked)

    async def _probe(self, fence: Fence, departure: Departure, hashed: bytes) -> CredentialCheck:
        body = departure.request.body(Secret(secrets.token_urlsafe(32)))
        request = ProviderRequest(target=departure.target, fields=departure.fields, body=Secret(body))
        answer = await fence.calls.send(request)
        error = error_of(answer)
        if answer.status == 400 and error == "invalid_grant":
            fence.alarms.figures.calls[fence.policy.name, "probe_right"] += 1
            await fence.tables.accept(hashed, departure.request.credentials.client_id)
            return CredentialCheck.RIGHT
        if answer.status == 401 or error in {"invalid_client", "unauthorized_client"}:
            fence.alarms.figures.calls[fence.policy.name, "probe_wrong"] += 1
            return CredentialCheck.WRONG
        fence.alarms.figures.calls[fence.policy.name, "probe_lost"] += 1
        return CredentialCheck.NOT_KNOWN
