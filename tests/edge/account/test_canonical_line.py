from __future__ import annotations

import json

import pytest
import structlog

from proxy.edge.account.canonical_line import AccessLogWriter
from proxy.edge.account.line_shape import CanonicalLine
from proxy.log import Sink
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST, Block, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import always, chunked, silent, sized, then_close


async def test_a_served_request_is_one_line(play: Play, serve: Serve) -> None:
    """Who answered, why, how long it took, how much went either way, and the ids that upstream and client saw."""
    legacy = await play(always(sized(b"x" * 500)))
    proxy = await serve(legacy)
    answer = await proxy.ask(post(b"y" * 300, b"Host-Like: b", target=b"/orders/7?page=2"))
    (line,) = await proxy.lines(1)
    trace = (legacy.requests[0].value(b"traceparent") or b"").split(b"-")[1]

    assert line.pop("ms") > 0
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "info",
        "event": "request",
        "route": "rest",
        "side": "legacy",
        "reason": "stage",
        "method": "POST",
        "target": "/orders/7?page=2",
        "status": 200,
        "sent": 500,
        "received": 300,
        "client": "127.0.0.1",
        "request_id": (answer.value(b"X-Request-Id") or b"").decode("ascii"),
        "host": "a",
        "trace_id": trace.decode("ascii"),
    }


async def test_bodies_are_counted_as_payload(play: Play, serve: Serve) -> None:
    """Chunked bodies count without their framing, on both sides; an answer to HEAD counts nothing."""
    proxy = await serve(await play(always(chunked(b"x" * 100, b"x" * 200))))
    await proxy.ask(request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n2\r\nyo\r\n0\r\n\r\n")
    (line,) = await proxy.lines(1)

    assert (line["received"], line["sent"]) == (7, 300)

    proxy = await serve(await play(always(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")))
    await proxy.ask(request(b"HEAD", b"/"))

    assert (await proxy.lines(1))[0]["sent"] == 0


async def test_a_canary_says_its_draw_and_why(play: Play, serve: Serve) -> None:
    """The draw stands in the line, below the split for new and above it for legacy."""
    legacy, new = await play(always(sized(b"legacy"))), await play(always(sized(b"new")))
    route: Block = {"name": "c", "match": "/{id}", "stage": "canary", "split": "50%", "cohort": "path:id"}
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": upstream(new)}, routes=[route])
    client = await proxy.client()
    for number in range(20):
        await client.ask(get(b"/%d" % number))
    lines = await proxy.lines(20)

    assert {(line["side"], line["reason"]) for line in lines} == {("new", "below_split"), ("legacy", "above_split")}
    assert all((line["draw"] < 0.5) == (line["side"] == "new") for line in lines)


async def test_a_failure_says_where_and_whose(play: Play, serve: Serve) -> None:
    """Phase, blame and the sentence that the client got stand in the line, at level error."""
    legacy = await play(then_close())
    proxy = await serve(legacy)
    answer = await proxy.ask(get())
    (line,) = await proxy.lines(1)

    assert (line["status"], line["level"], line["failure"]) == (502, "error", "head:upstream")
    assert line["detail"] == answer.problem["detail"]
    assert line["sent"] == len(answer.body)


async def test_what_the_proxy_answers_itself_has_its_line(serve: Serve) -> None:
    """404, 403 by `respond`, and what could not be read: side `self`, and a stand-in where there is no route."""
    proxy = await serve(1, routes=[{"name": "admin", "match": "/admin", "respond": {"status": 403}}])
    for message in (get(b"/admin"), get(b"/nowhere"), b"GET / HTTP/1.1\r\n\r\n"):
        await proxy.ask(message)
    lines = await proxy.lines(3)

    assert [(line["route"], line["side"], line["status"], line["reason"]) for line in lines] == [
        ("admin", "self", 403, "respond"),
        ("(unmatched)", "self", 404, "refused"),
        ("(refused)", "self", 400, "refused"),
    ]
    assert [line["level"] for line in lines] == ["warning"] * 3
    assert [line["target"] for line in lines] == ["/admin", "/nowhere", ""]


async def test_behind_a_trusted_proxy_the_client_is_who_asks(play: Play, serve: Serve) -> None:
    """Served, answered by the proxy, or refused by what stands in a head: the client is named, its peer beside it."""
    routes: list[Block] = [REST, {"name": "admin", "match": "/admin", "respond": {"status": 403}}]
    proxy = await serve(await play(always(sized(b"hi"))), routes=routes, trusted_proxies=["127.0.0.0/8"])
    for target in (b"/a", b"/admin", b"/../bad"):
        await proxy.ask(get(target, b"X-Forwarded-For: 6.6.6.6, 203.0.113.7"))
    lines = await proxy.lines(3)

    assert [(line["client"], line["peer"]) for line in lines] == [("203.0.113.7", "127.0.0.1")] * 3


async def test_a_request_that_cannot_be_read_is_its_peers(play: Play, serve: Serve) -> None:
    """Nothing in it is believed, and the client before it on the same connection has not sent it."""
    proxy = await serve(await play(always(sized(b"hi"))), trusted_proxies=["127.0.0.0/8"])
    client = await proxy.client()
    await client.ask(get(b"/a", b"X-Forwarded-For: 203.0.113.7"))
    await client.ask(b"GET /b HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.8\r\nbad line\r\n\r\n")
    good, bad = await proxy.lines(2)

    assert (good["client"], bad["client"]) == ("203.0.113.7", "127.0.0.1")
    assert "peer" not in bad


async def test_without_trust_what_a_client_says_of_itself_is_not_written(play: Play, serve: Serve) -> None:
    """Neither for a good request nor for one that is refused."""
    proxy = await serve(await play(always(sized(b"hi"))))
    for target in (b"/a", b"/../bad"):
        await proxy.ask(get(target, b"X-Forwarded-For: 203.0.113.7"))
    lines = await proxy.lines(2)

    assert [(line["client"], line.get("peer")) for line in lines] == [("127.0.0.1", None)] * 2


async def test_what_a_client_did_is_a_warning(play: Play, serve: Serve) -> None:
    """A body that breaks off is the client's doing: no error of anybody whom an operator could call."""
    proxy = await serve(await play(silent))
    client = await proxy.client()
    await client.send(request(b"POST", b"/", b"Content-Length: 5"))
    client.end_writing()
    await client.rest()
    (line,) = await proxy.lines(1)

    assert (line["status"], line["failure"], line["level"]) == (400, "send:client", "warning")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"token=abc", "token=[redacted]"),
        (b"page=1&api_key=abc&x=y", "page=1&api_key=[redacted]&x=y"),
        (b"X-Amz-Signature=abc&X-Amz-Expires=60", "X-Amz-Signature=[redacted]&X-Amz-Expires=60"),
        (b"PASSWORD=a=b", "PASSWORD=[redacted]"),
        (b"page=1", "page=1"),
    ],
)
async def test_secrets_in_the_query_are_not_written(play: Play, serve: Serve, query: bytes, shown: str) -> None:
    """A value whose name sounds like a secret is hidden in the log and goes to the upstream as it is (R30)."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get(b"/x?" + query))
    await proxy.ask(get(b"/x?" + query))

    assert [line["target"] for line in await proxy.lines(2)] == ["/x?" + shown] * 2
    assert legacy.requests[0].target == b"/x?" + query


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (b"/c/1;jsessionid=abc", "/c/1;jsessionid=[redacted]"),
        (b"/c/1%3Btoken=abc", "/c/1%3Btoken=[redacted]"),
        (b"//ann:abc@h/x", "//[redacted]@h/x"),
    ],
)
async def test_secrets_in_the_path_are_not_written(play: Play, serve: Serve, target: bytes, shown: str) -> None:
    """Without a query too, for what an upstream answers and for what Banyan does."""
    legacy = await play(always(sized(b"hi")))
    own = {"name": "own", "match": {"path": "/**", "methods": ["DELETE"]}, "respond": {"status": 403}}
    proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=[own, REST])
    await proxy.ask(get(target))
    await proxy.ask(get(target).replace(b"GET", b"DELETE"))

    assert [line["target"] for line in await proxy.lines(2)] == [shown] * 2


async def test_secrets_are_not_written_for_refusals_either(serve: Serve) -> None:
    """A 404 shows its target in the same way."""
    proxy = await serve(1, routes=[{"name": "admin", "match": "/admin", "respond": {"status": 403}}])
    await proxy.ask(get(b"/x?token=s3cr3t"))
    await proxy.ask(get(b"/admin?token=s3cr3t"))

    assert b"s3cr3t" not in b"".join(proxy.raw_lines())


async def test_nothing_from_the_network_begins_a_line(play: Play, serve: Serve) -> None:
    """Whatever stands in target, Host, id or an upstream's status: one request is one line of printable text (HD13)."""
    proxy = await serve(await play(always(sized(b"hi", status=b"200 \x85\xa0"))), trusted_proxies=["127.0.0.1"])
    hostile = [
        get(b"/a%0d%0aFAKE%1b[31m%e2%80%a8"),
        get(b'/"quoted"\\u0000'),
        get(b"/", b"X-Request-Id: \x1b[31m", b"User-Agent: x\x85\xe2\x80\xa8"),
        get(b"/", b"X-Forwarded-For: \xe2\x80\xa8, 1.1.1.1"),
    ]
    for message in hostile:
        await proxy.ask(message)
    await proxy.until(lambda: len(proxy.raw_lines()) >= len(hostile))

    assert len(proxy.raw_lines()) == len(hostile)
    for line in proxy.raw_lines():
        assert json.loads(line)["event"] == "request"
        assert all(32 <= byte < 127 for byte in line)


async def test_good_requests_are_sampled_and_bad_ones_are_not(play: Play, serve: Serve) -> None:
    """With `log.sample: 0` a good request has no line; a refusal, a failure and a 5xx have theirs."""
    legacy = await play(always(sized(b"hi")))
    broken = await play(then_close(sized(b"no", status=b"500 Oops")))
    truncated = await play(then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"))
    proxy = await serve(
        upstreams={"legacy": upstream(legacy), "broken": upstream(broken), "short": upstream(truncated)},
        routes=[
            {"name": "good", "match": "/good", "stage": "legacy"},
            {"name": "broken", "match": "/broken", "stage": "legacy", "legacy": "broken"},
            {"name": "short", "match": "/short", "stage": "legacy", "legacy": "short"},
            {"name": "closed", "match": "/closed", "respond": {"status": 200}},
        ],
        log={"sample": 0},
    )
    for target in (b"/good", b"/broken", b"/nowhere", b"/closed", b"/good"):
        await proxy.ask(get(target))
    client = await proxy.client()
    await client.send(get(b"/short"))
    await client.rest()

    assert [line["status"] for line in await proxy.lines(3)] == [500, 404, 200]


async def test_a_sample_is_a_share(play: Play, serve: Serve) -> None:
    """Half of many good requests have a line, give or take."""
    proxy = await serve(await play(always(sized(b"hi"))), log={"sample": "50%"})
    client = await proxy.client()
    for _ in range(200):
        await client.ask(get())
    await proxy.until(lambda: len(proxy.raw_lines()) > 50)

    assert len(proxy.raw_lines()) < 150


async def test_lines_are_written_within_a_sweep(play: Play, serve: Serve) -> None:
    """A single line does not wait for others; the worker's own tick hands it over."""
    proxy = await serve(await play(always(sized(b"hi"))))
    await proxy.ask(get())
    await proxy.until(proxy.written)

    assert len(proxy.written()) == 1


def test_a_person_at_a_terminal_sees_the_same_fields() -> None:
    """Before a terminal the line goes through structlog's own renderer, with what is empty left out."""
    sink = Sink(2)
    line = CanonicalLine("t", "info", "request", "r", "new", "stage", "GET", "/", 200, 1.5, 2, 0, "::1", "id", draw=0.5)
    with structlog.testing.capture_logs() as said:
        AccessLogWriter(sink, console=True).write(line)

    assert said == [
        {
            "event": "request",
            "log_level": "info",
            "route": "r",
            "side": "new",
            "reason": "stage",
            "method": "GET",
            "target": "/",
            "status": 200,
            "ms": 1.5,
            "sent": 2,
            "received": 0,
            "client": "::1",
            "request_id": "id",
            "draw": 0.5,
        }
    ]
