from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.http.headers import (
    FORBIDDEN_TRAILERS,
    PROTECTED,
    FieldKind,
    connection_tokens,
    is_free,
    is_managed,
    keep_trailer,
    request_kind,
    response_kind,
    spelled,
)

TOKEN_MARKS = "!#$%&'*+.^_`|~"
"""What a field name may hold beside letters, digits and the hyphen."""
MANAGED = [
    b"X-Forwarded-For",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Host",
    b"X-Forwarded-Port",
    b"X-Forwarded",
    b"Forwarded",
    b"Forwarded-For",
    b"X-Real-IP",
    b"X-Request-Id",
    b"X-Client-IP",
    b"Client-IP",
    b"True-Client-IP",
    b"X-Cluster-Client-IP",
    b"CF-Connecting-IP",
    b"Fastly-Client-IP",
    b"X-Original-URL",
    b"X-Rewrite-URL",
    b"X-Banyan-Shadow",
]
FRAMING = [b"Content-Length", b"Transfer-Encoding", b"Host"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"Host", FieldKind.HOST),
        (b"Content-Length", FieldKind.CONTENT_LENGTH),
        (b"Transfer-Encoding", FieldKind.TRANSFER_ENCODING),
        (b"Connection", FieldKind.CONNECTION),
        (b"TE", FieldKind.TE),
        (b"Expect", FieldKind.EXPECT),
        (b"Upgrade", FieldKind.UPGRADE),
        (b"traceparent", FieldKind.TRACEPARENT),
        (b"tracestate", FieldKind.TRACESTATE),
        (b"Keep-Alive", FieldKind.HOP_BY_HOP),
        (b"Proxy-Connection", FieldKind.HOP_BY_HOP),
        (b"Proxy-Authorization", FieldKind.HOP_BY_HOP),
        (b"Proxy-Authenticate", FieldKind.HOP_BY_HOP),
        (b"HTTP2-Settings", FieldKind.HOP_BY_HOP),
        (b"X-Tenant-Id", FieldKind.WANTED),
        (b"Idempotency-Key", FieldKind.WANTED),
        (b"Authorization", FieldKind.WANTED),
        (b"Sec-WebSocket-Key", FieldKind.WANTED),
        (b"Accept", FieldKind.PLAIN),
        (b"Cookie", FieldKind.PLAIN),
        (b"my_legacy_token", FieldKind.PLAIN),
        (b"X-Forwardedness", FieldKind.PLAIN),
        (b"", FieldKind.PLAIN),
    ],
)
def test_a_request_field_is_known_by_name_in_any_case(name: bytes, kind: FieldKind) -> None:
    """Framing, hop-by-hop and wanted fields are told apart from those that simply pass (R8, HD03, HD09)."""
    wanted = frozenset({b"x-tenant-id"})

    assert {request_kind(each, wanted) for each in (name, name.lower(), name.upper())} == {kind}


@pytest.mark.parametrize("name", MANAGED)
def test_what_banyan_alone_sets_is_managed(name: bytes) -> None:
    """Where a request comes from and what it asks for is never the client's word (R7, HD05, HD10)."""
    assert request_kind(name, frozenset()) is FieldKind.MANAGED
    assert is_managed(name.lower())


@pytest.mark.parametrize("mark", TOKEN_MARKS)
@pytest.mark.parametrize("name", [each for each in MANAGED + FRAMING if b"-" in each])
def test_a_name_that_a_framework_may_fold_is_an_alias(name: bytes, mark: str) -> None:
    """CGI upstreams read `X_Forwarded_For` as `X-Forwarded-For`, so every such spelling is left out: HD06, HD08."""
    alias = name.replace(b"-", mark.encode())

    assert request_kind(alias, frozenset()) in (FieldKind.ALIAS, FieldKind.MANAGED)
    assert request_kind(alias.swapcase(), frozenset()) in (FieldKind.ALIAS, FieldKind.MANAGED)


@given(st.sampled_from(MANAGED + FRAMING), st.data())
def test_no_spelling_of_a_managed_name_passes(name: bytes, data: st.DataObject) -> None:
    """Whatever case and separators a client chooses, even several in one name, the field does not get through."""
    spelt = bytes(
        ord(data.draw(st.sampled_from("-" + TOKEN_MARKS))) if byte == ord("-") else data.draw(st.sampled_from(cases))
        for byte, cases in ((byte, bytes({byte, bytes([byte]).swapcase()[0]})) for byte in name)
    )

    assert request_kind(spelt, frozenset()) not in (FieldKind.PLAIN, FieldKind.WANTED)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"Content-Length", FieldKind.CONTENT_LENGTH),
        (b"Transfer-Encoding", FieldKind.TRANSFER_ENCODING),
        (b"Connection", FieldKind.CONNECTION),
        (b"Upgrade", FieldKind.UPGRADE),
        (b"TE", FieldKind.HOP_BY_HOP),
        (b"Keep-Alive", FieldKind.KEEP_ALIVE),
        (b"Proxy-Connection", FieldKind.HOP_BY_HOP),
        (b"Proxy-Authenticate", FieldKind.HOP_BY_HOP),
        (b"Proxy-Authentication-Info", FieldKind.HOP_BY_HOP),
        (b"Proxy-Authorization", FieldKind.HOP_BY_HOP),
        (b"Trailer", FieldKind.TRAILER),
        (b"Location", FieldKind.LOCATION),
        (b"Content-Location", FieldKind.LOCATION),
        (b"Set-Cookie", FieldKind.SET_COOKIE),
        (b"X-Request-Id", FieldKind.MANAGED),
        (b"Server", FieldKind.PLAIN),
        (b"X-Forwarded-For", FieldKind.PLAIN),
    ],
)
def test_a_response_field_is_known_by_name_in_any_case(name: bytes, kind: FieldKind) -> None:
    """What an upstream sends is framing, hop-by-hop, to be rewritten, or simply passes (RS14)."""
    assert {response_kind(each) for each in (name, name.lower(), name.upper())} == {kind}


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (b"close", [b"close"]),
        (b"Keep-Alive, X-Custom", [b"keep-alive", b"x-custom"]),
        (b" close ,\tUpgrade\t", [b"close", b"upgrade"]),
        (b",, close,", [b"close"]),
        (b"", []),
        (b" , ", []),
        (b"\xa0close\x85", [b"\xa0close\x85"]),
        (b"\x0bclose", [b"\x0bclose"]),
    ],
    ids=["one", "two", "blanks", "empty members", "empty", "only blanks", "no Unicode blanks", "no vertical tab"],
)
def test_connection_members_are_split_at_commas(value: bytes, tokens: list[bytes]) -> None:
    """Only space and tab surround a member; other blanks belong to it and name nothing."""
    assert connection_tokens(value) == tokens


@pytest.mark.parametrize("name", sorted(FORBIDDEN_TRAILERS | PROTECTED))
def test_a_field_that_a_trailer_must_not_hold_is_dropped(name: bytes) -> None:
    """Framing, routing, caching and credentials never come behind a body (FR52)."""
    assert not keep_trailer(name)
    assert not keep_trailer(name.upper())
    assert not keep_trailer(name.replace(b"-", b"_"))


@pytest.mark.parametrize("name", [*MANAGED, b"x.forwarded.for", b"X_Real_IP"])
def test_a_managed_field_in_a_trailer_is_dropped(name: bytes) -> None:
    """Trailers are no way around what Banyan alone sets, under no alias (FR52)."""
    assert not keep_trailer(name)


@pytest.mark.parametrize("name", [b"Server-Timing", b"ETag", b"grpc-status", b"X-Checksum", b"my_digest"])
def test_other_trailers_are_kept(name: bytes) -> None:
    """What a trailer section is for goes through."""
    assert keep_trailer(name)


def test_what_connection_can_never_remove_is_protected() -> None:
    """R6 names Host, framing and credentials."""
    assert {b"host", b"content-length", b"transfer-encoding", b"cookie", b"authorization"} <= PROTECTED


@given(st.data())
def test_no_spelling_of_an_owned_name_passes(data: st.DataObject) -> None:
    """A name that an operator gave Banyan is dropped in any case, with any marks between, before and behind it.

    Neither as a field nor as a trailer does it go on, even where a route would ask for it.
    """
    marks = st.text(st.sampled_from("-" + TOKEN_MARKS), max_size=2)
    letters = [data.draw(st.sampled_from([each, each.upper()])) + data.draw(marks) for each in "xmember"]
    spelt = (data.draw(marks) + "".join(letters)).encode()
    owned = frozenset({b"xmember"})

    assert spelled(spelt) == b"xmember"
    assert request_kind(spelt, frozenset({spelt.lower()}), owned) is FieldKind.ALIAS
    assert not keep_trailer(spelt, owned)


def test_other_names_pass_beside_owned_ones() -> None:
    """One letter makes another name."""
    owned = frozenset({b"xmember"})

    assert request_kind(b"X-Members", frozenset(), owned) is FieldKind.PLAIN
    assert keep_trailer(b"X-Members", owned)


@pytest.mark.parametrize(
    "name", [*MANAGED, *FRAMING, b"x_banyan_saw", b"TE", b"te_", b"Cookie", b"authorization", b"Vary", b"keep.alive"]
)
def test_a_name_with_a_meaning_is_not_free(name: bytes) -> None:
    """What Banyan manages already, and what HTTP frames, routes or caches by, nobody can give away."""
    assert not is_free(name)


@pytest.mark.parametrize("name", [b"X-Member", b"x-acme-principal", b"Member"])
def test_other_names_are_free(name: bytes) -> None:
    """An operator may have Banyan set them."""
    assert is_free(name)
