"""Who calls: a token against the policies of a route, first what costs little.

Rule 1: a token that was verified before is found by its hash; its end, its key and its scopes are asked anew.
Rule 2: of a token that is new, its claims are asked before its signature is computed: what would be refused anyway
        costs no signature. What it says of scopes counts only behind the signature.
Rule 3: an address whose checks failed too often is refused before its next new token is even read. Its tokens that were
        verified before still pass. Of IPv6 it is the first half, all of which is one client's.
Rule 4: of several policies the first one that takes the token is who calls.
Rule 5: a token whose key nobody here knows has not failed before its key set was asked for (`lacking`): who answers it
        counts it then.
Rule 6: who calls is asked for suspension last, and each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, time
from typing import TYPE_CHECKING, Final

from proxy.core.auth.principal import Principal
from proxy.core.auth.refusal import Refusal, is_failed_check, nearest_refusal
from proxy.core.auth.signed_token import SignedToken, read_token
from proxy.core.auth.token_claims import lacks, refusal_of
from proxy.core.limits.rate import Meter, network_of
from proxy.edge.auth.checked_tokens import CheckedToken, CheckedTokens, digest_of
from proxy.edge.auth.key_sets import WorkerKeySets
from proxy.edge.auth.key_waits import KeyWaits
from proxy.edge.auth.missing_keys import MissingKey
from proxy.edge.auth.suspended import SuspendedSubjects

if TYPE_CHECKING:
    from proxy.core.auth.auth_policy import ClaimIs, JwtPolicy, RouteAuth
    from proxy.core.routing.route import RateLimit
    from proxy.link.messages import KeySets

_BEARER: Final = b"bearer "


class KnownToWorker:
    """What a worker knows of callers, by what control has said: outlives tables, and is told by the worker's link."""

    __slots__ = ("key_sets", "key_waits", "suspended")

    def __init__(self) -> None:
        """Nothing was said yet."""
        self.key_sets = WorkerKeySets()
        self.key_waits = KeyWaits()
        self.suspended = SuspendedSubjects()

    def hear_keys(self, message: KeySets) -> None:
        """Check by these from the next token on, and look again at who waits for a key."""
        for changed in self.key_sets.adopt(message):
            self.key_waits.missing.changed(changed)
        self.key_waits.hear(frozenset(message.answered), message.began)


class AskedPolicy:
    """A policy on a route, with what the route asks beside it."""

    __slots__ = ("claims", "policy", "scopes")

    def __init__(self, policy: JwtPolicy, auth: RouteAuth) -> None:
        """Both together."""
        self.policy = policy
        self.scopes = policy.scopes | auth.scopes
        self.claims: tuple[ClaimIs, ...] = (*policy.claims, *auth.claims)

    def caller(self, known: CheckedToken, now: float) -> Principal | Refusal:
        """Of a verified token."""
        found = known.caller(self.policy, now)
        if isinstance(found, Principal) and (self.scopes or self.claims):
            return lacks(found.claims, self.scopes, self.claims) or found
        return found


def bearer_of(fields: Sequence[bytes] | None) -> bytes | Refusal:
    """The token of an Authorization field (RFC 6750 section 2.1); one for another scheme is none."""
    if not fields:
        return Refusal.NO_TOKEN
    if len(fields) > 1:
        return Refusal.TWO_FIELDS
    field = fields[0]
    if field[:7].lower() != _BEARER:
        return Refusal.NO_TOKEN
    return field[7:].strip(b" ") or Refusal.NO_TOKEN


class CallerCheck:
    """One worker's. `signatures` counts those that were computed.

    `lacking`: the key of the last token that was refused for that, where its set is fetched; None: it is no use to ask.
    """

    __slots__ = ("_checked", "_failed", "_rate", "key_sets", "key_waits", "lacking", "signatures", "suspended")

    def __init__(self, known: KnownToWorker) -> None:
        """Nobody has called yet."""
        self.key_sets = known.key_sets
        self.key_waits = known.key_waits
        self.suspended = known.suspended
        self.lacking: MissingKey | None = None
        self.signatures = 0
        self._checked = CheckedTokens()
        self._rate: RateLimit | None = None
        self._failed = Meter(1, 1.0)

    def follow(self, failures: RateLimit) -> None:
        """So many checks of one address may fail; a rate that stays keeps its counts."""
        if failures != self._rate:
            self._rate = failures
            self._failed = Meter(failures.requests, failures.seconds)

    def wait(self, address: bytes) -> float:
        """Seconds until a new token of this address is looked at."""
        return self._failed.wait(network_of(address), monotonic())

    def failed(self, address: bytes) -> None:
        """Count a token of this address that was found bad."""
        self._failed.take(network_of(address), monotonic())

    def caller(
        self, fields: Sequence[bytes] | None, asked: Sequence[AskedPolicy], address: bytes, *, is_last: bool = True
    ) -> Principal | Refusal:
        """Who has sent these Authorization fields, or why that is nobody whom the route takes.

        `is_last` False: a token that these policies do not take is asked for elsewhere, and has not failed yet.
        """
        found = self._verified(fields, asked, address, is_last=is_last)
        return self.unless_suspended(found) if isinstance(found, Principal) else found

    def unless_suspended(self, found: Principal) -> Principal | Refusal:
        """Rule 6."""
        return Refusal.SUSPENDED if found.subject in self.suspended else found

    def _verified(
        self, fields: Sequence[bytes] | None, asked: Sequence[AskedPolicy], address: bytes, *, is_last: bool
    ) -> Principal | Refusal:
        """The same, suspended or not."""
        text = bearer_of(fields)
        if isinstance(text, Refusal):
            return text
        digest, now = digest_of(text), time()
        known = self._checked.get(digest)
        if known is not None and known.stands(self.key_sets.of(known.source)):
            found = _by_known(known, asked, now)
            if found is not None:
                return found
        if self.wait(address):
            return Refusal.FAILURES
        token = read_token(text)
        new = token if isinstance(token, Refusal) else self._by_new(token, digest, len(text), asked, now)
        if isinstance(new, Refusal) and is_last and new is not Refusal.UNKNOWN_KEY and is_failed_check(new):
            self.failed(address)
        return new

    def _by_new(
        self, token: SignedToken, digest: bytes, size: int, asked: Sequence[AskedPolicy], now: float
    ) -> Principal | Refusal:
        """Rules 2 and 4; `size` of its text in bytes."""
        nearest: Refusal | None = None
        for each in asked:
            source = each.policy.source
            found: Principal | Refusal | None = refusal_of(each.policy, token, now)
            if found is None:
                key = self._verified_by(source, token)
                if isinstance(key, Refusal):
                    found = key
                else:
                    checked = CheckedToken(token, source, key)
                    self._checked.put(digest, checked, size)
                    found = each.caller(checked, now)
            if isinstance(found, Principal):
                return found
            nearest = found if nearest is None else nearest_refusal(nearest, found)
        return nearest or Refusal.ISSUER

    def _verified_by(self, source: str, token: SignedToken) -> str | Refusal:
        """The identity of the key that it names, which has signed it."""
        keys = self.key_sets.of(source)
        if keys is None:
            self.key_waits.want(source)
            return Refusal.NO_KEYS
        key = keys.key_of(token)
        if isinstance(key, Refusal):
            if key is Refusal.UNKNOWN_KEY:
                self.lacking = MissingKey(source, token.kid or "") if self.key_sets.is_fetched(source) else None
            return key
        self.signatures += 1
        return key.identity if key.verifies(token) else Refusal.SIGNATURE


def _by_known(known: CheckedToken, asked: Sequence[AskedPolicy], now: float) -> Principal | Refusal | None:
    """Rule 1; None: a policy here that has another key set might take it by that."""
    nearest: Refusal | None = None
    for each in asked:
        found: Principal | Refusal | None
        if each.policy.source == known.source:
            found = each.caller(known, now)
        else:
            found = refusal_of(each.policy, known.token, now)
            if found is None:
                return None
        if isinstance(found, Principal):
            return found
        nearest = found if nearest is None else nearest_refusal(nearest, found)
    return nearest
