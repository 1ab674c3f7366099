"""Unix sockets on both sides: upstreams behind one, clients that come in by one."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from proxy.edge.upstream.dial import QUEUE_FULL
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import PATIENT, REST, Block
from tests.edge.raw_client import Client, get, post, request
from tests.edge.scripted import Peer, Scripted, always, chunked, reset, sized

Started = Callable[[Path, bytes], Awaitable[Scripted]]


@pytest.fixture
async def listening() -> AsyncIterator[Started]:
    """Starts upstreams at paths, and stops them all: a loop is not closed before its servers are."""
    async with AsyncExitStack() as stack:

        async def start(path: Path, body: bytes) -> Scripted:
            app = await Scripted(always(sized(body))).start_at(path)
            stack.push_async_callback(app.stop)
            return app

        yield start


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A path that is short enough for a socket, whatever the test's name is."""
    link = Path(f"/tmp/b{os.getpid()}")
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path)
    yield link / "app.sock"
    link.unlink()


def behind(*paths: Path, **more: object) -> Block:
    """An upstream at these sockets."""
    return {"endpoints": [f"http+unix://{path}" for path in paths], "timeout": PATIENT, **more}


async def through(path: Path) -> Client:
    """A client that comes in there."""
    return Client(*await asyncio.open_unix_connection(path))


@BOTH
async def test_an_upstream_behind_a_socket_is_asked(serve: Serve, place: Path, listening: Started) -> None:
    """Bodies both ways, over one connection that is kept; the Host is the client's."""
    app = await listening(place, b"hi")
    proxy = await serve(upstreams={"legacy": behind(place)}, routes=[REST])
    answers = [await proxy.ask(raw) for raw in (get(), post(b"x" * 100_000), get(b"/b"))]

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"hi")] * 3
    assert (len(app.peers), len(app.requests[1].body), app.requests[0].value(b"Host")) == (1, 100_000, b"a")
    assert proxy.pool().upstream.endpoints[0].text == f"unix:{place}"


async def test_its_own_host_is_localhost(serve: Serve, place: Path, listening: Started) -> None:
    """`host: upstream`: a socket has no name, and nginx and curl say localhost too."""
    app = await listening(place, b"hi")
    proxy = await serve(upstreams={"legacy": behind(place, host="upstream")}, routes=[REST])
    await proxy.ask(get())

    assert app.requests[0].value(b"Host") == b"localhost"


@BOTH
async def test_nobody_behind_the_socket_is_a_failed_connect(serve: Serve, place: Path) -> None:
    """No file, a file that nobody listens on: 502, told by the socket's path, and the breaker counts it."""
    proxy = await serve(upstreams={"legacy": behind(place, breaker={"failures": 3})}, routes=[REST])
    statuses = [(await proxy.ask(get())).status for _ in range(2)]
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    statuses += [(await proxy.ask(get())).status for _ in range(2)]

    assert statuses == [502, 502, 502, 503]
    lines = await proxy.lines(4)
    assert {line["failure"] for line in lines[:3]} == {"connect:upstream"}


async def test_of_two_sockets_the_one_that_is_there_is_asked(serve: Serve, place: Path, listening: Started) -> None:
    """Dials, ejection and probes know sockets as they know addresses."""
    other = place.with_name("b.sock")
    await listening(place, b"1")
    soon: Block = {"base": "200ms", "cap": "200ms"}
    proxy = await serve(upstreams={"legacy": behind(place, other, eject=soon, slow_start="0s")}, routes=[REST])

    assert {(await proxy.ask(get())).body for _ in range(20)} == {b"1"}

    await listening(other, b"2")
    proxy.pool().hear(f"unix:{place}", 0.0, float("inf"))
    await proxy.until(lambda: proxy.pool()._usable == proxy.pool().addresses[1:])

    assert {(await proxy.ask(get())).body for _ in range(20)} == {b"2"}


@BOTH
async def test_a_queue_that_is_full_is_waited_for(serve: Serve, place: Path) -> None:
    """A server that has not accepted yet is no failure: within the connect timeout it is tried again."""
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(place))
    sock.listen(0)
    sock.setblocking(False)  # noqa: FBT003
    filler = socket.socket(socket.AF_UNIX)
    filler.connect(str(place))
    proxy = await serve(upstreams={"legacy": behind(place)}, routes=[REST])
    asked = asyncio.ensure_future(proxy.ask(get()))
    await asyncio.sleep(5 * QUEUE_FULL)
    app = Scripted(always(sized(b"hi")))
    app._server = await asyncio.start_unix_server(app._connected, sock=sock)

    assert (await asked).body == b"hi"
    filler.close()
    await app.stop()


@BOTH
async def test_clients_come_in_by_a_socket(play: Play, serve: Serve, place: Path) -> None:
    """Keep-alive, pipelines, bodies; whoever comes is this machine to the log, to cohorts and to the upstream."""
    legacy = await play(always(chunked(b"a", b"b")))
    proxy = await serve(legacy, path=place)
    client = await through(place)

    assert [(await client.ask(raw)).body for raw in (get(), post(b"x" * 50_000))] == [b"ab", b"ab"]

    client.close()
    assert {line["client"] for line in await proxy.lines(2)} == {"127.0.0.1"}
    assert legacy.requests[0].value(b"X-Forwarded-For") == b"127.0.0.1"


@pytest.mark.parametrize(("trusted", "told"), [([], b"127.0.0.1"), (["127.0.0.1"], b"203.0.113.7, 127.0.0.1")])
async def test_a_proxy_in_front_of_the_socket_is_believed_if_the_file_says_so(
    play: Play, serve: Serve, place: Path, trusted: list[str], told: bytes
) -> None:
    """`trusted_proxies: [127.0.0.1]` trusts those who come by it."""
    legacy = await play(always(sized(b"hi")))
    await serve(legacy, path=place, trusted_proxies=trusted)
    client = await through(place)
    await client.ask(get(b"/", b"X-Forwarded-For: 203.0.113.7"))

    assert legacy.requests[0].value(b"X-Forwarded-For") == told
    client.close()


@BOTH
async def test_half_a_close_is_served_and_a_whole_one_noticed(play: Play, serve: Serve, place: Path) -> None:
    """A client that ends its sending half gets its answer; one that is gone frees what was asked for it."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await gate.wait()
        await peer.send(sized(b"late"))

    legacy = await play(slow)
    proxy = await serve(legacy, path=place)
    half, gone = await through(place), await through(place)
    await half.send(get())
    half.end_writing()
    await gone.send(get(b"/gone"))
    gone.end_writing()
    await proxy.until(lambda: len(legacy.requests) == 2)
    gone.close()
    await proxy.until(lambda: proxy.connections == 1)
    gate.set()

    assert (await half.rest()).endswith(b"late")
    half.close()
    for client in (half, gone):
        await client.writer.wait_closed()


@BOTH
async def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(play: Play, serve: Serve, place: Path) -> None:
    """The client sees fewer bytes than the length that was announced, or chunks without an end."""

    async def broken(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        reset(peer.writer)

    await serve(await play(broken), path=place)
    client = await through(place)
    await client.send(request(b"GET", b"/"))
    try:
        got = await client.rest()
    except ConnectionResetError:
        got = b""

    assert not got.endswith(b"0\r\n\r\n")
    assert len(got.partition(b"\r\n\r\n")[2]) < 10
    client.close()
    await client.writer.wait_closed()


async def test_the_file_stays_when_one_worker_stops(play: Play, serve: Serve, place: Path) -> None:
    """Others accept on the same socket; whoever made the file removes it."""
    proxy = await serve(await play(always(sized(b"hi"))), path=place)
    await proxy.listener.stop()

    assert place.is_socket()  # noqa: ASYNC240
