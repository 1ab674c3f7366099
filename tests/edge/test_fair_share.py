"""Who may have the last connections of an upstream."""

from __future__ import annotations

import asyncio
from collections import Counter

from proxy.edge.fair_share import FairShare
from tests.edge.client import get
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import Block, upstream
from tests.edge.questions import Question
from tests.edge.scripted import Peer


def is_greedy(asking: Question, holding: list[Question]) -> bool:
    """Whether this one holds too much while those have one each."""
    return FairShare().is_greedy(asking, holding, 1.0)


def test_who_holds_more_than_an_equal_part_is_greedy() -> None:
    """The operation, or the client, that holds most; others are not, nor is somebody who comes."""
    holding = [Question(b"slow", b"c%d" % each) for each in range(14)] + [Question(b"quick", b"other")]

    assert is_greedy(Question(b"slow", b"new"), holding)
    assert not is_greedy(Question(b"quick", b"new"), holding)
    assert not is_greedy(Question(b"third", b"new"), holding)

    of_one = [Question(b"o%d" % each, b"greedy") for each in range(14)] + [Question(b"quick", b"other")]

    assert is_greedy(Question(b"o99", b"greedy"), of_one)
    assert not is_greedy(Question(b"o99", b"other"), of_one)


def test_where_there_is_nobody_else_nobody_is() -> None:
    """One operation, one client: all connections may be had."""
    assert not is_greedy(Question(), [Question()] * 16)


@BOTH
async def test_an_endpoint_that_hangs_leaves_connections_to_others(play: Play, serve: Serve) -> None:
    """Of sixteen connections those that never answer get fourteen; the rest of the route goes on, and they wait."""
    hang = asyncio.Event()

    async def answering(peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            if message.target.startswith(b"/slow"):
                await hang.wait()
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwell")

    legacy = await play(answering)
    rest: Block = {"name": "rest", "match": "/**", "stage": "legacy"}
    proxy = await serve(upstreams={"legacy": upstream(legacy, connections=16, queue=64)}, routes=[rest])
    slow = [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(10)]
    await proxy.until(lambda: len(legacy.requests) == 10)
    assert (await proxy.ask(get(b"/quick"))).status == 200
    slow += [asyncio.ensure_future(proxy.ask(get(b"/slow/report"))) for _ in range(30)]
    await proxy.until(lambda: len(proxy.pool()._apart) == 26)
    answers = Counter([(await proxy.ask(get(b"/quick"))).status for _ in range(20)])
    asked = sum(each.target == b"/slow/report" for each in legacy.requests)
    hang.set()

    assert (answers, asked) == ({200: 20}, 14)
    assert Counter([each.status for each in await asyncio.gather(*slow)]) == {200: 40}
