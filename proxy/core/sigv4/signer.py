"""AWS Signature Version 4 of whole requests: a head without a signature in, the same head with one out.

Rule 1: what a signature of before left in the head goes: Authorization, X-Amz-Date, X-Amz-Security-Token and
        X-Amz-Content-SHA256. All other lines stay as they are, in their order.
Rule 2: the body is signed by its hash, always; S3 wants that hash in a field as well.
Rule 3: what its caller has signed (`is_signed`) is for nobody else to sign.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256

from proxy.core.secret import NO_TEXT, Secret
from proxy.core.sigv4.canonical_request import canonical_request, signed_fields

_ALGORITHM = b"AWS4-HMAC-SHA256"
_OF_A_SIGNATURE = frozenset({b"authorization", b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256"})
NO_BODY = sha256(b"").hexdigest().encode("ascii")
"""The hash of an empty body."""


def payload_hash(body: bytes) -> bytes:
    """SHA-256 of a body in hex."""
    return sha256(body).hexdigest().encode("ascii") if body else NO_BODY


def is_signed(authorization: Iterable[bytes], query: bytes) -> bool:
    """Whether the caller has signed it: in a value of Authorization, or in the query (a presigned URL)."""
    if any(value[:5].upper() == b"AWS4-" for value in authorization):
        return True
    return b"X-Amz-Signature=" in query and any(pair.startswith(b"X-Amz-Signature=") for pair in query.split(b"&"))


class Signer:
    """Signs with one set of credentials for one region and service; the derived key is kept for its day."""

    __slots__ = ("_access_key", "_day", "_is_s3", "_key", "_region", "_secret", "_service", "_token")

    def __init__(
        self, region: str, service: str, access_key: str, secret_key: Secret[str], token: Secret[str] = NO_TEXT
    ) -> None:
        """`token` is that of a session, or empty."""
        self._region = region.encode("ascii")
        self._service = service.encode("ascii")
        self._is_s3 = service.startswith("s3")
        self._access_key = access_key.encode("ascii")
        self._secret = secret_key
        self._token = token
        self._day = b""
        self._key: Secret[bytes] = Secret(b"")

    def sign(self, head: bytes, hashed: bytes, stamp: str) -> bytes:
        """The head, signed; it ends with its empty line, and so does what comes back.

        `hashed` is the body's `payload_hash`, `stamp` the moment as 20270131T235959Z.
        """
        first, *lines = head[:-4].split(b"\r\n")
        method, target, _ = first.split(b" ", 2)
        kept = [line for line in lines if line.partition(b":")[0].lower() not in _OF_A_SIGNATURE]
        kept += self._own_lines(hashed, stamp)
        kept.append(self._authorization(method, target, kept, hashed, stamp.encode("ascii")))
        return b"\r\n".join([first, *kept, b"", b""])

    def _own_lines(self, hashed: bytes, stamp: str) -> list[bytes]:
        lines = [b"X-Amz-Date: " + stamp.encode("ascii")]
        if self._token:
            lines.append(b"X-Amz-Security-Token: " + self._token.reveal().encode("ascii"))
        if self._is_s3:
            lines.append(b"X-Amz-Content-SHA256: " + hashed)
        return lines

    def _authorization(self, method: bytes, target: bytes, lines: list[bytes], hashed: bytes, stamp: bytes) -> bytes:
        fields = signed_fields(lines)
        canonical = canonical_request(method, target, fields, hashed, is_s3=self._is_s3)
        scope = b"%b/%b/%b/aws4_request" % (stamp[:8], self._region, self._service)
        digest = sha256(canonical).hexdigest().encode("ascii")
        text = b"%b\n%b\n%b\n%b" % (_ALGORITHM, stamp, scope, digest)
        signature = hmac.digest(self._key_of(stamp[:8]), text, "sha256").hex().encode("ascii")
        return b"Authorization: %b Credential=%b/%b, SignedHeaders=%b, Signature=%b" % (
            *(_ALGORITHM, self._access_key, scope, fields.names, signature),
        )

    def _key_of(self, day: bytes) -> bytes:
        """The signing key of one day, region and service."""
        if day != self._day:
            key = b"AWS4" + self._secret.reveal().encode("utf-8")
            for part in (day, self._region, self._service, b"aws4_request"):
                key = hmac.digest(key, part, "sha256")
            self._day, self._key = day, Secret(key)
        return self._key.reveal()
