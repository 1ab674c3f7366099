"""What a header field's name means to a proxy.

Rule 1: names are compared without case; a field that Banyan manages is also recognised under every alias that a
        framework may fold into it (`X_Forwarded_For`: CVE-2024-45614), because some upstream will fold it.
Rule 2: hop-by-hop fields are RFC 9110 section 7.6.1 and what `Connection` names, but never a protected field (R6).
Rule 3: bytes stay bytes: nothing here decodes, strips obs-text or changes case.
Rule 4: beside its own names Banyan may own those that an operator gave it (`principal:`). They are known by letters and
        digits alone (`spelled`), and what a client sends by such a name goes no further, whoever vouches for it.
"""

from __future__ import annotations

from enum import IntEnum


class FieldKind(IntEnum):
    """What to do with a field; PLAIN passes through untouched."""

    PLAIN = 0
    WANTED = 1
    HOST = 2
    CONTENT_LENGTH = 3
    TRANSFER_ENCODING = 4
    CONNECTION = 5
    HOP_BY_HOP = 6
    TE = 7
    EXPECT = 8
    UPGRADE = 9
    MANAGED = 10
    ALIAS = 11
    TRACEPARENT = 12
    TRACESTATE = 13
    SET_COOKIE = 14
    LOCATION = 15
    TRAILER = 16
    UNDERSCORE = 17
    KEEP_ALIVE = 18
    SAW = 19


_HOP_BY_HOP = frozenset({b"keep-alive", b"proxy-connection", b"proxy-authorization", b"proxy-authenticate"})
_MANAGED = frozenset(
    {
        b"forwarded",
        b"x-forwarded",
        b"forwarded-for",
        b"client-ip",
        b"x-real-ip",
        b"x-request-id",
        b"x-client-ip",
        b"true-client-ip",
        b"x-cluster-client-ip",
        b"cf-connecting-ip",
        b"fastly-client-ip",
        b"x-original-url",  # with the next: names another target to upstreams that believe it (CVE-2018-14773)
        b"x-rewrite-url",
    }
)
_MANAGED_PREFIXES = (b"x-forwarded-", b"x-banyan-")
_SPECIAL = {
    b"host": FieldKind.HOST,
    b"content-length": FieldKind.CONTENT_LENGTH,
    b"transfer-encoding": FieldKind.TRANSFER_ENCODING,
    b"connection": FieldKind.CONNECTION,
    b"te": FieldKind.TE,
    b"expect": FieldKind.EXPECT,
    b"upgrade": FieldKind.UPGRADE,
    b"traceparent": FieldKind.TRACEPARENT,
    b"tracestate": FieldKind.TRACESTATE,
    b"http2-settings": FieldKind.HOP_BY_HOP,
}
_RESPONSE_SPECIAL = {
    b"content-length": FieldKind.CONTENT_LENGTH,
    b"transfer-encoding": FieldKind.TRANSFER_ENCODING,
    b"connection": FieldKind.CONNECTION,
    b"upgrade": FieldKind.UPGRADE,
    b"te": FieldKind.HOP_BY_HOP,
    b"keep-alive": FieldKind.KEEP_ALIVE,
    b"proxy-connection": FieldKind.HOP_BY_HOP,
    b"proxy-authenticate": FieldKind.HOP_BY_HOP,
    b"proxy-authentication-info": FieldKind.HOP_BY_HOP,
    b"proxy-authorization": FieldKind.HOP_BY_HOP,
    b"location": FieldKind.LOCATION,
    b"content-location": FieldKind.LOCATION,
    b"set-cookie": FieldKind.SET_COOKIE,
    b"x-request-id": FieldKind.MANAGED,
    b"trailer": FieldKind.TRAILER,
    b"x-banyan-saw": FieldKind.SAW,
}

ALWAYS_WANTED = frozenset(
    {b"idempotency-key", b"sec-websocket-key", b"sec-websocket-version", b"authorization", b"max-forwards"}
)
"""Request fields that the data plane itself asks about."""

PROTECTED = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"cookie", b"authorization", b"content-type", b"traceparent"}
)
"""Fields that `Connection` can never remove (R6; CVE-2024-45410)."""

FORBIDDEN_TRAILERS = frozenset(
    {
        *PROTECTED,
        b"tracestate",
        b"set-cookie",
        b"content-encoding",
        b"content-range",
        b"cache-control",
        b"expect",
        b"max-forwards",
        b"pragma",
        b"range",
        b"te",
        b"trailer",
        b"upgrade",
        b"connection",
        b"age",
        b"date",
        b"expires",
        b"location",
        b"retry-after",
        b"vary",
        b"warning",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"www-authenticate",
        b"keep-alive",
    }
)
"""Fields that must not stand in a trailer section (RFC 9110 section 6.5.1)."""

_ALNUM_AS_IS = bytes(c if chr(c).isascii() and chr(c).isalnum() else ord("-") for c in range(256))
_MARKS = bytes(c for c in range(256) if not (chr(c).isascii() and chr(c).isalnum()))
Owned = frozenset[bytes]
"""Names that an operator gave Banyan to set, as `spelled` has them."""
NONE_OWNED: Owned = frozenset()


def is_managed(name: bytes) -> bool:
    """Whether Banyan alone sets this field; `name` in lower case."""
    return name in _MANAGED or name.startswith(_MANAGED_PREFIXES)


def spelled(name: bytes) -> bytes:
    """What all spellings of a name have in common that any upstream may read as one: `x_member`, `X.Member`."""
    return name.lower().translate(None, _MARKS)


def is_free(name: bytes) -> bool:
    """Whether an operator may have Banyan set a request field of this name: nobody else gives it a meaning."""
    folded = name.lower().translate(_ALNUM_AS_IS)
    known = (*_SPECIAL, *_RESPONSE_SPECIAL, *_HOP_BY_HOP, *ALWAYS_WANTED, *FORBIDDEN_TRAILERS)
    return not is_managed(folded) and spelled(name) not in map(spelled, known)


def request_kind(name: bytes, wanted: frozenset[bytes], owned: Owned = NONE_OWNED) -> FieldKind:
    """The kind of a request field; `wanted` names (lower case) are those that some route asks about."""
    lower = name.lower()
    if owned and spelled(name) in owned:
        return FieldKind.ALIAS
    special = _SPECIAL.get(lower)
    if special is not None:
        return special
    if lower in _HOP_BY_HOP:
        return FieldKind.HOP_BY_HOP
    if is_managed(lower):
        return FieldKind.MANAGED
    folded = lower.translate(_ALNUM_AS_IS)
    if folded != lower and (is_managed(folded) or folded in (b"content-length", b"transfer-encoding", b"host")):
        return FieldKind.ALIAS
    return FieldKind.WANTED if lower in wanted or lower in ALWAYS_WANTED else FieldKind.PLAIN


def response_kind(name: bytes) -> FieldKind:
    """The kind of a response field."""
    return _RESPONSE_SPECIAL.get(name.lower(), FieldKind.PLAIN)


def connection_tokens(value: bytes) -> list[bytes]:
    """The members of a `Connection` value, in lower case, empty ones left out."""
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def keep_trailer(name: bytes, owned: Owned = NONE_OWNED) -> bool:
    """Whether a trailer field may be relayed."""
    lower = name.lower()
    folded = lower.translate(_ALNUM_AS_IS)
    return not (
        folded in FORBIDDEN_TRAILERS or is_managed(folded) or is_managed(lower) or (owned and spelled(name) in owned)
    )
