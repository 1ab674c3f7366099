"""Our reader beside llhttp, on hostile bytes: whatever both accept, both read alike."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from proxy.core.http.headers import PROTECTED, FieldKind, connection_tokens, request_kind
from proxy.core.http.request import RequestHead, RequestReader, RequestRefusal
from tests.core.heads import REQUEST_HEADS, REQUEST_LINES
from tests.core.llhttp import OFFERED, Heard, hear_request

WANTED = frozenset({b"x-tenant-id", b"cookie"})
STAYS = {FieldKind.PLAIN, FieldKind.WANTED, FieldKind.HOST, FieldKind.CONTENT_LENGTH, FieldKind.TRANSFER_ENCODING}
NOTED = {FieldKind.WANTED, FieldKind.MANAGED, FieldKind.TRACEPARENT, FieldKind.TRACESTATE}


def both(raw: bytes) -> tuple[RequestHead, Heard]:
    """What each makes of a head that both accept."""
    heard, head = hear_request(raw), RequestReader(WANTED).read(raw)
    assume(not heard.error)
    assume(isinstance(head, RequestHead))
    assert isinstance(head, RequestHead)
    return head, heard


def forwarded(heard: Heard, noted: dict[bytes, list[bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields that an upstream is to see, worked out from llhttp's alone."""
    named = {
        token for name, value in heard.fields if name.lower() == b"connection" for token in connection_tokens(value)
    }
    named -= PROTECTED | set(noted)
    kept = [
        (request_kind(name, WANTED), name, value)
        for name, value in heard.fields
        if request_kind(name, WANTED) in STAYS and name.lower() not in named
    ]
    canonical = {FieldKind.CONTENT_LENGTH: lambda value: b"%d" % int(value), FieldKind.TRANSFER_ENCODING: bytes.lower}
    return [(name, canonical.get(kind, bytes)(value)) for kind, name, value in kept]


@given(REQUEST_HEADS)
@example(b"\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
@example(b"GET /x HTTP/1.1\r\nHost: a\r\nContent-Length:\t5 \r\n\r\n")
@example(b"GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n")
def test_both_read_the_same_fields(raw: bytes) -> None:
    """The lines that go on, and the values that routing sees, are llhttp's pairs: none split, joined, lost or new."""
    head, heard = both(raw)
    pairs = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in head.lines)]
    noted: dict[bytes, list[bytes]] = {}
    for name, value in heard.fields:
        if request_kind(name, WANTED) in NOTED:
            noted.setdefault(name.lower(), []).append(value)

    assert head.fields == noted
    if not any(name.lower() == b"host" for name, _ in heard.fields):
        assert head.minor == 0
        pairs = [pair for pair in pairs if pair[0] != b"Host"]
    assert pairs == forwarded(heard, noted)


@given(REQUEST_HEADS)
@example(b"GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n")
@example(b"\rGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
def test_both_read_the_same_request_line(raw: bytes) -> None:
    """Method, version and target are llhttp's; the absolute form loses scheme and authority and nothing else."""
    head, heard = both(raw)

    assert head.method == heard.method
    assert heard.version == f"1.{head.minor}"
    if heard.target[:1] in (b"/", b"*"):
        assert head.target == heard.target
    else:
        assert heard.target.endswith(head.target.lstrip(b"/*"))
        assert heard.target.lower().startswith((b"http://", b"https://"))


@given(REQUEST_HEADS)
@example(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 010\r\n\r\n")
@example(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n")
def test_both_see_the_body_end_at_the_same_byte(raw: bytes) -> None:
    """One in, one out (R1): a body that llhttp would frame otherwise is never accepted."""
    head, heard = both(raw)
    assume(heard.length is not None)

    assert min(head.length, OFFERED) == heard.length


@pytest.mark.parametrize(
    "raw",
    [
        b"GET  /x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /x\r\n\r\n",
        b"GET /x HTTP/2.0\r\nHost: a\r\n\r\n",
        b"SOURCE /x ICE/1.0\r\nHost: a\r\n\r\n",
        b"GET /x HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://a/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"TRACE /x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
        b"POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_where_we_are_stricter_than_llhttp(raw: bytes) -> None:
    """These pass llhttp, which leaves them to its caller; upstreams disagree about them, so they end here."""
    assert not hear_request(raw).error
    assert isinstance(RequestReader(WANTED).read(raw), RequestRefusal)


def everything(head: RequestHead) -> dict[str, object]:
    """All that a head says, defaults of its class among it."""
    return {name: getattr(head, name) for name in {**RequestHead.__annotations__, **vars(head)}}


FIRST = b"GET /first HTTP/1.1"
BLOCKS = st.sampled_from(
    [
        b"\r\nHost: a\r\n\r\n",
        b"\r\nHost: a\r\nContent-Length: 05\r\nX-Tenant-Id: t\r\n\r\n",
        b"\r\nX-A: 1\r\nHost: a:80\r\nConnection: close, x-a\r\nExpect: 100-continue\r\n\r\n",
        b"\r\nHost: a\r\nTransfer-Encoding: chunked\r\nX-Forwarded-For: 1\r\nUpgrade: x\r\nTE: trailers\r\n\r\n",
    ]
)


@given(BLOCKS, REQUEST_LINES | st.binary(max_size=8).map(lambda raw: b"GET /" + raw + b" HTTP/1.1"))
@example(b"\r\nHost: a\r\n\r\n", b"\nGET /x HTTP/1.1")
@example(b"\r\nHost: a\r\n\r\n", b"\r\nGET /x HTTP/1.1")
@example(b"\r\nHost: a\r\n\r\n", b"GET /a\tb HTTP/1.1")
@example(b"\r\nHost: a\r\n\r\n", b"GET /x HTTP/1.0")
@example(b"\r\nHost: a\r\n\r\n", b"GET http://b/ HTTP/1.1")
def test_a_recalled_head_is_what_judging_and_reading_would_give(block: bytes, line: bytes) -> None:
    """The short cut past llhttp takes nothing that it would refuse, and says the same of what it takes."""
    reader = RequestReader(WANTED)
    assert isinstance(reader.read(FIRST + block), RequestHead)
    raw = line + block

    recalled = reader.recall(raw)

    if recalled is not None:
        read = RequestReader(WANTED).read(raw)
        assert isinstance(read, RequestHead)
        assert not hear_request(raw).error
        assert everything(recalled) == everything(read)


@pytest.mark.parametrize("byte", range(0x21, 0x7F), ids=chr)
def test_every_byte_of_a_target_is_recalled_as_llhttp_takes_it(byte: int) -> None:
    """In path and query: what the short cut lets through is what llhttp lets through, without the fragment's sign."""
    reader = RequestReader(WANTED)
    reader.read(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    for target in (b"/%c/" % byte, b"/?%c?" % byte):
        raw = b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        assert (reader.recall(raw) is not None) == (not hear_request(raw).error and byte != ord("#"))
