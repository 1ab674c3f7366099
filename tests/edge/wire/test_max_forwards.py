"""RFC 9110 section 7.6.2: how far an OPTIONS goes."""

from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.proxy import upstream
from tests.edge.raw_client import get, request
from tests.edge.scripted import always, sized

NAME = b"Max-Forwards"


def options(*values: bytes) -> bytes:
    """An OPTIONS request with such a field for each value."""
    return request(b"OPTIONS", b"/x", *[b"max-FORWARDS: " + value for value in values], b"X-A: 1")


async def test_the_last_hop_answers(play: Play, serve: Serve) -> None:
    """With none left nothing goes up: the answer is Banyan's, and the connection goes on."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    client = await proxy.client()
    for value in (b"0", b"00"):
        answer = await client.ask(options(value))

        assert (answer.status, answer.value(b"Allow")) == (204, b"GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE")
    assert legacy.requests == []
    assert (await client.ask(get())).status == 200
    line = (await proxy.lines(3))[0]
    assert (line["route"], line["side"], line["status"]) == ("rest", "self", 204)


async def test_the_last_hop_names_the_methods_of_the_path(play: Play, serve: Serve) -> None:
    """Where routes name methods, those that the path takes."""
    legacy = await play(always(sized(b"hi")))
    routes = [
        {"name": "read", "match": "GET,OPTIONS /x", "stage": "legacy"},
        {"name": "write", "match": "PUT /x", "stage": "legacy"},
        {"name": "other", "match": "DELETE /y", "stage": "legacy"},
    ]
    proxy = await serve(upstreams={"legacy": upstream(legacy)}, routes=routes)

    assert (await proxy.ask(options(b"0"))).value(b"Allow") == b"GET, OPTIONS, PUT"


@pytest.mark.parametrize(
    ("sent", "goes_on"),
    [(b"1", b"0"), (b"3", b"2"), (b"010", b"9"), (b"9" * 9, b"9" * 8 + b"8"), (b"9" * 5000, b"9" * 8 + b"8")],
)
async def test_one_hop_less_goes_on(play: Play, serve: Serve, sent: bytes, goes_on: bytes) -> None:
    """In its place among the other fields, time after time; what is beyond counting is cut to what is not."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    for _ in range(3):
        await client.ask(options(sent))

    assert [[*received.lines[1:3]] for received in legacy.requests] == [[b"max-FORWARDS: " + goes_on, b"X-A: 1"]] * 3


@pytest.mark.parametrize("values", [[b"-1"], [b"x"], [b""], [b"3", b"0"], [b"1.5"]])
async def test_what_is_no_number_passes(play: Play, serve: Serve, values: list[bytes]) -> None:
    """The field is then nobody's to understand: it goes on as it came."""
    legacy = await play(always(sized(b"hi")))
    await (await serve(legacy)).ask(options(*values))

    assert legacy.requests[0].values(NAME) == values


async def test_other_methods_keep_it(play: Play, serve: Serve) -> None:
    """It is for OPTIONS and TRACE, which is refused; with the very same fields, before and after an OPTIONS."""
    legacy = await play(always(sized(b"hi")))
    client = await (await serve(legacy)).client()
    for method in (b"GET", b"OPTIONS", b"GET", b"OPTIONS"):
        await client.ask(request(method, b"/x", NAME + b": 7"))

    assert [received.values(NAME) for received in legacy.requests] == [[b"7"], [b"6"], [b"7"], [b"6"]]
    assert (await client.ask(request(b"TRACE", b"/x", NAME + b": 0"))).status == 405
