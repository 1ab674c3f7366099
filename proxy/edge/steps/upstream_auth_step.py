"""The steps of a route one of whose upstreams has `auth`: they see to it that the request can be sent as Banyan's own.

Rule 1: where it will be signed, its body is read whole and hashed; not where its caller has signed it already.
        It is hashed behind all that waits (`CredentialStep`): a request may be decided for the other side meanwhile.
Rule 2: while no source was ever asked, a request waits for the first token, a moment and with few others; once there is
        none to be had, or the last has ended, it is 503 at once, on this upstream alone. Where the route lets the other
        side step in for what was not sent, it goes on instead, and fails where that is looked after.
Rule 3: what is put into the head is put there when it is sent (`UpstreamAuthTap`): a request may have waited since.
"""

from __future__ import annotations

from time import time
from typing import TYPE_CHECKING, Final

from proxy.core.routing.route import Trigger
from proxy.core.sigv4.signer import is_signed, payload_hash
from proxy.core.upstream_auth.upstream_auth_policy import AuthAnswer, UpstreamAuthPolicy
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait, WholeBody
from proxy.edge.steps.step_kind import WITHIN, RouteStep, StepSaid
from proxy.edge.steps.upstream_auth_tap import RETRY_AFTER, UpstreamAuthTap

if TYPE_CHECKING:
    from proxy.core.http.request import RequestHead
    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.routing.request import Request
    from proxy.edge.steps.step_kind import Clerk, StepServices

MOST_WAITING: Final = 64
_AUTHORIZATION: Final = b"authorization"


class UpstreamAuthStep(RouteStep):
    """Go on, once there is something to call the upstream with; or 503."""

    name = "upstream auth"

    def __init__(self, policy: UpstreamAuthPolicy) -> None:
        """Of one route."""
        self._most = policy.max_body

    def __call__(self, request: Request, /) -> Verdict:
        """Rules 1 and 2."""
        if _lacks_body(request):
            return WholeBody(self._most)
        credential, signed = request.leg.pool.credential, is_signed_by_caller(request.head)
        if credential is None or (signed and credential.signs) or credential.is_good(time()):
            return None
        steps_in = falls_back(request)
        if credential.was_asked or credential.waiting >= MOST_WAITING:
            return None if steps_in else _no_token(request)
        wait = Wait(WITHIN, late=_no_token(request))
        wait.goes_on_late = steps_in
        credential.await_first(wait.go_on)
        return wait

    def explain(self, request: Request) -> StepSaid | None:
        """As whom it would be sent."""
        credential = request.leg.pool.credential
        if credential is None:
            return None
        if credential.signs and is_signed_by_caller(request.head):
            return StepSaid("signed by its caller, it goes on as it is")
        what = "signed" if credential.signs else "sent with a token"
        return StepSaid(f"{what} by Banyan ({credential.auth.source.kind}), in place of the caller's Authorization")


class CredentialStep(RouteStep):
    """Go on, with a tap that puts the credential in."""

    def __init__(self, policy: UpstreamAuthPolicy, clerk: Clerk) -> None:
        """Of one route."""
        self._most = policy.max_body
        self._clerk = clerk

    def __call__(self, request: Request, /) -> Verdict:
        """Rules 1 and 3."""
        if _lacks_body(request):
            return WholeBody(self._most)
        was_read = request.body is not None or not request.head.length
        hashed = payload_hash(request.body or b"") if was_read else b""
        request.watch(UpstreamAuthTap(request.head, self._clerk, is_signed_by_caller(request.head), hashed))
        return None


def _lacks_body(request: Request) -> bool:
    """Whether it will be signed, and its body was not read yet."""
    if request.body is not None or not request.head.length or is_signed_by_caller(request.head):
        return False
    bound = request.bound
    legs = [request.leg]
    if bound.route.fallback is not None:
        legs += [leg for leg in (bound.legacy, bound.new) if leg is not None]
    return any(leg.pool.credential is not None and leg.pool.credential.signs for leg in legs)


class UpstreamAuthKind:
    """Makes them."""

    policy = UpstreamAuthPolicy

    def __init__(self, services: StepServices) -> None:
        """It asks nobody."""

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing outlives a table here: credentials are the worker's."""

    def step_of(self, policy: UpstreamAuthPolicy, route: Route) -> UpstreamAuthStep:
        """The same for every route."""
        del route
        return UpstreamAuthStep(policy)


class CredentialKind:
    """Makes them."""

    policy = UpstreamAuthPolicy

    def __init__(self, services: StepServices) -> None:
        """`clerk` hears of tokens that were refused."""
        self._clerk = services.clerk

    def follow(self, snapshot: Snapshot) -> None:
        """Nothing outlives a table here."""

    def step_of(self, policy: UpstreamAuthPolicy, route: Route) -> CredentialStep:
        """The same for every route."""
        del route
        return CredentialStep(policy, self._clerk)


def is_signed_by_caller(head: RequestHead) -> bool:
    """AWS Signature Version 4, in Authorization or in the query."""
    return is_signed(head.fields.get(_AUTHORIZATION, ()), head.query)


def falls_back(request: Request) -> bool:
    """Whether the other side may be asked where nothing was sent to this one."""
    rule = request.bound.route.fallback
    return rule is not None and Trigger.CONNECT in rule.after and rule.to is not request.leg.side


def _no_token(request: Request) -> LocalAnswer:
    detail = f"there is no token to ask {request.leg.pool.upstream.name} with"
    return LocalAnswer(503, detail, lines=(b"Retry-After: %d" % RETRY_AFTER,), counted=AuthAnswer.NO_TOKEN.value)
