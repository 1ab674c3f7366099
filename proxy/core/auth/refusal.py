"""Why a caller is refused: what the log and the counters say, and what the caller may know of it (RFC 6750 section 3).

Rule 1: a caller learns which of seven things is the matter, and never which check has found it: a forger would ask on.
Rule 2: what has to do with the route alone (scopes, claims) is told only of a token that is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Refusal(StrEnum):
    """Why a request goes no further."""

    NO_TOKEN = "no_token"  # noqa: S105 -- the name of a reason
    TWO_FIELDS = "two_authorization_fields"
    MALFORMED = "malformed_token"
    HEADER = "forbidden_token_header"
    ISSUER = "wrong_issuer"
    ALGORITHM = "wrong_algorithm"
    TYPE = "wrong_token_type"
    AUDIENCE = "wrong_audience"
    LIFETIME = "token_without_end"
    EXPIRED = "token_expired"
    NOT_YET = "token_not_yet_valid"
    SUBJECT = "token_without_subject"
    UNKNOWN_KEY = "unknown_key"
    WHICH_KEY = "token_without_kid"
    SIGNATURE = "bad_signature"
    SCOPE = "insufficient_scope"
    CLAIM = "wrong_claim"
    FAILURES = "too_many_failed_checks"
    NO_KEYS = "no_key_set"
    SUSPENDED = "suspended"
    INACTIVE = "inactive_token"


class Challenge(StrEnum):
    """What the caller may know."""

    NOTHING_SENT = "nothing sent"
    INVALID_REQUEST = "invalid_request"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 -- a word of RFC 6750
    INSUFFICIENT = "insufficient_scope"
    TOO_MANY = "too many"
    UNAVAILABLE = "unavailable"
    SUSPENDED = "suspended"


OF_THE_KNOWN = frozenset({Refusal.SCOPE, Refusal.CLAIM, Refusal.SUSPENDED})
"""Those of a caller whose token was verified."""
_CHALLENGES: Mapping[Refusal, Challenge] = {
    Refusal.NO_TOKEN: Challenge.NOTHING_SENT,
    Refusal.TWO_FIELDS: Challenge.INVALID_REQUEST,
    Refusal.SCOPE: Challenge.INSUFFICIENT,
    Refusal.CLAIM: Challenge.INSUFFICIENT,
    Refusal.FAILURES: Challenge.TOO_MANY,
    Refusal.NO_KEYS: Challenge.UNAVAILABLE,
    Refusal.SUSPENDED: Challenge.SUSPENDED,
}
_NEAREST = (
    Challenge.SUSPENDED,
    Challenge.TOO_MANY,
    Challenge.INSUFFICIENT,
    Challenge.UNAVAILABLE,
    Challenge.INVALID_TOKEN,
)


def challenge_of(refusal: Refusal) -> Challenge:
    """Rule 1."""
    return _CHALLENGES.get(refusal, Challenge.INVALID_TOKEN)


def nearest_refusal(one: Refusal, other: Refusal) -> Refusal:
    """Of what two policies say of one token, what is worth saying: that of the policy that came further with it.

    A key that is not known yet is worth a wait, whatever others say.
    """
    return min(one, other, key=_distance)


def _distance(refusal: Refusal) -> tuple[int, bool, bool]:
    return _NEAREST.index(challenge_of(refusal)), refusal is not Refusal.UNKNOWN_KEY, refusal is Refusal.ISSUER


def is_failed_check(refusal: Refusal) -> bool:
    """Whether it counts against the address that it came from: somebody has shown what is no good token here."""
    return challenge_of(refusal) is Challenge.INVALID_TOKEN
