"""What a client sends ahead of its answers: order, whole and cut, half-closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing

import pytest
import uvloop

from tests.wire.plane import serving, snapshot_for
from tests.wire.play import PATIENCE
from tests.wire.recorder import listening

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def on(loop: str, work: Coroutine[None, None, None]) -> None:
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(work)


@pytest.mark.parametrize("loop", LOOPS)
def test_bytes_that_come_with_an_answer_do_not_overtake_those_before(loop: str) -> None:
    """When an answer and more of the client's bytes arrive in one turn of the loop, the client's bytes keep their order."""
    on(loop, _answer_and_bytes_at_once())


async def _answer_and_bytes_at_once() -> None:
    loop = asyncio.get_running_loop()
    with closing(listening()) as place, closing(socket.socket()) as client:
        place.listen()
        place.setblocking(False)
        client.setblocking(False)
        port = place.getsockname()[1]
        async with serving(snapshot_for(port, port)) as plane:
            await loop.sock_connect(client, ("127.0.0.1", plane.port))
            await loop.sock_sendall(client, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHo")
            upstream, _ = await loop.sock_accept(place)
            with closing(upstream):
                await loop.sock_recv(upstream, 65536)
                upstream.send(OK)  # both are there when the loop looks again
                client.send(b"st: a\r\n\r\n")
                second = await asyncio.wait_for(loop.sock_recv(upstream, 65536), PATIENCE)
    assert second.startswith(b"GET /2 HTTP/1.1\r\nHost: a\r\n")
