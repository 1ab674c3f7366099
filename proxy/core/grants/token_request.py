"""A request to a token endpoint: who asks, with what token, for what (RFC 6749 sections 2.3.1 and 6, RFC 7523).

Rule 1: a request that two readers could take differently is refused: a parameter that stands twice, credentials that
        do, a body that is no form. `resource` alone may be repeated (RFC 8707 section 2).
Rule 2: credentials are told apart as they are written; whether a provider decodes them is its own matter.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote_plus, urlencode

from proxy.core.secret import NO_TEXT, Secret

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 64 * 1024
"""Bytes of a token request."""
Fields = Sequence[tuple[str, str]]
"""A request's header fields, names in lower case."""


class Proof(StrEnum):
    """How a client shows who it is."""

    BASIC = "basic"
    POST = "post"
    ASSERTION = "assertion"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """`written` is the secret or assertion with whatever it came in; empty for a public client."""

    client_id: str
    proof: Proof
    written: Secret[str] = NO_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """`token` is the refresh token, or what is to be revoked; `slot` names the scope and resource that are asked for.

    `parameters` are those of the form, each encoded.
    """

    grant_type: str
    credentials: Credentials
    token: Secret[str]
    slot: str
    parameters: Secret[tuple[bytes, ...]]

    def body(self, token: Secret[str], named: str = "refresh_token") -> bytes:
        """The form with this token in it."""
        begins, put = f"{named}=".encode(), urlencode({named: token.reveal()}).encode()
        return b"&".join(put if each.startswith(begins) else each for each in self.parameters.reveal())


@dataclass(frozen=True, slots=True)
class Misread:
    """Why a request is not taken, as a sentence for its client."""

    sentence: str
    error: str = "invalid_request"
    status: int = 400


def read_token_request(fields: Fields, body: bytes, named: str = "refresh_token") -> TokenRequest | Misread:
    """What is asked; `named` is the parameter that holds the token."""
    if any(name == "dpop" for name, _ in fields):
        return Misread("tokens bound to a key of the client (DPoP) cannot be held by two systems; ask without DPoP")
    media = [value.partition(";")[0].strip().lower() for name, value in fields if name == "content-type"]
    if media != [FORM]:
        return Misread(f"the body must be a form: Content-Type: {FORM}")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        return Misread("the body is not a form")
    names = [name for name, _ in pairs if name != "resource"]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        return Misread("a parameter stands twice in the form")
    said = dict(pairs)
    credentials = _credentials(fields, said)
    if isinstance(credentials, Misread):
        return credentials
    return TokenRequest(
        grant_type=said.get("grant_type", ""),
        credentials=credentials,
        token=Secret(said.get(named, "")),
        slot=slot_of(said.get("scope", ""), [value for name, value in pairs if name == "resource"]),
        parameters=Secret(tuple(urlencode([pair]).encode() for pair in pairs)),
    )


def slot_of(scope: str, resources: Sequence[str]) -> str:
    """One name for equal wishes: sorted scopes, a bar, sorted resources; empty for the grant's own."""
    wishes = " ".join(sorted(set(scope.split()))), " ".join(sorted(set(resources)))
    return "|".join(wishes) if any(wishes) else ""


def _credentials(fields: Fields, said: dict[str, str]) -> Credentials | Misread:
    basic = [value for name, value in fields if name == "authorization"]
    ways = len(basic) + ("client_secret" in said) + ("client_assertion" in said)
    if ways > 1:
        return Misread("the client shows its credentials in more than one way")
    if basic:
        return _basic(basic[0])
    if "client_assertion" in said:
        return _assertion(said["client_assertion"])
    client_id = said.get("client_id", "")
    if not client_id:
        return Misread("the client does not say who it is", "invalid_client", 401)
    proof = Proof.POST if said.get("client_secret") else Proof.NONE
    return Credentials(client_id=client_id, proof=proof, written=Secret(said.get("client_secret", "")))


def _basic(value: str) -> Credentials | Misread:
    scheme, _, encoded = value.partition(" ")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    name, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon or not name:
        return Misread("the Authorization field is not Basic credentials", "invalid_client", 401)
    proof = Proof.BASIC if secret else Proof.NONE
    return Credentials(client_id=unquote_plus(name), proof=proof, written=Secret(secret))


def _assertion(text: str) -> Credentials | Misread:
    """Whose it says that it is; the provider finds out whether it is right."""
    claims = unverified_claims(text)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        return Misread("the client assertion is no JWT with a sub", "invalid_client", 401)
    return Credentials(client_id=subject, proof=Proof.ASSERTION, written=Secret(text))


def unverified_claims(token: str) -> dict[str, object]:
    """What a JWT says, signature unseen; empty for what is none."""
    parts = token.split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))) if len(parts) == 3 else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
