"""How often each side is asked what its clients asked once."""

from __future__ import annotations

import asyncio

import pytest

from proxy.core.parity.compare import Outcome, compare
from proxy.core.parity.rules.rules import NO_RULES
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Peer, Script, Scripted, always, sized
from tests.edge.shadow.test_leg import ROUTE, counted, shadowing
from tests.edge.shadow.test_overlapping_writes import held
from tests.edge.shadow.test_shadow_faults import at_rest

ALL: Block = {"sample": "100%", "second": "100%"}
"""Every request is shadowed, and as often as may be legacy is asked twice."""
_TAG = b'If-None-Match: "l"'


def counting() -> Script:
    """`GET /next`: each answer is one more than the last, whoever asked."""
    numbers = iter(range(1, 1_000))

    async def script(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await peer.send(sized(b"%d" % next(numbers)))

    return script


async def validating(peer: Peer) -> None:
    """Legacy with an ETag."""
    while (asked := await peer.next_request()) is not None:
        known = asked.values(b"if-none-match") == [b'"l"']
        await peer.send(b'HTTP/1.1 304 Not Modified\r\nETag: "l"\r\n\r\n' if known else sized(b"whole", b'ETag: "l"'))


async def measuring(serve: Serve, legacy: Scripted, new: Scripted, route: Block) -> tuple[Proxy, Pairs]:
    """A proxy with this route, and where its pairs go."""
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[{**ROUTE, **route}])
    proxy.listener.shadows.recorder = pairs = Pairs()
    return proxy, pairs


@pytest.mark.parametrize(
    "route",
    [
        {"stage": "shadow"},
        {"stage": "shadow", "shadow": {}},
        {"stage": "canary", "split": "0%"},
        {"stage": "shadow", "effects": "idempotent"},
        {"stage": "shadow", "effects": "unsafe"},
        {"stage": "shadow", "fallback": {"to": "new"}},
    ],
)
@pytest.mark.parametrize("lines", [(), (b"Range: bytes=0-1",), (_TAG,)], ids=["plain", "range", "tag"])
async def test_a_client_does_not_see_that_it_is_measured(
    play: Play, serve: Serve, route: Block, lines: tuple[bytes, ...]
) -> None:
    """A counter behind a GET gives its client 1, 2, 3 and so on, whatever of it is shadowed."""
    legacy, new = await play(counting()), await play(counting())
    proxy, _ = await measuring(serve, legacy, new, {"shadow": ALL, **route})
    client = await proxy.client()

    seen = [int((await client.ask(get(b"/next", *lines))).body) for _ in range(30)]
    await proxy.until(lambda: at_rest(proxy.listener.shadows))

    assert seen == list(range(1, 31))
    assert len(legacy.requests) == 30


async def test_a_side_that_is_shadow_is_asked_once_for_each_client(play: Play, serve: Serve) -> None:
    """Where new answers, legacy is its shadow, and is not asked a second time by the method alone."""
    legacy, new = await play(counting()), await play(counting())
    proxy, pairs = await shadowing(serve, legacy, new, stage="live", shadow=ALL)
    client = await proxy.client()
    for _ in range(10):
        await client.ask(get(b"/next"))
        await pairs.next()

    assert (len(legacy.requests), len(new.requests)) == (10, 10)
    assert {each.second for each in pairs.taken} == {None}


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        (b"/", 2),
        (b"/?page=2&sort=name", 2),
        (b"/?transport=polling&sid=Jx8", 1),
        (b"/callback?code=4%2F0A", 1),
        (b"/list?page%5Bafter%5D=x", 1),
        (b"/list;jsessionid=1", 1),
    ],
)
async def test_a_route_that_is_declared_safe_is_asked_twice_save_where_something_moves_on(
    play: Play, serve: Serve, target: bytes, asked: int
) -> None:
    """`effects: safe` lets legacy be asked a second time; a session, a code or a cursor in the target does not."""
    legacy, new = await play(counting()), await play(counting())
    proxy, pairs = await shadowing(serve, legacy, new, shadow={}, effects="safe")
    answer = await proxy.ask(get(target))
    pair = await pairs.next()

    assert answer.body == pair.legacy.body == b"1"
    assert (None if pair.second is None else pair.second.body) == (b"2" if asked == 2 else None)
    assert [each.values(b"x-banyan-shadow") for each in legacy.requests] == [[], [b"1"]][:asked]
    assert await counted(proxy) == {"sent": 1}


async def test_the_second_question_waits_for_both_first_answers(play: Play, serve: Serve) -> None:
    """Never at the same moment: the client has its answer and new has given its own before legacy hears more."""
    slow = asyncio.Event()
    legacy, new = await play(counting()), await play(held(slow))
    proxy, pairs = await shadowing(serve, legacy, new, shadow={}, effects="safe")
    await proxy.ask(get())
    await proxy.until(lambda: bool(new.requests))
    before = len(legacy.requests)
    slow.set()
    pair = await pairs.next()

    assert (before, len(legacy.requests)) == (1, 2)
    assert pair.second is not None
    assert max(pair.legacy.answered, pair.new.answered) <= pair.second.began


@pytest.mark.parametrize(("stage", "carried"), [("shadow", [b"s=1"]), ("live", [])])
@pytest.mark.parametrize("lines", [(), (_TAG,)], ids=["plain", "tag"])
async def test_a_second_question_carries_what_the_first_did(
    play: Play, serve: Serve, stage: str, carried: list[bytes], lines: tuple[bytes, ...]
) -> None:
    """Legacy's own clients are asked again with their credentials; a shadow that had none is asked again without."""
    legacy, new = await play(validating), await play(always(sized(b"whole")))
    proxy, pairs = await shadowing(serve, legacy, new, stage=stage, shadow=ALL, effects="safe")
    await proxy.ask(get(b"/", b"Cookie: s=1", *lines))
    pair = await pairs.next()

    assert [each.values(b"cookie") for each in legacy.requests] == [carried, carried]
    assert pair.bare is True


@pytest.mark.parametrize("stage", ["shadow", "live"])
async def test_what_says_nothing_is_not_asked_again(play: Play, serve: Serve, stage: str) -> None:
    """Where either first answer is not whole, a second one of legacy's could be held to nothing."""
    legacy, new = await play(always(sized(b"x" * 99))), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new, stage=stage, shadow={**ALL, "max_body": "16B"}, effects="safe")
    await proxy.ask(get())

    assert (await pairs.next()).second is None
    assert len(legacy.requests) == 1


async def test_a_304_is_compared_by_asking_without_validators(play: Play, serve: Serve) -> None:
    """Case 16: the validators are one side's own, so both sides are asked without them, and full answers compared."""
    legacy, new = await play(validating), await play(always(sized(b"whole", b'ETag: "n"')))
    proxy, pairs = await shadowing(serve, legacy, new, shadow={}, effects="safe")
    answer = await proxy.ask(get(b"/", _TAG, b"Range: bytes=0-1", b"Cookie: s=1"))
    pair = await pairs.next()

    assert (answer.status, pair.legacy.status, pair.new.status) == (304, 200, 200)
    assert [each.names.count(b"if-none-match") for each in (*legacy.requests, *new.requests)] == [1, 0, 0]
    assert [each.values(b"cookie") for each in (*legacy.requests, *new.requests)] == [[b"s=1"], [b"s=1"], []]
    assert new.requests[0].values(b"range") == []
    assert compare(pair, NO_RULES, None, 0.0).outcome is not Outcome.INCOMPARABLE


async def test_a_304_is_skipped_where_legacy_may_be_asked_once_only(play: Play, serve: Serve) -> None:
    """There is nothing to compare it with: nobody is asked for nothing."""
    legacy, new = await play(validating), await play(always(sized(b"a")))
    proxy, _ = await shadowing(serve, legacy, new, shadow={})
    await proxy.ask(get(b"/", _TAG))

    assert await counted(proxy) == {"skipped": 1}
    assert (len(legacy.requests), new.requests) == (1, [])
    assert at_rest(proxy.listener.shadows)


async def test_a_whole_answer_to_a_condition_is_compared_as_it_is(play: Play, serve: Serve) -> None:
    """A validator that has gone stale brings all of the answer: new is asked without it, and legacy not again."""
    legacy, new = await play(validating), await play(always(sized(b"whole")))
    proxy, pairs = await shadowing(serve, legacy, new, shadow={})
    await proxy.ask(get(b"/", b'If-None-Match: "stale"'))
    pair = await pairs.next()

    assert (pair.legacy.body, pair.new.body) == (b"whole", b"whole")
    assert [each.names.count(b"if-none-match") for each in (*legacy.requests, *new.requests)] == [1, 0]
    assert compare(pair, NO_RULES, None, 0.0).why is None


async def test_where_the_route_may_fall_back_the_shadow_comes_after(play: Play, serve: Serve) -> None:
    """New answers late and well: legacy, which might have had to step in, is asked once, when that is known."""
    slow = asyncio.Event()
    legacy, new = await play(counting()), await play(held(slow))
    proxy, pairs = await shadowing(
        serve, legacy, new, stage="live", shadow=ALL, fallback={"to": "legacy", "after": ["5xx"]}
    )
    client = await proxy.client()
    await client.send(get())
    await proxy.until(lambda: bool(new.requests))
    before = len(legacy.requests)
    slow.set()
    await client.response()
    pair = await pairs.next()

    assert (before, len(legacy.requests)) == (0, 1)
    assert (pair.legacy.body, pair.new.body) == (b"1", b"a")


async def test_killed_while_it_waits_a_shadow_is_shed(play: Play, serve: Serve) -> None:
    """What would be asked after the client's answer is asked of nobody once the kill switch is on."""
    slow = asyncio.Event()
    legacy, new = await play(held(slow)), await play(always(sized(b"a")))
    proxy, pairs = await shadowing(serve, legacy, new)
    client = await proxy.client()
    await client.send(get(b"/", b"Range: bytes=0-1"))
    await proxy.until(lambda: bool(legacy.requests))
    proxy.listener.kill(on=True)
    slow.set()
    await client.response()

    assert (await pairs.next()).new.failure == "shed"
    assert await counted(proxy) == {"shed": 1}
    assert new.requests == []
    assert at_rest(proxy.listener.shadows)
