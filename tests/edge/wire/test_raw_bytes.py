from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import REST, Block, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import always, sized

ADDED = {
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-banyan-via",
    b"x-request-id",
    b"traceparent",
}
OWN = b"X-Kept: as it was"


def sent_on(message: Message) -> list[bytes]:
    """The lines that an upstream got, without those that the proxy adds."""
    return [line for line in message.lines if line.partition(b":")[0].lower() not in ADDED]


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/a%20b+c%2Bd",
        b"/%7euser/~user",
        b"/caf%C3%A9%c3%a9",
        b"/a;v=1/b,c/(d)!$&'*=:@",
        b"/x?a=1&a=2&b&=c&%26=%3D&e=a%0Ab",
        b"/x??y=?&/../=..//",
        b"/x?",
        b"/a//b",
        b"/a/./b/../c",
        b"/%2e%2e/%2F/%5c",
        b"/" + b"x" * 8000,
        b"/x?q=" + b"y" * 8000,
    ],
)
async def test_the_target_goes_on_as_it_was_sent(play: Play, serve: Serve, target: bytes) -> None:
    """No decoding, no normalising, no re-ordering: where all readings are one route's, the raw bytes go on (RT)."""
    legacy = await play(always(sized(b"hi")))
    answer = await (await serve(legacy)).ask(get(target))

    assert answer.status == 200
    assert legacy.requests[0].start == b"GET " + target + b" HTTP/1.1"


@pytest.mark.parametrize(
    "method", [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"PROPFIND", b"M-SEARCH"]
)
async def test_the_method_goes_on_as_it_was_sent(play: Play, serve: Serve, method: bytes) -> None:
    """Every method that the parser knows is passed on, WebDAV's included."""
    legacy = await play(always(sized(b"")))

    assert (await (await serve(legacy)).ask(request(method, b"/"))).status == 200
    assert legacy.requests[0].start == method + b" / HTTP/1.1"


async def test_request_fields_keep_bytes_order_case_and_repetition(play: Play, serve: Serve) -> None:
    """End-to-end fields arrive exactly: case, blanks, repeated names, empty values, obs-text (HD11, HD14, FR37)."""
    lines = [
        b"X-A: 1",
        b"hOsT: a",
        b"x-a:2",
        b"Cookie: a=1; b=2",
        b"X-Empty:",
        b"cookie: c=3",
        b"X-List: a, b",
        b"X-Blanks: \t in  between \t",
        b"my_legacy_token: 1",
        b"X-Text: \xc3\xa9\xff\x85",
        b"Accept-Encoding: br",
        b"X-A: 1",
        b"Authorization: Basic eA==",
        b"!#$%&'*+-.^`|~9: odd",
    ]
    legacy = await play(always(sized(b"hi")))
    answer = await (await serve(legacy)).ask(b"\r\n".join([b"GET / HTTP/1.1", *lines, b"", b""]))

    assert answer.status == 200
    assert sent_on(legacy.requests[0]) == lines


async def test_nothing_is_invented(play: Play, serve: Serve) -> None:
    """A request without Accept, User-Agent or Content-Type arrives without them (HD12)."""
    legacy = await play(always(sized(b"hi")))
    await (await serve(legacy)).ask(get())

    assert sent_on(legacy.requests[0]) == [b"Host: a"]
    assert {*legacy.requests[0].names} == {b"host"} | ADDED


async def test_response_fields_keep_bytes_order_case_and_repetition(play: Play, serve: Serve) -> None:
    """What the upstream answers arrives exactly, its length in its own place (RS17)."""
    lines = [
        b"SERVER: legacy/1.0",
        b"Set-Cookie: a=1; Path=/",
        b"X-B:",
        b"set-cookie: b=2",
        b"X-Text: \xc3\xa9\xff",
        b"content-length: 2",
        b"Set-Cookie: a=1; Path=/",
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT",
        b"x_under: 1",
        b"X-Blanks:  \t in  between",
    ]
    response = b"\r\n".join([b"HTTP/1.1 200 All Right \xe9", *lines, b"", b"hi"])
    answer = await (await serve(await play(always(response)))).ask(get())

    assert answer.start == b"HTTP/1.1 200 All Right \xe9"
    assert [line for line in answer.lines if not line.startswith(b"X-Request-Id")] == lines


@pytest.mark.parametrize("reason", [b"200 OK", b"200 ", b"299 Whatever It Is", b"404 Not Found Here", b"599 Last"])
async def test_the_status_line_goes_on_as_it_was_sent(play: Play, serve: Serve, reason: bytes) -> None:
    """Unknown statuses and reasons are the upstream's own business."""
    answer = await (await serve(await play(always(sized(b"", status=reason))))).ask(get())

    assert answer.start == b"HTTP/1.1 " + reason


async def test_an_absolute_target_arrives_in_origin_form(play: Play, serve: Serve) -> None:
    """`GET http://a/x` is asked for as `/x` with the same Host (RFC 9112 section 3.2.2)."""
    legacy = await play(always(sized(b"hi")))
    await (await serve(legacy)).ask(get(b"http://a/x?y=%20z"))

    assert legacy.requests[0].start == b"GET /x?y=%20z HTTP/1.1"
    assert legacy.requests[0].value(b"Host") == b"a"


HOP_BY_HOP = (
    b"Keep-Alive: timeout=5",
    b"Proxy-Connection: keep-alive",
    b"Proxy-Authorization: Basic eA==",
    b"Proxy-Authenticate: Basic",
    b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
    b"Upgrade: h2c",
    b"TE: gzip",
)


async def test_hop_by_hop_fields_end_here(play: Play, serve: Serve) -> None:
    """What speaks to this hop alone, and what Connection names, does not go up (HD03)."""
    named = (b"Connection: keep-alive, X-Custom", b"connection: x-other", b"X-Custom: z", b"x-OTHER: y")
    legacy = await play(always(sized(b"hi")))
    await (await serve(legacy)).ask(get(b"/", *named, *HOP_BY_HOP, OWN))

    assert sent_on(legacy.requests[0]) == [b"Host: a", OWN]


async def test_connection_cannot_take_away_what_is_protected(play: Play, serve: Serve) -> None:
    """Naming Host, framing, cookies, credentials or managed fields in Connection removes none of them (HD01, HD02)."""
    named = (
        b"Connection: close, Host, Content-Length, Cookie, Authorization, Content-Type, X-Forwarded-For, X-Request-Id"
    )
    kept = [b"Host: a", b"Cookie: s=1", b"Authorization: B", b"Content-Type: text/plain", b"Content-Length: 2"]
    legacy = await play(always(sized(b"hi")))
    await (await serve(legacy)).ask(request(b"POST", b"/", named, *kept[1:4], body=b"ok"))

    assert sent_on(legacy.requests[0]) == kept
    assert legacy.requests[0].body == b"ok"
    assert {*legacy.requests[0].names} >= ADDED


async def test_connection_cannot_take_away_what_was_decided_on(play: Play, serve: Serve) -> None:
    """A field that routing read stays for the upstream, so that both see the same request."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    app: Block = {"name": "app", "match": {"path": "/**", "headers": {"X-Client": "app"}}, "stage": "complete"}
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[REST, app])
    answer = await proxy.ask(get(b"/", b"X-Client: app", b"Connection: X-Client"))

    assert answer.body == b"new"
    assert new.requests[0].value(b"X-Client") == b"app"


async def test_hop_by_hop_fields_of_an_answer_end_here(play: Play, serve: Serve) -> None:
    """Nor do they come down; the client's connection stays open (RS14)."""
    lines = (b"Connection: X-Internal, close", b"X-Internal: 1", b"Upgrade: h2c", b"Trailer: X-Sum", *HOP_BY_HOP[:4])
    client = await (await serve(await play(always(sized(b"hi", *lines, OWN))))).client()
    for _ in range(2):
        answer = await client.ask(get())

        assert [line for line in answer.lines if not line.startswith(b"X-Request-Id")] == [OWN, b"Content-Length: 2"]


async def test_an_answers_connection_cannot_take_away_what_is_protected(play: Play, serve: Serve) -> None:
    """Naming framing or content in an answer's Connection removes neither."""
    lines = (b"Connection: Content-Length, Content-Type, Set-Cookie", b"Content-Type: text/plain")
    answer = await (await serve(await play(always(sized(b"hi", *lines))))).ask(get())

    assert answer.value(b"Content-Type") == b"text/plain"
    assert answer.body == b"hi"
