"""What a caller is told who is refused (RFC 6750 section 3): enough for an honest one, nothing that helps a forger."""

from __future__ import annotations

from math import ceil
from typing import Final, assert_never

from proxy.core.auth.refusal import Challenge, Refusal, challenge_of
from proxy.edge.routing.step import LocalAnswer

_REALM: Final = b'WWW-Authenticate: Bearer realm="banyan"'
_AGAIN: Final = (b"Retry-After: 1",)


def answer_of(refusal: Refusal, scopes: frozenset[str], wait: float = 0.0) -> LocalAnswer:
    """`scopes` are those that the route asks for; `wait`: seconds until failed checks are forgiven."""
    counted = refusal.value
    told = challenge_of(refusal)
    match told:
        case Challenge.NOTHING_SENT:
            return LocalAnswer(401, "a token is needed here", lines=(_REALM,), counted=counted)
        case Challenge.INVALID_REQUEST:
            return LocalAnswer(400, "there is more than one Authorization", lines=(_with(told),), counted=counted)
        case Challenge.INVALID_TOKEN:
            return LocalAnswer(401, "the token is not good here", lines=(_with(told),), counted=counted)
        case Challenge.INSUFFICIENT:
            line = _with(told)
            if refusal is Refusal.SCOPE:
                line += f', scope="{" ".join(sorted(scopes))}"'.encode()
            return LocalAnswer(403, "the token is good, and not for this", lines=(line,), counted=counted)
        case Challenge.TOO_MANY:
            again = (b"Retry-After: %d" % max(1, ceil(wait)),)
            detail = "too many tokens from this address were not good; ask again later"
            return LocalAnswer(429, detail, lines=again, counted=counted)
        case Challenge.UNAVAILABLE:
            return LocalAnswer(503, "tokens cannot be checked now", lines=_AGAIN, counted=counted)
        case Challenge.SUSPENDED:  # no error of RFC 6750: another token would not help
            return LocalAnswer(403, "the token is good, and its owner is suspended", counted=counted)
        case _ as never:
            assert_never(never)


def _with(told: Challenge) -> bytes:
    return _REALM + b', error="%b"' % told.value.encode()
