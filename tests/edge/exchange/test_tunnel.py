from __future__ import annotations

import asyncio

import pytest

from proxy.core.outcome import ServedBy
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, Proxy
from tests.edge.raw_client import Client, get, request
from tests.edge.scripted import PATIENCE, Peer, Script, Scripted, always, sized

pytestmark = BOTH

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
VERSION = b"Sec-WebSocket-Version: 13"
UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket")
HANDSHAKE = get(b"/ws", *UPGRADE, VERSION, KEY)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
ALLOWED = {**REST, "upgrades": ["websocket"]}


async def parrot(peer: Peer) -> None:
    """Switch, then send back what comes until its end."""
    await peer.head()
    await peer.send(SWITCH)
    while piece := await peer.reader.read(65536):
        await peer.send(piece)


async def _open(play: Play, serve: Serve, script: Script, **top: object) -> tuple[Scripted, Proxy, Client]:
    legacy = await play(script)
    proxy = await serve(legacy, routes=[ALLOWED], **top)
    client = await proxy.client()
    await client.send(HANDSHAKE)

    assert (await client.head()).status == 101

    return legacy, proxy, client


async def test_a_tunnel_carries_bytes_both_ways(play: Play, serve: Serve) -> None:
    """After a 101 whatever one side sends arrives at the other, as it is and at once."""
    legacy, _, client = await _open(play, serve, parrot)
    for piece in (b"hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256))):
        await client.send(piece)

        assert await client.reader.readexactly(len(piece)) == piece

    asked = legacy.requests[0]

    assert asked.has(b"Connection: Upgrade")
    assert asked.has(b"Upgrade: websocket")
    assert asked.has(KEY)


async def test_the_101_goes_to_the_client_with_its_own_fields(play: Play, serve: Serve) -> None:
    """The client's 101 has the upstream's accept key, one Upgrade, one Connection, and the request's id."""
    client = await (await serve(await play(parrot), routes=[ALLOWED])).client()
    await client.send(HANDSHAKE)
    head = await client.head()

    assert head.start == b"HTTP/1.1 101 Switching Protocols"
    assert head.value(b"Upgrade") == b"websocket"
    assert head.value(b"Connection") == b"Upgrade"
    assert head.value(b"Sec-WebSocket-Accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert head.value(b"X-Request-Id") is not None


async def test_what_either_side_sends_ahead_is_in_the_tunnel(play: Play, serve: Serve) -> None:
    """Bytes right behind the handshake, and right behind the 101, are the tunnel's first."""

    async def eager(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH + b"welcome")
        assert await peer.reader.readexactly(5) == b"eager"
        await peer.send(b"!")
        await peer.rest()

    client = await (await serve(await play(eager), routes=[ALLOWED])).client()
    await client.send(HANDSHAKE + b"eager")
    await client.head()

    assert await client.reader.readexactly(8) == b"welcome!"


async def test_a_closed_client_ends_the_tunnel(play: Play, serve: Serve) -> None:
    """When the client's half ends, the upstream sees the end, answers what it likes, and both connections are gone."""
    legacy, proxy, client = await _open(play, serve, parrot)
    await client.send(b"bye")
    client.end_writing()

    assert await client.rest() == b"bye"
    await proxy.until(lambda: proxy.connections == 0)
    await proxy.until(lambda: proxy.listener.counters.inflight[ServedBy.LEGACY].value == 0)
    assert legacy.peers[0].reader.at_eof()
    assert (await proxy.lines(1))[0]["status"] == 101


async def test_a_closed_upstream_ends_the_tunnel(play: Play, serve: Serve) -> None:
    """When the upstream's half ends, the client sees the end; when both have ended nothing is left open."""

    async def closing(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH + b"bye")

    _, proxy, client = await _open(play, serve, closing)

    assert await client.rest() == b"bye"

    client.end_writing()
    await proxy.until(lambda: proxy.connections == 0)
    (line,) = await proxy.lines(1)

    assert (line["status"], line["sent"]) == (101, 3)


async def test_a_client_may_still_speak_when_the_upstreams_half_has_ended(play: Play, serve: Serve) -> None:
    """The halves of a tunnel end one by one."""
    heard: list[bytes] = []

    async def half(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH)
        peer.end_writing()
        heard.append(await peer.rest())

    _, proxy, client = await _open(play, serve, half)

    assert await client.rest() == b""

    await client.send(b"last words")
    client.end_writing()
    await proxy.until(lambda: heard)

    assert heard == [b"last words"]
    await proxy.until(lambda: proxy.connections == 0)


async def test_a_reset_of_either_side_ends_the_other(play: Play, serve: Serve) -> None:
    """A RST on one side closes the other side at once."""
    ended = asyncio.Event()

    async def waiting(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH)
        await peer.rest()
        ended.set()

    _, proxy, client = await _open(play, serve, waiting)
    client.reset()
    async with asyncio.timeout(PATIENCE):
        await ended.wait()
    await proxy.until(lambda: proxy.connections == 0)

    async def resetting(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH)
        await asyncio.sleep(0.05)
        peer.reset()

    _, proxy, client = await _open(play, serve, resetting)
    await client.rest()
    await proxy.until(lambda: proxy.connections == 0)


@pytest.mark.timing
async def test_a_quiet_tunnel_ends_after_its_timeout(play: Play, serve: Serve) -> None:
    """`limits.tunnel` is the time without a byte either way; a tunnel that speaks lives on."""
    _, proxy, client = await _open(play, serve, parrot, limits={"tunnel": "600ms"})
    for _ in range(4):
        await asyncio.sleep(0.2)
        await client.send(b"x")

        assert await client.reader.readexactly(1) == b"x"

    assert await client.rest() == b""
    await proxy.until(lambda: proxy.connections == 0)


async def test_both_ways_of_a_tunnel_are_bounded(play: Play, serve: Serve) -> None:
    """A side that does not read stops the other; what the proxy holds stays small; all of it arrives later."""
    go_on = asyncio.Event()
    total, piece = 32 * 1024 * 1024, b"x" * 65536

    async def deaf_first(peer: Peer) -> None:
        await peer.head()
        await peer.send(SWITCH)
        await go_on.wait()
        await peer.reader.readexactly(total)
        for _ in range(total // len(piece)):
            await peer.send(piece)

    _, proxy, client = await _open(play, serve, deaf_first)
    sending = asyncio.ensure_future(client.send(*[piece] * (total // len(piece))))
    await asyncio.sleep(0.5)

    assert not sending.done()
    assert proxy.buffered < 1024 * 1024

    go_on.set()
    await sending
    client.stop_reading()
    await asyncio.sleep(0.3)

    assert proxy.buffered < 1024 * 1024

    client.go_on_reading()

    assert len(await client.reader.readexactly(total)) == total


@pytest.mark.parametrize("status", [b"200 OK", b"401 Unauthorized", b"426 Upgrade Required"])
async def test_an_upstream_that_does_not_switch_is_an_ordinary_answer(play: Play, serve: Serve, status: bytes) -> None:
    """A refused handshake is relayed whole; the client's connection speaks HTTP on, also what it sent ahead (UP10)."""
    legacy = await play(always(sized(b"no", status=status)))
    client = await (await serve(legacy, routes=[ALLOWED])).client()
    await client.send(HANDSHAKE + get(b"/next"))
    answer = await client.response()

    assert (answer.start, answer.body) == (b"HTTP/1.1 " + status, b"no")
    assert (await client.response()).body == b"no"
    assert [each.target for each in legacy.requests] == [b"/ws", b"/next"]
    assert legacy.requests[1].value(b"X-Forwarded-For") == b"127.0.0.1"


@pytest.mark.parametrize("lines", [(), (b"Upgrade: websocket",), (b"Upgrade: foo", b"Connection: Upgrade")])
async def test_a_101_that_nobody_asked_for_is_502(play: Play, serve: Serve, lines: tuple[bytes, ...]) -> None:
    """A switch without a request for it puts none of its bytes before the client (UP08)."""
    answer = await (await serve(await play(always(SWITCH + b"TUNNEL")), routes=[ALLOWED])).ask(get(b"/", *lines))

    assert answer.status == 502
    assert b"TUNNEL" not in answer.body


async def test_a_101_to_another_protocol_is_502(play: Play, serve: Serve) -> None:
    """An upstream that switches to something else than WebSocket has failed (R11)."""
    switch = SWITCH.replace(b"Upgrade: websocket", b"Upgrade: foo")

    assert (await (await serve(await play(always(switch)), routes=[ALLOWED])).ask(HANDSHAKE)).status == 502


async def test_a_route_without_the_line_refuses_the_upgrade_and_names_it(play: Play, serve: Serve) -> None:
    """Where `upgrades: [websocket]` is missing the answer says so, and the upstream hears nothing (UP06)."""
    legacy = await play(parrot)
    answer = await (await serve(legacy)).ask(HANDSHAKE)

    assert answer.status == 403
    assert "`upgrades: [websocket]`" in answer.problem["detail"]
    assert "rest" in answer.problem["detail"]
    assert legacy.peers == []


@pytest.mark.parametrize(
    ("handshake", "status"),
    [
        (get(b"/ws", *UPGRADE, b"Sec-WebSocket-Version: 777", KEY), 426),
        (get(b"/ws", *UPGRADE, KEY), 426),
        (get(b"/ws", *UPGRADE, VERSION), 400),
        (get(b"/ws", *UPGRADE, VERSION, b"Sec-WebSocket-Key: short"), 400),
        (request(b"POST", b"/ws", *UPGRADE, VERSION, KEY), 400),
        (request(b"GET", b"/ws", *UPGRADE, VERSION, KEY, body=b"hi"), 400),
    ],
)
async def test_a_handshake_that_is_none_is_refused(play: Play, serve: Serve, handshake: bytes, status: int) -> None:
    """Version, key, method and body are looked at before an upstream is asked (UP07, RFC 6455 section 4.2.1)."""
    legacy = await play(parrot)
    answer = await (await serve(legacy, routes=[ALLOWED])).ask(handshake)

    assert answer.status == status
    assert answer.value(b"Sec-WebSocket-Version") == (b"13" if status == 426 else None)
    assert answer.value(b"Upgrade") == (b"websocket" if status == 426 else None)
    assert answer.values(b"Connection") == ([b"Upgrade"] if status == 426 else []) + [b"close"]
    assert legacy.peers == []


@pytest.mark.parametrize(
    "lines",
    [
        (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"),
        (b"Connection: notupgrade", b"Upgrade: websocket"),
        (b"Upgrade: websocket",),
    ],
)
async def test_other_upgrades_are_served_as_if_they_were_not_asked_for(
    play: Play, serve: Serve, lines: tuple[bytes, ...]
) -> None:
    """h2c, and an Upgrade that Connection does not name, never go on; the request itself is served (UP04, UP05)."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy, routes=[ALLOWED])).client()
    await client.send(get(b"/1", *lines) + get(b"/2"))

    assert [(await client.response()).status for _ in range(2)] == [200, 200]
    assert not {b"upgrade", b"http2-settings", b"connection"} & {*legacy.requests[0].names}


async def test_a_body_behind_a_foreign_upgrade_stays_a_body(play: Play, serve: Serve) -> None:
    """POST with an Upgrade that is not passed on keeps its body, and the next request its place (UP02)."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    await client.send(request(b"POST", b"/1", b"Connection: Upgrade", b"Upgrade: foo", body=b"hello") + get(b"/2"))
    for _ in range(2):
        assert (await client.response()).status == 200

    assert [(each.target, each.body) for each in legacy.requests] == [(b"/1", b"hello"), (b"/2", b"")]
