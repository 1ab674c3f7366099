"""Requests on which parsers, proxies and upstreams have disagreed, under the ids of the project's case tables.

FR: framing; HD: header hygiene; RT: target, host and routing; UP: upgrades; EX: expectations. Rules R2-R8 and R10.
"""

from __future__ import annotations


def request(line: bytes, *fields: bytes) -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


def get(*fields: bytes, target: bytes = b"/x") -> bytes:
    return request(b"GET " + target + b" HTTP/1.1", b"Host: a", *fields)


def post(*fields: bytes) -> bytes:
    return request(b"POST /x HTTP/1.1", b"Host: a", *fields)


FRAMING = {
    "FR01": (post(b"Content-Length: 6", b"Transfer-Encoding: chunked"), 400),
    "FR02": (post(b"Transfer-Encoding: chunked", b"Content-Length: 30"), 400),
    "FR03": (post(b"Content-Length: 0", b"Content-Length: 35"), 400),
    "FR03 equal": (post(b"Content-Length: 5", b"Content-Length: 5"), 400),
    "FR03 zero and chunked": (post(b"Content-Length: 0", b"Transfer-Encoding: chunked"), 400),
    "FR05": (post(b"Content-Length: 1, 1"), 400),
    "FR06": (get(b"Content-Length: +1_0"), 400),
    "FR06 digits of another script": (get(b"Content-Length: \xd9\xa5"), 400),
    "FR08": (get(b"Content-Length: ", b"Content-Length: 43"), 400),
    "FR09": (post(b"Content-Length: 18446744073709551617"), 400),
    "FR09 above 2^63-1": (post(b"Content-Length: 9223372036854775808"), 400),
    "FR09 thousands of digits": (post(b"Content-Length: " + b"1" * 5000), 400),
    "FR11": (post(b"Transfer-Encoding: chunked, identity"), 501),
    "FR12": (post(b"Transfer-Encoding: gzip, chunked"), 501),
    "FR13": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "FR14": (post(b"Transfer-Encoding: ,chunked"), 501),
    "FR16": (post(b"Transfer-Encoding: \x0bchunked"), 501),
    "FR17": (post(b"Transfer-Encoding: \xa0chunked\x85"), 501),
    "FR20": (request(b"POST /x HTTP/1.0", b"Host: a", b"Transfer-Encoding: chunked"), 400),
}
"""Refused by our reader alone, with this status."""

REFUSED = {
    "FR19": (post(b"Transfer-Encoding : chunked", b"Content-Length: 5"), 400),
    "FR31": (b"GET / HTTP/1.1\r\nHost: a\r\n\rZGET /evil: HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "FR32": (b"GET /x HTTP/1.1\nHost: a\n\n", 400),
    "FR32 before the method": (b"\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "FR32 CR before the method": (b"\rGET /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "FR34": (get(b"X: a\x00b"), 400),
    "FR35": (get(b"Visible: a\rSmuggled: b"), 400),
    "FR36": (get(b"X: a\x07\x7fb"), 400),
    "FR38": (get(b"X: a", b" b"), 400),
    "FR40": (get(b": x"), 400),
    "FR41": (get(b"Content-Length 10"), 400),
    "FR48": (request(b"GET /x HTTP/2.0", b"Host: a"), 505),
    "FR48 preface": (request(b"PRI * HTTP/2.0"), 505),
    "FR48 preface as 1.0": (request(b"PRI /x HTTP/1.0"), 405),
    "FR48 version 0.9": (b"GET /x\r\n\r\n", 400),
    "FR49": (request(b"SOURCE / ICE/1.0", b"Host: a"), 505),
    "FR49 RTSP": (request(b"DESCRIBE / RTSP/1.0", b"Host: a"), 505),
    "FR51": (get(*[b"X%d: y" % number for number in range(2000)], b"Content-Length: 5"), 431),
    "RT01": (request(b"GET /x HTTP/1.1"), 400),
    "RT02": (request(b"GET /x HTTP/1.1", b"Host: a", b"Host: b"), 400),
    "RT02 equal": (request(b"GET /x HTTP/1.1", b"Host: a", b"Host: a"), 400),
    "RT02 in 1.0": (request(b"GET /x HTTP/1.0", b"Host: a", b"Host: b"), 400),
    "RT03": (request(b"GET /x HTTP/1.1", b"Host: a, b"), 400),
    "RT03 empty": (request(b"GET /x HTTP/1.1", b"Host: "), 400),
    "RT03 in 1.0": (request(b"GET /x HTTP/1.0", b"Host: a/b"), 400),
    "RT05": (request(b"GET http://b/x HTTP/1.1", b"Host: a"), 400),
    "RT05 user": (request(b"GET http://u@a/x HTTP/1.1", b"Host: a"), 400),
    "RT05 no authority": (request(b"GET http:///x HTTP/1.1", b"Host: a"), 400),
    "RT05 no host at all": (request(b"GET http:///x HTTP/1.0"), 400),
    "RT05 other scheme": (request(b"GET ftp://a/x HTTP/1.1", b"Host: a"), 400),
    "RT05 fragment": (request(b"GET http://a/x#y HTTP/1.1", b"Host: a"), 400),
    "RT05 fragment on the host": (request(b"GET http://a#y HTTP/1.1", b"Host: a"), 400),
    "RT07": (request(b"GET * HTTP/1.1", b"Host: a"), 400),
    "RT07 longer": (request(b"OPTIONS *x HTTP/1.1", b"Host: a"), 400),
    "RT16": (get(target=b"/pub#/../admin"), 400),
    "RT17": (get(target=b"/a%00b"), 400),
    "RT17 control": (get(target=b"/a\x07b"), 400),
    "RT17 tab": (get(target=b"/a\tb"), 400),
    "RT17 not ASCII": (get(target=b"/\xc3\xa9"), 400),
    "RT21": (request(b"CONNECT b:443 HTTP/1.1", b"Host: b:443"), 405),
    "RT21 with a path": (request(b"CONNECT /x HTTP/1.1", b"Host: a"), 405),
    "RT22": (request(b"TRACE /x HTTP/1.1", b"Host: a", b"Cookie: s=1"), 405),
    "RT24 unknown": (request(b"FOO /x HTTP/1.1", b"Host: a"), 400),
    "RT24 lower case": (request(b"get /x HTTP/1.1", b"Host: a"), 400),
    "RT27": (get(target=b"/" + b"a" * 65_536), 414),
    "two blanks": (request(b"GET  /x HTTP/1.1", b"Host: a"), 400),
    "blank at the end": (request(b"GET /x HTTP/1.1 ", b"Host: a"), 400),
    "blank before a field": (request(b"GET /x HTTP/1.1", b" Host: a"), 400),
    "nothing but empty lines": (b"\r\n\r\n", 400),
}
"""Refused by llhttp and our reader together."""

FORWARDED = {
    "FR10": (post(b"Content-Length: 0000000005"), [b"Host: a", b"Content-Length: 5"]),
    "FR10 blanks": (post(b"content-length:\t5\t "), [b"Host: a", b"content-length: 5"]),
    "FR10 no blank": (post(b"Content-Length:5"), [b"Host: a", b"Content-Length: 5"]),
    "FR10 upper-case coding": (post(b"Transfer-Encoding:CHUNKED"), [b"Host: a", b"Transfer-Encoding: chunked"]),
    "FR37": (get(b"User: \x85admin\xa0"), [b"Host: a", b"User: \x85admin\xa0"]),
    "FR42": (get(b"Content-Length: 35"), [b"Host: a", b"Content-Length: 35"]),
    "HD01": (get(b"Connection: close, X-Forwarded-For, X-Real-Ip, X-Forwarded-Host"), [b"Host: a"]),
    "HD02": (
        post(
            b"Connection: Host, Content-Length, Cookie, Authorization",
            b"Cookie: s=1",
            b"Authorization: B",
            b"Content-Length: 2",
        ),
        [b"Host: a", b"Cookie: s=1", b"Authorization: B", b"Content-Length: 2"],
    ),
    "HD03": (
        get(
            b"Connection: keep-alive, X-Custom",
            b"Keep-Alive: timeout=5",
            b"Proxy-Connection: keep-alive",
            b"TE: trailers, gzip",
            b"Upgrade: h2c",
            b"Proxy-Authorization: Basic x",
            b"X-Custom: z",
        ),
        [b"Host: a"],
    ),
    "HD03 named before Host": (
        request(b"GET / HTTP/1.1", b"X-A: 1", b"Connection: x-a", b"Host: a", b"X-B: 2"),
        [b"Host: a", b"X-B: 2"],
    ),
    "HD05": (
        get(
            b"X-Forwarded-For: 6.6.6.6",
            b"X-Forwarded-For: 7.7.7.7",
            b"Forwarded: for=1.1.1.1;host=evil",
            b"X-Real-IP: 8.8.8.8",
        ),
        [b"Host: a"],
    ),
    "HD06": (get(b"X_Forwarded_For: 6.6.6.6", b"X_Forwarded_Proto: https"), [b"Host: a"]),
    "HD08": (post(b"Content-Length: 5", b"Transfer_Encoding: chunked"), [b"Host: a", b"Content-Length: 5"]),
    "HD09": (get(b"my_legacy_token: 1"), [b"Host: a", b"my_legacy_token: 1"]),
    "HD10": (get(b"X-Forwarded-Host: evil", b"X-Forwarded-Proto: https", b"X-Forwarded-Port: 443"), [b"Host: a"]),
    "HD11": (
        get(b"X-A: 1", b"x-a: 2", b"Cookie: a=1", b"Cookie: b=2", b"Accept-Encoding: br"),
        [b"Host: a", b"X-A: 1", b"x-a: 2", b"Cookie: a=1", b"Cookie: b=2", b"Accept-Encoding: br"],
    ),
    "HD12": (get(), [b"Host: a"]),
    "HD14": (get(b"X-Empty:", b"X-List: a, b"), [b"Host: a", b"X-Empty:", b"X-List: a, b"]),
    "UP02": (
        post(b"Connection: Upgrade", b"Upgrade: foo", b"Content-Length: 5"),
        [b"Host: a", b"Content-Length: 5"],
    ),
    "UP04": (
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        [b"Host: a"],
    ),
    "UP05": (get(b"Connection: notupgrade", b"Upgrade: websocket"), [b"Host: a"]),
    "EX01": (post(b"Expect: 100-continue", b"Content-Length: 2"), [b"Host: a", b"Content-Length: 2"]),
    "trace": (get(b"traceparent: 00-1", b"tracestate: a=b"), [b"Host: a"]),
    "routing read it": (get(b"X-Tenant-Id: t", b"Connection: x-tenant-id"), [b"Host: a", b"X-Tenant-Id: t"]),
}
"""Accepted, and the lines that go on."""
