"""Every point of leniency on the wire, in both positions, with the bytes of the published cases (R2, R3, R9, R12)."""

from __future__ import annotations

import pytest

from proxy.core.http.leniency_points import OF_REQUESTS
from tests.wire.ask import GET, ask_once, only
from tests.wire.case import BY_ID
from tests.wire.plane import ROUTES, serving, snapshot_for, troubles
from tests.wire.play import Client
from tests.wire.recorder import Recorder
from tests.wire.upstream import answers, behind, says

OPEN = ROUTES.replace("upstreams:", "leniency: [{points}]\nupstreams:", 1)
BARE_POST = b"POST /x HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi"
REQUESTS = {
    "FR32": (BY_ID["FR32"].data, "bare_lf", b"GET /x HTTP/1.1\r\nHost: a\r\n"),
    "FR32 with a body": (BARE_POST, "bare_lf", b"\r\nContent-Length: 2\r\n"),
    "FR38": (BY_ID["FR38"].data, "obs_fold", b"\r\nX: a b\r\n"),
    "FR03 equal": (
        GET[:-2] + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "equal_content_lengths",
        b"Length: 0\r\n",
    ),
    "FR05": (BY_ID["FR05"].data, "equal_content_lengths", b"\r\nContent-Length: 1\r\n"),
    "RT24 unknown": (GET.replace(b"GET", b"FOO"), "unknown_methods", b"FOO /x HTTP/1.1\r\n"),
    "raw UTF-8": (
        GET.replace(b"/x", b"/caf\xc3\xa9?q=\xc3\xbc"),
        "raw_utf8_target",
        b"GET /caf%C3%A9?q=%C3%BC HTTP/1.1\r\n",
    ),
    "raw Latin-1": (GET.replace(b"/x", b"/x?q=\xfc"), "raw_utf8_target", b"GET /x?q=%FC HTTP/1.1\r\n"),
    "RT17": (GET.replace(b"/x", b"/x%00y"), "percent_nul", b"GET /x%00y HTTP/1.1\r\n"),
    "NUL in a query": (GET.replace(b"/x", b"/x?q=%00"), "percent_nul", b"GET /x?q=%00 HTTP/1.1\r\n"),
    "fragment": (GET.replace(b"/x", b"/x?q#/../admin#y"), "fragment_in_target", b"GET /x?q HTTP/1.1\r\n"),
    "RT05 fragment": (
        b"GET http://a/x#y HTTP/1.1\r\nHost: a\r\n\r\n",
        "fragment_in_target",
        b"GET /x HTTP/1.1\r\n",
    ),
    "RT14": (b"GET //admin/x HTTP/1.1\r\nHost: a\r\n\r\n", "ambiguous_path", b"GET //admin/x HTTP/1.1\r\n"),
}
METHODS = (
    b"ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL "
    b"MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH "
    b"UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL"
).split()
"""IANA's registry, without HEAD, whose answer has no body here."""
STEPS = pytest.mark.parametrize("step", [10_000, 7, 1], ids=["whole", "sevens", "bytes"])


def refused(point: str) -> int:
    """With which status, while it is closed."""
    return 501 if point == "unknown_methods" else 400


async def played(data: bytes, points: str, step: int, route: str = "") -> tuple[list[int], bytes]:
    """The statuses that a client got for `data`, and what the upstreams read."""
    legacy, new = Recorder(), Recorder()
    await legacy.start()
    await new.start()
    rest = '"/**", stage: legacy'
    text = OPEN.replace("{points}", points).replace(rest, f"{rest}, leniency: [{route}]")
    with troubles() as found:
        async with serving(snapshot_for(legacy.port, new.port, text=text)) as plane:
            client = await Client.to(plane.port)
            await client.send(*[data[at : at + step] for at in range(0, len(data), step)])
            client.half_close()
            heard = await client.hear()
            client.close()
    raw = legacy.raw + new.raw
    legacy.stop()
    new.stop()
    assert not found
    assert not heard.hung
    return heard.statuses, raw


@STEPS
@pytest.mark.parametrize(("data", "point", "sent"), REQUESTS.values(), ids=REQUESTS)
async def test_an_open_point_forgives_a_request(data: bytes, point: str, sent: bytes, step: int) -> None:
    """At the top or on the route alike: it is served, and what goes on is canonical."""
    for top, route in ((point, ""), ("", point)):
        statuses, raw = await played(data, top, step, route)

        assert statuses == [200]
        assert sent in raw
        assert raw.count(b"\n") == raw.count(b"\r\n")


@STEPS
@pytest.mark.parametrize(("data", "point", "sent"), REQUESTS.values(), ids=REQUESTS)
async def test_a_closed_point_forgives_nothing(data: bytes, point: str, sent: bytes, step: int) -> None:
    """With every other point open it is 400, an unknown method 501, and nothing goes upstream."""
    del sent
    points = {each.value for each in OF_REQUESTS} - {point}

    assert await played(data, ", ".join(sorted(points)), step) == ([refused(point)], b"")


@pytest.mark.parametrize("hidden", [b"/api/v2%00y/x", b"/x/../api/v2%00/x", b"/x%00/../../api/v2/x"])
async def test_a_nul_hides_no_other_route(hidden: bytes) -> None:
    """What an upstream written in C reads up to the NUL, or another behind it, takes the same route, or it is 400."""
    assert await played(GET.replace(b"/x", hidden), "percent_nul", 10_000) == ([400], b"")


@STEPS
@pytest.mark.parametrize("method", [b"FOO", b"get", b"G" * 32, b"PLAY"])
async def test_a_method_that_nobody_registered_is_501(method: bytes, step: int) -> None:
    """RFC 9110 section 15.6.2, however it arrives; it is the connection's last request."""
    assert await played(GET.replace(b"GET", method) + GET, "", step) == ([501], b"")


@STEPS
@pytest.mark.parametrize("method", METHODS)
async def test_every_registered_method_passes(method: bytes, step: int) -> None:
    """IANA's registry without CONNECT, TRACE and PRI, which are Banyan's own: a name that llhttp lacks is no reason."""
    statuses, raw = await played(GET.replace(b"GET", method) + GET, "", step)

    assert statuses == [200, 200]
    assert method + b" /x HTTP/1.1\r\n" in raw


@STEPS
@pytest.mark.parametrize("version", [b"1.2", b"1.9"])
async def test_a_newer_minor_version_is_1_1(version: bytes, step: int) -> None:
    """RFC 9110 section 2.5: it is forwarded as 1.1, and its connection is kept as one of 1.1 is."""
    data = GET.replace(b"HTTP/1.1", b"HTTP/" + version)
    statuses, raw = await played(data + data, "", step)

    assert statuses == [200, 200]
    assert raw.count(b"GET /x HTTP/1.1\r\n") == 2


@STEPS
@pytest.mark.parametrize(("version", "status"), [(b"2.0", 505), (b"3.1", 505), (b"0.9", 505), (b"1.10", 400)])
async def test_another_version_is_not_spoken(version: bytes, status: int, step: int) -> None:
    """505 for another major version, 400 for what is none, however it arrives."""
    assert await played(GET.replace(b"HTTP/1.1", b"HTTP/" + version), "", step) == ([status], b"")


@pytest.mark.parametrize(
    ("data", "status"),
    [(BY_ID["FR32"].data, 400), (GET.replace(b"GET", b"FOO"), 501), (GET.replace(b"/x", b"/x%00"), 400)],
    ids=["bare LF", "method", "NUL"],
)
async def test_another_routes_leniency_is_not_this_ones(data: bytes, status: int) -> None:
    """What the rest is forgiven, /api/v2 is not, though the same reader has taken it a moment before."""
    lenient = "bare_lf, unknown_methods, percent_nul"

    assert (await played(data, "", 10_000, lenient))[0] == [200]
    assert await played(data.replace(b"/x", b"/api/v2/x"), "", 10_000, lenient) == ([status], b"")


async def test_a_forgiven_framing_ends_its_connection() -> None:
    """A proxy before Banyan may have seen another end: what follows on that connection is not read (FR46)."""
    statuses, raw = await played(BARE_POST + GET.replace(b"/x", b"/smuggled"), "bare_lf", 10_000)

    assert statuses == [200]
    assert b"smuggled" not in raw


OK = b"HTTP/1.1 200 OK\r\n"
RESPONSES = {
    "RS12 LF": (b"HTTP/1.1 200 OK\nX: a\nContent-Length: 5\n\nhello", "bare_lf", b"\r\nX: a\r\n"),
    "RS12 fold": (OK + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", "obs_fold", b"\r\nX: a b\r\n"),
    "RS09": (
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "equal_content_lengths",
        b"\r\nContent-Length: 5\r\n",
    ),
    "RS09 list": (OK + b"Content-Length: 5, 5\r\n\r\nhello", "equal_content_lengths", b"\r\nContent-Length: 5\r\n"),
    "RS12 blank": (OK + b"X : a\r\nContent-Length: 5\r\n\r\nhello", "space_before_colon", b"\r\nX: a\r\n"),
    "RS12 BEL": (OK + b"X: a\x07b\r\nContent-Length: 5\r\n\r\nhello", "ctl_in_values", b"\r\nX: a b\r\n"),
    "RS12 CR": (OK + b"X: a\rY: b\r\nContent-Length: 5\r\n\r\nhello", "ctl_in_values", b"\r\nX: a Y: b\r\n"),
    "RS12 NUL": (OK + b"X: a\x00b\r\nContent-Length: 5\r\n\r\nhello", "ctl_in_values", b"\r\nX: a b\r\n"),
}


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in pieces"])
@pytest.mark.parametrize(("data", "point", "got"), RESPONSES.values(), ids=RESPONSES)
async def test_an_open_point_forgives_an_upstream(data: bytes, point: str, got: bytes, apart: bool) -> None:  # noqa: FBT001 -- a parameter
    """The client gets the whole answer in canonical form, and so do those that come after on the connection."""
    parts = [data[:22], data[22:31], data[31:]] if apart else [data]
    async with behind(answers(says(*parts), says(data)), keys=f"leniency: [{point}]") as (plane, _):
        for _ in range(2):
            heard = await ask_once(plane.port, GET)

            assert only(heard).body == b"hello"
            assert got in heard.data


@pytest.mark.parametrize(("data", "point", "got"), RESPONSES.values(), ids=RESPONSES)
async def test_a_closed_point_forgives_no_upstream(data: bytes, point: str, got: bytes) -> None:
    """With every other point open it is 502."""
    others = {"bare_lf", "obs_fold", "equal_content_lengths", "space_before_colon", "ctl_in_values"} - {point}
    keys = f"leniency: [{', '.join(sorted(others))}]"
    async with behind(answers(says(data), says(OK + b"Content-Length: 5\r\n\r\nhello")), keys=keys) as (plane, _):
        heard = await ask_once(plane.port, GET)

    assert heard.statuses == [502]
    assert got not in heard.data
