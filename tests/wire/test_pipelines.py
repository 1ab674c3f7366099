"""What a client sends ahead of its answers: order, whole and cut, half-closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing

import pytest
import uvloop

from tests.wire.case import Case, play
from tests.wire.plane import on_uvloop, serving, snapshot_for
from tests.wire.play import PATIENCE, Client, Cut
from tests.wire.recorder import Recorder, listening

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
    """When an answer and more of the client's bytes come in one turn of the loop, those bytes keep their order."""
    on(loop, _answer_and_bytes_at_once())


async def _answer_and_bytes_at_once() -> None:
    loop = asyncio.get_running_loop()
    with closing(listening()) as place, closing(socket.socket()) as client:
        place.listen()
        place.settimeout(0)
        client.settimeout(0)
        port = place.getsockname()[1]
        async with serving(snapshot_for(port, port)) as plane:
            await loop.sock_connect(client, ("127.0.0.1", plane.port))
            await loop.sock_sendall(client, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHo")
            upstream, _ = await loop.sock_accept(place)
            with closing(upstream):
                await loop.sock_recv(upstream, 65536)
                upstream.send(OK)  # both are there when the loop looks again
                client.send(b"st: a\r\n\r\n")
                async with asyncio.timeout(PATIENCE):
                    second = await loop.sock_recv(upstream, 65536)
    assert second.startswith(b"GET /2 HTTP/1.1\r\nHost: a\r\n")


@pytest.mark.parametrize("loop", LOOPS)
def test_a_client_that_sends_no_more_gets_all_its_answers(loop: str) -> None:
    """What came before the FIN is answered, each request once and in order; the last answer says that it closes."""
    on(loop, _pipeline_and_end())


async def _pipeline_and_end() -> None:
    recorder = Recorder()
    await recorder.start()
    async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
        client = await Client.to(plane.port)
        await client.send(
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
            b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
            b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
            b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        client.half_close()
        heard = await client.hear()
        client.close()
    recorder.stop()
    assert heard.statuses == [200, 403, 200, 200]
    assert heard.responses()[-1].values(b"connection") == [b"close"]
    assert [message.words[1] for message in recorder.requests] == [b"/1", b"/2", b"/3"]


@pytest.mark.parametrize(
    "ending", [b"GET /2 HTTP/1.1\r\nHos", b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"]
)
@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_that_the_client_did_not_finish_is_refused(loop: str, ending: bytes) -> None:
    """Behind whole requests, one that ends in its head or body is answered with 400 and never whole upstream."""
    on(loop, _unfinished(ending))


async def _unfinished(ending: bytes) -> None:
    recorder = Recorder()
    await recorder.start()
    async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
        client = await Client.to(plane.port)
        await client.send(b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n" + ending)
        client.half_close()
        heard = await client.hear()
        client.close()
    recorder.stop()
    assert heard.statuses == [200, 400]
    assert [message.words[1] for message in recorder.requests] == [b"/1"]


@pytest.mark.parametrize("cut", list(Cut))
def test_empty_lines_before_a_request_are_skipped(cut: Cut) -> None:
    """RFC 9112 section 2.2: CRLF before the first request and between two is ignored, however it is cut."""
    data = b"\r\n\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n\r\n"
    case = Case(id="blank", rule="R1", kind="A", title="", src="", data=data, expect={"status_seq": [200, 200]})

    seen = on_uvloop(lambda: play(case, cut))

    assert seen.complaints == []
    assert [message.words[1] for message in seen.requests] == [b"/1", b"/2"]
