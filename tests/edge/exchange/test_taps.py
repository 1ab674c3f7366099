"""Taps on a request: what they hear, and what the one that replaces the answer changes."""

from __future__ import annotations

import pytest

from proxy.core.http.response import ResponseHead, ResponseReader
from proxy.core.outcome import Failure
from proxy.edge.routing.decision import decide
from proxy.edge.routing.request import Request
from proxy.edge.routing.step import Verdict
from proxy.edge.routing.tap import Tap, TappedClient
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, always, chunked, sized


class Notes(Tap):
    """Writes down what it hears; parts that follow one another are one."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.asked = self.answered = b""
        self.failure: Failure | None = None

    def opened(self) -> None:
        self.heard.append("opened")

    def request(self, payload: bytes) -> None:
        self.asked += payload
        self._note("request")

    def whole(self, client: TappedClient) -> None:
        assert client.scheme == b"http"
        self._note("whole")

    def respond(self, head: ResponseHead, payload: bytes) -> None:
        self.heard.append(f"respond {head.status}")
        self.answered += payload

    def relay(self, payload: bytes) -> None:
        self.answered += payload
        self._note("relay")

    def ended(self, failure: Failure | None, began: float, ended: float, *, fell_back: bool) -> None:
        assert began < ended
        self.failure = failure
        self.heard.append("ended, by the other side" if fell_back else "ended")

    def _note(self, what: str) -> None:
        if self.heard[-1] != what:
            self.heard.append(what)


class Replaced(Notes):
    """Puts another head in place of the one that comes, and capitals in its body."""

    replaces = True

    def __init__(self, raw: bytes) -> None:
        super().__init__()
        head = ResponseReader().read(raw, bodyless=False)
        assert isinstance(head, ResponseHead)
        self.head = head
        self.was_done = False

    def replace(self, head: ResponseHead, payload: bytes, *, done: bool) -> tuple[ResponseHead, bytes]:
        assert head is not self.head
        self.was_done = done
        return self.head, payload.upper()

    def replace_more(self, payload: bytes, *, done: bool) -> bytes:
        self.was_done = done
        return payload.upper()


def tapped(proxy: Proxy, *taps: Tap) -> None:
    """These taps on every request of the table."""

    def step(request: Request) -> Verdict:
        for tap in taps:
            request.watch(tap)
        return None

    for bound in proxy.listener.live.bound:
        bound.admission = (step, decide)


async def slow(peer: Peer) -> None:
    """An answer in three parts, each on its own."""
    while await peer.next_request() is not None:
        await peer.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_all_taps_hear_a_request_and_its_answer_in_order(play: Play, serve: Serve) -> None:
    """Each hears of the request, its body, its end, the answer's head and parts, and the end of it all."""
    proxy = await serve(await play(slow))
    first, second = Notes(), Notes()
    tapped(proxy, first, second)
    client = await proxy.client()
    await client.send(post(b"hello")[:-2], b"lo")
    answer = await client.response()

    assert answer.body == b"onetwo"
    assert first.heard == second.heard == ["opened", "request", "whole", "respond 200", "relay", "ended"]
    assert (first.asked, first.answered) == (b"hello", b"onetwo")


async def test_a_body_is_seen_as_it_is_sent_on(play: Play, serve: Serve) -> None:
    """A chunked body comes coded anew, with its end."""
    proxy = await serve(await play(always(sized(b"hi"))))
    notes = Notes()
    tapped(proxy, notes)
    await proxy.ask(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")

    assert notes.asked == b"5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("new_length", [b"Content-Length: 6", b"Transfer-Encoding: chunked"])
async def test_a_replaced_answer_is_what_all_others_see(play: Play, serve: Serve, new_length: bytes) -> None:
    """Client, log and the taps that watch get the head and the body that stand in place of what came."""
    proxy = await serve(await play(always(chunked(b"one", b"two"))))
    notes, replaced = Notes(), Replaced(b"HTTP/1.1 201 MadeElsewhere\r\nX-New: a\r\n" + new_length + b"\r\n\r\n")
    tapped(proxy, notes, replaced)
    client = await proxy.client()
    answer = await client.ask(get())
    (line,) = await proxy.lines(1)

    assert (answer.status, answer.body, answer.value(b"X-New")) == (201, b"ONETWO", b"a")
    assert (notes.answered, replaced.answered, replaced.was_done) == (b"ONETWO", b"ONETWO", True)
    assert (line["status"], line["sent"]) == (201, 6)
    assert (await client.ask(get())).status == 201


async def test_only_one_tap_may_replace(play: Play, serve: Serve) -> None:
    """A second one is an error in what put it there, and costs its request alone."""
    proxy = await serve(await play(always(sized(b"hi"))))
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    tapped(proxy, Replaced(raw), Replaced(raw))

    assert (await proxy.ask(get())).status == 500


async def test_a_failure_ends_what_a_tap_hears(play: Play, serve: Serve) -> None:
    """Where there is no answer the tap hears of the end, once, with the failure."""

    async def hang_up(peer: Peer) -> None:
        await peer.request()

    proxy = await serve(await play(hang_up))
    notes = Notes()
    tapped(proxy, notes)

    assert (await proxy.ask(get())).status == 502
    assert notes.heard == ["opened", "whole", "ended"]
    assert notes.failure is not None


async def test_an_answer_that_is_not_passed_on_is_not_seen(play: Play, serve: Serve) -> None:
    """When the other side answers in place of one that is unavailable, taps see that answer alone."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"no", status=b"503 Unavailable")))
    route = {**REST, "stage": "live", "effects": "safe", "fallback": {"to": "legacy", "after": ["5xx"]}}
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[route])
    notes = Notes()
    tapped(proxy, notes)

    assert (await proxy.ask(get())).body == b"legacy"
    assert notes.heard == ["opened", "whole", "respond 200", "ended, by the other side"]
    assert notes.answered == b"legacy"


async def test_a_client_that_leaves_ends_what_a_tap_hears(play: Play, serve: Serve) -> None:
    """Once, and as the client's failure."""

    async def wait(peer: Peer) -> None:
        await peer.request()
        await peer.rest()

    proxy = await serve(await play(wait))
    notes = Notes()
    tapped(proxy, notes)
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: "whole" in notes.heard)
    client.reset()
    await proxy.until(lambda: "ended" in notes.heard)

    assert notes.heard == ["opened", "whole", "ended"]
