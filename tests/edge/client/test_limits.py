from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import Message, check_problem
from tests.edge.proxy import REST, Block
from tests.edge.raw_client import Client, get, post, request
from tests.edge.scripted import Peer, always, echo, sized

CHUNKED = b"Transfer-Encoding: chunked"
SMALL: Block = {"limits": {"body_size": "1000B"}}


async def test_a_body_above_the_limit_is_413_before_anybody_is_asked(play: Play, serve: Serve) -> None:
    """A length that is too large is refused by its head; at the limit it is served."""
    legacy = await play(echo)
    proxy = await serve(legacy, route=SMALL)

    assert (await proxy.ask(post(b"x" * 1000))).status == 200

    client = await proxy.client()
    answer = await client.ask(post(b"x" * 1001))

    assert "1000" in check_problem(answer, 413)
    assert answer.value(b"Connection") == b"close"
    assert await client.rest() == b""
    assert len(legacy.requests) == 1


async def test_chunks_above_the_limit_are_413_and_never_end_upstream(play: Play, serve: Serve) -> None:
    """A chunked body is counted as it comes; the upstream sees it break off, not end."""
    ends: list[bytes] = []

    async def reading(peer: Peer) -> None:
        await peer.head()
        ends.append(await peer.rest())

    proxy = await serve(await play(reading), route=SMALL)
    client = await proxy.client()
    await client.send(request(b"POST", b"/", CHUNKED) + b"258\r\n" + b"x" * 600 + b"\r\n")
    await asyncio.sleep(0.05)
    await client.send(b"258\r\n" + b"x" * 600 + b"\r\n0\r\n\r\n")

    check_problem(await client.response(), 413)
    await proxy.until(lambda: ends)
    assert not ends[0].endswith(b"0\r\n\r\n")


async def test_chunks_above_the_limit_in_one_read_reach_nobody(play: Play, serve: Serve) -> None:
    """When the whole body is here with its head, it is refused before a connection is taken."""
    legacy = await play(echo)
    body = b"400\r\n" + b"x" * 1024 + b"\r\n0\r\n\r\n"

    check_problem(await (await serve(legacy, route=SMALL)).ask(request(b"POST", b"/", CHUNKED) + body), 413)
    assert legacy.requests == []


async def test_the_clients_limits_hold_where_a_route_has_none(play: Play, serve: Serve) -> None:
    """`limits.body_size` at the top is the default of all routes; a route's own goes before it, either way."""
    routes: list[Block] = [
        REST,
        {"name": "large", "match": "/large", "stage": "legacy", "limits": {"body_size": "3000B"}},
        {"name": "small", "match": "/small", "stage": "legacy", "limits": {"body_size": "10B"}},
    ]
    proxy = await serve(await play(echo), routes=routes, limits={"body_size": "1000B"})
    asked = [(b"/", 1000), (b"/", 1001), (b"/large", 3000), (b"/large", 3001), (b"/small", 10), (b"/small", 11)]

    assert [(await proxy.ask(post(b"x" * size, target=target))).status for target, size in asked] == [200, 413] * 3


async def test_connections_above_the_limit_are_503(play: Play, serve: Serve) -> None:
    """One client too many hears so at once, with when to come again; those that are there stay, and room is reused."""
    proxy = await serve(await play(always(sized(b"hi"))), limits={"connections": 3})
    first = [await proxy.client() for _ in range(3)]
    for client in first:
        assert (await client.ask(get())).status == 200

    extra = await proxy.client()
    answer = await extra.response()

    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"
    assert await extra.rest() == b""
    assert [(await client.ask(get())).status for client in first] == [200] * 3

    first[0].close()
    extra.close()
    await proxy.until(lambda: proxy.connections == 2)

    assert (await (await proxy.client()).ask(get())).status == 200


async def test_a_storm_of_connections_leaves_the_listener_well(play: Play, serve: Serve) -> None:
    """Many more clients than are allowed, coming and going: each is served or told, and the next one is served."""
    proxy = await serve(await play(always(sized(b"hi"))), limits={"connections": 20})

    async def come(number: int) -> int:
        client = await proxy.client()
        try:
            await client.send(get())
            return (await client.response()).status
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0
        finally:
            client.close()

    statuses = await asyncio.gather(*[come(number) for number in range(200)])

    assert {*statuses} <= {200, 503, 0}
    assert 200 in statuses
    await proxy.until(lambda: proxy.connections == 0)
    assert (await proxy.ask(get())).status == 200


@pytest.mark.parametrize(
    ("size", "status"), [(128, 200), (129, 431)], ids=["as many as allowed", "one more than allowed"]
)
async def test_fields_are_counted(play: Play, serve: Serve, size: int, status: int) -> None:
    """128 fields pass, one more is 431, never silently less (FR51)."""
    legacy = await play(always(sized(b"hi")))
    lines = [b"X%d: y" % number for number in range(size - 1)]
    answer = await (await serve(legacy)).ask(get(b"/", *lines))

    assert answer.status == status
    assert [len([line for line in received.lines if line.endswith(b": y")]) for received in legacy.requests] in (
        [],
        [127],
    )


async def test_limits_do_not_depend_on_how_the_bytes_are_cut(play: Play, serve: Serve) -> None:
    """A head that is too long is refused alike whole, in pieces and without its end."""
    proxy = await serve(await play(echo))
    head = get(b"/", *[b"X%d: %b" % (number, b"y" * 1000) for number in range(70)])

    async def cut(size: int) -> Message:
        client: Client = await proxy.client()
        with suppress(ConnectionError):
            await client.send(*[head[at : at + size] for at in range(0, len(head), size)])
        return await client.response()

    for size in (len(head), 16_000, 1460):
        check_problem(await cut(size), 431)
