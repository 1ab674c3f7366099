"""An answer that a tap holds, and a request that outlives its client."""

from __future__ import annotations

import asyncio

import pytest

from proxy.core.http.response import ResponseHead
from proxy.core.outcome import Side
from proxy.edge.client.gone_transport import GONE
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import LocalAnswer, Verdict, Wait
from tests.edge.conftest import Play, Serve
from tests.edge.exchange.test_taps import Notes, slow, tapped
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.raw_client import get, post
from tests.edge.scripted import Peer, always, chunked, sized
from tests.waiting import until

pytestmark = BOTH


class Holding(Notes):
    """Holds answers of up to `holds` bytes until `word` has come; `verdict` says otherwise."""

    def __init__(self, holds: int = 100, verdict: LocalAnswer | None = None, within: float = 60.0) -> None:
        super().__init__()
        self.holds = holds
        self.verdict = verdict
        self.abandoned = 0
        self.word: Wait | None = None
        self.kept = b""
        self._within = within

    def settle(self, head: ResponseHead, body: bytes) -> LocalAnswer | Wait | None:
        self.heard.append(f"settle {head.status}")
        self.kept = body
        if self.verdict is not None:
            return self.verdict
        if not self._within:
            return None
        self.word = Wait(self._within, self._abandon)
        return self.word

    def _abandon(self) -> None:
        self.abandoned += 1


@pytest.mark.parametrize("script", [always(sized(b"onetwo")), always(chunked(b"one", b"two")), slow])
async def test_the_client_gets_nothing_before_the_word(play: Play, serve: Serve, script: object) -> None:
    """The tap has all of the answer first; then it goes out whole, however it was framed."""
    proxy = await serve(await play(script))  # type: ignore[arg-type]
    tap = Holding()
    tapped(proxy, tap)
    client = await proxy.client()
    await client.send(post(b"x"))
    await until(lambda: tap.word is not None)
    assert tap.kept == b"onetwo"
    assert "respond 200" not in tap.heard
    assert tap.word is not None
    tap.word.go_on()
    answer = await client.response()

    assert (answer.status, answer.body) == (200, b"onetwo")
    assert tap.heard[-3:] == ["settle 200", "respond 200", "ended"]
    await client.send(get())
    await until(lambda: tap.heard.count("settle 200") == 2)


async def test_what_need_not_wait_goes_on_at_once(play: Play, serve: Serve) -> None:
    """A tap that holds may be content with having seen it."""
    proxy = await serve(await play(always(chunked(b"one", b"two"))))
    tapped(proxy, Holding(within=0.0))
    client = await proxy.client()
    await client.send(post(b"x"))

    assert (await client.response()).body == b"onetwo"


async def test_an_answer_that_is_too_long_goes_on_as_it_comes(play: Play, serve: Serve) -> None:
    """It is not settled: what has come goes out, and the rest behind it."""
    for script in (slow, always(sized(b"onetwo"))):
        proxy = await serve(await play(script))
        tap = Holding(holds=4)
        tapped(proxy, tap)
        client = await proxy.client()
        await client.send(post(b"x"))

        assert (await client.response()).body == b"onetwo"
        assert "settle 200" not in tap.heard


async def test_another_answer_may_come_in_its_place(play: Play, serve: Serve) -> None:
    """At once or as the word; the connection goes on."""
    proxy = await serve(await play(always(sized(b"onetwo"))))
    tap = Holding(verdict=LocalAnswer(503, "not now"))
    tapped(proxy, tap)
    client = await proxy.client()
    await client.send(post(b"x"))
    assert "not now" in check_problem(await client.response(), 503)
    tap.verdict = None
    await client.send(post(b"x"))
    await until(lambda: tap.word is not None)
    assert tap.word is not None
    tap.word.answer(LocalAnswer(503, "not yet"))

    assert "not yet" in check_problem(await client.response(), 503)


async def test_a_word_that_does_not_come_in_time_is_503(play: Play, serve: Serve) -> None:
    """The tap hears that nobody waits for it any more."""
    proxy = await serve(await play(always(sized(b"onetwo"))))
    tap = Holding(within=0.01)
    tapped(proxy, tap)
    client = await proxy.client()
    await client.send(post(b"x"))

    assert "its answer could not be kept in time" in check_problem(await client.response(), 503)
    assert tap.abandoned == 1
    assert tap.heard[-1] == "ended"


async def test_a_request_that_stays_outlives_its_client(play: Play, serve: Serve) -> None:
    """The side is asked to the end, the answer is settled, and then the connection is counted out."""
    go_on = asyncio.Event()

    async def waits(peer: Peer) -> None:
        await peer.next_request()
        await go_on.wait()
        await peer.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")

    proxy = await serve(await play(waits))
    tap = Holding()

    def step(request: Request) -> Verdict:
        request.stays = True
        request.watch(tap)
        return None

    for bound in proxy.listener.live.bound:
        bound.admission = (step, decide)
    client = await proxy.client()
    await client.send(post(b"x"))
    await until(lambda: "whole" in tap.heard)
    client.reset()
    await until(lambda: proxy.listener._clients and next(iter(proxy.listener._clients)).transport is GONE)
    go_on.set()
    await until(lambda: tap.word is not None)
    assert tap.word is not None
    tap.word.go_on()
    await until(lambda: tap.heard[-1] == "ended")

    assert tap.failure is None
    assert proxy.listener.counters.connections.value == 0


async def test_what_was_cleared_for_one_side_goes_to_no_other(play: Play, serve: Serve) -> None:
    """If it is decided otherwise after a wait, it is not sent."""
    legacy = await play(always(sized(b"legacy")))
    proxy = await serve(legacy)
    word = Wait(60.0)

    def step(request: Request) -> Verdict:
        request.only = Side.NEW
        return word

    for bound in proxy.listener.live.bound:
        bound.admission = (decide, step)
    client = await proxy.client()
    await client.send(post(b"x"))
    await until(lambda: word._hear.__name__ == "_resume")
    word.go_on()

    assert "the route has moved while the request waited" in check_problem(await client.response(), 503)
