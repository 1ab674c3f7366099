"""Opaque tokens of a real OpenID provider, before the whole program without any database."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.e2e.callers.id_provider import OPAQUE, IdProvider, signing_key
from tests.e2e.program import Program, program, system
from tests.waiting import until


def routes(provider: IdProvider) -> str:
    return f"""\
  - {{ name: rest, match: /**, stage: legacy, auth: partners }}
auth:
  partners:
    introspection: {{ url: "{provider.url}/token/introspection", client: banyan, secret: file:secret, keep: 1s }}
    audience: {OPAQUE}
    subject: client_id
    scopes: orders
"""


async def status_of(banyan: Program, session: aiohttp.ClientSession, token: str) -> int:
    async with session.get(banyan.url, headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status


async def test_opaque_tokens_are_asked_for(provider: IdProvider, tmp_path: Path) -> None:
    """Good ones pass, bad ones are 401; revoked ones end within `keep`; with the provider away it is 503, until it is
    back.
    """
    provider.start(signing_key("one"))
    (tmp_path / "secret").write_text("banyan-secret\n")
    async with (
        system("legacy") as port,
        program(tmp_path, routes(provider), legacy=port, new=port, workers=2) as banyan,
        aiohttp.ClientSession() as session,
    ):
        good, other = await provider.token(session, OPAQUE), await provider.token(session, OPAQUE)
        assert "." not in good
        assert await status_of(banyan, session, good) == 200
        assert await status_of(banyan, session, "bad") == 401

        await provider.revoke(session, good)

        async def is_refused() -> bool:
            return await status_of(banyan, session, good) == 401

        await until(is_refused)
        provider.stop()
        assert await status_of(banyan, session, other) == 503
        provider.start()
        assert await status_of(banyan, session, other) == 200
        await banyan.until_metric("banyan_introspections_total", 4)
        assert await banyan.metric("banyan_clerk_up") == 1
    assert not any(good.encode() in line or b"banyan-secret" in line for line in banyan.lines)
