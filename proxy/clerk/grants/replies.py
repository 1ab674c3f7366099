"""What Banyan itself says at a token endpoint (RFC 6749 section 5.2): an error's name, and a sentence for people."""

from __future__ import annotations

import json
from math import ceil

from proxy.core.grants.family import GrantRuling
from proxy.core.grants.token_answer import ProviderAnswer
from proxy.core.grants.token_request import Misread
from proxy.link.grant_questions import GrantUsed

_FIELDS: tuple[tuple[str, str], ...] = (
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("pragma", "no-cache"),
)
REFUSALS = {
    GrantRuling.STRANGER: (
        403,
        "access_denied",
        "this address is none of the systems that may hold this provider's tokens",
    ),
    GrantRuling.OTHER_CLIENT: (403, "access_denied", "this token belongs to another client"),
    GrantRuling.ENDED: (400, "invalid_grant", "this grant was revoked"),
    GrantRuling.NEEDS_CONSENT: (400, "invalid_grant", "the provider has ended this grant; ask for consent anew"),
    GrantRuling.HEIR: (400, "invalid_grant", "this provider's tokens now belong to another system"),
    GrantRuling.PAST_UNTIL: (403, "access_denied", "this system may hold copies no more: its `until` is over"),
    GrantRuling.PUBLIC: (403, "access_denied", "a client without a secret cannot hold copies; use the newest token"),
    GrantRuling.REGRESSED: (403, "access_denied", "this system has shown a newer token before"),
}


def error(status: int, name: str, sentence: str, *, retry_after: float = 0.0, challenge: bool = False) -> GrantUsed:
    """`challenge`: the client used Basic, and RFC 6749 wants it told so."""
    body = json.dumps({"error": name, "error_description": sentence}).encode()
    fields = _FIELDS
    if retry_after > 0:
        fields = (*fields, ("retry-after", str(ceil(retry_after))))
    if challenge:
        fields = (*fields, ("www-authenticate", 'Basic realm="token endpoint"'))
    return GrantUsed(status=status, fields=fields, body=body)


def away(sentence: str, retry_after: float = 1.0) -> GrantUsed:
    """Nothing is known to be wrong with the token: come back."""
    return error(503, "temporarily_unavailable", sentence, retry_after=retry_after)


def bound() -> GrantUsed:
    """What the provider gave is good for one client alone (`cnf`, DPoP)."""
    sentence = "the provider binds its tokens to a key of the client; two systems cannot hold them"
    return error(400, "invalid_request", sentence)


def misread(found: Misread) -> GrantUsed:
    """The request itself is wrong."""
    return error(found.status, found.error, found.sentence, challenge=found.status == 401)


def refused(ruling: GrantRuling) -> GrantUsed:
    """This token is not for who shows it."""
    return error(*REFUSALS[ruling])


def relayed(answer: ProviderAnswer) -> GrantUsed:
    """As the provider said it."""
    return GrantUsed(status=answer.status, fields=answer.fields, body=answer.body.reveal())


def given(body: bytes) -> GrantUsed:
    """A stored answer."""
    return GrantUsed(status=200, fields=_FIELDS, body=body)
