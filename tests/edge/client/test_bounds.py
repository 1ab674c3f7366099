"""Every bound on a message can be set, and each that is met is counted."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import always, echo, sized

CHUNKED = request(b"POST", b"/", b"Transfer-Encoding: chunked")
BOUNDS = {
    "request_line": ({"request_line": "100B"}, get(b"/" + b"a" * 86), get(b"/" + b"a" * 87), 414, "request_line"),
    "field": ({"field": "50B"}, get(b"/", b"X: " + b"a" * 47), get(b"/", b"X: " + b"a" * 48), 431, "head"),
    "head_size": (
        {"head_size": "300B"},
        get(b"/", b"X: " + b"a" * 200),
        get(b"/", b"X: " + b"a" * 300),
        431,
        "head",
    ),
    "fields": ({"fields": 3}, get(b"/", b"X: 1", b"Y: 1"), get(b"/", b"X: 1", b"Y: 1", b"Z: 1"), 431, "fields"),
    "body_size": ({"body_size": "3B"}, post(b"abc"), post(b"abcd"), 413, "body_size"),
    "chunked body_size": (
        {"body_size": "3B"},
        CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"4\r\nabcd\r\n0\r\n\r\n",
        413,
        "body_size",
    ),
    "chunk_extension": (
        {"chunk_extension": "4B"},
        CHUNKED + b"3;a=b\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"3;a=bc\r\nabc\r\n0\r\n\r\n",
        400,
        "",
    ),
    "trailers": (
        {"trailers": "10B"},
        CHUNKED + b"0\r\nX: abcdefg\r\n\r\n",
        CHUNKED + b"0\r\nX: abcdefghijklmnop\r\n\r\n",
        400,
        "",
    ),
}


@pytest.mark.parametrize(("limits", "fits", "beyond", "status", "reason"), BOUNDS.values(), ids=BOUNDS)
async def test_a_bound_can_be_set(
    play: Play, serve: Serve, limits: dict[str, object], fits: bytes, beyond: bytes, status: int, reason: str
) -> None:
    """At the bound a request passes, twice; above it, it is refused, once more too, and counted."""
    proxy = await serve(await play(echo), limits=limits)
    assert [(await proxy.ask(fits)).status for _ in range(2)] == [200, 200]
    assert proxy.listener.counters.take_sheds() == {}

    for _ in range(2):
        check_problem(await proxy.ask(beyond), status)
    assert proxy.listener.counters.take_sheds() == ({reason: 2} if reason else {})


async def test_a_head_without_an_end_is_bounded(play: Play, serve: Serve) -> None:
    """However it comes, the first byte above the bound is the last one that is kept."""
    proxy = await serve(await play(echo), limits={"head_size": "400B", "request_line": "100B"})
    for start, status in ((b"GET /" + b"a" * 500, 414), (get()[:-2] + b"X: " + b"a" * 500, 431)):
        client = await proxy.client()
        await client.send(start)
        check_problem(await client.response(), status)
    assert proxy.listener.counters.take_sheds() == {"request_line": 1, "head": 1}


async def test_a_slow_head_and_a_silent_body_are_counted(play: Play, serve: Serve) -> None:
    """408, and by which bound."""
    proxy = await serve(await play(echo), limits={"head": "100ms", "body": "100ms"})
    for begun in (get()[:-4], post(b"abc")[:-1]):
        client = await proxy.client()
        await client.send(begun)
        check_problem(await client.response(), 408)
    assert proxy.listener.counters.take_sheds() == {"head_time": 1, "body_time": 1}


@pytest.mark.timing
@pytest.mark.parametrize(("rate", "status"), [("100KiB/s", 408), ("1B/s", 200)], ids=["too slow", "fast enough"])
async def test_a_body_that_trickles_is_cut(play: Play, serve: Serve, rate: str, status: int) -> None:
    """R.U.D.Y.: a body that never falls silent and never ends brings too little over `body`."""
    proxy = await serve(await play(echo), limits={"body": "2s", "body_rate": rate})
    client = await proxy.client()
    await client.send(post(b"x" * 40)[:-40])
    answer = asyncio.ensure_future(client.response())
    for _ in range(40):
        await asyncio.sleep(0.1)
        if answer.done():
            break
        await client.send(b"x")

    assert (await answer).status == status
    assert proxy.listener.counters.take_sheds().get("body_rate", 0) == (status == 408)


async def test_a_client_that_does_not_read_is_cut(play: Play, serve: Serve) -> None:
    """LM05: after `write` without taking a byte the connection ends; the upstream was paused meanwhile."""
    proxy = await serve(await play(always(sized(b"x" * 8_000_000))), limits={"write": "500ms"}, send=4096)
    client = await proxy.client(receive=4096)
    client.reader._limit = 1  # type: ignore[attr-defined]  # and it reads no more by itself either
    await client.send(get())
    await proxy.until(lambda: proxy.connections == 1)
    await proxy.until(lambda: proxy.connections == 0)

    assert proxy.listener.counters.take_sheds() == {"write_time": 1}


async def test_underscores_are_refused_where_that_is_said(play: Play, serve: Serve) -> None:
    """HD09: by default such a field passes; with `reject` it is 400, also when the field is known already."""
    legacy = await play(echo)
    open_, closed = await serve(legacy), await serve(legacy, underscore_headers="reject")

    assert (await open_.ask(get(b"/", b"my_token: 1"))).status == 200
    for _ in range(2):
        check_problem(await closed.ask(get(b"/", b"my_token: 1")), 400)
    assert (await closed.ask(get(b"/", b"my-token: 1"))).status == 200
