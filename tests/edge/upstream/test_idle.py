from __future__ import annotations

from time import monotonic

import pytest

from proxy.edge.upstream.address import UpstreamAddress
from proxy.edge.upstream.connection import Mode, UpstreamConnection
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import Proxy
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized
from tests.edge.upstream.test_pool import Asking

pytestmark = BOTH
HINT = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=60\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(("answer", "since"), [(HINT, 59.5), (sized(b"hi"), 60.5)])
async def test_a_worker_that_was_held_up_lends_nothing_whose_time_is_over(
    play: Play, serve: Serve, answer: bytes, since: float
) -> None:
    """A request that comes before the late sweep does gets a new connection; the other is ended."""
    proxy = await serve(await play(always(answer)))
    await proxy.ask(get())
    pool = proxy.pool()
    (idle,) = pool.addresses[0].idle
    idle.idle_since = monotonic() - since
    asking = Asking()
    pool.acquire(asking)

    assert asking.lent == []
    assert idle.mode is Mode.CLOSED
    await proxy.until(lambda: asking.lent)
    assert not asking.lent[0].reused


@pytest.mark.parametrize(("since", "is_lent"), [(59.5, False), (58.5, True)])
async def test_a_connection_that_no_sweep_has_seen_is_as_old_as_the_last_sweep(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch, since: float, *, is_lent: bool
) -> None:
    """What came back after the last sweep is held to its upstream's word from that sweep on."""
    proxy = await serve(await play(always(HINT)))
    await proxy.ask(get())
    pool = proxy.pool()
    (idle,) = pool.addresses[0].idle
    swept = monotonic()
    pool.sweep(swept)
    idle.idle_since = 0.0
    monkeypatch.setattr("proxy.edge.upstream.address.monotonic", lambda: swept + since)
    asking = Asking()
    pool.acquire(asking)

    assert asking.lent == ([idle] if is_lent else [])


async def idle_one(proxy: Proxy) -> tuple[UpstreamAddress, UpstreamConnection]:
    """A connection that waits for its next request, and its address."""
    await proxy.ask(get())
    (address,) = proxy.pool().addresses
    (idle,) = address.idle
    return address, idle


def is_kept(address: UpstreamAddress, connection: UpstreamConnection, seconds: float) -> bool:
    """Whether a sweep leaves it alone after it has been idle for so long, with a `keep_alive` of a minute."""
    now = monotonic()
    connection.idle_since = now - seconds
    address.expire_idle(now, 60.0)
    return connection in address.idle


@pytest.mark.parametrize(("ended", "kept"), [(1.0, 0.49), (30.0, 28.9), (0.2, 59.0)])
async def test_an_end_that_was_seen_is_not_met_again(
    play: Play, serve: Serve, monkeypatch: pytest.MonkeyPatch, ended: float, kept: float
) -> None:
    """After an upstream has ended an idle connection the next one is let go before that; an end at once is no rule."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    address, first = await idle_one(proxy)
    now = monotonic()
    monkeypatch.setattr("proxy.edge.upstream.address.monotonic", lambda: now)
    first.idle_since = now - ended
    legacy.peers[0].reset()
    await proxy.until(lambda: not address.connections)
    _, second = await idle_one(proxy)

    assert is_kept(address, second, kept)
    assert not is_kept(address, second, kept + 1.2)


async def test_an_end_that_was_seen_is_forgotten(play: Play, serve: Serve) -> None:
    """After a while it counts no more: it may have been a restart."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    address, first = await idle_one(proxy)
    first.idle_since = monotonic() - 1.0
    legacy.peers[0].reset()
    await proxy.until(lambda: not address.connections)
    address.expire_idle(monotonic() + 301.0, 60.0)
    _, second = await idle_one(proxy)

    assert is_kept(address, second, 59.0)


async def test_what_the_proxy_ends_teaches_it_nothing(play: Play, serve: Serve) -> None:
    """A connection that was let go after `keep_alive` is no end of the upstream's."""
    proxy = await serve(await play(always(sized(b"hi"))))
    address, first = await idle_one(proxy)

    assert not is_kept(address, first, 61.0)
    await proxy.until(lambda: not address.connections)
    _, second = await idle_one(proxy)
    assert is_kept(address, second, 59.0)
