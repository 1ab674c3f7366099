from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from time import time

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.message import check_problem
from tests.edge.proxy import REST, Block, upstream
from tests.edge.raw_client import get, post, request
from tests.edge.scripted import always, sized, then_close

ADMIN: Block = {"name": "admin", "match": "/admin/**", "respond": {"status": 403}}


async def test_respond_answers_with_status_body_and_type(play: Play, serve: Serve) -> None:
    """`respond` says what the table says, to every method, and the connection goes on."""
    answer = {"status": 200, "body": '{"closed": true}', "content_type": "application/json"}
    proxy = await serve(1, routes=[{"name": "closed", "match": "/**", "respond": answer}])
    client = await proxy.client()
    for method in (b"GET", b"DELETE", b"HEAD"):
        got = await client.ask(request(method, b"/x"))

        assert got.status == 200
        assert got.value(b"Content-Type") == b"application/json"
        assert got.value(b"Content-Length") == b"16"
        assert got.body == (b"" if method == b"HEAD" else b'{"closed": true}')


async def test_respond_without_a_body_is_a_problem_document(serve: Serve) -> None:
    """A refusal that says nothing else is a problem with the request's id."""
    answer = await (await serve(1, routes=[ADMIN])).ask(get(b"/admin/x"))

    check_problem(answer, 403)


@pytest.mark.parametrize("status", [204, 301, 200])
async def test_respond_with_a_good_status_may_be_empty(serve: Serve, status: int) -> None:
    """What is no refusal needs no document; 204 has no length."""
    answer = await (await serve(1, routes=[{"name": "r", "match": "/", "respond": {"status": status}}])).ask(get())

    assert (answer.status, answer.body) == (status, b"")
    assert answer.value(b"Content-Length") == (None if status == 204 else b"0")


@pytest.mark.parametrize(
    "message",
    [
        get(b"/admin/x"),
        get(b"/elsewhere"),
        get(b"/gone"),
        get(b"/broken"),
        post(b"x", target=b"/gone"),
        request(b"HEAD", b"/admin/x"),
        b"GET / HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
async def test_own_answers_have_a_date(play: Play, serve: Serve, message: bytes) -> None:
    """Whatever Banyan says itself says when, once (RFC 9110 section 6.6.1)."""
    routes: list[Block] = [
        ADMIN,
        {"name": "gone", "match": "/gone", "stage": "retired"},
        {"name": "broken", "match": "/broken", "stage": "legacy"},
    ]
    proxy = await serve(await play(then_close()), routes=routes)
    before = int(time())
    answer = await proxy.ask(message)
    (date,) = answer.values(b"Date")

    assert before <= parsedate_to_datetime(date.decode("ascii")).timestamp() <= time()


async def test_an_interim_answer_has_no_date(play: Play, serve: Serve) -> None:
    """A 100 is no answer yet."""
    proxy = await serve(await play(always(sized(b"hi"))))
    client = await proxy.client()
    await client.send(request(b"POST", b"/", b"Content-Length: 1", b"Expect: 100-continue"))

    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "named"),
    [
        (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03", "a TLS handshake came to a port that speaks plain HTTP"),
        (b"\x16\x03\x01\x00\xc8\x01\r\n\r\n", "a TLS handshake came to a port that speaks plain HTTP"),
        (b"PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\n" + get(), "the PROXY protocol is not spoken here"),
        (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c", "the PROXY protocol is not spoken here"),
    ],
)
@pytest.mark.parametrize("leniency", [[], ["bare_lf"]])
async def test_another_protocol_is_named(serve: Serve, first: bytes, named: str, leniency: list[str]) -> None:
    """Answer and log say what came, at once, even where heads are forgiven and so read to their end."""
    proxy = await serve(1, routes=[ADMIN], leniency=leniency)
    answer = await proxy.ask(first)
    (line,) = await proxy.lines(1)

    assert answer.status == line["status"] == 400
    assert line["detail"] == answer.problem["detail"]
    assert str(line["detail"]).startswith(named)


async def test_no_route_is_404(play: Play, serve: Serve) -> None:
    """A path that no route takes."""
    answer = await (await serve(1, routes=[ADMIN])).ask(get(b"/elsewhere"))

    check_problem(answer, 404)


async def test_no_route_for_the_method_is_405_with_what_is_allowed(play: Play, serve: Serve) -> None:
    """Allow names every method that some route takes on this path (RFC 9110 section 15.5.6)."""
    routes: list[Block] = [
        {"name": "read", "match": "GET,HEAD /orders/{id}", "stage": "legacy"},
        {"name": "drop", "match": "DELETE /orders/{id}", "stage": "legacy"},
    ]
    proxy = await serve(await play(always(sized(b"hi"))), routes=routes)
    answer = await proxy.ask(post(b"x", target=b"/orders/7"))

    check_problem(answer, 405)
    assert answer.value(b"Allow") == b"DELETE, GET, HEAD"
    assert (await proxy.ask(get(b"/orders/7"))).status == 200


@pytest.mark.parametrize("line", [b"CONNECT a:443 HTTP/1.1", b"TRACE / HTTP/1.1", b"CONNECT / HTTP/1.1"])
async def test_connect_and_trace_are_never_passed_on(play: Play, serve: Serve, line: bytes) -> None:
    """A tunnel to anywhere and an echo of credentials are refused, with what is allowed instead (R10)."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    await client.send(line + b"\r\nHost: a\r\n\r\n")
    answer = await client.response()

    assert answer.status == 405
    assert answer.value(b"Allow") == b"GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"
    assert await client.rest() == b""
    assert legacy.peers == []


async def test_a_retired_route_is_410(serve: Serve) -> None:
    """After its retirement a route is gone, and the answer names it."""
    answer = await (await serve(1, routes=[{"name": "old.api", "match": "/**", "stage": "retired"}])).ask(get())

    assert "old.api" in check_problem(answer, 410)


async def test_a_brown_out_is_410_for_its_share(play: Play, serve: Serve) -> None:
    """A route that retires by half answers 410 to about half of the cohorts, always the same ones."""
    new = await play(always(sized(b"still")))
    retiring: Block = {
        "name": "old", "match": "/**", "stage": "retired", "split": "50%", "cohort": "header:X-Tenant"
    }  # fmt: skip
    proxy = await serve(upstreams={"new": upstream(new)}, routes=[retiring])
    client = await proxy.client()
    asked = [get(b"/", b"X-Tenant: t%d" % number) for number in range(60)]
    first = [(await client.ask(raw)).status for raw in asked]
    second = [(await client.ask(raw)).status for raw in asked]

    assert first == second
    assert {*first} == {200, 410}
    assert 15 < first.count(410) < 45


@pytest.mark.parametrize(
    "target", [b"/x/../admin/y", b"/x/%2e%2e/admin/y", b"//admin/y", b"/admin%2fy", b"/x\\..\\admin"]
)
async def test_a_path_that_reads_as_two_routes_is_400(play: Play, serve: Serve, target: bytes) -> None:
    """Where an upstream's reading would be another route's, nobody is asked (R9)."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy, routes=[REST, ADMIN])).client()
    await client.send(get(target))

    assert "more than one way" in check_problem(await client.response(), 400)
    assert legacy.peers == []


async def test_options_of_everything_is_answered(serve: Serve) -> None:
    """`OPTIONS *` asks the proxy itself (RFC 9110 section 9.3.7)."""
    answer = await (await serve(1, routes=[ADMIN])).ask(request(b"OPTIONS", b"*"))

    assert (answer.status, answer.body) == (204, b"")
    assert b"GET" in (answer.value(b"Allow") or b"")


async def test_a_refusal_reads_what_is_left_of_the_body_or_closes(play: Play, serve: Serve) -> None:
    """Behind a local answer an unread body is never taken for a request (FR44)."""
    planted = get(b"/smuggled")
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy, routes=[REST, ADMIN])
    client = await proxy.client()
    await client.send(post(planted, target=b"/admin/x") + get(b"/second"))

    assert [(await client.response()).status for _ in range(2)] == [403, 200]

    client = await proxy.client()
    await client.send(request(b"POST", b"/admin/x", b"Content-Length: 35") + planted[:10])

    assert (await client.response()).value(b"Connection") == b"close"

    await client.send(planted[10:] + get(b"/third"))
    await client.rest()

    assert [received.target for received in legacy.requests] == [b"/second"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 17_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /" + b"x" * 70_000, 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70_000, 431),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_problem_document(
    play: Play, serve: Serve, sent: bytes, status: int
) -> None:
    """400, 414, 431, 501 and 505 are problem documents, end the connection, and reach no upstream (R3, R16)."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    await client.send(sent)
    answer = await client.response()

    check_problem(answer, status)
    assert answer.value(b"Connection") == b"close"
    assert await client.rest() == b""
    assert legacy.peers == []


async def test_a_problem_escapes_what_the_client_sent(serve: Serve) -> None:
    """Detail is JSON text, whatever stood in the request."""
    answer = await (await serve(1, routes=[ADMIN])).ask(get(b"/%22%3Cscript%3E"))

    assert b"<script>" not in answer.body
    assert json.loads(answer.body)["status"] == 404
