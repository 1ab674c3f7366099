"""What puts Banyan's credential into a request as it is sent, and hears whether the upstream has taken it.

Rule 1: the credential is that of the side which is asked now: an attempt at the other side has its own.
Rule 2: none that has ended is sent, however long the request has waited: it fails here, with 503 or a fallback. So does
        a request whose body nobody has read, and that a kill has moved meanwhile to a side that wants it signed.
Rule 3: what its caller has signed is sent as it came, its Host too, since that is signed; to an upstream that wants a
        token, a signature is just another Authorization.
Rule 4: a 401 to Banyan's own credential is told to the clerk; a 401 to the caller's is the caller's.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Final

from proxy.edge.routing.tap import Tap, no_token
from proxy.edge.wire.request_bytes import with_callers_host
from proxy.link.token_messages import TokenRefused

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.http.response import ResponseHead
    from proxy.core.outcome import Failure
    from proxy.core.upstream_auth.credential import Credential
    from proxy.edge.routing.bound_table import Leg
    from proxy.edge.steps.step_kind import Clerk

RETRY_AFTER: Final = 2
"""Seconds after which a client may come back where there is no token."""
_UNAUTHORIZED: Final = 401


class UpstreamAuthTap(Tap):
    """Of one request."""

    def __init__(self, head: RequestHead, clerk: Clerk, signed: bool, hashed: bytes) -> None:  # noqa: FBT001 -- compiled
        """`signed`: by its caller; `hashed`: its body's hash, empty where there is a body that was not asked for."""
        self._head = head
        self._clerk = clerk
        self._signs = signed
        self._hashed = hashed
        self._sent_with: Credential | None = None

    def lacks(self, leg: Leg) -> Failure | None:
        """Rule 2, as far as the token goes."""
        credential = leg.pool.credential
        has = credential is None or (self._signs and credential.signs) or credential.is_good(time())
        return None if has else no_token(leg)

    def sending(self, data: bytes, leg: Leg) -> bytes | Failure:
        """Rules 1 to 3."""
        credential = leg.pool.credential
        self._sent_with = None
        if credential is None:
            return data
        if self._signs and credential.signs:
            return with_callers_host(data, self._head, leg.host_line)
        now = time()
        if not credential.is_good(now) or (credential.signs and not self._hashed):
            return no_token(leg)
        self._sent_with = credential
        return credential.apply(data, self._hashed, now)

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        """Rule 4."""
        del payload
        credential = self._sent_with
        if credential is not None and head.status == _UNAUTHORIZED:
            self._clerk.tell(TokenRefused(credential.key, credential.mark))
