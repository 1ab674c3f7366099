"""Hostile message heads for hypothesis: mostly sound, with the bytes in them on which parsers have disagreed."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.core.llhttp import head_of

# fmt: off
SOUND_FIELDS = st.sampled_from([
    b"X-A: a", b"X-A:", b"x_b:\t\xff\xfe ", b"Cookie: a=1; b=2", b"cookie:c=3", b"X-Tenant-Id:\tt 1 ",
    b"Content-Length: 5", b"content-length:\t010\t", b"Content-Length: 0", b"Content-Length: 9223372036854775807",
    b"Transfer-Encoding:CHUNKED", b"transfer-encoding: chunked", b"Connection: keep-alive", b"Connection: close, x-a",
    b"Connection: host, x-tenant-id",
    b"Connection: Upgrade", b"Upgrade: websocket", b"Proxy-Connection: close", b"Keep-Alive: 5", b"TE: trailers",
    b"Expect: 100-continue", b"Trailer: x", b"X-Forwarded-For: 192.0.2.7", b"X_Forwarded_For: 192.0.2.7",
    b"Content_Length: 5", b"traceparent: 00-1", b"tracestate: a=b", b"HTTP2-Settings: A", b"X-Request-Id: 1",
    b"Set-Cookie: a=1", b"Location: /x", b"Connection: x-request-id, content-length, set-cookie",
])
NAMES = st.sampled_from([
    b"Host", b"host", b"X-A", b"Content-Length", b"content-length", b"Transfer-Encoding", b"transfer-encoding",
    b"Connection", b"Upgrade", b"", b" X", b"X ", b"X\t", b"\tX", b"X\x00", b"X\xff", b'"', b"Content-Length ",
    b"Content-Length\x00", b"Transfer\x0bEncoding", b"X\r\n", b"X\n",
])
VALUES = st.binary(max_size=6) | st.sampled_from([
    b"a", b" a", b"", b" ", b"+5", b"-1", b"5, 5", b"5,5", b"1_0", b"0x5", b"5\x00", b"\x005", b"5\x0b",
    b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"chunked ", b"chunked\t", b",chunked",
    b"chunked,", b"gzip, chunked", b"chunked, chunked", b"identity", b"\x0bchunked", b"\xa0chunked", b"chunked;q=1",
    b", close,,", b"upgrade\t", b"a\x00b", b"a\rb", b"a\nb", b"\r\n b", b"a\r\n\tb", b"a\x7f", b"\x0b",
])
JUNK = st.sampled_from([
    b"\r", b"\n", b"\x00", b" ", b"\t", b":", b",", b"\\", b'"', b"0", b";", b"\x7f", b"\x0b", b"\x85", b"\xa0",
    b"\xff", b"\r\n", b"\r\n ", b"\r\n\r\n", b"\n\n",
])
METHODS = st.sampled_from([
    b"GET", b"POST", b"HEAD", b"OPTIONS", b"PROPFIND", b"M-SEARCH", b"QUERY", b"CONNECT", b"TRACE", b"PRI", b"SOURCE",
    b"DESCRIBE", b"get", b"GE", b"GETT", b"", b"\nGET", b"\rGET",
])
TARGETS = st.binary(max_size=4).map(lambda raw: b"/" + raw) | st.sampled_from([
    b"/", b"/a?b", b"*", b"http://a/x", b"http://a", b"HTTP://a?x", b"http://b/", b"http://[::1]/", b"https://a/x",
    b"http://u@a/", b"http:///x", b"http://a#/", b"ftp://a/", b"a:1", b"//x", b"/a#b", b"/a b", b"/%00", b"/?a?b#",
    b"", b"?x", b"#", b"*x",
])
VERSIONS = st.sampled_from([
    b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/0.9", b"HTTP/2.0", b"RTSP/1.0", b"ICE/1.0", b"http/1.1",
    b"HTTP/1.1 ", b"", b"HTTP/1.10", b"\nHTTP/1.1",
])
STATUSES = st.sampled_from([
    b"200", b"200 ", b"204 No", b"205 Re", b"304 Not", b"100 C", b"103 E", b"101 S", b"099 x", b"000 x", b"999 x",
    b"2000 x", b"20 x", b"200OK", b" 200 OK", b"200 O\tK", b"200 O\x00K", b"200 \xff", b"+20 x", b"200\tOK", b"",
])
# fmt: on


def mostly(sound: bytes | st.SearchStrategy[bytes], hostile: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Three of four draws are sound."""
    usual = st.just(sound) if isinstance(sound, bytes) else sound
    return st.sampled_from([usual, usual, usual, hostile]).flatmap(lambda chosen: chosen)


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """One of each, one behind the other."""
    return st.tuples(*parts).map(b"".join)


BLANKS = mostly(b" ", st.sampled_from([b" ", b"  ", b"\t", b""]))
ENDS = mostly(b"\r\n", st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r\n"]))
COLONS = st.sampled_from([b":", b": ", b":", b": ", b" :", b"", b"::"])
FIELDS = st.lists(joined(mostly(SOUND_FIELDS, joined(NAMES, COLONS, VALUES)), ENDS), max_size=4).map(b"".join)


@st.composite
def _spoilt(draw: st.DrawFn, heads: st.SearchStrategy[bytes]) -> bytes:
    """One head of `heads`, now and then with a hostile byte put in, or in another's place."""
    head = draw(heads)
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(JUNK) + head[at + draw(st.integers(0, 1)) :]
    return head_of(head)


REQUEST_LINES = joined(mostly(b"GET", METHODS), BLANKS, mostly(b"/x", TARGETS), BLANKS, mostly(b"HTTP/1.1", VERSIONS))
REQUEST_HEADS = _spoilt(joined(REQUEST_LINES, ENDS, mostly(b"Host: a\r\n", st.just(b"")), FIELDS))
RESPONSE_HEADS = _spoilt(joined(mostly(b"HTTP/1.1", VERSIONS), BLANKS, mostly(b"200 OK", STATUSES), ENDS, FIELDS))
