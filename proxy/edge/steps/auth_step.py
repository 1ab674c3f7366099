"""The step of a route with `auth`: who calls is known before it is decided who answers.

Rule 1: it is the first step: nothing else is asked, counted or begun for a caller that the route does not take.
Rule 2: a token that was read here goes no further, unless `forward_token` says so.
Rule 3: where nothing is enforced the request goes on as it came, and who calls is known if its token is good.
Rule 4: a request whose token names a key that its fetched set lacks is held until that was asked for: an issuer that
        has changed its keys costs nobody a 401, whatever forgers send meanwhile. It is 503 where it is held in vain, or
        cannot be. Where nothing is enforced nobody is held. Who names ever new keys fails a check with each of them.
Rule 5: a token that no other policy takes is asked for by the clerk, where a policy says so: its issuer's word decides.
Rule 6: the log says by which policy who calls; of who is refused, what the token claims, for what that is worth. What a
        meter refuses is not read for that.
Rule 7: claims by which requests are routed are those of a signed token that any policy takes; they are known before
        there is a route, so nothing is waited for: an opaque token, or one whose key is not known yet, has none. Of
        one that was held for its key they are known before its cohort is drawn, so that it stays on its side.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from proxy.core.auth.auth_policy import JwtPolicy, RouteAuth
from proxy.core.auth.claimed import claimed
from proxy.core.auth.opaque_policy import OpaquePolicy
from proxy.core.auth.principal import Principal
from proxy.core.auth.refusal import OF_THE_KNOWN, Refusal, is_failed_check
from proxy.core.auth.signed_token import LONGEST, read_token
from proxy.edge.auth.asked_issuer import AskedIssuer
from proxy.edge.auth.caller_check import AskedPolicy, CallerCheck, bearer_of
from proxy.edge.auth.challenge import answer_of
from proxy.edge.steps.step_kind import RouteStep, StepSaid, StepServices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from proxy.core.routing.route import Route
    from proxy.core.routing.snapshot import Snapshot
    from proxy.edge.auth.missing_keys import MissingKey
    from proxy.edge.routing.request import Request
    from proxy.edge.routing.step import LocalAnswer, Verdict, Wait
    from proxy.link.questions import Answer

LONGEST_SUBJECT: Final = 200
"""Characters of a subject in the log."""
_FIELD: Final = b"authorization"
_NOT_KNOWN_HERE: Final = "no key set was kept here: what a Banyan that has one would answer cannot be said"


class AuthStep(RouteStep):
    """Go on as somebody, or an answer of RFC 6750."""

    name = "auth"
    before_decision = True

    def __init__(
        self,
        auth: RouteAuth,
        policies: tuple[JwtPolicy | OpaquePolicy, ...],
        check: CallerCheck,
        services: StepServices,
    ) -> None:
        """Of one route; `policies` in the order of `auth`."""
        self._enforces = auth.enforce
        self._asked = tuple([AskedPolicy(each, auth) for each in policies if isinstance(each, JwtPolicy)])
        issuers = [AskedIssuer(each, auth) for each in policies if isinstance(each, OpaquePolicy)]
        self._issuer = issuers[0] if issuers else None
        self._check = check
        self._clerk = services.clerk
        self._counters = services.counters
        self._forwards = frozenset(each.name for each in policies if auth.forward_token or each.forward_token)
        self._scopes = auth.scopes.union(*(each.scopes for each in policies))

    def __call__(self, request: Request, /) -> Verdict:
        """By its Authorization field."""
        found = self._caller(request)
        if found is Refusal.UNKNOWN_KEY:
            return self._await_key(request, self._check.lacking)
        if self._issuer is not None and isinstance(found, Refusal) and is_failed_check(found):
            return self._ask(request, self._issuer)
        return self._settle(request, found)

    def _caller(self, request: Request) -> Principal | Refusal:
        if request.refused is not None:
            return request.refused
        fields = request.head.fields.get(_FIELD)
        return self._check.caller(fields, self._asked, request.client_ip, is_last=self._issuer is None)

    def _ask(self, request: Request, issuer: AskedIssuer) -> Wait | LocalAnswer | None:
        """Rule 5."""
        token = bearer_of(request.head.fields.get(_FIELD))
        if isinstance(token, Refusal):
            return self._settle(request, token)
        if len(token) > LONGEST:
            self._check.failed(request.client_ip)
            return self._settle(request, Refusal.MALFORMED)
        return self._clerk.ask(issuer.question(token), partial(self._hear, request, issuer))

    def _hear(self, request: Request, issuer: AskedIssuer, answer: Answer) -> LocalAnswer | None:
        found = issuer.caller(answer)
        if isinstance(found, Principal):
            return self._settle(request, self._check.unless_suspended(found))
        if is_failed_check(found):
            self._check.failed(request.client_ip)
        return self._settle(request, found)

    def _await_key(self, request: Request, key: MissingKey | None) -> Wait | LocalAnswer | None:
        """Rule 4."""
        waits = self._check.key_waits
        is_certain = key is None or waits.missing.is_certain(key)
        if is_certain or (key is not None and waits.missing.see(key)):
            self._check.failed(request.client_ip)
        if key is None or is_certain:
            return self._settle(request, Refusal.UNKNOWN_KEY)
        if not self._enforces:
            waits.want(key.source)
            return self._settle(request, Refusal.UNKNOWN_KEY)
        request.note(self.name, _claimed_in(request))
        look = partial(self._look_again, request)
        held = waits.hold(key, look, answer_of(Refusal.NO_KEYS, self._scopes))
        return self._settle(request, Refusal.NO_KEYS) if held is None else held

    def _look_again(self, request: Request, has_to_be_known: bool) -> tuple[LocalAnswer | None] | None:  # noqa: FBT001
        """As `Look` of `edge/auth/key_waits.py` says."""
        found = self._caller(request)
        if found is Refusal.UNKNOWN_KEY and not has_to_be_known:
            return None
        if found is Refusal.UNKNOWN_KEY:
            self._check.failed(request.client_ip)
        if isinstance(found, Principal) and request.live.claims_read:
            request.head.claims = found.claims
        return (self._settle(request, found),)

    def _settle(self, request: Request, found: Principal | Refusal) -> LocalAnswer | None:
        if isinstance(found, Refusal):
            return self._refuse(request, found)
        request.principal = found
        request.note(self.name, f"{found.policy}: {found.subject[:LONGEST_SUBJECT]}")
        if self._enforces and found.policy not in self._forwards:
            request.head.leave_out_authorization()
        return None

    def _refuse(self, request: Request, refusal: Refusal) -> LocalAnswer | None:
        known = refusal in OF_THE_KNOWN
        said = "" if refusal is Refusal.FAILURES else _claimed_in(request, is_verified=known)
        if not self._enforces:
            self._counters.step_passed(request.bound.route.name, refusal)
            request.note(self.name, f"not enforced: {refusal.value}{said and '; '}{said}")
            return None
        if said:
            request.note(self.name, said)
        return answer_of(refusal, self._scopes, self._check.wait(request.client_ip))

    def explain(self, request: Request) -> StepSaid:
        """By the key sets that are at hand; nothing is counted. Later steps are asked with who was found."""
        found = self._caller(request)
        if self._issuer is not None and isinstance(found, Refusal) and is_failed_check(found):
            return StepSaid("asks who has issued the token")
        if not isinstance(found, Refusal):
            request.principal = found
            return StepSaid(f"{found.subject} calls, by {found.policy}")
        if not self._enforces:
            return StepSaid(f"{found.value}, which is not enforced")
        answer = answer_of(found, self._scopes)
        if found is Refusal.NO_KEYS:
            answer = replace(answer, detail=_NOT_KNOWN_HERE)
        return StepSaid(found.value, answer)


def _claimed_in(request: Request, *, is_verified: bool = False) -> str:
    """Rule 6; empty where there is no token that can be read."""
    text = bearer_of(request.head.fields.get(_FIELD))
    token = text if isinstance(text, Refusal) else read_token(text)
    return "" if isinstance(token, Refusal) else claimed(token, is_verified=is_verified)


class AuthKind:
    """Keeps what was checked, and whose checks failed."""

    policy = RouteAuth

    def __init__(self, services: StepServices) -> None:
        """The key sets are the worker's."""
        self._check = CallerCheck(services.known)
        self._services = services
        self._policies: dict[str, JwtPolicy | OpaquePolicy] = {}
        self._alone: tuple[AskedPolicy, ...] = ()
        self._is_last = True

    def follow(self, snapshot: Snapshot) -> None:
        """The policies of the table, and the key sets that came with it."""
        self._policies = dict(snapshot.auth)
        jwt = [each for each in snapshot.auth.values() if isinstance(each, JwtPolicy)]
        self._alone = tuple([AskedPolicy(each, RouteAuth(policies=())) for each in jwt])
        self._is_last = len(jwt) == len(self._policies)
        self._check.follow(snapshot.limits.failed_checks)
        self._check.key_sets.follow(snapshot.key_sets)
        self._check.key_waits.follow({each.source for each in snapshot.auth.values() if isinstance(each, JwtPolicy)})

    def claims_of(self, request: Request) -> Mapping[str, Any] | None:
        """Rule 7: of a token that any policy takes by itself; None: nothing is known of who calls."""
        fields = request.head.fields.get(_FIELD)
        found = self._check.caller(fields, self._alone, request.client_ip, is_last=self._is_last)
        if isinstance(found, Principal):
            return found.claims
        if self._is_last and found is not Refusal.UNKNOWN_KEY and is_failed_check(found):
            request.refused = found
        return None

    def step_of(self, policy: RouteAuth, route: Route) -> AuthStep:
        """Of any route."""
        del route
        return AuthStep(policy, tuple([self._policies[name] for name in policy.policies]), self._check, self._services)
