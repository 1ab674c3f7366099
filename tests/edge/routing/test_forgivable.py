from __future__ import annotations

import pytest

from tests.edge.conftest import Play, Serve
from tests.edge.raw_client import get
from tests.edge.scripted import always

START = b"GET / HTTP/1.1\r\nHost: a\r\n"
REQUESTS = {
    "bare_lf": b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
    "bare_lf, the first line": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "bare_lf, the last line": START + b"\n",
    "obs_fold": START + b"X: y\r\n z\r\n\r\n",
    "equal_content_lengths": START + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "equal_content_lengths, a list": START + b"Content-Length: 1, 1\r\n\r\n",
    "unknown_methods": b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n",
    "ambiguous_path": get(b"//admin/x"),
    "raw_utf8_target": get(b"/?q=\xc3\xbc"),
    "raw_utf8_target, the path": get(b"/\xc3\xbc"),
    "percent_nul": get(b"/a%00b"),
    "fragment_in_target": get(b"/a#b"),
    "fragment_in_target, above ASCII": get(b"/a#\xc3\xbc"),
}
RESPONSES = {
    "bare_lf": b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
    "bare_lf, without a reason": b"HTTP/1.1 200\nContent-Length: 0\r\n\r\n",
    "bare_lf, a field": b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 0\r\n\r\n",
    "bare_lf, the last line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
    "obs_fold": b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    "equal_content_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "space_before_colon": b"HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
    "ctl_in_values": b"HTTP/1.1 200 OK\r\nX: y\x01\r\nContent-Length: 0\r\n\r\n",
    "ctl_in_values, CR": b"HTTP/1.1 200 OK\r\nX: y\rz\r\nContent-Length: 0\r\n\r\n",
}
ROUTES = [
    {"name": "admin", "match": "/admin/**", "stage": "legacy"},
    {"name": "rest", "match": "/**", "stage": "legacy"},
]


@pytest.mark.parametrize(("case", "message"), REQUESTS.items(), ids=REQUESTS)
async def test_the_log_names_the_point_that_opens_a_request(serve: Serve, case: str, message: bytes) -> None:
    """Behind the refusal, which is all that the client is told."""
    proxy = await serve(1, routes=ROUTES)
    answer = await proxy.ask(message)
    (line,) = await proxy.lines(1)
    told = str(line["detail"]).removeprefix(answer.problem["detail"])

    assert answer.status in (400, 501)
    assert told.startswith("; opened at the top or on a route by ")
    assert f"`leniency: [{case.partition(',')[0]}]`" in told


@pytest.mark.parametrize(("case", "message"), RESPONSES.items(), ids=RESPONSES)
async def test_the_log_names_the_point_that_opens_a_response(
    play: Play, serve: Serve, case: str, message: bytes
) -> None:
    """The same of an upstream that is not read."""
    proxy = await serve(await play(always(message)))
    answer = await proxy.ask(get())
    (line,) = await proxy.lines(1)
    told = str(line["detail"]).removeprefix(answer.problem["detail"])

    assert answer.status == 502
    assert told.startswith(f"; opened on the upstream by `leniency: [{case.partition(',')[0]}]`")


async def test_what_no_point_opens_is_only_refused(serve: Serve) -> None:
    """Two hosts are refused for ever, and so is a blank before a request's colon."""
    proxy = await serve(1, routes=ROUTES)
    messages = (START + b"Host: b\r\n\r\n", START + b"X : y\r\n\r\n")
    told = [(await proxy.ask(message)).problem["detail"] for message in messages]

    assert [line["detail"] for line in await proxy.lines(2)] == told
