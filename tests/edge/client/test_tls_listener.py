"""A listener that speaks TLS, met by real clients."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

import pytest
import trustme

from proxy.edge.client import tls_listener as door
from tests.edge.authority import Authority, Files
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import Proxy
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import PATIENCE, Peer, always, sized, then_close
from tests.edge.tls_asking import shown

OK = sized(b"ok")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One that the tests' clients trust."""
    return Authority(tmp_path / "tls")


@pytest.fixture
def site(authority: Authority) -> Files:
    """What the listener shows."""
    return authority.sign("localhost")


@BOTH
async def test_a_request_is_answered_over_tls(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A client that trusts the authority gets its answer by HTTP/1.1 over TLS 1.3, and the upstream hears of https."""
    upstream = await play(always(OK))
    proxy = await serve(upstream, tls=site.block)

    client = await proxy.client(tls=authority.trusting())
    for _ in range(2):
        assert (await client.ask(get())).body == b"ok"

    connection = client.writer.get_extra_info("ssl_object")
    assert (connection.version(), connection.selected_alpn_protocol()) == ("TLSv1.3", "http/1.1")
    assert [received.value(b"x-forwarded-proto") for received in upstream.requests] == [b"https", b"https"]


@BOTH
async def test_location_is_rewritten_to_https(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """With `host: upstream`, a Location that names the upstream names the public host with https instead."""
    upstream = await play(then_close())
    upstream.script = always(sized(b"", b"Location: http://127.0.0.1:%d/next" % upstream.port, status=b"302 Found"))
    block = {"url": f"http://127.0.0.1:{upstream.port}", "host": "upstream"}
    proxy = await serve(upstreams={"legacy": block}, tls=site.block)

    client = await proxy.client(tls=authority.trusting())

    assert (await client.ask(get())).value(b"location") == b"https://a/next"


@BOTH
async def test_big_bodies_pass_both_ways(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """Eight megabytes go up and come down unchanged."""
    body = bytes(range(256)) * 32768

    async def echo(peer: Peer) -> None:
        await peer.send(sized((await peer.request()).body))
        await peer.rest()

    proxy = await serve(await play(echo), tls=site.block)
    client = await proxy.client(tls=authority.trusting())
    sending = asyncio.ensure_future(client.send(post(body)))

    assert (await client.response()).body == body
    await sending


@BOTH
async def test_a_client_that_does_not_read_stops_the_upstream(
    play: Play, serve: Serve, authority: Authority, site: Files
) -> None:
    """Of an endless answer no more is held than the buffers take; once the client reads, it goes on."""
    sent = 0

    async def endless(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 268435456\r\n\r\n")
        while sent < 268435456:
            await peer.send(bytes(1 << 18))
            sent += 1 << 18

    proxy = await serve(await play(endless), tls=site.block, send=1 << 16)
    client = await proxy.client(tls=authority.trusting(), receive=1 << 16)
    client.stop_reading()
    await client.send(get())
    await proxy.until(lambda: proxy.buffered > 0)
    stopped = -1
    while stopped != sent:
        stopped = sent
        await asyncio.sleep(0.3)

    assert 0 < sent < 64 << 20
    assert proxy.buffered < 4 << 20
    client.go_on_reading()
    await client.head()
    await client.reader.readexactly(sent)
    await proxy.until(lambda: sent > stopped)


@BOTH
async def test_a_websocket_passes(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A tunnel carries bytes both ways, and ends as a whole when the client ends."""
    heard: list[bytes] = []

    async def tunnel(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        heard.append(await peer.rest())

    proxy = await serve(await play(tunnel), route={"upgrades": ["websocket"]}, tls=site.block)
    client = await proxy.client(tls=authority.trusting())
    await client.send(
        get(
            b"/",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
    )

    assert (await client.head()).status == 101
    assert await client.reader.readexactly(5) == b"hello"
    await client.send(b"and back")
    client.close()
    await proxy.until(lambda: heard)
    assert heard == [b"and back"]


@BOTH
async def test_a_refused_upload_hears_why(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """An answer that comes before the body was sent reaches a client that goes on sending for a while."""
    proxy = await serve(await play(always(OK)), tls=site.block, limits={"body_size": "1KiB"})
    client = await proxy.client(tls=authority.trusting())

    await client.send(request(b"POST", b"/", b"Content-Length: 1000000"), bytes(50_000))

    assert (await client.response()).status == 413
    await client.send(bytes(50_000))
    assert await client.rest() == b""


@BOTH
async def test_closing_says_goodbye(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A body that only the end of the connection ends, ends with close_notify, and at once."""
    proxy = await serve(await play(then_close(b"HTTP/1.1 200 OK\r\n\r\nall of it")), tls=site.block)
    client = await proxy.client(tls=authority.trusting())

    await client.send(request(b"GET", b"/", version=b"1.0"))

    assert (await client.rest()).endswith(b"all of it")
    with pytest.raises(ssl.SSLZeroReturnError):
        client.writer.get_extra_info("ssl_object").read(1)


@BOTH
async def test_drain_lets_a_request_finish(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """A request in flight is answered whole; idle connections are closed, new ones refused."""
    go = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await go.wait()
        await peer.send(OK)
        await peer.rest()

    upstream = await play(slow)
    proxy = await serve(upstream, tls=site.block)
    idle, busy = [await proxy.client(tls=authority.trusting()) for _ in range(2)]
    await busy.send(get())
    await proxy.until(lambda: upstream.requests)
    draining = asyncio.ensure_future(proxy.listener.drain(PATIENCE))

    assert await idle.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await proxy.client(tls=authority.trusting())
    go.set()
    assert (await busy.response()).body == b"ok"
    await draining


@BOTH
async def test_plain_http_is_told_so(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """What speaks HTTP without TLS is answered in HTTP, and nothing of it goes upstream."""
    upstream = await play(always(OK))
    proxy = await serve(upstream, tls=site.block)

    client = await proxy.client()
    answer = await client.ask(get())

    assert answer.status == 400
    assert b"https://" in answer.body
    assert await client.rest() == b""
    assert not upstream.requests


@BOTH
@pytest.mark.parametrize("sends", [b"", b"\x16\x03\x01\x02\x00"], ids=["silent", "half a hello"])
async def test_a_slow_handshake_ends_with_limits_head(
    play: Play, serve: Serve, site: Files, authority: Authority, sends: bytes
) -> None:
    """Who does not end its handshake within `limits.head` is cut; others come in meanwhile."""
    proxy = await serve(await play(always(OK)), tls=site.block, limits={"head": "500ms"})
    slow = await proxy.client()
    await slow.send(sends)
    quick = await proxy.client(tls=authority.trusting())

    assert (await quick.ask(get())).status == 200
    with contextlib.suppress(ConnectionResetError):
        assert await slow.rest() == b""
    await proxy.until(lambda: _waiting(proxy) == 0)


@BOTH
async def test_too_many_handshakes_push_the_oldest_out(
    play: Play, serve: Serve, site: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many clients in their handshakes as may be, the next comes in and the one that waited longest goes."""
    monkeypatch.setattr(door, "HANDSHAKES", 3)
    proxy = await serve(await play(always(OK)), tls=site.block)
    waiting = [await proxy.client() for _ in range(3)]
    await proxy.until(lambda: _waiting(proxy) == 3)

    quick = await proxy.client(tls=authority.trusting())

    assert (await quick.ask(get())).status == 200
    assert await waiting[0].rest() == b""
    assert _waiting(proxy) == 2


async def test_no_descriptor_left_is_a_pause(
    play: Play, serve: Serve, site: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the system has no descriptor left, accepting goes on once it has."""
    proxy = await serve(await play(always(OK)), tls=site.block)
    opened = proxy.listener._tls_listener
    assert opened is not None
    opened._pause(OSError(24, "Too many open files"))

    client = await proxy.client(tls=authority.trusting())

    assert (await client.ask(get())).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("spoken", "least", "comes_in"),
    [
        (ssl.TLSVersion.TLSv1, "1.2", False),
        (ssl.TLSVersion.TLSv1_1, "1.2", False),
        (ssl.TLSVersion.TLSv1_2, "1.2", True),
        (ssl.TLSVersion.TLSv1_3, "1.2", True),
        (ssl.TLSVersion.TLSv1_2, "1.3", False),
        (ssl.TLSVersion.TLSv1_3, "1.3", True),
    ],
)
async def test_versions(
    play: Play, serve: Serve, authority: Authority, site: Files, spoken: ssl.TLSVersion, least: str, comes_in: object
) -> None:
    """What is older than `min_version`, 1.2 by default, is refused."""
    proxy = await serve(await play(always(OK)), tls={**site.block, "min_version": least})
    context = authority.trusting()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = spoken

    assert await _comes_in(proxy, context) is comes_in


@pytest.mark.parametrize(
    ("cipher", "comes_in"),
    [
        ("ECDHE-RSA-AES128-GCM-SHA256", True),
        ("ECDHE-RSA-CHACHA20-POLY1305", True),
        ("ECDHE-RSA-AES128-SHA256", False),
        ("ECDHE-RSA-AES128-SHA", False),
        ("AES128-GCM-SHA256", False),
        ("DHE-RSA-AES128-GCM-SHA256", False),
    ],
)
async def test_ciphers(play: Play, serve: Serve, authority: Authority, cipher: str, comes_in: object) -> None:
    """Without forward secrecy on a curve, or without authenticated encryption, there is no handshake."""
    files = authority.sign("localhost", kind=trustme.KeyType.RSA)
    proxy = await serve(await play(always(OK)), tls=files.block)
    context = authority.trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")

    assert await _comes_in(proxy, context) is comes_in


@BOTH
async def test_the_certificate_follows_the_name(play: Play, serve: Serve, authority: Authority, site: Files) -> None:
    """The exact name goes before `*`, `hosts` before what the certificate holds, and the first is for all else."""
    shop = authority.sign("shop.test", "*.shop.test", to="shop")
    till = authority.sign("till.shop.test", to="till")
    other = authority.sign("other.test", to="other")
    more = [shop.block, till.block, {**other.block, "hosts": ["Renamed.test"]}]
    proxy = await serve(await play(always(OK)), tls={**site.block, "more": more})
    blind = authority.trusting()
    blind.check_hostname = False

    found = {name: await shown(proxy, blind, name) for name in _NAMES}

    assert found == _NAMES
    assert await shown(proxy, blind, "") == "localhost"


_NAMES = {
    "localhost": "localhost",
    "shop.test": "shop.test",
    "a.shop.test": "shop.test",
    "TILL.shop.test": "till.shop.test",
    "till.shop.test.": "till.shop.test",
    "A.shop.test.": "shop.test",
    "a.b.shop.test": "localhost",
    "renamed.test": "other.test",
    "other.test": "localhost",
}


@BOTH
async def test_clients_show_certificates(
    play: Play, serve: Serve, authority: Authority, site: Files, tmp_path: Path
) -> None:
    """With `client_ca`, who shows none or one of another authority is kept out; others come in."""
    upstream = await play(always(OK))
    proxy = await serve(upstream, tls={**site.block, "client_ca": str(authority.file)})
    stranger = Authority(tmp_path / "stranger").sign("me", to="me")

    client = await proxy.client(tls=authority.trusting(authority.sign("me", to="me")))
    assert (await client.ask(get())).status == 200
    for own in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await (await proxy.client(tls=authority.trusting(own))).ask(get())
    assert len(upstream.requests) == 1


def _waiting(proxy: Proxy) -> int:
    opened = proxy.listener._tls_listener
    return 0 if opened is None else opened.waiting


async def _comes_in(proxy: Proxy, context: ssl.SSLContext) -> bool:
    """Whether a client gets an answer; no other error than one of its handshake is taken for a no."""
    try:
        client = await proxy.client(tls=context)
    except (ssl.SSLError, ConnectionResetError):
        return False
    return (await client.ask(get())).status == 200
