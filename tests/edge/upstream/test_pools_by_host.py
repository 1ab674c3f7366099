"""Pools by the name that TLS asks for; how they serve requests stands in test_upstream_tls.py."""

from __future__ import annotations

import pytest

from proxy.core.tls import Sni, UpstreamTls
from proxy.edge.upstream.pool import Pool
from proxy.edge.upstream.pools_by_host import PoolByHost, pool_of, tls_name
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.edge.authority import Authority
from tests.edge.conftest import Play, Serve
from tests.edge.pairs import Pairs
from tests.edge.proxy import REST, Block, snapshot_of, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized
from tests.edge.upstream.test_pool import Asking
from tests.edge.upstream.test_upstream_tls import Behind, authority, behind, https

__all__ = ["authority", "behind"]


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("shop.test", "shop.test"),
        ("web1", "web1"),
        ("a_b.test", "a_b.test"),
        ("10.0.0.7", ""),
        ("[::1]", ""),
        ("1.2.3", ""),
        ("a..b", ""),
        ("-a.test", ""),
        ("a!b", ""),
        ("", ""),
        ("a" * 64 + ".test", ""),
        (".".join(["a" * 60] * 5), ""),
    ],
)
def test_a_name_for_tls_is_no_address(host: str, name: str) -> None:
    """What no certificate can hold, or TLS cannot carry, stands for nothing."""
    assert tls_name(host) == name


async def test_only_an_upstream_that_follows_host_has_pools_by_name() -> None:
    """Everybody else pays nothing for it."""
    tasks = Tasks()
    plain: Block = {"url": "https://localhost:1", "tls": {"verify": False, "sni": "upstream"}}
    follows: Block = {"url": "https://localhost:1", "tls": {"verify": False, "sni": "host"}}
    for block, kind in ((plain, Pool), (follows, PoolByHost)):
        found = snapshot_of({"legacy": block}, [REST], {}).upstreams["legacy"]

        assert type(pool_of(found, tasks, Resolver(tasks))) is kind
    assert UpstreamTls().sni is Sni.UPSTREAM


async def test_a_pool_that_was_replaced_keeps_no_connection(behind: Behind, serve: Serve, authority: Authority) -> None:
    """A reload closes the idle ones of every name, and what a request of before still opens is closed after it."""
    there = await behind(authority.serving(authority.sign("shop.test", "crm.test")))
    proxy = await serve(upstreams=https(there, ca=str(authority.file), sni="host"))
    assert (await proxy.ask(get().replace(b"Host: a", b"Host: shop.test"))).status == 200
    pool = proxy.pool()
    pool.retire()
    await proxy.until(there.peers[0].reader.at_eof)
    late = Asking()
    late.host = "crm.test"
    pool.acquire(late)
    await proxy.until(lambda: late.lent)
    late.lent[0].address.release(late.lent[0])

    assert late.lent[0].transport.is_closing()


async def test_a_shadow_is_asked_for_by_its_host_too(
    behind: Behind, serve: Serve, play: Play, authority: Authority
) -> None:
    """Its copy of the request goes over a connection of that name."""
    asked: list[str | None] = []
    context = authority.serving(authority.sign("shop.test", "localhost"))
    context.sni_callback = lambda _connection, name, _context: asked.append(name)
    new = await behind(context)
    legacy = await play(always(sized(b"old")))
    follows = {"url": f"https://localhost:{new.port}", "tls": {"ca": str(authority.file), "sni": "host"}}
    route = {"name": "rest", "match": "/**", "stage": "shadow", "shadow": {"second": "0%"}}
    proxy = await serve(upstreams={"legacy": upstream(legacy), "new": follows}, routes=[route])
    proxy.listener.shadows.recorder = pairs = Pairs()
    assert (await proxy.ask(get().replace(b"Host: a", b"Host: shop.test"))).body == b"old"

    assert (await pairs.next()).new.body == b"ok"
    assert asked == ["shop.test"]
