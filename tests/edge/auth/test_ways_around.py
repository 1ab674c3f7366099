"""Ways around a guarded route, beside an open one, over the wire: what is not allowed to call it reaches nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from posixpath import normpath
from urllib.parse import unquote

import pytest

from tests.edge.auth.guarded import ORDERS, Guarded, guarded
from tests.edge.auth.issuer import bearer
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import Block
from tests.edge.raw_client import get, post, request

OPEN: Block = {"name": "open", "match": "/open/**", "stage": "legacy", "auth": "anonymous"}
Start = Callable[..., Awaitable[Guarded]]


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    async def run(*routes: Block) -> Guarded:
        return await guarded(play, serve, tmp_path, routes=[*(routes or (ORDERS,)), OPEN])

    return run


def reached(orders: Guarded) -> list[bytes]:
    """Targets that came to the upstream and that it may read as ones of the guarded route."""
    found = [each.target for each in orders.legacy.requests]
    read = [normpath(unquote(each.decode("latin-1").partition("?")[0])) for each in found]
    return [each for each, path in zip(found, read, strict=True) if "/orders/" in path.lower().replace("//", "/")]


TARGETS = [
    *(b"/orders/7", b"//orders/7", b"/./orders/7", b"/%6frders/7", b"/orders;x=1/7", b"/orders%2f7", b"/Orders/7"),
    *(b"/open/../orders/7", b"/open/%2e%2e/orders/7", b"/open/..%2forders/7", b"/open/..;/orders/7", b"/orders/7?"),
    *(b"/open//../../orders/7", b"/open\\..\\orders\\7", b"/open/%2e%2e%2forders/7"),
    *(b"http://api.test/orders/7", b"HTTP://api.test//orders/7", b"http://api.test/open/../orders/7", b"/orders/"),
    *(b"http://other.test/orders/7", b"http://api.test", b"*", b"orders/7", b"/open/%5c..%5corders/7", b"/orders/7/"),
]


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST", b"PROPFIND", b"CONNECT", b"TRACE"])
async def test_no_spelling_of_a_target_is_a_way_around(start: Start, method: bytes) -> None:
    """By any method, in HTTP/1.1 and 1.0, with fields that say that another method or target is meant."""
    orders = await start()
    more = b"X-HTTP-Method-Override: GET\r\nX-Original-URL: /open/x\r\nX-Rewrite-URL: /orders/7\r\nMax-Forwards: 0\r\n"
    for target in TARGETS:
        for version in (b"1.1", b"1.0"):
            client = await orders.proxy.client()
            await client.send(b"%b %b HTTP/%b\r\nHost: api.test\r\n%b\r\n" % (method, target, version, more))
            await client.response(to=method)
            client.close()
    assert reached(orders) == []


WEBSOCKET = [
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: " + b"A" * 22 + b"==",
]


@pytest.mark.parametrize(
    "lines",
    [
        WEBSOCKET,
        [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"],
        [b"Connection: authorization, close"],
        [b"Expect: 100-continue", b"Content-Length: 3"],
        [b"Transfer-Encoding: chunked"],
        [b"Proxy-Authorization: Bearer x"],
        [b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1", b"Forwarded: for=127.0.0.1"],
        [b"X-Banyan-Side: new", b"X-Banyan-Shadow: 1", b"X-Banyan-Hops: 1"],
        [b"Cookie: authorization=Bearer x; access_token=x", b"X-Authorization: Bearer x"],
    ],
    ids=lambda lines: lines[0].decode(),
)
async def test_no_field_stands_for_a_token(start: Start, lines: list[bytes]) -> None:
    """401 at once: before a body was asked for, a tunnel is opened, or a mark is believed."""
    orders = await start({**ORDERS, "upgrades": ["websocket"]})
    assert (await orders.ask(*lines)).status == 401
    assert orders.legacy.requests == []


async def test_a_good_request_says_nothing_of_those_behind_it(start: Start) -> None:
    """On one connection, sent at once: each is asked for a token of its own."""
    orders = await start()
    client = await orders.proxy.client()
    good = get(b"/orders/1", bearer(orders.issuer.token()))
    await client.send(good + get(b"/orders/2") + get(b"/open/3") + get(b"/orders/4") + good)

    assert [(await client.response()).status for _ in range(5)] == [200, 401, 200, 401, 200]
    assert [each.target for each in orders.legacy.requests] == [b"/orders/1", b"/open/3", b"/orders/1"]


async def test_a_body_is_no_request(start: Start) -> None:
    """Of a request to the open route, and of one that is refused: what is in it is never read as the next one."""
    orders = await start()
    inner = get(b"/orders/7", bearer(orders.issuer.token()))
    for target, status in ((b"/open/a", 200), (b"/orders/a", 401)):
        for framed in (post(inner, target=target), _chunked(inner, target)):
            client = await orders.proxy.client()
            await client.send(framed + get(b"/open/next"))
            assert (await client.response(to=b"POST")).status == status
            client.close()
    assert reached(orders) == []


async def test_a_policy_that_a_reload_brings_holds_for_the_next_request(start: Start) -> None:
    """Of a connection that was open before, too."""
    orders = await start(
        {**ORDERS, "auth": "anonymous"}, {"name": "other", "match": "/x", "stage": "legacy", "auth": "members"}
    )
    client = await orders.proxy.client()
    assert (await client.ask(get(b"/orders/1"))).status == 200
    orders.install()
    await client.send(get(b"/orders/2") + get(b"/orders/3"))
    assert [(await client.response()).status for _ in range(2)] == [401, 401]


async def test_a_bad_token_finds_no_laxer_route(start: Start) -> None:
    """Where claims route, whatever is wrong with a token: the route behind asks for one as well."""
    tenant: Block = {"name": "acme", "match": {"path": "/orders/**", "jwt": {"tenant": "acme"}}, "stage": "legacy"}
    strict = {"by": "members", "scopes": "write"}
    orders = await start({**tenant, "auth": strict}, {**ORDERS, "auth": strict})
    issuer = orders.issuer
    bad = [issuer.token(tenant="acme", exp=1), issuer.token(tenant="acme", aud="x"), issuer.token(tenant="acme")[:-4]]
    for token in (*bad, issuer.token(header={"kid": "other"}, tenant="acme"), b"opaque"):
        assert (await orders.shows(token)).status == 401
    for tenant_of in ("acme", ["acme", "x"], {"acme": 1}, 7, "ACME"):
        assert (await orders.shows(issuer.token(tenant=tenant_of, scope="read"))).status == 403
    assert orders.legacy.requests == []


def _chunked(body: bytes, target: bytes) -> bytes:
    framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return request(b"POST", target, b"Transfer-Encoding: chunked") + framed
