from __future__ import annotations

import pytest
from hypothesis import assume, example, given

from proxy.core.http.headers import PROTECTED, FieldKind, connection_tokens, is_managed, response_kind
from proxy.core.http.response import CHUNKED, MAX_FIELDS, NEVER, UNTIL_CLOSE, ResponseHead, ResponseReader
from tests.core.heads import RESPONSE_HEADS
from tests.core.llhttp import OFFERED, Heard, hear_response

STAYS = {
    FieldKind.PLAIN,
    FieldKind.LOCATION,
    FieldKind.SET_COOKIE,
    FieldKind.MANAGED,
    FieldKind.CONTENT_LENGTH,
    FieldKind.TRANSFER_ENCODING,
}
FRAMING = {FieldKind.CONTENT_LENGTH, FieldKind.TRANSFER_ENCODING}


def response(*fields: bytes, line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


def judge(raw: bytes, *, to_head: bool = False) -> ResponseHead | str:
    """As in production: llhttp first, then our reader."""
    return hear_response(raw).error or ResponseReader().read(raw, bodyless=to_head)


def accepted(raw: bytes, *, to_head: bool = False) -> ResponseHead:
    head = judge(raw, to_head=to_head)
    assert isinstance(head, ResponseHead), head
    return head


@pytest.mark.parametrize(
    "raw",
    [
        response(b"Content-Length: 5", b"Content-Length: 6"),
        response(b"Content-Length: 0", b"Content-Length: 6"),
        response(b"Content-Length: 5", b"Content-Length: 5"),
        response(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        response(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        response(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        response(b"Content-Length: 5, 5"),
        response(b"Content-Length: +5"),
        response(b"Content-Length:"),
        response(b"Content-Length: 9223372036854775808"),
        response(b"Content-Length: " + b"9" * 5000),
        response(b"Transfer-Encoding: gzip"),
        response(b"Transfer-Encoding: gzip, chunked"),
        response(b"Transfer-Encoding: identity"),
        response(b"Transfer-Encoding: \xa0chunked"),
        response(b"Transfer-Encoding: chunked", line=b"HTTP/1.0 200 OK"),
        response(b"Content-Length: 5", b"Content-Length: 6", line=b"HTTP/1.1 204 No Content"),
    ],
)
def test_uncertain_framing_is_a_failure_for_the_reader_alone(raw: bytes) -> None:
    """RS09, R12: even if llhttp let it pass, a body whose end is not certain is never relayed."""
    assert isinstance(ResponseReader().read(raw, bodyless=False), str)
    assert isinstance(ResponseReader().read(raw, bodyless=True), str)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/2.0 200 OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/0.9 200 OK",
        b"ICE/1.0 200 OK",
        b"RTSP/1.0 200 OK",
        b"http/1.1 200 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 200OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 000 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\x1bK",
        b"HTTP/1.1 200 O\x7fK",
        b"HTTP/1.1 200 O\rK",
        b"HTTP/1.1 200 O\nK",
        b"\r\nHTTP/1.1 200 OK",
        b"\nHTTP/1.1 200 OK",
        b"",
    ],
)
def test_an_unclean_status_line_is_a_failure_for_the_reader_alone(line: bytes) -> None:
    """RS12: another protocol, a status that is none, or a control character in the reason never reaches a client."""
    assert isinstance(ResponseReader().read(response(b"Content-Length: 0", line=line), bodyless=False), str)


@pytest.mark.parametrize(
    "field",
    [
        b"X: a\rSet-Cookie: evil",
        b"X: a\nSet-Cookie: evil",
        b"X: a\x00b",
        b"X: a\x07b",
        b"X: a\r\n b",
        b" X: a",
        b"X : a",
        b": a",
        b"X",
        b"Content-Length : 5",
    ],
)
def test_an_unclean_field_is_a_failure(field: bytes) -> None:
    """RS12: what could become another field in the client's eyes fails the response."""
    assert isinstance(judge(response(field)), str)


@pytest.mark.parametrize(
    ("fields", "lines"),
    [
        (
            [
                b"Connection: X-Internal, close",
                b"X-Internal: 1",
                b"Keep-Alive: timeout=5",
                b"Proxy-Connection: x",
                b"Trailer: X-Sum",
                b"Upgrade: h2c",
                b"TE: x",
                b"Proxy-Authenticate: Basic",
                b"Server: s",
            ],
            [b"Server: s"],
        ),
        (
            [b"Set-Cookie: a=1", b"X: \xc3\xa9\xff", b"set-cookie:b=2", b"x-EMPTY:"],
            [b"Set-Cookie: a=1", b"X: \xc3\xa9\xff", b"set-cookie:b=2", b"x-EMPTY:"],
        ),
        ([b"content-length:\t05 "], [b"content-length: 5"]),
        ([b"Transfer-encoding: CHUNKED \t"], [b"Transfer-encoding: chunked"]),
        (
            [b"A: 1", b"Connection: a, content-length, x-request-id", b"Content-Length: 5", b"X-Request-Id: 7"],
            [b"Content-Length: 5", b"X-Request-Id: 7"],
        ),
        ([b"Location: /a", b"Content-Location: /b"], [b"Location: /a", b"Content-Location: /b"]),
    ],
    ids=["RS14", "RS17", "length canonical", "coding canonical", "connection removes no framing", "locations"],
)
def test_the_client_gets_these_lines(fields: list[bytes], lines: list[bytes]) -> None:
    """R2, R8: the upstream's own bytes in their order, without what is hop-by-hop, framing canonical."""
    head = accepted(response(*fields))

    assert head.lines == lines
    assert head.framing_at < 0 or b":" in head.lines[head.framing_at]


@pytest.mark.parametrize(
    ("raw", "length", "framing"),
    [
        (response(b"Content-Length: 5"), 5, b"Content-Length: 5"),
        (response(b"X: y", b"Transfer-Encoding: chunked"), CHUNKED, b"Transfer-Encoding: chunked"),
        (response(b"X: y", b"Connection: x", b"Content-Length: 0"), 0, b"Content-Length: 0"),
        (response(), UNTIL_CLOSE, b""),
        (response(line=b"HTTP/1.0 200 OK"), UNTIL_CLOSE, b""),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 204 No Content"), 0, b""),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 205 Reset Content"), 0, b""),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 304 Not Modified"), 0, b"Content-Length: 5"),
        (response(b"Transfer-Encoding: chunked", line=b"HTTP/1.1 304 Not Modified"), 0, b""),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 103 Early Hints"), 0, b""),
        (response(line=b"HTTP/1.1 304 Not Modified"), 0, b""),
    ],
    ids=[
        "length",
        "chunked",
        "behind a removed field",
        "RS06",
        "RS06 1.0",
        "RS03 204",
        "RS03 205",
        "RS03 304",
        "RS03 304 chunked",
        "RS03 103",
        "304 bare",
    ],
)
def test_the_length_says_where_the_body_ends(raw: bytes, length: int, framing: bytes) -> None:
    """RFC 9112 section 6.3: a number, chunked, until close, or no body; a length beside none is kept only in a 304."""
    head = accepted(raw)

    assert head.length == length
    assert (head.lines[head.framing_at] if head.framing_at >= 0 else b"") == framing
    assert framing or not any(line.lower().startswith((b"content-length", b"transfer-enc")) for line in head.lines)


@pytest.mark.parametrize(
    ("field", "lines"),
    [
        (b"Content-Length: 40", [b"Content-Length: 40"]),
        (b"Content-Length: 0", [b"Content-Length: 0"]),
        (b"Transfer-Encoding: chunked", []),
        (b"X: y", [b"X: y"]),
    ],
)
def test_an_answer_to_head_has_no_body_whatever_it_declares(field: bytes, lines: list[bytes]) -> None:
    """RS01: llhttp cannot know that the request was HEAD; here the length is information, and no byte is awaited."""
    head = accepted(response(field), to_head=True)

    assert (head.length, head.lines, head.keep_alive) == (0, lines, True)


@pytest.mark.parametrize(
    ("raw", "keep_alive"),
    [
        (response(), True),
        (response(b"Connection: keep-alive"), True),
        (response(b"Connection: close"), False),
        (response(b"Connection: x", b"connection: CLOSE"), False),
        (response(line=b"HTTP/1.0 200 OK"), False),
        (response(b"Connection: keep-alive", line=b"HTTP/1.0 200 OK"), True),
        (response(b"Connection: keep-alive, close", line=b"HTTP/1.0 200 OK"), False),
        (response(b"Content-Length: 0", line=b"HTTP/1.1 204 No Content"), True),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 204 No Content"), False),
        (response(b"Transfer-Encoding: chunked", line=b"HTTP/1.1 205 Reset Content"), False),
        (response(b"Content-Length: 5", line=b"HTTP/1.1 304 Not Modified"), True),
    ],
)
def test_a_connection_is_reused_only_when_nothing_can_follow(raw: bytes, keep_alive: bool) -> None:  # noqa: FBT001 (a table's column)
    """R14: `close` and HTTP/1.0 end it, and so does a body announced where none may be, which would come later."""
    assert accepted(raw).keep_alive is keep_alive


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, b"200 OK"),
        (b"HTTP/1.1 404 Not  Found\tat all", 404, b"404 Not  Found\tat all"),
        (b"HTTP/1.1 200 \xc3\xa9", 200, b"200 \xc3\xa9"),
        (b"HTTP/1.1 200 ", 200, b"200 "),
        (b"HTTP/1.1 200", 200, b"200 "),
        (b"HTTP/1.0 999 Odd", 999, b"999 Odd"),
        (b"HTTP/1.1 100 Continue", 100, b"100 Continue"),
    ],
)
def test_status_and_reason_go_on_as_sent(line: bytes, status: int, reason: bytes) -> None:
    """The reason is the upstream's, byte for byte; only the blank that RFC 9112 section 4 wants before it is added."""
    head = accepted(response(line=line))

    assert (head.status, head.reason) == (status, reason)


def test_what_the_relay_asks_about_is_marked() -> None:
    """Fields that may need rewriting, a request id of the upstream's own, its protocol and its trailers are told."""
    plain = accepted(response(b"Server: s"))
    head = accepted(response(b"Location: /", b"X-Request-ID: 7", b"Trailer: a", b"trailer: b", b"Upgrade: WebSocket"))

    assert (plain.rewritable, plain.has_request_id, plain.upgrade, plain.trailer) == (False, False, b"", ())
    assert (head.rewritable, head.has_request_id, head.upgrade) == (True, True, b"websocket")
    assert head.trailer == (b"Trailer: a", b"trailer: b")
    assert accepted(response(b"set-cookie: a=1")).rewritable


def test_wide_heads_pass_and_endless_ones_do_not() -> None:
    """RS15: 300 fields and cookies of 9 KiB are a legacy's daily bread; more than 512 fields are a fault."""
    wide = [b"X: y"] * 300 + [b"Set-Cookie: " + b"a" * 9000] * 4

    assert accepted(response(*wide)).lines == wide
    assert isinstance(judge(response(*[b"X: y"] * MAX_FIELDS)), ResponseHead)
    assert isinstance(judge(response(*[b"X: y"] * (MAX_FIELDS + 1))), str)


def test_equal_bytes_are_recalled_but_never_for_head_or_interim_answers() -> None:
    """The memory holds final answers to requests that may have a body; what was refused is never in it."""
    reader = ResponseReader()
    raw, early, broken = (
        response(b"Content-Length: 5"),
        response(line=b"HTTP/1.1 103 E"),
        response(b"Content-Length: x"),
    )
    assert reader.recall(raw) is None
    reader.read(raw, bodyless=True)
    reader.read(early, bodyless=False)
    reader.read(broken, bodyless=False)
    assert [reader.recall(each) for each in (raw, early, broken)] == [None, None, None]

    head = reader.read(raw, bodyless=False)

    assert reader.recall(raw) is head
    assert reader.recall(response(b"Content-Length: 6")) is None


def test_a_flood_of_names_and_reasons_changes_no_verdict_and_stays_bounded() -> None:
    """However many names and reasons an upstream invents, memory has its bound and what is read stays the same."""
    reader = ResponseReader()
    for number in range(3000):
        line = b"HTTP/1.1 200 reason %d" % number
        reader.read(response(b"X-%d: y" % number, b"N" * 200 + b": y", line=line), bodyless=False)
        reader.read(response(line=line + b"." * 200), bodyless=False)

    assert vars(accepted(response(b"X-1: y"))) == vars(reader.read(response(b"X-1: y"), bodyless=False))
    assert len(reader._kinds) <= 2048
    assert len(reader._starts) <= 2048
    assert max(map(len, [*reader._kinds, *reader._starts])) <= 128


def forwarded(head: ResponseHead, heard: Heard) -> list[tuple[bytes, bytes]]:
    """The fields that a client is to see, worked out from llhttp's alone."""
    named = {
        token for name, value in heard.fields if name.lower() == b"connection" for token in connection_tokens(value)
    }
    named -= PROTECTED | {name for name in named if is_managed(name)}
    bodyless = head.length == 0 and (head.status < 200 or head.status in (204, 205, 304))
    found = []
    for name, value in heard.fields:
        kind = response_kind(name)
        if kind not in STAYS or name.lower() in named:
            continue
        if kind not in FRAMING:
            found.append((name, value))
        elif not bodyless or (head.status == 304 and kind is FieldKind.CONTENT_LENGTH):
            found.append((name, b"%d" % int(value) if kind is FieldKind.CONTENT_LENGTH else b"chunked"))
    return found


@pytest.mark.thorough
@given(RESPONSE_HEADS)
@example(response(b"content-length:\t05 ", b"X: \xff"))
@example(response(line=b"HTTP/1.1 099 x"))
def test_both_parsers_read_a_response_alike(raw: bytes) -> None:
    """Whatever llhttp and our reader accept has one status, one version, one list of fields and one end of the body."""
    heard, head = hear_response(raw), ResponseReader().read(raw, bodyless=False)
    assume(not heard.error)
    assume(isinstance(head, ResponseHead))
    assert isinstance(head, ResponseHead)
    pairs = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in head.lines)]

    assert (heard.status, heard.version) == (head.status, f"1.{head.minor}")
    assert pairs == forwarded(head, heard)
    if heard.length is not None and head.status != 205 and b"\t\r\n" not in raw:  # the two differences below
        assert heard.length == (OFFERED if head.length == UNTIL_CLOSE else min(head.length, OFFERED))


@pytest.mark.parametrize(
    ("raw", "length"),
    [(response(b"Transfer-Encoding: chunked\t"), CHUNKED), (response(line=b"HTTP/1.1 205 Reset Content"), 0)],
    ids=["tab behind the coding", "205 without framing"],
)
def test_where_llhttp_would_read_until_close(raw: bytes, length: int) -> None:
    """RFC 9112 section 5 strips the tab and RFC 9110 section 15.3.6 forbids the content; llhttp does neither."""
    assert hear_response(raw).length == OFFERED
    assert accepted(raw).length == length


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"timeout=5, max=100", 4.0),
        (b"max=100, Timeout = 15", 14.0),
        (b'timeout="60"', 59.0),
        (b"timeout=2", 1.0),
        (b"timeout=1", 0.5),
        (b"max=100", NEVER),
        (b"xtimeout=5", NEVER),
        (b"timeout=-5", NEVER),
        (b"timeout=5s", NEVER),
        (b"", NEVER),
    ],
)
def test_how_long_a_connection_may_be_idle_is_what_the_upstream_says_less_a_margin(
    value: bytes, seconds: float
) -> None:
    """A second, or half of a shorter time; what is not understood says nothing. The field is for this hop alone."""
    raw = b"HTTP/1.1 200 OK\r\nKeep-Alive: %b\r\nContent-Length: 0\r\n\r\n" % value
    head = ResponseReader().read(raw, bodyless=False)

    assert isinstance(head, ResponseHead)
    assert (head.idles, head.keep_alive) == (seconds, True)
    assert head.lines == [b"Content-Length: 0"]


def test_an_upstream_that_keeps_no_idle_connection_is_not_asked_on_one() -> None:
    """`timeout=0` is as good as close; of two fields the shorter counts."""
    end = b"Content-Length: 0\r\n\r\n"
    none = ResponseReader().read(b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\n" + end, bodyless=False)
    two = ResponseReader().read(
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=9\r\nKeep-Alive: timeout=5\r\n" + end, bodyless=False
    )

    assert isinstance(none, ResponseHead)
    assert isinstance(two, ResponseHead)
    assert not none.keep_alive
    assert two.idles == 4.0


def test_whom_a_side_saw_is_all_that_it_says_of_it() -> None:
    """Two fields are one value: a side that says two things is not taken at the first."""
    head = judge(response(b"Content-Length: 0", b"X-Banyan-Saw: a", b"X-Banyan-Saw: b"))

    assert isinstance(head, ResponseHead)
    assert head.saw == b"a, b"
