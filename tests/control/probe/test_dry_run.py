from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from proxy.control.probe.health import Probes
from proxy.core.routing.route import Endpoint
from proxy.link.messages import Probed
from proxy.tasks import RestartedTasks
from tests.control.conftest import listening_tcp
from tests.control.tables import upstream
from tests.waiting import until


class Asked:
    """What an upstream was asked, and what it says."""

    def __init__(self, said: str = "accepted", status: int = 204) -> None:
        self.headers = {} if not said else {"X-Banyan-Dry-Run": said}
        self.status = status
        self.requests: list[tuple[str, str, str]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.requests.append((request.method, request.path, request.headers.get("X-Banyan-Dry-Run", "")))
        return web.Response(status=self.status, headers=self.headers)


class Told(list[Probed]):
    """What the workers hear."""

    async def next(self, count: int = 1) -> list[bool | None]:
        await until(lambda: len(self) >= count)
        return [each.dry_run for each in self]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


async def listening(stack: AsyncExitStack, asked: Asked) -> int:
    runner = web.ServerRunner(web.Server(asked.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    sock = listening_tcp()
    await web.SockSite(runner, sock).start()
    return int(sock.getsockname()[1])


def probing(stack: AsyncExitStack, tasks: RestartedTasks, told: Told) -> Probes:
    probes = Probes(tasks, lambda: datetime.now(UTC), told.append)
    stack.push_async_callback(probes.close)
    return probes


async def test_a_side_that_accepts_is_told(stack: AsyncExitStack, tasks: RestartedTasks) -> None:
    """It is asked with OPTIONS, at its path and marked, and its yes goes to the workers with how long it holds."""
    told, asked = Told(), Asked()
    port = await listening(stack, asked)
    probing(stack, tasks, told).follow({"new": replace(upstream("new", port), dry_run="/-/dry-run")})

    assert await told.next() == [True]
    assert asked.requests == [("OPTIONS", "/-/dry-run", "1")]
    assert (told[0].upstream, told[0].endpoint, told[0].lasts) == ("new", f"127.0.0.1:{port}", 60.0)


@pytest.mark.parametrize("asked", [Asked(said=""), Asked(said="yes"), Asked(status=404)], ids=["mute", "yes", "404"])
async def test_anything_but_a_clear_yes_is_a_no(stack: AsyncExitStack, tasks: RestartedTasks, asked: Asked) -> None:
    """No field, another word, or an error's status."""
    told = Told()
    port = await listening(stack, asked)
    probing(stack, tasks, told).follow({"new": replace(upstream("new", port), dry_run="/d")})

    assert await told.next() == [False]


async def test_a_side_that_is_not_there_says_no(stack: AsyncExitStack, tasks: RestartedTasks) -> None:
    """A refused connection is no yes; each endpoint is asked for itself."""
    told, asked = Told(), Asked()
    port = await listening(stack, asked)
    two = replace(upstream("new", port), dry_run="/d", more=(Endpoint("127.0.0.1", 1),))
    probing(stack, tasks, told).follow({"new": two})

    assert sorted(map(bool, await told.next(2))) == [False, True]


async def test_what_is_asked_no_more_is_taken_back(stack: AsyncExitStack, tasks: RestartedTasks) -> None:
    """Without the path, or with another one, what was said before holds no longer; an upstream without is not asked."""
    told, asked = Told(), Asked()
    port = await listening(stack, asked)
    probes = probing(stack, tasks, told)
    probes.follow({"new": replace(upstream("new", port), dry_run="/d"), "legacy": upstream("legacy", port)})
    await told.next()
    probes.follow({"new": upstream("new", port)})

    assert await told.next(2) == [True, False]
    assert len(asked.requests) == 1
