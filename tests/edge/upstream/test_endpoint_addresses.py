"""When the name of an endpoint is looked up, as a real name server tells its TTL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from proxy.core.routing.route import Endpoint, Resolve
from proxy.edge.upstream.endpoint_addresses import Names
from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.names.server import Mute, NameServer, Told
from tests.waiting import until

NAME = "legacy.test"


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Its book is empty."""
    made = await NameServer().start()
    yield made
    await made.stop()


@pytest.fixture
async def resolver(server: NameServer, tmp_path: Path) -> AsyncIterator[Resolver]:
    """It asks that server, and knows no hosts."""
    tasks = Tasks()
    made = Resolver(tasks, Files(server.resolv_conf(tmp_path / "resolv.conf"), tmp_path / "hosts"))
    yield made
    await tasks.end()
    await made.close()


@pytest.mark.timing
async def test_a_name_is_due_when_its_ttl_is_over(server: NameServer, resolver: Resolver) -> None:
    """R28: after its TTL, never before `least` and never after `most`; numbers never are."""
    for ttl, due in ((0, 2.0), (5, 5.0), (600, 30.0)):
        name = f"ttl{ttl}.test"
        server.book[name] = Told(ttl, ("127.0.0.1",))
        names = Names((Endpoint(name, 80),), Resolve(least=2.0), resolver)

        assert not names.is_due(float(10**9))

        began = monotonic()
        await names.look_up()
        ended = monotonic()

        assert names.is_due(ended + due)
        assert not names.is_due(began + due * 0.9 - 0.01)

    fixed = Names((Endpoint("127.0.0.1", 80), Endpoint("::1", 80), Endpoint("/run/a.sock", 0)), Resolve(), resolver)

    assert [endpoint.host for endpoint in fixed.found] == ["127.0.0.1", "::1", "/run/a.sock"]
    assert not fixed.is_due(float(10**9))


@pytest.mark.timing
async def test_a_connect_that_fails_during_a_look_up_makes_its_name_due_again(
    server: NameServer, resolver: Resolver
) -> None:
    """What that look-up brings may be older than the failure: another one is due after `least`, not after the TTL."""
    endpoint = Endpoint(NAME, 80)
    server.book[NAME] = Told(600, ("127.0.0.1",), mute=Mute.SILENT_ABOUT_SIX)
    names = Names((endpoint,), Resolve(least=1.0, most=600.0), resolver)
    looking = asyncio.ensure_future(names.look_up())
    await until(lambda: server.asked)
    failed = monotonic()
    names.connect_failed(endpoint, failed)
    await looking

    assert not names.was_asked(endpoint, failed)
    assert names.is_due(monotonic() + 1.0)
