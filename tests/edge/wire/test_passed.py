"""The mark of requests that pass, at one worker: what goes up, what comes round, what is shadowed."""

from __future__ import annotations

import pytest
import structlog

from proxy.core.http.via import MOST
from proxy.core.parity.compare import compare
from proxy.core.parity.rules.rules import NO_RULES
from proxy.names.resolution import Resolution
from proxy.names.resolver import Resolver
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST, Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Scripted, always, sized
from tests.edge.shadow.test_leg import counted, shadowing

VIA = b"X-Banyan-Via"
FOREIGN = b"0123456789abcdef"


def marked(asked: Scripted) -> bytes:
    """The mark that the last request came with."""
    (value,) = asked.requests[-1].values(VIA)
    return value


async def test_each_route_has_its_mark(play: Play, serve: Serve) -> None:
    """Requests of a route come with the same 16 hex digits, those of another route and of another start with others."""
    legacy = await play(always(sized(b"hi")))
    routes = [{"name": name, "match": f"/{name}", "stage": "legacy"} for name in ("a", "b")]
    for proxy in [await serve(upstreams={"legacy": upstream(legacy)}, routes=routes) for _ in range(2)]:
        for path in (b"/a", b"/a", b"/b"):
            await proxy.ask(get(path))
    marks = [received.values(VIA)[0] for received in legacy.requests]

    assert all(len(mark) == 16 for mark in marks)
    assert (marks[0], marks[3]) == (marks[1], marks[4])
    assert len({*marks}) == 4


@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]], ids=["stranger", "trusted"])
async def test_a_request_that_comes_round_is_refused(play: Play, serve: Serve, trusted: list[str]) -> None:
    """The same route again is 508 with the route named, whoever sends it; nothing goes up, and the client may go on."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy, trusted_proxies=trusted)
    client = await proxy.client()
    await client.ask(get())
    answer = await client.ask(get(b"/x", VIA + b": " + FOREIGN + b", " + marked(legacy)))

    assert (answer.status, answer.problem["title"]) == (508, "Loop Detected")
    assert "on route rest of this proxy before" in answer.problem["detail"]
    assert len(legacy.requests) == 1
    assert (await client.ask(get())).status == 200
    line = (await proxy.lines(3))[1]
    assert (line["route"], line["side"], line["status"]) == ("rest", "self", 508)


async def test_a_system_that_calls_back_on_another_route_is_served(play: Play, serve: Serve) -> None:
    """With all its incoming fields: the mark then has an entry for each, once, beside a trusted peer's fields too."""
    legacy = await play(always(sized(b"hi")))
    routes = [{"name": name, "match": f"/{name}", "stage": "legacy"} for name in ("a", "b")]
    for trusted in ([], ["127.0.0.1"]):
        proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=routes, trusted_proxies=trusted)
        await proxy.ask(get(b"/a"))
        first, incoming = marked(legacy), [line for line in legacy.requests[-1].lines if line != b"Host: a"]
        answer = await proxy.ask(request(b"GET", b"/b", *incoming))

        assert answer.status == 200
        assert marked(legacy).startswith(first + b", ")
        assert len(marked(legacy)) == 34


async def test_the_tenth_hop_is_refused(play: Play, serve: Serve) -> None:
    """Over other instances a request gets as far as the ninth."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    hops = [b"%016x" % number for number in range(MOST - 1)]

    assert (await proxy.ask(get(b"/", VIA + b": " + b", ".join(hops[1:])))).status == 200
    assert marked(legacy).count(b",") == MOST - 2
    assert (await proxy.ask(get(b"/", VIA + b": " + b", ".join(hops)))).status == 508
    assert len(legacy.requests) == 1


async def test_replicas_behind_one_balancer_end_it(serve: Serve) -> None:
    """More instances in a circle than there may be hops: one request becomes ten, the client hears of a loop."""
    replicas = [await serve() for _ in range(MOST + 2)]
    for replica, following in zip(replicas, [*replicas[1:], replicas[0]], strict=True):
        replica.install({"legacy": upstream(following.port)}, [REST])
    answer = await replicas[0].ask(get())

    assert (answer.status, "for the 10th time" in answer.problem["detail"]) == (508, True)
    await replicas[0].until(lambda: sum(len(replica.raw_lines()) for replica in replicas) >= MOST)
    assert [len(replica.raw_lines()) for replica in replicas] == [1] * MOST + [0, 0]


async def test_a_forged_mark_says_nothing_else(play: Play, serve: Serve) -> None:
    """What is no entry goes no further, and the request is served as any other."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    answer = await proxy.ask(get(b"/", VIA + b": evil, " + b"a" * 4000, VIA + b":"))

    assert answer.status == 200
    assert len(marked(legacy)) == 16


async def test_a_tunnel_is_marked(play: Play, serve: Serve) -> None:
    """A WebSocket that is sent back here would be a loop, too."""
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    legacy = await play(always(sized(b"no")))
    proxy = await serve(legacy, route={"upgrades": ["websocket"]})
    upgrade = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", key)
    await proxy.ask(get(b"/", *upgrade))

    assert (await proxy.ask(get(b"/", *upgrade, VIA + b": " + marked(legacy)))).status == 508


async def test_both_sides_get_the_same_mark(play: Play, serve: Serve) -> None:
    """It says that the request was shadowed; systems that echo what they were asked with answer alike."""

    async def echo(peer: Peer) -> None:
        while (asked := await peer.next_request()) is not None:
            (mark,) = asked.values(VIA)
            await peer.send(sized(b"Via: " + mark, VIA + b": " + mark))

    legacy, new = await play(echo), await play(echo)
    proxy, pairs = await shadowing(serve, legacy, new)
    await proxy.ask(get())
    pair = await pairs.next()

    assert marked(legacy) == marked(new)
    assert len(marked(new)) == 17
    assert marked(new).endswith(b"s")
    assert not [field for field in pair.request.fields if field[0].lower() == VIA.lower()]
    assert compare(pair, NO_RULES, None, 0.0).differences == ()


async def test_what_was_shadowed_is_not_shadowed_again(play: Play, serve: Serve) -> None:
    """Anywhere on its way: the request is served, and counted as skipped."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, _ = await shadowing(serve, legacy, new)
    answer = await proxy.ask(get(b"/", VIA + b": " + FOREIGN + b"s"))

    assert answer.status == 200
    assert await counted(proxy) == {"skipped": 1}
    assert new.requests == []
    assert marked(legacy).startswith(FOREIGN + b"s, ")


async def test_behind_another_banyan_that_does_not_shadow_one_may(play: Play, serve: Serve) -> None:
    """Two in a row: a mark alone turns no shadow off."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    second, pairs = await shadowing(serve, legacy, new)
    first: Proxy = await serve(second.port)
    assert (await first.ask(get())).body == b"a"
    await pairs.next()

    assert await counted(second) == {"sent": 1}
    assert marked(legacy).endswith(b"s")
    assert marked(legacy).count(b",") == 1


async def test_an_upstream_whose_name_is_here_is_not_asked(serve: Serve, play: Play) -> None:
    """Found when it is connected to: 508 with the reason, told once in the log, and no breaker that hides it."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    own = f"http://localhost:{proxy.port}"
    proxy.install({"legacy": {"url": own, "breaker": {"failures": 1}}}, [REST])
    with structlog.testing.capture_logs() as said:
        answers = [await proxy.ask(get()) for _ in range(12)]

    assert {answer.status for answer in answers} == {508}
    assert "upstream legacy (localhost) is at 127.0.0.1:" in answers[-1].problem["detail"]
    assert [entry["event"] for entry in said].count("upstream_is_itself") == 1
    lines = await proxy.lines(12)
    assert {(line["side"], line["failure"]) for line in lines} == {("legacy", "connect:upstream")}


async def test_nobody_waits_for_another_name_of_one_that_is_here(
    serve: Serve, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody answers there, so that the name has not moved away from a dead address: one look-up, then 508."""
    look_ups: list[str] = []
    ask = Resolver.ask

    async def counted_ask(resolver: Resolver, name: str, newer_than: float, *, system: bool = False) -> Resolution:
        look_ups.append(name)
        return await ask(resolver, name, newer_than, system=system)

    monkeypatch.setattr(Resolver, "ask", counted_ask)
    proxy = await serve(await play(always(sized(b"hi"))))
    proxy.install({"legacy": {"url": f"http://localhost:{proxy.port}", "resolve": {"least": "1s"}}}, [REST])

    assert (await proxy.ask(get())).status == 508
    assert look_ups == ["localhost"]


async def test_the_other_side_answers_for_one_that_is_here(serve: Serve, play: Play) -> None:
    """Nothing was sent, so that a fallback may follow, whatever the method."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    new: Block = {"url": f"http://localhost:{proxy.port}"}
    proxy.install({"legacy": upstream(legacy), "new": new}, [{**REST, "stage": "live", "fallback": "legacy"}])

    assert (await proxy.ask(post(b"body"))).body == b"hi"


async def test_of_several_addresses_the_others_are_asked(serve: Serve, play: Play) -> None:
    """One of an upstream's addresses that is Banyan's own keeps no request from the others."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    both = [f"http://localhost:{proxy.port}", f"http://127.0.0.1:{legacy.port}"]
    proxy.install({"legacy": {"endpoints": both}}, [REST])

    assert [(await proxy.ask(get())).status for _ in range(8)] == [200] * 8
