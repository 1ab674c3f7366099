"""Banyans with two workers each before a real provider, on one real PostgreSQL, and clients of the token endpoint."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from proxy.store.embedded.embedded_postgres import Embedded
from tests.clerk.grants.desks import LEGACY, POLICY
from tests.clerk.grants.provider import SECRET, Provider, basic
from tests.e2e.program import Program, free_port, started, text_of
from tests.e2e.replicas import postgres

ROUTES = """\
  - { name: token, match: POST /token, grants: aggregator }
  - { name: revoke, match: POST /token/revocation, grants: { of: aggregator, as: revocation } }
  - { name: rest, match: /**, stage: legacy }
trusted_proxies: [127.0.0.1]
grants:
  aggregator:
    upstream: new
    systems:
      legacy: { from: [10.1.0.0/16], adopt: true }
      new: { from: [10.2.0.0/16] }
    keys: { hash: "${GRANTS_HASH_KEY}", data: [file:data.key] }
"""
ENVIRONMENT = {"GRANTS_HASH_KEY": POLICY.hash_key.text.reveal()}
DATA_KEY = "22" * 32


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got."""

    status: int
    body: dict[str, Any]
    fields: Mapping[str, str]


@dataclass(slots=True)
class Aggregator:
    """The whole: replicas, provider, database."""

    provider: Provider
    server: Embedded
    place: Path
    banyans: list[Program] = field(default_factory=list)

    async def command(self, at: int, *arguments: str, given: bytes = b"") -> tuple[int, str]:
        """`banyan grants` at one replica: exit code and what it printed."""
        directory = self.banyans[at].file.parent
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proxy", "grants", *arguments, "--config", str(directory / "routes.yaml")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT},
        )
        said, _ = await process.communicate(given)
        return await process.wait(), said.decode()

    async def refresh(
        self, token: str, address: str = LEGACY, *, at: int = 0, secret: str = SECRET, **more: str
    ) -> Reply:
        form = {"grant_type": "refresh_token", "refresh_token": token, **more}
        return await self.post("/token", form, address, at=at, secret=secret)

    async def post(
        self, path: str, form: Mapping[str, str], address: str = LEGACY, *, at: int = 0, secret: str = SECRET
    ) -> Reply:
        headers = {"Authorization": basic(secret=secret), "X-Forwarded-For": address}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.banyans[at].url + path, data=form, headers=headers) as answer,
        ):
            return Reply(answer.status, await answer.json(content_type=None), dict(answer.headers))


@asynccontextmanager
async def aggregator(place: Path, count: int = 2, routes: str = ROUTES) -> AsyncIterator[Aggregator]:
    """So many replicas, each with its own state directory and spool."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(postgres(durable=True))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-")))
        provider = Provider(folder).start()
        stack.callback(provider.stop)
        found = Aggregator(provider, server, place)
        for number in range(count):
            found.banyans.append(await stack.enter_async_context(replica(found, number, routes)))
        yield found


@asynccontextmanager
async def replica(whole: Aggregator, number: int, routes: str = ROUTES) -> AsyncIterator[Program]:
    directory = whole.place / f"replica{number}"
    directory.mkdir(exist_ok=True)
    (directory / "data.key").write_text(DATA_KEY)
    listen, admin = free_port(), free_port()
    text = text_of(routes, listen=listen, admin=admin, legacy=9, new=whole.provider.port, workers=2)
    (directory / "routes.yaml").write_text(f'{text}state: "{whole.server.address}"\n')
    async with started(directory, listen, admin, environment=ENVIRONMENT) as banyan:
        yield banyan
