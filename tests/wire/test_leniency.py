"""Every point of leniency on the wire, in both positions, with the bytes of the published cases (R2, R3, R9, R12)."""

from __future__ import annotations

import pytest

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
    "RT14": (b"GET //admin/x HTTP/1.1\r\nHost: a\r\n\r\n", "ambiguous_path", b"GET //admin/x HTTP/1.1\r\n"),
}
STEPS = pytest.mark.parametrize("step", [10_000, 7, 1], ids=["whole", "sevens", "bytes"])


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
    """With every other point open it is 400, and nothing goes upstream."""
    del sent
    points = {"bare_lf", "obs_fold", "equal_content_lengths", "unknown_methods", "ambiguous_path"} - {point}

    assert await played(data, ", ".join(sorted(points)), step) == ([400], b"")


@pytest.mark.parametrize("data", [BY_ID["FR32"].data, GET.replace(b"GET", b"FOO")], ids=["bare LF", "method"])
async def test_another_routes_leniency_is_not_this_ones(data: bytes) -> None:
    """What the rest is forgiven, /api/v2 is not, though the same reader has taken it a moment before."""
    lenient = "bare_lf, unknown_methods"

    assert (await played(data, "", 10_000, lenient))[0] == [200]
    assert await played(data.replace(b"/x", b"/api/v2/x"), "", 10_000, lenient) == ([400], b"")


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
