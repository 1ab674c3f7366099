"""The published cases that want more than bytes in and bytes out: EX01, HD13, RT25, LM01, LM09; by their ids."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wire.case import BY_ID
from tests.wire.plane import Plane, on_uvloop, serving, snapshot_for, troubles
from tests.wire.play import Client, Heard, ask, is_poisoned
from tests.wire.recorder import Recorder

MIB = 1024 * 1024


async def talk(*steps: bytes, finals: int = 0) -> tuple[Heard, Recorder, Plane]:
    """Send the steps to a fresh data plane, each after something came back for the one before."""
    recorder = Recorder()
    await recorder.start()
    with troubles() as found:
        async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
            client = await Client.to(plane.port)
            for step in steps:
                await client.send(step)
                await client.hear_some()
            heard = await client.hear(finals)
            client.close()
            assert await is_poisoned(plane.port) == ""
    recorder.stop()
    assert found == []
    return heard, recorder, plane


def test_ex01_a_client_that_waits_for_100_gets_it() -> None:
    """EX01: `Expect: 100-continue` gets 100; the body then reaches the upstream once, and one answer comes."""
    heard, recorder, _ = on_uvloop(lambda: talk(BY_ID["EX01"].data, b"hi", finals=1))

    assert [each.status for each in heard.responses()] == [100, 200]
    assert [message.body for message in recorder.requests] == [b"hi"]
    assert recorder.requests[0].values(b"expect") == []


def test_ex01_nobody_is_told_to_go_on_who_will_be_refused() -> None:
    """EX01: where Banyan answers itself, no 100 comes before, and the connection ends with the answer."""
    data = BY_ID["EX01"].data.replace(b"/x", b"/admin")
    heard, recorder, _ = on_uvloop(lambda: talk(data))

    assert [each.status for each in heard.responses()] == [403]
    assert heard.ended
    assert recorder.raw == b""


@pytest.mark.parametrize("wait", [True, False], ids=["waits", "sends at once"])
def test_ex01_a_client_of_http_1_0_never_gets_100(wait: bool) -> None:  # noqa: FBT001 -- a parameter of the case
    """An expectation in HTTP/1.0 is ignored (RFC 9110 section 10.1.1): one answer comes, and nothing before it."""
    data = BY_ID["EX01"].data.replace(b"HTTP/1.1", b"HTTP/1.0")
    recorder, heard = on_uvloop(lambda: expect_in_1_0(data, wait=wait))

    assert [each.status for each in heard.responses()] == [200]
    assert [message.body for message in recorder.requests] == [b"hi"]


async def expect_in_1_0(data: bytes, *, wait: bool) -> tuple[Recorder, Heard]:
    recorder = Recorder()
    await recorder.start()
    async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
        client = await Client.to(plane.port)
        if wait:
            await client.send(data)
            await plane.settled()
            await client.send(b"hi")
        else:
            await client.send(data + b"hi")
        heard = await client.hear(1)
        client.close()
    recorder.stop()
    return recorder, heard


def test_hd13_nothing_of_the_network_reaches_the_log_raw() -> None:
    """HD13: CR, LF and ESC of a target or a field give one line of JSON without control characters, and no more."""
    data = b"GET /a%0d%0aFAKE?\x1b HTTP/1.1\r\nHost: a\r\n\r\n"
    _, _, refused = on_uvloop(lambda: talk(BY_ID["HD13"].data, finals=1))
    _, _, encoded = on_uvloop(lambda: talk(data.replace(b"\x1b", b"%1b%0a"), finals=1))

    for plane in (refused, encoded):
        case, *probes = plane.log.splitlines()
        assert len(probes) == 2
        assert not set(case) & set(range(32))
        assert json.loads(case)["event"] == "request"


HOSTS = """
version: 1
listen: 127.0.0.1:1
upstreams:
  legacy: { url: "http://127.0.0.1:%(legacy)d" }
  new: { url: "http://127.0.0.1:%(new)d" }
routes:
  - { name: named, match: { path: "/**", host: legacy.example }, stage: legacy }
  - { name: rest, match: "/**", stage: live }
"""


@pytest.mark.parametrize("host", ["legacy.example", "LEGACY.example.:80", "Legacy.Example:8080", "legacy.example."])
def test_rt25_case_port_and_trailing_dot_do_not_change_the_route(host: str) -> None:
    """RT25: every spelling of a host takes the route of its plain name."""
    assert on_uvloop(lambda: who_serves(host)) == "legacy"


def test_rt25_another_host_takes_another_route() -> None:
    """RT25: the host does choose the route."""
    assert on_uvloop(lambda: who_serves("legacy.example.org")) == "new"


async def who_serves(host: str) -> str:
    legacy, new = Recorder(), Recorder()
    await legacy.start()
    await new.start()
    async with serving(snapshot_for(legacy.port, new.port, text=HOSTS)) as plane:
        await ask(plane.port, b"GET /x HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n" % host.encode())
    legacy.stop()
    new.stop()
    return "legacy" if legacy.requests else "new" if new.requests else "nobody"


HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
ENDLESS = {
    "a field of 13 MB": (HEAD + b"X: ", b"a" * 65536, 208),
    "a target of 5 MB": (b"GET /", b"a" * 65536, 80),
    "200,000 fields": (HEAD, b"X-Field: 1\r\n" * 5000, 40),
    "a chunk extension of 10 MB": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5;a=", b"b" * 65536, 160),
    "trailers of 10 MB": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n" * 10923, 160),
}


class Outside:
    """A data plane in another process."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._pid = process.pid

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds."""
        pages = Path(f"/proc/{self._pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * 4096


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    command = [sys.executable, "-m", "tests.wire.process"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Outside(process, int(process.stdout.readline()))
        process.communicate("\n")


async def pour(port: int, start: bytes, more: bytes, times: int) -> Heard:
    """Send `start`, then `more` so many times, whatever comes back."""
    client = await Client.to(port)
    _, heard = await asyncio.gather(client.send(start, *[more] * times), client.hear())
    client.close()
    return heard


@pytest.mark.parametrize("what", ENDLESS)
def test_lm01_what_never_ends_is_refused_and_not_kept(outside: Outside, what: str) -> None:
    """LM01: heads, chunk lines and trailers without end get 400, 414 or 431, and memory does not follow them."""
    on_uvloop(lambda: pour(outside.port, *ENDLESS[what]))
    before = outside.resident

    heard = on_uvloop(lambda: pour(outside.port, *ENDLESS[what]))

    assert heard.statuses[0] in {400, 414, 431}
    assert heard.ended
    assert outside.resident - before < MIB


def test_lm09_a_million_chunks_of_one_byte_are_a_body_like_any_other() -> None:
    """LM09: the upstream gets the million bytes once, and others are served while they come."""
    served, body = on_uvloop(million)

    assert body == b"x" * 1_000_000
    assert served


async def million() -> tuple[bool, bytes]:
    recorder = Recorder()
    await recorder.start()
    async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
        client = await Client.to(plane.port)
        await client.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n" * 10_000] * 50)
        served = await is_poisoned(plane.port) == "" and not recorder.requests
        await client.send(*[b"1\r\nx\r\n" * 10_000] * 50, b"0\r\n\r\n")
        await client.hear(1)
        client.close()
    recorder.stop()
    return served, recorder.requests[0].body
