from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.core.parity.compare import IncomparableReason, compare
from proxy.core.parity.rules.rules import NO_RULES
from proxy.core.routing.split import draw_of
from proxy.link.messages import Orders, RouteOrder
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Scripted, always, chunked, sized

ROUTE: Block = {"name": "orders", "match": "/**", "stage": "shadow"}
ONCE: Block = {"second": "0%"}


async def shadowing(
    serve: Serve, legacy: Scripted, new: Scripted, *, shadow: Block = ONCE, top: Block | None = None, **route: object
) -> tuple[Proxy, Pairs]:
    """A proxy with one route that is shadowed, and where its pairs go."""
    upstreams = {"legacy": upstream(legacy), "new": upstream(new)}
    proxy = await serve(upstreams=upstreams, routes=[{**ROUTE, "shadow": shadow, **route}], **(top or {}))
    proxy.listener.shadows.recorder = pairs = Pairs()
    return proxy, pairs


async def counted(proxy: Proxy, total: int = 1) -> dict[str, int]:
    """What became of shadows, once there are so many."""
    found: dict[str, int] = {}
    async with asyncio.timeout(30):
        while sum(found.values()) < total:
            for delta in proxy.listener.counters.take_shadows():
                found[delta.outcome] = found.get(delta.outcome, 0) + delta.count
            await asyncio.sleep(0.005)
    return found


async def test_both_sides_are_asked_and_the_pair_is_offered(play: Play, serve: Serve) -> None:
    """At stage shadow legacy answers the client, new is asked the same, and both answers go to the comparer."""
    legacy = await play(always(sized(b"legacy", b"X-Side: one")))
    new = await play(always(sized(b"new", b"X-Side: other")))
    proxy, pairs = await shadowing(serve, legacy, new)

    answer = await proxy.ask(get(b"/orders/7?a=1", b"X-A: b"))
    pair = await pairs.next()

    assert answer.body == b"legacy"
    assert (pair.legacy.body, pair.new.body, pair.second) == (b"legacy", b"new", None)
    assert (pair.legacy.status, pair.new.status) == (200, 200)
    assert (pair.route, pair.authoritative, pair.request.target) == ("orders", "legacy", b"/orders/7?a=1")
    assert (b"X-Side", b"other") in pair.new.fields
    assert await counted(proxy) == {"sent": 1}


async def test_the_copy_is_the_live_request_and_a_marker(play: Play, serve: Serve) -> None:
    """SH06: Host, target, fields, request id and forwarding fields are the same; the marker is on the shadow alone."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new)
    await proxy.ask(get(b"/a%2Fb/?x=%20&x", b"Host: z", b"X-Odd:  y ").replace(b"Host: a\r\n", b""))
    await pairs.next()

    live, shadow = legacy.requests[0], new.requests[0]
    assert live.start == shadow.start
    assert shadow.lines == [*live.lines, b"X-Banyan-Shadow: 1"]


async def test_a_client_cannot_say_that_it_is_a_shadow(play: Play, serve: Serve) -> None:
    """SH06: the marker, and the dry run's, are Banyan's; a client's are dropped from both requests."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new)
    await proxy.ask(get(b"/", b"X-Banyan-Shadow: 2", b"x_banyan_shadow: 3", b"X-Banyan-Dry-Run: 1"))
    await pairs.next()

    for asked, ours in ((legacy, []), (new, [b"X-Banyan-Shadow: 1"])):
        said = [line for line in asked.requests[0].lines if b"anyan" in line]
        assert [line for line in said if not line.startswith(b"X-Banyan-Via: ")] == ours


async def test_a_shadow_of_another_proxy_has_none(play: Play, serve: Serve) -> None:
    """What a trusted peer marks as a shadow is passed on as one, and not shadowed again."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, _ = await shadowing(serve, legacy, new, top={"trusted_proxies": ["127.0.0.0/8"]})
    await proxy.ask(get(b"/", b"X-Banyan-Shadow: 1"))

    assert await counted(proxy) == {"skipped": 1}
    assert legacy.requests[0].values(b"x-banyan-shadow") == [b"1"]
    assert new.requests == []


@pytest.mark.parametrize(
    ("rule", "cookie", "authorization"),
    [
        (None, [], []),
        ("drop", [], []),
        ("forward", [b"s=1"], [b"Basic x"]),
        ({"replace": {"Authorization": "Bearer t"}}, [], [b"Bearer t"]),
    ],
)
async def test_credentials_go_along_only_by_the_rule(
    play: Play, serve: Serve, rule: object, cookie: list[bytes], authorization: list[bytes]
) -> None:
    """SH06: dropped unless the file says forward or replace; the live request keeps its own."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    shadow = ONCE if rule is None else {**ONCE, "credentials": rule}
    proxy, pairs = await shadowing(serve, legacy, new, shadow=shadow)
    await proxy.ask(get(b"/", b"Cookie: s=1", b"Authorization: Basic x"))
    await pairs.next()

    asked = new.requests[0]
    assert (asked.values(b"cookie"), asked.values(b"authorization")) == (cookie, authorization)
    assert legacy.requests[0].values(b"cookie") == [b"s=1"]


async def test_nothing_of_the_shadow_reaches_the_client(play: Play, serve: Serve) -> None:
    """SH04: the client's answer is byte for byte the one without shadow; no cookie comes back, no redirect followed."""
    away = sized(b"away", b"Location: /elsewhere", b"Set-Cookie: stolen=1", status=b"302 Found")
    legacy, new = await play(always(sized(b"own", b"Set-Cookie: own=1"))), await play(always(away))
    with_shadow, pairs = await shadowing(serve, legacy, new)
    without, _ = await shadowing(serve, legacy, new, shadow={"sample": "0%"})
    traced = get(b"/", b"X-A: b")

    answers = [await proxy.ask(traced) for proxy in (with_shadow, without)]
    pair = await pairs.next()

    ids = [each.values(b"x-request-id")[0] for each in answers]
    assert len({each.head.replace(known, b"") + each.body for each, known in zip(answers, ids, strict=True)}) == 1
    assert [each.target for each in new.requests] == [b"/"]
    assert pair.new.status == 302


async def test_a_shadow_is_never_repeated(play: Play, serve: Serve) -> None:
    """SH04: not even after a connection that had died while idle, where a live request would be sent once more."""

    async def one_answer(peer: Peer) -> None:
        await peer.request()
        await peer.send(sized(b"a"))
        await peer.head()
        peer.reset()

    legacy, new = await play(always(sized(b"a"))), await play(one_answer)
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    found = []
    for _ in range(2):
        await client.ask(get())
        found.append((await pairs.next()).new.failure)

    assert found == ["", "failed"]
    assert len(new.requests) == 2
    assert await counted(proxy, 2) == {"sent": 1, "failed": 1}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE"])
async def test_what_is_not_safe_is_sent_once(play: Play, serve: Serve, method: bytes) -> None:
    """SH04: whatever it carries, a write reaches one side alone."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new)
    await proxy.ask(request(method, b"/", b"Idempotency-Key: k", body=b"x"))
    await proxy.ask(get())
    await pairs.next()

    assert [each.start[:3] for each in new.requests] == [b"GET"]


@pytest.mark.parametrize("framing", ["sized", "chunked"])
async def test_a_declared_search_is_shadowed_with_its_body(play: Play, serve: Serve, framing: str) -> None:
    """A POST that is declared safe is sent whole once the client has sent it; the pair has the body decoded."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new, effects="safe")
    client = await proxy.client()
    if framing == "sized":
        await client.send(post(b"abcdef")[:-3])
        await asyncio.sleep(0.02)
        assert new.requests == []
        await client.send(b"def")
    else:
        await client.send(
            request(b"POST", b"/", b"Transfer-Encoding: chunked"), b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n"
        )
    await client.response(to=b"POST")
    pair = await pairs.next()

    assert legacy.requests[0].body == new.requests[0].body == pair.request.body == b"abcdef"


async def test_a_request_beyond_the_cap_is_skipped(play: Play, serve: Serve) -> None:
    """It is not kept, not sent and not compared, and counts as such; the live request is untouched."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new, effects="safe", shadow={**ONCE, "max_body": "16B"})
    await proxy.ask(post(b"x" * 17))

    assert await counted(proxy) == {"skipped": 1}
    assert (legacy.requests[0].body, new.requests, pairs.taken) == (b"x" * 17, [], [])
    assert proxy.listener.shadows.room.used == 0


@pytest.mark.parametrize(("stage", "split"), [("live", None), ("canary", "100%")])
async def test_the_shadow_turns_when_new_serves(play: Play, serve: Serve, stage: str, split: str | None) -> None:
    """Where new answers the client, legacy is the shadow."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    more: dict[str, Any] = {} if split is None else {"split": split}
    proxy, pairs = await shadowing(serve, legacy, new, stage=stage, shadow={"sample": "100%", "second": "0%"}, **more)
    answer = await proxy.ask(get())
    pair = await pairs.next()

    assert (answer.body, pair.legacy.body, pair.new.body, pair.authoritative) == (b"new", b"legacy", b"new", "new")
    assert legacy.requests[0].values(b"x-banyan-shadow") == [b"1"]


async def test_a_tenth_is_sampled_where_new_serves(play: Play, serve: Serve) -> None:
    """Without a word of the file, about one of ten requests at live is shadowed."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new, stage="live")
    client = await proxy.client()
    for number in range(400):
        await client.ask(get(b"/%d" % number))

    assert 10 < len(pairs.taken) < 90


async def test_chunks_and_redirects_stand_as_the_client_sees_them(play: Play, serve: Serve) -> None:
    """Case 18: bodies are decoded from their framing, and a Location that names the upstream is in the public name."""
    legacy = await play(always(chunked(b"ab", b"cd")))
    new_answer: list[bytes] = []

    async def naming(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(*new_answer)

    new = await play(naming)
    new_answer.append(sized(b"abcd", b"Location: http://127.0.0.1:%d/x" % new.port))
    upstreams = {"legacy": upstream(legacy), "new": upstream(new, host="upstream")}
    proxy = await serve(upstreams=upstreams, routes=[{**ROUTE, "shadow": ONCE}])
    proxy.listener.shadows.recorder = pairs = Pairs()
    await proxy.ask(get())
    pair = await pairs.next()

    assert (pair.legacy.body, pair.new.body) == (b"abcd", b"abcd")
    assert (b"Location", b"http://a/x") in pair.new.fields
    assert new.requests[0].values(b"host") == [b"127.0.0.1:%d" % new.port]


async def test_a_stream_is_not_compared(play: Play, serve: Serve) -> None:
    """An event stream of legacy's goes on for the client; its shadow is cut, and the pair says why."""

    async def streaming(peer: Peer) -> None:
        await peer.request()
        await peer.send(chunked(b"data: 1\n\n", lines=(b"Content-Type: text/event-stream",))[:-5])
        await peer.rest()

    legacy, new = await play(streaming), await play(streaming)
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    await client.send(get())
    head = await client.head()
    pair = await pairs.next()

    assert head.status == 200
    assert compare(pair, NO_RULES, None, 0.0).why is IncomparableReason.STREAMING
    assert await counted(proxy) == {"sent": 1}
    assert proxy.connections == 1


async def test_versions_and_cohorts_travel_with_the_pair(play: Play, serve: Serve) -> None:
    """Each side says its version in a field; the cohort is its hash, which holds the draw."""
    legacy, new = await play(always(sized(b"a", b"X-App: 1.9"))), await play(always(sized(b"a", b"x-app: 2.0")))
    shadow: Block = {**ONCE, "version_header": "X-App"}
    proxy, pairs = await shadowing(
        serve, legacy, new, shadow={**shadow, "sample": 1}, stage="canary", split="0%", cohort="header:X-T"
    )
    await proxy.ask(get(b"/", b"X-T: t1"))
    pair = await pairs.next()
    line = (await proxy.lines(1))[0]

    assert (pair.legacy_version, pair.new_version) == ("1.9", "2.0")
    assert draw_of(pair.cohort) == pytest.approx(line["draw"])
    assert pair.request_id == line["request_id"]


async def test_the_judge_may_raise_the_sample_of_a_canary(play: Play, serve: Serve) -> None:
    """An order's sample is shadowed where routes.yaml says none, until the next order; what is written outranks it."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    canary: Any = {"stage": "canary", "split": "0%"}
    proxy, _ = await shadowing(serve, legacy, new, **canary)
    proxy.listener.obey(Orders(7, [RouteOrder("orders", "canary", 0.0, "canary", 0.0, sample=1.0)]))
    for _ in range(30):
        await proxy.ask(get(b"/"))
    sent = await counted(proxy, 30)
    bound = proxy.listener.live.bound[0]
    raised = bound.sample
    proxy.listener.obey(Orders(8, []))
    written, _ = await shadowing(serve, legacy, new, shadow={"sample": "20%"}, **canary)
    written.listener.obey(Orders(7, [RouteOrder("orders", "canary", 0.0, "canary", 0.0, sample=1.0)]))

    assert sent == {"sent": 30}
    assert (raised, bound.sample, written.listener.live.bound[0].sample) == (1.0, 0.1, 0.2)


async def test_a_write_that_is_not_sent_to_new_is_counted(play: Play, serve: Serve) -> None:
    """The judge has to know which share of the requests no shadow can show it."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, _ = await shadowing(serve, legacy, new)
    await proxy.ask(post(b"x"))

    assert await counted(proxy) == {"skipped": 1}
    assert new.requests == []


async def test_a_pair_says_under_what_it_was_asked(play: Play, serve: Serve) -> None:
    """Step and epoch are those of the order that held when the request came; addresses are those of its table."""
    waits = asyncio.Event()

    async def slow(peer: Peer) -> None:
        await peer.request()
        await waits.wait()
        await peer.send(sized(b"a"))
        await peer.rest()

    proxy, pairs = await shadowing(serve, await play(always(sized(b"a"))), await play(slow))
    said = ("orders", "shadow", 0.0, "shadow", 0.0)
    await proxy.ask(get())
    proxy.listener.obey(Orders(1, [RouteOrder(*said, step=7, begun=2)]))
    await proxy.ask(get())
    proxy.listener.obey(Orders(2, []))
    await proxy.ask(get())
    waits.set()
    found = [await pairs.next() for _ in range(3)]

    assert sorted((each.step, each.begun) for each in found) == [(0, 0), (0, 0), (7, 2)]
    snapshot = proxy.listener.live.snapshot
    assert {each.addresses for each in found} == {snapshot.addresses(snapshot.routes[0])}
