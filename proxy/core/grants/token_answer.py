"""Answers of a token endpoint: what one means for the token that was used, and what of it may be given again.

Rule 1: only the provider's own `invalid_grant` says that a token is dead; silence, 5xx and nonsense say nothing.
Rule 2: a stored answer holds no refresh token and no id_token; its times are told anew each time it is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from proxy.core.grants.token_request import unverified_claims
from proxy.core.secret import NO_TEXT, Secret

_NOT_KEPT = frozenset({"refresh_token", "id_token"})


class CallOutcome(StrEnum):
    """What became of one call to the provider."""

    TAKEN = "taken"
    """200 with tokens."""
    NOT_SENT = "not_sent"
    """Nothing reached the provider: no connection, or the intent had grown too old before the first byte."""
    RELAYED = "relayed"
    """A refusal that leaves the token alive, such as 401 or 400 invalid_scope."""
    LIMITED = "limited"
    """429."""
    LOST = "lost"
    """Sent, and nothing readable came back."""
    INVALID_GRANT = "invalid_grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """As it came; `status` 0: none came."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: Secret[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """A 200 that was understood. `expires_in` in seconds, 0: not said. `bound`: of use to one holder of a key alone."""

    refresh_token: Secret[str]
    access_token: Secret[str]
    expires_in: float
    rest: Secret[bytes]
    subject: Secret[str] = NO_TEXT
    bound: bool = False


def outcome_of(answer: ProviderAnswer) -> CallOutcome:
    """Rule 1."""
    if answer.status == 0:
        return CallOutcome.LOST
    if 200 <= answer.status < 300:
        return CallOutcome.LOST if tokens_of(answer) is None else CallOutcome.TAKEN
    if not 400 <= answer.status < 500 or answer.status == 408:
        return CallOutcome.LOST
    if answer.status == 429:
        return CallOutcome.LIMITED
    return CallOutcome.INVALID_GRANT if error_of(answer) == "invalid_grant" else CallOutcome.RELAYED


def error_of(answer: ProviderAnswer) -> str:
    """The `error` of a refusal (RFC 6749 section 5.2); empty where there is none."""
    found = _members(answer.body).get("error")
    return found if isinstance(found, str) else ""


def tokens_of(answer: ProviderAnswer) -> Tokens | None:
    """RFC 6749 section 5.1; None: not an answer with tokens."""
    members = _members(answer.body)
    access = members.get("access_token")
    if not isinstance(access, str) or not access:
        return None
    refresh, id_token = members.get("refresh_token"), members.get("id_token")
    subject = unverified_claims(id_token).get("sub") if isinstance(id_token, str) else None
    return Tokens(
        refresh_token=Secret(refresh if isinstance(refresh, str) else ""),
        access_token=Secret(access),
        expires_in=_seconds(members.get("expires_in")),
        rest=Secret(_encoded({name: value for name, value in members.items() if name not in _NOT_KEPT})),
        subject=Secret(subject if isinstance(subject, str) else ""),
        bound=str(members.get("token_type")).lower() == "dpop" or "cnf" in unverified_claims(access),
    )


def given_again(
    rest: Secret[bytes], refresh_token: Secret[str], passed: float, relative: tuple[str, ...], absolute: tuple[str, ...]
) -> bytes:
    """The stored answer `passed` seconds after it was made, with the current refresh token. Rule 2."""
    members = _members(rest)
    for name in relative:
        if name in members:
            members[name] = max(0, int(_seconds(members[name]) - passed))
    for name in absolute:
        if name in members:
            members[name] = int(_seconds(members[name]) + passed)
    return _encoded(members | {"refresh_token": refresh_token.reveal()})


def retry_after(answer: ProviderAnswer, default: float = 1.0, most: float = 3600.0) -> float:
    """Seconds that a 429 asks for; a date counts as the default (RFC 9110 section 10.2.3)."""
    said = next((value.strip() for name, value in answer.fields if name == "retry-after"), "")
    return min(float(said), most) if said.isascii() and said.isdigit() else default


def _members(body: Secret[bytes]) -> dict[str, object]:
    try:
        found = json.loads(body.reveal())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _encoded(members: Mapping[str, object]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _seconds(value: object) -> float:
    """Some providers write the number as a text."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return found if 0.0 <= found < 1e11 else 0.0
