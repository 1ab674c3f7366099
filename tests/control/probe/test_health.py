from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from proxy.control.probe.health import Probes, Status, UpstreamCondition
from proxy.core.routing.route import Endpoint, Health
from proxy.link.messages import Probed
from proxy.tasks import RestartedTasks
from tests.control.conftest import listening_tcp
from tests.control.tables import upstream
from tests.waiting import until

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[int]]


class Now:
    """Wall time that moves a second per look."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start upstreams on ports of their own."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> int:
            runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            listening = listening_tcp()
            await web.SockSite(runner, listening).start()
            return int(listening.getsockname()[1])

        yield start


@pytest.fixture
async def probes(tasks: RestartedTasks) -> AsyncIterator[Probes]:
    made = Probes(tasks, Now())
    yield made
    await made.close()


async def settled(probes: Probes, status: Status, name: str = "new") -> UpstreamCondition:
    """Wait until the upstream has this status."""
    await until(lambda: probes.conditions[name].status is status)
    return probes.conditions[name]


async def follow(probes: Probes, port: int, every: float = 0.02, path: str = "/healthz") -> None:
    probes.follow({"new": upstream("new", port, Health(path=path, every=every))})


@pytest.mark.parametrize("status", [200, 204, 302, 399])
async def test_below_400_is_up(probes: Probes, serve: Serve, status: int) -> None:
    """An upstream that answers its path with less than 400 is up; a redirect is an answer and is not followed."""
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.path_qs)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    await follow(probes, await serve(answer), path="/healthz?deep=1&x=%2F")

    assert (await settled(probes, Status.UP)).error == ""
    assert set(asked) == {"/healthz?deep=1&x=%2F"}


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_400_and_above_is_down(probes: Probes, serve: Serve, status: int) -> None:
    """A bad answer is down, with its status as the error."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    await follow(probes, await serve(answer))

    assert (await settled(probes, Status.DOWN)).error == f"answered {status}"


async def test_no_answer_in_time_is_down(tasks: RestartedTasks, serve: Serve) -> None:
    """A probe gives up after its own timeout and says how long that was."""
    probes = Probes(tasks, Now(), timeout=0.05)

    async def answer(_: web.BaseRequest) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    await follow(probes, await serve(answer))

    assert (await settled(probes, Status.DOWN)).error == "no answer within 0.05 s"

    await probes.close()


async def test_nobody_there_is_down(probes: Probes) -> None:
    """A refused connection is down, and the error names the address."""
    with listening_tcp() as closed:
        port = closed.getsockname()[1]
    await follow(probes, port)

    assert (await settled(probes, Status.DOWN)).error == f"cannot connect to 127.0.0.1:{port}: Connection refused"


async def test_what_is_no_http_is_down(probes: Probes) -> None:
    """Something else on the port, or no TLS where it should be, is down and says why."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    plain = upstream("plain", port, Health(path="/", every=0.02))
    probes.follow({"plain": plain, "tls": replace(plain, name="tls", scheme="https")})

    assert "220 mail" in (await settled(probes, Status.DOWN, "plain")).error
    assert "TLS" in (await settled(probes, Status.DOWN, "tls")).error

    server.close()
    await server.wait_closed()


async def test_an_endless_body_is_not_read(probes: Probes, serve: Serve) -> None:
    """The head decides; what an upstream goes on sending does not keep the probe."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65536))

    await follow(probes, await serve(answer))

    assert (await settled(probes, Status.UP)).error == ""


async def test_since_is_when_the_status_changed(probes: Probes, serve: Serve) -> None:
    """While the status stays, so does its time; a change is seen both ways."""
    statuses = [200]

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=statuses[0])

    await follow(probes, await serve(answer))
    up = await settled(probes, Status.UP)
    statuses[0] = 500
    down = await settled(probes, Status.DOWN)
    statuses[0] = 503
    await until(lambda: probes.conditions["new"].error == "answered 503")

    assert probes.conditions["new"].since == down.since > up.since

    statuses[0] = 200

    assert (await settled(probes, Status.UP)).since > down.since


async def test_probes_follow_the_table(probes: Probes, serve: Serve) -> None:
    """An upstream that leaves is probed no more, one that changes begins anew, one that stays keeps its condition."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response()

    port = await serve(answer)
    stays, changes, leaves = (
        upstream(name, port, Health(path="/", every=0.02)) for name in ("stays", "changes", "leaves")
    )
    silent = upstream("silent", port)
    probes.follow({each.name: each for each in (stays, changes, leaves, silent)})
    for name in ("stays", "changes", "leaves"):
        await settled(probes, Status.UP, name)

    assert "silent" not in probes.conditions

    changed = upstream("changes", port, Health(path="/", every=3600))
    kept = probes.conditions["stays"]
    probes.follow({each.name: each for each in (stays, changed)})

    assert probes.conditions["stays"] == kept
    assert probes.conditions["changes"].status is Status.UNKNOWN
    assert "leaves" not in probes.conditions

    await settled(probes, Status.UP, "changes")


async def test_one_hanging_upstream_does_not_delay_another(probes: Probes, serve: Serve) -> None:
    """Each upstream has its own probe, so a slow one leaves the others' rhythm alone."""
    asked = asyncio.Event()

    async def hang(_: web.BaseRequest) -> web.Response:
        asked.set()
        await asyncio.sleep(3600)
        return web.Response()

    async def answer(_: web.BaseRequest) -> web.Response:
        await asked.wait()
        return web.Response()

    slow = upstream("slow", await serve(hang), Health(path="/", every=3600))
    quick = upstream("quick", await serve(answer), Health(path="/", every=0.02))
    probes.follow({"slow": slow, "quick": quick})
    await settled(probes, Status.UP, "quick")

    assert probes.conditions["slow"].status is Status.UNKNOWN


class Flag:
    """An upstream that is well or not, as the test says."""

    def __init__(self) -> None:
        self.well = True

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        del request
        return web.Response(status=200 if self.well else 500)


async def test_one_bad_answer_is_no_outage(serve: Serve, tasks: RestartedTasks) -> None:
    """After `unhealthy_after` bad answers in a row an endpoint is down, after `healthy_after` good ones it is up."""
    flag = Flag()
    told: list[Probed] = []
    port = await serve(flag)
    probes = Probes(tasks, Now(), told.append)
    probes.follow({"a": upstream("a", port, Health(path="/h", every=0.01, unhealthy_after=3, healthy_after=2))})
    await until(lambda: len(told) >= 2)
    flag.well = False
    await until(lambda: not told[-1].healthy)
    first_bad = next(index for index, each in enumerate(told) if not each.healthy)

    assert probes.conditions["a"].error == "answered 500"
    assert all(message.healthy for message in told[:first_bad])

    flag.well = True
    await until(lambda: told[-1].healthy)
    await probes.close()

    assert told[-1].endpoint == f"127.0.0.1:{port}"
    assert told[-1].lasts > 3 * 0.01
    assert probes.conditions == {}


async def test_each_endpoint_is_asked_for_itself(serve: Serve, tasks: RestartedTasks) -> None:
    """Of two endpoints one is down: the upstream is up, and workers are told of each."""
    bad = Flag()
    bad.well = False
    told: list[Probed] = []
    ports = await serve(Flag()), await serve(bad)
    probes = Probes(tasks, Now(), told.append)
    two = replace(upstream("a", ports[0], Health(path="/h", every=0.01)), more=(Endpoint("127.0.0.1", ports[1]),))
    probes.follow({"a": two})
    await until(lambda: len({message.endpoint for message in told}) == 2)

    assert {message.endpoint: message.healthy for message in told} == {
        f"127.0.0.1:{ports[0]}": True,
        f"127.0.0.1:{ports[1]}": False,
    }
    assert probes.conditions["a"].status is Status.UP
    bad_one = probes.condition_of("a", two.endpoints[1])
    assert bad_one is not None
    assert bad_one.status is Status.DOWN
    await probes.close()


async def test_a_probe_carries_the_host_that_it_is_given(probes: Probes, serve: Serve) -> None:
    """Servers of several sites choose by it; without one it is the upstream's own."""
    seen: list[str] = []

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers["Host"])
        return web.Response()

    port = await serve(handler)
    probes.follow({"new": upstream("new", port, Health(path="/", every=0.02, host="shop.example:8443"))})
    await settled(probes, Status.UP)
    probes.follow({"new": upstream("new", port, Health(path="/", every=0.02))})
    await until(lambda: len(set(seen)) > 1)

    assert set(seen) == {"shop.example:8443", f"127.0.0.1:{port}"}
