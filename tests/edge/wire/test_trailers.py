from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.raw_client import get, request
from tests.edge.scripted import always, chunked, sized

pytestmark = BOTH

ALLOWED = (b"X-Checksum: abc", b"Server-Timing: db;dur=5", b"x-checksum: again")
FORBIDDEN = (
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Host: evil",
    b"Set-Cookie: a=b",
    b"Authorization: x",
    b"X-Forwarded-For: 6.6.6.6",
    b"X_Forwarded_For: 6.6.6.6",
    b"X-Request-Id: chosen",
    b"Connection: close",
    b"Content-Encoding: gzip",
)
TE = (b"TE: trailers", b"Connection: TE")


async def test_a_requests_trailers_go_up(play: Play, serve: Serve) -> None:
    """Trailer fields arrive as trailers, byte for byte and in order, and never as headers (FR52)."""
    legacy = await play(always(sized(b"hi")))
    body = b"4\r\nbody\r\n" + b"\r\n".join([b"0", *ALLOWED, b"", b""])
    await (await serve(legacy)).ask(request(b"POST", b"/", b"Transfer-Encoding: chunked") + body)
    (received,) = legacy.requests

    assert (received.body, received.trailers) == (b"body", ALLOWED)
    assert b"x-checksum" not in received.names


@pytest.mark.parametrize("line", FORBIDDEN)
async def test_forbidden_trailers_go_neither_up_nor_down(play: Play, serve: Serve, line: bytes) -> None:
    """What frames, routes, authenticates or says where a request comes from must not stand in a trailer (RS20)."""
    legacy = await play(always(chunked(b"hi", trailers=(line, ALLOWED[0]))))
    body = b"4\r\nbody\r\n" + b"\r\n".join([b"0", line, ALLOWED[0], b"", b""])
    client = await (await serve(legacy)).client()
    for _ in range(2):
        answer = await client.ask(request(b"POST", b"/", b"Transfer-Encoding: chunked", *TE) + body)

        assert (answer.body, answer.trailers) == (b"hi", ALLOWED[:1])
        assert legacy.requests[-1].trailers == ALLOWED[:1]


async def test_a_responses_trailers_go_to_a_client_that_takes_them(play: Play, serve: Serve) -> None:
    """With `TE: trailers` they are relayed, and the upstream is told so; without it they are dropped."""
    legacy = await play(always(chunked(b"hi", trailers=ALLOWED)))
    client = await (await serve(legacy)).client()
    with_te = await client.ask(get(b"/", *TE))
    without = await client.ask(get(b"/"))

    assert (with_te.body, with_te.trailers) == (b"hi", ALLOWED)
    assert (without.body, without.trailers) == (b"hi", ())
    assert [received.value(b"TE") for received in legacy.requests] == [b"trailers", None]
    assert [received.value(b"Connection") for received in legacy.requests] == [b"TE", None]


async def test_other_transfer_codings_are_not_accepted_on_the_clients_behalf(play: Play, serve: Serve) -> None:
    """Of TE only `trailers` goes on (HD03)."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get(b"/", b"TE: gzip, trailers;q=0.5", b"Connection: TE"))
    await proxy.ask(get(b"/", b"TE: gzip", b"Connection: TE"))

    assert [received.value(b"TE") in (None, b"trailers") for received in legacy.requests] == [True, True]
    assert legacy.requests[1].value(b"TE") is None


async def test_the_announcement_of_trailers_goes_with_them(play: Play, serve: Serve) -> None:
    """`Trailer` stands in the answer where the trailers come, and nowhere else."""
    legacy = await play(always(chunked(b"hi", trailers=ALLOWED[:1], lines=(b"Trailer: X-Checksum",))))
    client = await (await serve(legacy)).client()

    assert (await client.ask(get(b"/", *TE))).value(b"Trailer") == b"X-Checksum"
    assert (await client.ask(get(b"/"))).value(b"Trailer") is None


async def test_http_1_0_gets_no_trailers(play: Play, serve: Serve) -> None:
    """Without chunks there is no place for them."""
    legacy = await play(always(chunked(b"hi", trailers=ALLOWED, lines=(b"Trailer: X-Checksum",))))
    client = await (await serve(legacy)).client()
    await client.send(request(b"GET", b"/", *TE, version=b"1.0"))

    assert (await client.rest()).endswith(b"\r\n\r\nhi")
