"""The other side steps in where that is safe, and nowhere else (R15, R29)."""

from __future__ import annotations

import asyncio

import pytest

from proxy.link.messages import RepeatDelta
from tests.edge.blackhole import blackhole
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import Scripted, always, silent, sized, then_close

LIVE: Block = {"name": "rest", "match": "/**", "stage": "live", "fallback": "legacy"}
EVERYTHING = {"to": "legacy", "after": ["connect", "failure", "timeout", "5xx"]}
OFF: Block = {"enabled": False}


async def two(
    play: Play, serve: Serve, new: Scripted | int, route: Block | None = None, **keys: object
) -> tuple[Proxy, Scripted]:
    """A route that new answers and legacy may, and legacy itself; `keys` are new's."""
    legacy = await play(always(sized(b"legacy")))
    upstreams = {"legacy": upstream(legacy), "new": upstream(new, **keys)}
    return await serve(upstreams=upstreams, routes=[{**LIVE, **(route or {})}]), legacy


async def nobody(play: Play) -> int:
    """A port where nobody listens."""
    gone = await play(always(sized(b"")))
    gone.stop_listening()
    return gone.port


@BOTH
@pytest.mark.parametrize("message", [get(), post(b"x"), request(b"DELETE", b"/"), post(b"x" * 200_000)])
async def test_without_a_connection_the_other_side_answers_every_method(
    play: Play, serve: Serve, message: bytes
) -> None:
    """Nothing was sent, so nothing can be done twice: also a POST and a large body go to legacy, once and whole."""
    proxy, legacy = await two(play, serve, await nobody(play))
    answer = await proxy.ask(message)

    assert (answer.status, answer.body) == (200, b"legacy")
    assert [each.body for each in legacy.requests] == [message.partition(b"\r\n\r\n")[2]]


async def test_a_chunked_body_that_still_comes_goes_to_the_other_side_whole(play: Play, serve: Serve) -> None:
    """What the client sends after the fallback is part of the same body."""
    proxy, legacy = await two(play, serve, await nobody(play))
    client = await proxy.client()
    await client.send(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
    await asyncio.sleep(0.05)
    await client.send(b"3\r\ndef\r\n0\r\n\r\n")

    assert (await client.response()).body == b"legacy"
    assert [each.body for each in legacy.requests] == [b"abcdef"]


async def test_a_connection_that_times_out_falls_back_too(play: Play, serve: Serve) -> None:
    """A black hole costs the connect timeout, then legacy answers."""
    with blackhole() as port:
        proxy, _ = await two(play, serve, port, timeout={"connect": "200ms"})

        assert (await proxy.ask(post(b"x"))).body == b"legacy"


async def test_line_and_counters_say_who_answered_and_how_often_it_was_asked(play: Play, serve: Serve) -> None:
    """The side is the one that answered; the failure of the other is counted as its own."""
    proxy, _ = await two(play, serve, await nobody(play))
    await proxy.ask(get())
    (line,) = await proxy.lines(1)
    routes, failures = proxy.counted()
    repeats = proxy.listener.counters.take_repeats()

    assert (line["side"], line["status"], line["attempts"], line["fallback"]) == ("legacy", 200, 2, True)
    assert [(each.side, sum(each.codes), each.failed) for each in routes] == [("legacy", 1, 0), ("new", 0, 1)]
    assert [(each.side, each.phase, each.blame) for each in failures] == [("new", "connect", "upstream")]
    assert repeats == [RepeatDelta("rest", "legacy", "fell_back", 1)]
    assert [each.value for each in proxy.listener.counters.inflight.values()] == [0, 0, 0]


async def test_what_fell_back_is_told_once(play: Play, serve: Serve) -> None:
    """One request takes one place among those that went wrong, however many things went wrong with it."""
    proxy, _ = await two(play, serve, await nobody(play))
    await proxy.ask(get())
    await proxy.lines(1)

    assert len(proxy.listener.finished.recent._bad) == 1


async def test_a_line_of_one_attempt_says_nothing_of_attempts(play: Play, serve: Serve) -> None:
    """The usual line is as it was."""
    proxy, _ = await two(play, serve, await play(always(sized(b"new"))))
    await proxy.ask(get())
    (line,) = await proxy.lines(1)

    assert "attempts" not in line
    assert "fallback" not in line


@pytest.mark.parametrize(
    ("message", "route", "status", "asked"),
    [
        (get(), {}, 200, 1),
        (request(b"HEAD", b"/"), {}, 200, 1),
        (request(b"GET", b"/", body=b"x"), {}, 502, 0),
        (post(b"x"), {}, 502, 0),
        (request(b"PUT", b"/", body=b"x"), {}, 502, 0),
        (request(b"DELETE", b"/"), {}, 502, 0),
        (post(b"x", b"Idempotency-Key: k"), {"effects": "keyed"}, 502, 0),
        (request(b"PUT", b"/", body=b"x"), {"effects": "idempotent"}, 200, 1),
        (post(b"x" * 65_536), {"effects": "safe"}, 200, 1),
        (post(b"x" * 65_537), {"effects": "safe"}, 502, 0),
        (get(), {"effects": "unsafe"}, 502, 0),
        (get(), {"fallback": {"to": "legacy", "after": ["connect", "timeout", "5xx"]}}, 502, 0),
        (get(), {"fallback": "new"}, 502, 0),
    ],
)
async def test_what_may_have_been_executed_is_repeated_only_where_that_is_safe(
    play: Play, serve: Serve, message: bytes, route: Block, status: int, asked: int
) -> None:
    """FT07: new takes the request and dies. Safe by method, or by declaration with its body held: legacy answers."""
    new = await play(then_close())
    proxy, legacy = await two(play, serve, new, route)
    answer = await proxy.client()
    await answer.send(message)

    assert (await answer.response(to=message.partition(b" ")[0])).status == status
    assert (len(new.requests), len(legacy.requests)) == (1, asked)
    assert [each.body for each in legacy.requests] == [message.partition(b"\r\n\r\n")[2]] * asked


async def test_an_ambiguous_outcome_is_told_with_the_requests_id(play: Play, serve: Serve) -> None:
    """FT07: the POST that new may have executed is 502 with an id that the log has too."""
    proxy, _ = await two(play, serve, await play(then_close()))
    answer = await proxy.ask(post(b"x"))

    check_problem(answer, 502)
    assert (await proxy.lines(1))[0]["request_id"] == answer.problem["request_id"]


@pytest.mark.parametrize(("after", "status"), [(["timeout"], 200), (["connect", "failure"], 504)])
async def test_silence_falls_back_only_where_the_route_says_so(
    play: Play, serve: Serve, after: list[str], status: int
) -> None:
    """FT02: a side that hangs costs the response timeout; then legacy answers, or 504."""
    new = await play(silent)
    proxy, _ = await two(
        play, serve, new, {"fallback": {"to": "legacy", "after": after}}, timeout={"response": "200ms"}
    )

    assert (await proxy.ask(get())).status == status
    assert (await proxy.ask(post(b"x"))).status == 504


@pytest.mark.parametrize(("answered", "status", "body"), [(503, 200, b"legacy"), (500, 500, b"no"), (404, 404, b"no")])
async def test_an_answer_that_says_unavailable_may_be_replaced(
    play: Play, serve: Serve, answered: int, status: int, body: bytes
) -> None:
    """502, 503 and 504 with `5xx` in `after`; other answers are the route's, and a POST gets its 503."""
    new = await play(always(sized(b"no", status=b"%d X" % answered)))
    proxy, legacy = await two(play, serve, new, {"fallback": EVERYTHING}, breaker=OFF)
    answer = await proxy.ask(get())

    assert (answer.status, answer.body) == (status, body)
    assert (await proxy.ask(post(b"x"))).status == answered
    assert len(legacy.requests) == (status == 200)


async def test_a_streamed_503_is_cut_off_and_replaced(play: Play, serve: Serve) -> None:
    """The unwanted answer's connection is closed; none of its bytes reach the client."""
    head = b"HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    new = await play(always(head))
    proxy, _ = await two(play, serve, new, {"fallback": EVERYTHING})

    assert (await proxy.ask(get())).body == b"legacy"
    await proxy.until(new.peers[0].reader.at_eof)


async def test_both_sides_down_is_one_clear_answer(play: Play, serve: Serve) -> None:
    """The fallback fails too: the answer is of the last failure, and says two attempts."""
    gone = await nobody(play)
    proxy = await serve(upstreams={"legacy": upstream(gone), "new": upstream(gone)}, routes=[LIVE])

    assert "legacy" in check_problem(await proxy.ask(get()), 502)
    (line,) = await proxy.lines(1)
    assert (line["side"], line["attempts"]) == ("legacy", 2)
    assert [each.outcome for each in proxy.listener.counters.take_repeats()] == ["fallback_failed"]


async def test_the_kill_switch_forbids_a_fallback_to_new(play: Play, serve: Serve) -> None:
    """While it is on nothing falls back to new."""
    gone = await nobody(play)
    new = await play(always(sized(b"new")))
    route = {**LIVE, "stage": "canary", "split": "0%", "fallback": "other"}
    proxy = await serve(upstreams={"legacy": upstream(gone), "new": upstream(new)}, routes=[route])

    assert (await proxy.ask(get())).body == b"new"

    proxy.listener.kill(on=True)

    assert (await proxy.ask(get())).status == 502


async def test_repeats_of_what_was_sent_have_a_budget(play: Play, serve: Serve) -> None:
    """PL09: new breaks every request off; the repeats at legacy end with the budget, and are counted as refused."""
    new = await play(then_close())
    proxy, legacy = await two(play, serve, new, breaker=OFF)
    statuses = [(await proxy.ask(get())).status for _ in range(60)]

    assert statuses.count(200) == len(legacy.requests) == 30
    assert statuses[30:] == [502] * 30
    proxy.counted()
    assert {each.outcome: each.count for each in proxy.listener.counters.take_repeats()} == {
        "fell_back": 30,
        "over_budget": 30,
    }
