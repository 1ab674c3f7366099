"""A route with `brownout` or `deprecated`, over the wire: what clients get, what others see, what is counted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.edge.routing.orders import obey
from proxy.edge.steps import brownout_step
from proxy.link.messages import BrownoutDelta, MetClient, Orders, RouteOrder
from tests.edge.auth.guarded import guarded
from tests.edge.auth.issuer import bearer
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import Peer, Script
from tests.edge.steps.test_translation_step import JSON, answering, raw

UNTIL = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%dT%H:%MZ}"
RANK: Block = {"field": "$.rank", "share": "25%", "until": UNTIL}
ENDPOINT: Block = {"share": "25%", "until": UNTIL, "retry_after": "90s"}
BODY = b'{"id": 1, "rank": 7}'
LEAN = b'{"id":1}'


def route(brownout: Block | None, **more: object) -> Block:
    said = {} if brownout is None else {"brownout": brownout}
    return {"name": "rest", "match": "/**", "stage": "legacy", **said, **more}


async def browned(play: Play, serve: Serve, brownout: Block, script: Script | None = None, **more: object) -> Proxy:
    """A route with this brown-out, and legacy behind it."""
    legacy = await play(script or answering(BODY, JSON, b'ETag: "1"'))
    return await serve(upstreams={"legacy": upstream(legacy)}, routes=[route(brownout, **more)])


def met(proxy: Proxy) -> BrownoutDelta:
    """What was counted since the last call."""
    (delta,) = proxy.listener.counters.take_brownouts()
    return delta


def order(proxy: Proxy, *ended: str) -> None:
    """Control says that these are over."""
    said = RouteOrder("rest", "legacy", 0.0, "legacy", 0.0, ended=list(ended))
    obey(proxy.listener.live, Orders(2, [said]))


async def test_one_call_in_four_goes_without_the_field(play: Play, serve: Serve) -> None:
    """The first one among them; nobody is to keep it, and the others are as they came, to the byte."""
    proxy = await browned(play, serve, RANK)
    first = await proxy.ask(get(b"/"))
    others = [await proxy.ask(get(b"/%d" % each)) for each in range(39)]

    assert (first.body, first.value(b"ETag"), first.value(b"Cache-Control")) == (LEAN, None, b"no-store")
    assert first.value(b"Content-Length") == b"8"
    whole = [each for each in others if each.body == BODY and each.value(b"ETag") == b'"1"']
    assert (len(whole), len([each for each in others if each.body == LEAN])) == (30, 9)
    delta = met(proxy)
    after = ((10, 0, 0), (29, 0, 0))
    assert (delta.route, delta.clients) == ("rest", [MetClient("unverified", 40, {"browned": 10}, *after)])
    assert (delta.without, delta.whole) == ([10, 0, 0], [29, 0, 0])
    lines = await proxy.lines(40)
    assert (lines[0]["steps"], lines[0]["sent"]) == ({"brownout": "$.rank is absent"}, 8)
    assert len([line for line in lines if "steps" in line]) == 10


async def test_only_the_clients_that_are_named_go_without(play: Play, serve: Serve, tmp_path: Path) -> None:
    """As their tokens name them, each counted by itself; another one's calls are nobody's business."""
    orders: Block = {"name": "orders", "match": "/**", "stage": "legacy", "auth": "members"}
    brownout: Block = {**RANK, "clients": ["shop", "billing"]}
    found = await guarded(play, serve, tmp_path, routes=[{**orders, "brownout": brownout}])
    for client in ("shop", "other", "billing", "shop"):
        await found.ask(bearer(found.issuer.token(client_id=client)))

    delta = met(found.proxy)
    assert [(each.client, each.asked) for each in delta.clients] == [("billing", 1), ("shop", 2)]


async def test_parity_and_the_log_of_pairs_see_the_answer_before(play: Play, serve: Serve) -> None:
    """What is compared is whole, while the client gets less."""
    legacy, new = await play(answering(BODY, JSON)), await play(answering(BODY, JSON))
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "new": upstream(new)},
        routes=[route({**RANK, "share": "100%"}, stage="shadow", shadow={"second": "0%"})],
    )
    proxy.listener.shadows.recorder = pairs = Pairs()
    answer = await proxy.ask(get(b"/"))
    pair = await pairs.next()

    assert answer.body == LEAN
    assert (pair.legacy.body, pair.new.body) == (BODY, BODY)


async def test_behind_an_adapter_it_is_the_translated_answer(play: Play, serve: Serve) -> None:
    """The field is one of the contract that clients use."""
    legacy, new = await play(answering(b"")), await play(answering(b'{"id":1,"grade":7}', JSON))
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "new": upstream(new)},
        routes=[route(RANK, stage="live", adapter="a")],
        adapters={"a": {"speaks": "legacy", "answer": [{"rename": "$.grade", "to": "rank"}]}},
    )
    answers = [(await proxy.ask(get(b"/"))).body for _ in range(2)]
    assert answers == [LEAN, b'{"id":1,"rank":7}']


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (answering(b'{"id": 1}', JSON), "absent"),
        (answering(b"<p>", b"Content-Type: text/html"), "unfit"),
        (answering(b'{"id":', JSON), "unfit"),
        (answering(b'{"a":"' + b"x" * 70_000 + b'"}', JSON), "unfit"),
        (
            raw(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"11180\r\n" + b"1" * 70_016 + b"\r\n0\r\n\r\n"
            ),
            "unfit",
        ),
        (answering(b'{"rank": 7}', JSON, status=b"404 Not Found"), None),
    ],
)
async def test_what_has_no_such_field_goes_on_as_it_came(
    play: Play, serve: Serve, script: Script, outcome: str | None
) -> None:
    """It is counted as what it is; an error says nothing of the field, and is not."""
    proxy = await browned(play, serve, {**RANK, "share": "100%"}, script)
    bare = await serve(await play(script))
    answer, plain = await proxy.ask(get(b"/")), await bare.ask(get(b"/"))

    assert (answer.start, answer.body) == (plain.start, plain.body)
    assert met(proxy).clients == [MetClient("unverified", 1, {} if outcome is None else {outcome: 1})]


async def test_a_chunked_and_coded_answer_comes_out_whole(play: Play, serve: Serve) -> None:
    """With a length, and uncoded."""
    body = gzip.compress(BODY, mtime=0)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"
    proxy = await browned(play, serve, RANK, raw(head + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)))
    answer = await proxy.ask(get(b"/"))
    assert (answer.body, answer.value(b"Content-Encoding"), answer.value(b"Content-Length")) == (LEAN, None, b"8")


async def test_head_is_neither_counted_nor_drawn(play: Play, serve: Serve) -> None:
    """It has no fields: the first call that has is met."""
    proxy = await browned(play, serve, RANK)
    await proxy.ask(request(b"HEAD", b"/"))
    assert proxy.listener.counters.take_brownouts() == []
    assert (await proxy.ask(get(b"/"))).body == LEAN


async def test_the_endpoint_itself_is_answered_for_a_share(play: Play, serve: Serve) -> None:
    """503 with Retry-After and what it is, nothing goes upstream; whoever tries again is served."""
    legacy = await play(answering(BODY, JSON))
    said: Block = {"since": "2026-11-01", "sunset": "2027-03-01", "link": "https://docs.example.com/moving"}
    proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=[route(ENDPOINT, deprecated=said)])
    first, again = await proxy.ask(get(b"/")), await proxy.ask(get(b"/"))

    assert (first.status, first.value(b"Retry-After"), again.status) == (503, b"90", 200)
    assert first.value(b"Sunset") == again.value(b"Sunset") == b"Mon, 01 Mar 2027 00:00:00 GMT"
    assert "will be retired" in json.loads(first.body)["detail"]
    assert len(legacy.requests) == 1
    (answered,) = proxy.listener.counters.take_step_answers()
    assert (answered.reason, answered.count) == ("browned_out", 1)
    assert (met(proxy).without, await proxy.lines(2))[0] == [1, 0, 1]


async def test_it_may_be_answered_as_if_it_were_gone(play: Play, serve: Serve) -> None:
    """410, which is not tried again."""
    proxy = await browned(play, serve, {"share": "25%", "until": UNTIL, "answer": 410})
    answer = await proxy.ask(get(b"/"))
    assert (answer.status, answer.value(b"Retry-After")) == (410, None)


async def test_it_pauses_at_once_while_the_kill_switch_is_on(play: Play, serve: Serve) -> None:
    """By the worker's own switch, whoever else is dead."""
    proxy = await browned(play, serve, {**RANK, "share": "100%"})
    proxy.listener.switch.on = True
    killed = await proxy.ask(get(b"/"))
    proxy.listener.switch.on = False
    assert (killed.body, (await proxy.ask(get(b"/"))).body) == (BODY, LEAN)


async def test_it_ends_by_order(play: Play, serve: Serve) -> None:
    """The one that is named; another one goes on. An order that names it no more frees it."""
    proxy = await browned(play, serve, {**RANK, "share": "100%"})
    await proxy.ask(get(b"/"))
    policy_id = met(proxy).id
    order(proxy, "another", policy_id)
    ended = await proxy.ask(get(b"/"))
    order(proxy, "another")
    assert (ended.body, (await proxy.ask(get(b"/"))).body) == (BODY, LEAN)
    order(proxy, policy_id)
    obey(proxy.listener.live, Orders(3, []))
    assert (await proxy.ask(get(b"/"))).body == LEAN


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """What the worker takes for unix time."""
    now = [datetime.fromisoformat(UNTIL).timestamp()]
    monkeypatch.setattr(brownout_step, "time", lambda: now[0])
    return iter([now])


async def test_it_ends_by_itself_at_its_time(play: Play, serve: Serve, moment: Iterator[list[float]]) -> None:
    """By the worker's own clock, with its first moment."""
    now = next(moment)
    proxy = await browned(play, serve, {**RANK, "share": "100%"})
    over = await proxy.ask(get(b"/"))
    now[0] -= 0.001
    assert (over.body, (await proxy.ask(get(b"/"))).body) == (BODY, LEAN)


async def test_what_clients_do_next_is_told_by_what_came_before(play: Play, serve: Serve) -> None:
    """That it fails, and that it asks for the very same at once."""

    async def script(peer: Peer) -> None:
        while (asked := await peer.next_request()) is not None:
            status = b"404 Not Found" if asked.target == b"/gone" else b"200 OK"
            await peer.send(b"HTTP/1.1 %b\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (status, JSON, len(BODY), BODY))

    proxy = await browned(play, serve, {**RANK, "share": "1%"}, script)
    for target in (b"/a", b"/a", b"/a", b"/gone", b"/b"):
        await proxy.ask(get(target))
    delta = met(proxy)
    assert (delta.without, delta.whole) == ([1, 0, 1], [3, 1, 1])


async def test_a_reload_forgets_no_client(play: Play, serve: Serve) -> None:
    """A table with the same block goes on counting; with another one, each client is met anew."""
    legacy = await play(answering(BODY, JSON))
    upstreams = {"legacy": upstream(legacy)}
    proxy = await serve(upstreams=upstreams, routes=[route(RANK)])
    bodies = [(await proxy.ask(get(b"/"))).body]
    for brownout in (RANK, {**RANK, "share": "20%"}):
        proxy.install(upstreams, [route(brownout)])
        bodies.append((await proxy.ask(get(b"/"))).body)
    assert bodies == [LEAN, BODY, LEAN]


async def test_answers_say_when_their_route_ends(play: Play, serve: Serve) -> None:
    """Whoever answers, errors too; a stream stays one; a route without the key says nothing."""
    script = raw(
        b"HTTP/1.1 404 Not Found\r\nSunset: Fri, 01 Jan 2027 00:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n0\r\n\r\n"
    )
    said: Block = {"since": "2026-11-01", "sunset": "2027-03-01", "link": "https://docs.example.com/moving"}
    plain: Block = {"name": "plain", "match": "/plain", "stage": "legacy"}
    legacy = await play(script)
    proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=[route(None, deprecated=said), plain])
    answer, other = await proxy.ask(get(b"/")), await proxy.ask(get(b"/plain"))

    assert (answer.status, answer.body, answer.value(b"Transfer-Encoding")) == (404, b"abc", b"chunked")
    assert answer.value(b"Deprecation") == b"@1793491200"
    assert answer.values(b"Sunset") == [b"Fri, 01 Jan 2027 00:00:00 GMT"]
    assert answer.values(b"Link")[0] == b'<https://docs.example.com/moving>; rel="deprecation"; type="text/html"'
    assert other.value(b"Deprecation") is None
