from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, always, sized

pytestmark = BOTH

PROBE = sized(b"probe")


async def _in_turn(play: Play, serve: Serve, method: bytes, answer: bytes) -> tuple[list[bytes], int, list[bytes]]:
    """Body lines of both answers on one client connection: heads' lines, upstream connections, bodies."""

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(PROBE if len(legacy.requests) > 1 else answer)

    legacy = await play(script)
    client = await (await serve(legacy)).client()
    first = await client.ask(request(method, b"/first"))
    second = await client.ask(get(b"/probe"))

    assert second.body == b"probe"

    return first.lines, len(legacy.peers), [received.target for received in legacy.requests]


@pytest.mark.parametrize("framing", [b"Content-Length: 40", b"Transfer-Encoding: chunked", b"X-None: 1"])
async def test_an_answer_to_head_has_no_body(play: Play, serve: Serve, framing: bytes) -> None:
    """Whatever its fields say; the pooled connection gives the next request its own answer (RS01)."""
    lines, connections, _ = await _in_turn(play, serve, b"HEAD", b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")

    assert (framing in lines) == (framing != b"Transfer-Encoding: chunked")
    assert connections == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified", b"205 Reset Content"])
@pytest.mark.parametrize("framing", [b"X-None: 1", b"Content-Length: 0"])
async def test_204_205_and_304_have_no_body(play: Play, serve: Serve, status: bytes, framing: bytes) -> None:
    """The answer ends with its head, and its connection serves the next request (RS03).

    Only a 205 without any framing ends its connection: by the rules of framing it would go on until the end.
    """
    lines, connections, _ = await _in_turn(play, serve, b"GET", b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n\r\n")

    assert b"transfer-encoding" not in [line.partition(b":")[0].lower() for line in lines]
    assert connections == (2 if status.startswith(b"205") and framing == b"X-None: 1" else 1)


@pytest.mark.parametrize("status", [b"204 No Content", b"205 Reset Content"])
@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_204_that_announces_a_body_is_not_trusted_again(
    play: Play, serve: Serve, status: bytes, framing: bytes
) -> None:
    """The client gets no body and no framing of one; the upstream's connection is not used again (RS03)."""
    body = b"hello" if b"5" in framing else b"5\r\nhello\r\n0\r\n\r\n"
    for sent in (b"", body):
        answer = b"HTTP/1.1 " + status + b"\r\n" + framing + b"\r\n\r\n" + sent
        lines, connections, _ = await _in_turn(play, serve, b"GET", answer)

        assert framing not in lines
        assert connections == 2


async def test_a_304_keeps_the_length_of_what_it_did_not_send(play: Play, serve: Serve) -> None:
    """In a 304, as in an answer to HEAD, Content-Length is information (RFC 9110 section 8.6)."""
    lines, connections, _ = await _in_turn(
        play, serve, b"GET", b'HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n'
    )

    assert {b"Content-Length: 1234", b'ETag: "x"'} <= {*lines}
    assert connections == 1


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_a_body_that_must_not_be_there_never_becomes_the_next_answer(
    play: Play, serve: Serve, method: bytes
) -> None:
    """Bytes behind an answer without a body are thrown away with their connection (RS03, RS07)."""
    status = b"200 OK" if method == b"HEAD" else b"304 Not Modified"
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nhello" + sized(b"planted")
    _, connections, targets = await _in_turn(play, serve, method, answer)

    assert connections == 2
    assert targets == [b"/first", b"/probe"]


async def test_an_empty_body_of_known_length_is_complete_at_once(play: Play, serve: Serve) -> None:
    """Content-Length: 0 waits for nothing."""
    client = await (await serve(await play(always(sized(b""))))).client()
    for _ in range(3):
        answer = await client.ask(get())

        assert (answer.body, answer.value(b"Content-Length")) == (b"", b"0")
