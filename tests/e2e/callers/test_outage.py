"""A real OpenID provider that is away for half a day, by a clock that the test moves, before a worker's data plane."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.control.key_sets.sources import Watched
from tests.e2e.callers.id_provider import AUDIENCE, IdProvider, signing_key
from tests.edge.auth.guarded import ORDERS
from tests.edge.auth.issuer import bearer
from tests.edge.conftest import Play, Serve, play, serve
from tests.edge.raw_client import get
from tests.edge.scripted import echo

__all__ = ("play", "serve")
MINUTE = 60.0


async def test_known_keys_work_through_twelve_hours_without_the_provider(
    play: Play, serve: Serve, provider: IdProvider, tmp_path: Path
) -> None:
    """And not a minute beyond `keep`: a day after the provider's last word there is no key set, which is 503."""
    provider.start(signing_key("one"))
    source = f"{provider.url}/jwks"
    says = {"issuer": provider.url, "audience": AUDIENCE, "algorithms": ["RS256"], "subject": "client_id"}
    auth = {"partners": {**says, "keys": {"url": source}}}
    proxy = await serve(await play(echo), routes=[{**ORDERS, "auth": "partners"}], auth=auth)
    watched = Watched(tmp_path)
    watched.follow(source)
    async with aiohttp.ClientSession() as session:
        token = (await provider.token(session)).encode()

    async def status() -> int:
        proxy.listener.callers.hear_keys(watched.told[-1])
        return (await proxy.ask(get(b"/orders/7", bearer(token)))).status

    assert await status() == 503
    await watched.look(source)
    assert await status() == 200
    provider.stop()
    for _ in range(12 * 60):
        await watched.look(source, later=MINUTE)
    assert watched.watch.states[source].failures == 12 * 60 - 3  # it was good for three minutes and three quarters
    assert await status() == 200

    await watched.look(source, later=12 * 60 * MINUTE - 1)
    assert await status() == 200
    await watched.look(source, later=1)
    assert await status() == 503
    await watched.close()
