"""A new side at its worst: the client never notices, nothing grows, and all of it is counted.

Long: each fault of a side is a test of its own, and they are read as one list.
"""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from proxy.core.limits.ceiling import Level
from proxy.core.parity.answers import IncomparableReason, find_differences
from proxy.core.parity.rules.rules import Rules
from proxy.edge.client.process_memory import resident
from proxy.edge.shadow.shadows import Shadows
from proxy.link.messages import Probed
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Peer, Script, Scripted, always, chunked, deaf, once, silent, sized
from tests.edge.shadow.test_leg import ONCE, ROUTE, counted, shadowing

QUICK: Block = {**ONCE, "timeout": "200ms"}


async def reset_at_once(peer: Peer) -> None:
    await peer.head()
    peer.reset()


async def flood(peer: Peer) -> None:
    """A gibibyte in chunks, as fast as it is taken."""
    await peer.request()
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1 << 14):
        await peer.send(piece)


HOSTILE: dict[str, tuple[Script, str]] = {
    "hangs": (silent, "timed_out"),
    "does not read": (deaf, "timed_out"),
    "resets": (reset_at_once, "failed"),
    "garbage": (once(b"\x00\xff SSH-2.0\r\n\r\n"), "failed"),
    "breaks off": (once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "timed_out"),
    "lies in chunks": (once(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "failed"),
    "switches protocols": (once(b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"), "failed"),
    "interim for ever": (once(*[b"HTTP/1.1 103 E\r\n\r\n"] * 40), "failed"),
}


def at_rest(shadows: Shadows) -> bool:
    """Nothing is held and nothing runs."""
    return not shadows.room.used and not any(shadows._flying.values())


@pytest.mark.parametrize(("script", "failure"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_side_is_not_felt(play: Play, serve: Serve, script: Script, failure: str) -> None:
    """SH02: the client has its answer, the pair says that there is no other, and nothing is left behind."""
    legacy, new = await play(always(sized(b"legacy"))), await play(script)
    proxy, pairs = await shadowing(serve, legacy, new, shadow=QUICK)
    client = await proxy.client()

    assert (await client.ask(get())).body == b"legacy"

    pair = await pairs.next()

    assert (pair.new.failure, pair.legacy.failure, pair.legacy.body) == (failure, "", b"legacy")
    assert await counted(proxy) == {"failed": 1}
    assert (await client.ask(get())).body == b"legacy"
    await pairs.next()
    await proxy.until(lambda: at_rest(proxy.listener.shadows))


async def test_a_side_that_refuses_is_not_felt(play: Play, serve: Serve) -> None:
    """SH02: where nobody listens; after some failures its own breaker sheds, the log says whose it is, and the live one
    stays closed.
    """
    legacy, new = await play(always(sized(b"legacy"))), await play(silent)
    new.stop_listening()
    proxy, pairs = await shadowing(serve, legacy, new, shadow=QUICK)
    client = await proxy.client()
    with capture_logs() as said:
        for _ in range(12):
            assert (await client.ask(get())).body == b"legacy"
            await pairs.next()

    opened = {"event": "breaker_opened", "log_level": "warning", "upstream": "new", "state": "open"}
    assert [each for each in said if each["event"] == "breaker_opened"] == [opened | {"of_shadows": True}]
    assert await counted(proxy, 12) == {"failed": 5, "shed": 7}
    assert {each.new.failure for each in pairs.taken} == {"failed", "breaker_open"}
    assert {each.upstream: each.breaker for each in proxy.listener.upstreams()} == {"legacy": 0, "new": 0}


async def test_an_outage_of_legacy_is_none_of_new_s(play: Play, serve: Serve) -> None:
    """While nobody listens at legacy, also what its breaker leaves alone has failed on legacy alone."""
    legacy, new = await play(silent), await play(always(sized(b"new")))
    legacy.stop_listening()
    proxy, pairs = await shadowing(serve, legacy, new, stage="live", shadow={**QUICK, "sample": 1})
    client = await proxy.client()
    for _ in range(12):
        assert (await client.ask(get())).body == b"new"
        await pairs.next()

    assert {each.legacy.failure for each in pairs.taken} == {"failed", "breaker_open"}
    assert {find_differences(each.request, each.legacy, each.new, Rules())[1] for each in pairs.taken} == {
        IncomparableReason.LEGACY_FAILED
    }


async def test_a_side_that_is_left_alone_costs_legacy_nothing(play: Play, serve: Serve) -> None:
    """Where new has no answer legacy is asked once: its second one would have nothing to be held to."""
    legacy, new = await play(always(sized(b"legacy"))), await play(reset_at_once)
    proxy, pairs = await shadowing(serve, legacy, new, shadow={**ONCE, "second": "100%"}, effects="safe")
    for number in range(25):
        client = await proxy.client(source=f"127.0.4.{number + 1}")
        assert (await client.ask(get(b"/%c" % (97 + number)))).body == b"legacy"
        await pairs.next()

    assert await counted(proxy, 25) == {"failed": 20, "shed": 5}
    assert {each.second for each in pairs.taken} == {None}
    assert len(legacy.requests) == 25


async def test_a_flood_is_cut_at_the_cap(play: Play, serve: Serve) -> None:
    """SH02: of an answer of 1 GiB the cap is read, then the connection is cut; memory stays flat."""
    legacy, new = await play(always(sized(b"legacy"))), await play(flood)
    proxy, pairs = await shadowing(serve, legacy, new, shadow=ONCE)
    client = await proxy.client()
    await client.ask(get())
    await pairs.next()
    before = resident()
    for _ in range(6):
        assert (await client.ask(get())).body == b"legacy"
        pair = await pairs.next()

        assert (pair.new.body, pair.new.failure) == (b"", "")
        assert 1 << 20 < pair.new.size < 2 << 20

    assert resident() - before < 24 << 20
    await proxy.until(lambda: at_rest(proxy.listener.shadows))


@pytest.mark.timing
async def test_a_flood_that_goes_on_is_hardly_read(play: Play, serve: Serve) -> None:
    """A route whose answers are too large to be compared is shed after some of them, and asked again now and then."""
    legacy, new = await play(always(sized(b"legacy"))), await play(flood)
    proxy, pairs = await shadowing(serve, legacy, new, shadow=ONCE)
    client = await proxy.client()

    async def failures(number: int) -> list[str]:
        for _ in range(number):
            assert (await client.ask(get())).body == b"legacy"
            await pairs.next()
        return [each.new.failure for each in pairs.taken[-number:]]

    first = await failures(60)

    assert first[:6] == [""] * 6
    assert first.count("") < 40
    assert await counted(proxy, 60) == {"sent": first.count(""), "shed": first.count("shed")}

    await asyncio.sleep(2.5)

    again = await failures(10)

    assert (again[0], 1 <= again.count("") < 10) == ("", True)


async def test_a_large_answer_of_legacy_passes_whole(play: Play, serve: Serve) -> None:
    """What is too large to be kept still goes to the client, and its size is known."""
    body = bytes(range(256)) * 2000
    legacy, new = await play(always(chunked(body[:200_000], body[200_000:]))), await play(always(sized(body)))
    proxy, pairs = await shadowing(serve, legacy, new, shadow={**ONCE, "max_body": "64KiB"})

    assert (await proxy.ask(get())).body == body

    pair = await pairs.next()

    assert (pair.legacy.body, pair.legacy.size, pair.new.size) == (b"", len(body), len(body))


async def test_a_slow_side_is_shed_and_nobody_waits(play: Play, serve: Serve) -> None:
    """SH01: shadows that take long meet their bound; what is beyond is shed and counted, and nothing queues."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await gate.wait()
            await peer.send(sized(b"late"))

    legacy, new = await play(always(sized(b"legacy"))), await play(slow)
    proxy, pairs = await shadowing(serve, legacy, new, shadow={**ONCE, "concurrency": 3, "timeout": "1m"})
    client = await proxy.client()
    for _ in range(50):
        assert (await client.ask(get())).body == b"legacy"
    shed = await counted(proxy, 47)
    pool = proxy.listener.shadows.pools["new"]

    assert shed == {"shed": 47}
    assert (len(new.peers), len(pool.waiting)) == (3, 0)
    assert {each.new.failure for each in pairs.taken} == {"shed"}

    gate.set()

    assert await counted(proxy, 3) == {"sent": 3}
    await proxy.until(lambda: at_rest(proxy.listener.shadows))


async def test_captures_share_one_bound_of_memory(play: Play, serve: Serve) -> None:
    """What finds no room is shed: the client's answer passes, the bound is kept, and all of it is given back."""
    body = b"x" * 40_000
    legacy, new = await play(always(sized(body))), await play(always(sized(body)))
    proxy, pairs = await shadowing(serve, legacy, new, top={"shadow": {"memory": "50KB"}})

    assert (await proxy.ask(get())).body == body

    pair = await pairs.next()

    assert sorted([pair.legacy.failure, pair.new.failure]) == ["", "shed"]
    assert await counted(proxy) == {"shed": 1}
    assert at_rest(proxy.listener.shadows)


async def test_a_client_that_leaves_takes_nobody_with_it(play: Play, serve: Serve) -> None:
    """The shadow goes on; the pair says that the client's own answer was not whole."""
    legacy, answered = await play(silent), asyncio.Event()

    async def patient(peer: Peer) -> None:
        await peer.request()
        await answered.wait()
        await peer.send(sized(b"new"))
        await peer.rest()

    new = await play(patient)
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: new.requests)
    client.reset()
    await proxy.until(lambda: proxy.connections == 0)
    answered.set()
    pair = await pairs.next()

    assert (pair.legacy.failure, pair.new.failure, pair.new.body) == ("client_gone", "", b"new")


async def test_a_client_that_reads_slowly_does_not_hold_the_shadow(play: Play, serve: Serve) -> None:
    """Its slowness reaches the live side alone."""
    large = chunked(*[b"x" * 60_000] * 100)
    legacy, new = await play(once(large)), await play(always(sized(b"new")))
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client(receive=4096)
    client.stop_reading()
    await client.send(get())
    await proxy.until(lambda: new.requests and not any(proxy.listener.shadows._flying.values()))

    assert pairs.taken == []

    client.go_on_reading()
    await client.response()

    assert (await pairs.next()).legacy.size == 6_000_000


async def test_the_kill_switch_cuts_what_runs_and_starts_nothing(play: Play, serve: Serve) -> None:
    """Nobody is called as shadow while it is on."""
    legacy, new = await play(always(sized(b"legacy"))), await play(silent)
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    await client.ask(get())
    await proxy.until(lambda: new.requests or any(proxy.listener.shadows._flying.values()))
    proxy.listener.kill(on=True)

    assert (await pairs.next()).new.failure == "shed"

    await client.ask(get())

    assert await counted(proxy, 2) == {"shed": 1, "skipped": 1}
    assert at_rest(proxy.listener.shadows)


async def test_a_drain_waits_for_no_shadow(play: Play, serve: Serve) -> None:
    """Shadows are cut at once; the worker ends as soon as its clients have their answers."""
    legacy, new = await play(always(sized(b"legacy"))), await play(silent)
    proxy, pairs = await shadowing(serve, legacy, new, shadow={**ONCE, "timeout": "10m"})
    await proxy.ask(get())
    await proxy.until(lambda: any(proxy.listener.shadows._flying.values()))
    async with asyncio.timeout(60):
        await proxy.listener.drain(600.0)

    assert (await pairs.next()).new.failure == "shed"
    assert at_rest(proxy.listener.shadows)


async def test_short_of_memory_shadows_are_the_first_to_go(play: Play, serve: Serve) -> None:
    """At the first sign they are cut and shed, while the clients that are there are served."""
    legacy, new = await play(always(sized(b"legacy"))), await play(silent)
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    await client.ask(get())
    crowd = proxy.listener._connections
    crowd._ceiling, crowd.level = 0, Level.SHEDDING  # it looks no more, so the level stays

    assert (await pairs.next()).new.failure == "shed"
    assert (await client.ask(get())).body == b"legacy"
    assert await counted(proxy, 2) == {"shed": 2}


async def test_without_a_comparer_nobody_is_asked(play: Play, serve: Serve) -> None:
    """A pair that nobody compares is not worth its work; one that finds no room is counted as shed."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    proxy, pairs = await shadowing(serve, legacy, new)
    pairs.ready = False
    await proxy.ask(get())

    assert await counted(proxy) == {"shed": 1}
    assert new.requests == []

    proxy.listener.shadows.recorder = Pairs(most=0)
    await proxy.ask(get())

    assert await counted(proxy) == {"shed": 1}
    assert at_rest(proxy.listener.shadows)


async def test_a_fallback_is_no_answer_of_the_side_that_failed(play: Play, serve: Serve) -> None:
    """Where legacy stepped in for new, new alone has failed; legacy is not asked again, and has failed nothing."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"no", status=b"503 No")))
    proxy, pairs = await shadowing(
        serve,
        legacy,
        new,
        stage="live",
        shadow={**ONCE, "sample": 1},
        fallback={"to": "legacy", "after": ["5xx"]},
    )
    answer = await proxy.ask(get())
    pair = await pairs.next()

    assert answer.body == b"legacy"
    assert (pair.authoritative, pair.new.failure, pair.legacy.failure) == ("new", "fell_back", "not_asked")
    assert find_differences(pair.request, pair.legacy, pair.new, Rules())[1] is IncomparableReason.FAILED
    assert [each.names.count(b"x-banyan-shadow") for each in legacy.requests] == [0]
    assert await counted(proxy) == {"skipped": 1}


async def dry_running(serve: Serve, legacy: Scripted, new: Scripted) -> tuple[Proxy, Pairs]:
    upstreams = {"legacy": upstream(legacy), "new": upstream(new, dry_run="/-/dry-run")}
    shadow: Block = {**ONCE, "writes": "dry_run"}
    proxy = await serve(upstreams=upstreams, routes=[{**ROUTE, "shadow": shadow}])
    proxy.listener.shadows.recorder = pairs = Pairs()
    return proxy, pairs


def handshake(proxy: Proxy, new: Scripted, *, accepts: bool = True) -> None:
    """What control tells after a probe."""
    proxy.listener.hear(Probed("new", f"127.0.0.1:{new.port}", healthy=True, lasts=60.0, dry_run=accepts))


async def test_a_write_needs_a_handshake(play: Play, serve: Serve) -> None:
    """SH04: without one it is skipped; with one new is told that it is a dry run; a no takes it back."""
    legacy = await play(always(sized(b"made")))
    new = await play(always(sized(b"made", b"X-Banyan-Dry-Run: accepted")))
    proxy, pairs = await dry_running(serve, legacy, new)
    await proxy.ask(post(b"x"))

    assert await counted(proxy) == {"skipped": 1}

    handshake(proxy, new)
    await proxy.ask(post(b"x"))
    pair = await pairs.next()

    assert (pair.new.body, pair.request.body) == (b"made", b"x")
    assert new.requests[0].values(b"x-banyan-dry-run") == [b"1"]
    assert [each.values(b"x-banyan-dry-run") for each in legacy.requests] == [[], []]

    handshake(proxy, new, accepts=False)
    await proxy.ask(post(b"x"))

    assert await counted(proxy, 2) == {"sent": 1, "skipped": 1}


async def test_a_write_with_validators_is_skipped(play: Play, serve: Serve) -> None:
    """They are one side's, and without them it would be another write."""
    legacy, new = await play(always(sized(b"a"))), await play(always(sized(b"a")))
    proxy, _ = await dry_running(serve, legacy, new)
    handshake(proxy, new)
    await proxy.ask(request(b"PUT", b"/", b'If-Match: "1"', body=b"x"))

    assert await counted(proxy) == {"skipped": 1}
    assert new.requests == []


async def test_a_side_that_does_not_confirm_a_dry_run_gets_no_more(play: Play, serve: Serve) -> None:
    """SH04: an answer to a write that does not say `accepted` may mean that it was done: no more go there."""
    legacy, new = await play(always(sized(b"made"))), await play(always(sized(b"made")))
    proxy, pairs = await dry_running(serve, legacy, new)
    handshake(proxy, new)
    await proxy.ask(post(b"x"))
    await pairs.next()
    handshake(proxy, new)
    await proxy.ask(post(b"x"))

    assert await counted(proxy, 2) == {"sent": 1, "skipped": 1}
    assert len(new.requests) == 1
