"""By which ids a request is found again: the client's own trace and request id, in the log and upstream."""

from __future__ import annotations

import pytest

from tests.edge.account.test_request_sample import taken
from tests.edge.conftest import Play, Serve
from tests.edge.proxy import REST
from tests.edge.raw_client import get, request
from tests.edge.scripted import always, sized

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"traceparent: 00-{TRACE}-{PARENT}-01".encode()
MINE = b"X-Request-Id: mine-7"
STRANGER: dict[str, object] = {}
TRUSTED: dict[str, object] = {"trusted_proxies": ["127.0.0.1"]}
ANSWERS = (get(b"/x", MINE, TRACEPARENT), request(b"POST", b"/own", MINE, TRACEPARENT, body=b""))
"""One that the upstream answers, one that Banyan does."""
OWN = {"name": "own", "match": "/own", "respond": {"status": 404}}


async def test_the_log_has_the_clients_trace_and_span(play: Play, serve: Serve) -> None:
    """By these a line is found from a tracing system; of a trace that begins here there is no parent."""
    legacy = await play(always(sized(b"hi")))
    client = await (proxy := await serve(legacy)).client()
    for asked in (get(b"/", TRACEPARENT), get(b"/")):
        await client.ask(asked)
    first, second = await proxy.lines(2)

    assert (first["trace_id"], first["parent_id"]) == (TRACE, PARENT)
    assert second["trace_id"] == second["request_id"]
    assert "parent_id" not in second


async def test_a_trace_that_is_stated_twice_begins_anew(play: Play, serve: Serve) -> None:
    """Neither is believed, and the state of neither goes on; one field goes up."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get(b"/", TRACEPARENT, TRACEPARENT.replace(b"4bf", b"5bf"), b"tracestate: a=1"))
    (given,) = legacy.requests[0].values(b"traceparent")
    (line,) = await proxy.lines(1)

    assert given.split(b"-")[1].decode() == line["trace_id"] == line["request_id"]
    assert legacy.requests[0].value(b"tracestate") is None
    assert "parent_id" not in line


@pytest.mark.parametrize(
    ("top", "kept"),
    [
        (STRANGER, False),
        (TRUSTED, True),
        ({"request_id": "keep"}, True),
        ({"request_id": "keep", **TRUSTED}, True),
        ({"request_id": "replace"}, False),
        ({"request_id": "replace", **TRUSTED}, False),
    ],
)
async def test_a_clients_id_is_kept_or_stands_beside(
    play: Play,
    serve: Serve,
    top: dict[str, object],
    kept: bool,  # noqa: FBT001
) -> None:
    """It is used where the table says so, in answers of Banyan's own as well; else the log has it under its own key."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(routes=[REST, OWN], upstreams={"legacy": {"url": f"http://127.0.0.1:{legacy.port}"}}, **top)
    answers = [await proxy.ask(question) for question in ANSWERS]
    lines = sorted(await proxy.lines(2), key=lambda line: str(line["side"]))
    sample, _, _ = taken(proxy)

    for answer, line in zip(answers, lines, strict=True):
        given = (answer.value(b"X-Request-Id") or b"").decode()
        assert line["request_id"] == given
        assert (given == "mine-7") is kept
        assert line.get("client_request_id") == (None if kept else "mine-7")
        assert (line["trace_id"], line["parent_id"]) == (TRACE, PARENT)
    assert legacy.requests[0].value(b"X-Request-Id") == answers[0].value(b"X-Request-Id")
    assert {seen.client_request_id for seen in sample} == {"" if kept else "mine-7"}


@pytest.mark.parametrize("sent", [b"a" * 129, b"a b", b"", b'"quoted"', b"\x1b[31m"])
async def test_what_is_no_token_is_nowhere(play: Play, serve: Serve, sent: bytes) -> None:
    """Neither kept nor logged, whatever the table says."""
    proxy = await serve(await play(always(sized(b"hi"))), request_id="keep")
    await proxy.ask(get(b"/", b"X-Request-Id: " + sent))
    await proxy.until(proxy.raw_lines)

    assert b"client_request_id" not in proxy.raw_lines()[0]


async def test_the_clients_ids_are_of_its_own_request(play: Play, serve: Serve) -> None:
    """On one connection, with other fields alike, a request without an id has none of the one before."""
    proxy = await serve(await play(always(sized(b"hi"))))
    client = await proxy.client()
    for asked in (get(b"/", MINE), get(b"/"), get(b"/", MINE)):
        await client.ask(asked)

    assert [line.get("client_request_id") for line in await proxy.lines(3)] == ["mine-7", None, "mine-7"]
