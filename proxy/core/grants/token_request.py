"""A request to a token endpoint: who asks, with what token, for what (RFC 6749 sections 2.3.1 and 6, RFC 7523).

Rule 1: a request that two readers could take differently is refused: a parameter that stands twice, credentials that
        do, a body that is no form. `resource` alone may be repeated (RFC 8707 section 2).
Rule 2: nothing of it stands in the address (RFC 6749 section 2.3.1), and a refresh token in no other grant: it would
        go on past the fence to a provider that reads more than its body.
Rule 3: credentials are told apart as they are written; whether a provider decodes them is its own matter.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from urllib.parse import parse_qsl, unquote_plus, urlencode

from proxy.core.secret import NO_TEXT, Secret

FORM = "application/x-www-form-urlencoded"
MAX_FORM = 64 * 1024
"""Bytes of a token request."""
LONGEST_SLOT = 512
"""Characters; longer wishes are called by their hash, since an index takes no more than 2700 bytes."""
_REFRESH = "refresh_token"
_IN_THE_CLEAR = frozenset({"scope", "resource"})
_NO_WISH = frozenset(
    {"grant_type", "refresh_token", "token", "client_id", "client_secret", "client_assertion", "client_assertion_type"}
)
_IN_FORM_ALONE = _NO_WISH | {"code", "code_verifier", "scope", "resource", "subject_token", "assertion"}
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

    @property
    def is_lasting(self) -> bool:
        """Whether they may be shown again: an assertion is good for one call (RFC 7523 section 3)."""
        return self.proof in {Proof.BASIC, Proof.POST}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """`token` is the refresh token, or what is to be revoked; `slot` names what is asked for, such as a scope.

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


def read_token_request(
    fields: Fields, body: bytes, named: str = "refresh_token", target: str = ""
) -> TokenRequest | Misread:
    """What is asked; `named` is the parameter that holds the token."""
    if any(name in _IN_FORM_ALONE for name, _ in parse_qsl(target.partition("?")[2], keep_blank_values=True)):
        return Misread("what is asked of a token endpoint stands in the form, not in its address")
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
    if any("\0" in name or "\0" in value for name, value in pairs):
        return Misread("a parameter holds a NUL")
    said = dict(pairs)
    if "refresh_token" in said and said.get("grant_type") != _REFRESH:
        return Misread("a refresh_token goes with grant_type=refresh_token alone")
    credentials = _credentials(fields, said)
    if isinstance(credentials, Misread):
        return credentials
    return TokenRequest(
        grant_type=said.get("grant_type", ""),
        credentials=credentials,
        token=Secret(said.get(named, "")),
        slot=slot_of(pairs, said.get("grant_type", "")),
        parameters=Secret(tuple(urlencode([pair]).encode() for pair in pairs)),
    )


def slot_of(said: Sequence[tuple[str, str]], grant_type: str) -> str:
    """One name for equal wishes, whatever their order; empty for the grant's own.

    A form of scopes and resources as they are, a hash of others, and of long ones. Of a new grant, whose other
    parameters are secrets, those two count alone.
    """
    left_out = _NO_WISH if grant_type == _REFRESH else {name for name, _ in said} - _IN_THE_CLEAR
    wishes = {(name, _sorted(value) if name == "scope" else value) for name, value in said if name not in left_out}
    wishes = {(name, value) for name, value in wishes if value}
    slot = urlencode(sorted(wishes))
    is_clear = len(slot) <= LONGEST_SLOT and all(name in _IN_THE_CLEAR for name, _ in wishes)
    return slot if is_clear else sha256(slot.encode()).hexdigest()


def _sorted(scope: str) -> str:
    return " ".join(sorted(set(scope.split())))


def _credentials(fields: Fields, said: dict[str, str]) -> Credentials | Misread:
    found = _shown(fields, said)
    named = said.get("client_id")
    if isinstance(found, Credentials) and named and found.client_id not in {named, unquote_plus(named)}:
        return Misread("client_id is another client's than the credentials (RFC 7521 section 4.2)")
    return found


def _shown(fields: Fields, said: dict[str, str]) -> Credentials | Misread:
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
    client_id = unquote_plus(name)
    if scheme.lower() != "basic" or not colon or not name or "\0" in client_id:
        return Misread("the Authorization field is not Basic credentials", "invalid_client", 401)
    proof = Proof.BASIC if secret else Proof.NONE
    return Credentials(client_id=client_id, proof=proof, written=Secret(secret))


def _assertion(text: str) -> Credentials | Misread:
    """Whose it says that it is; the provider finds out whether it is right."""
    claims = unverified_claims(text)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or not subject.isprintable():
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
