"""Upstreams with `auth`, by the whole program: without a database, too, the clerk fetches what they are asked with."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.e2e.program import Program, free_port, started
from tests.edge.message import Message
from tests.edge.signature_check import signer_of
from tests.waiting import until

Handler = Callable[[web.Request], Awaitable[web.Response]]
SECRET = "hush-hush-hush"


class Provider:
    """Issues tokens by client credentials, each good for `life` seconds; `stalls`: it answers nothing."""

    def __init__(self) -> None:
        self.life = 3600.0
        self.asked: list[dict[str, str]] = []
        self.numbers = itertools.count(1)
        self.is_away = False

    async def token(self, request: web.Request) -> web.Response:
        if self.is_away:
            return web.json_response({"error": "temporarily_unavailable"}, status=503)
        login = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        form = await request.post()
        self.asked.append({"login": login, **{name: str(value) for name, value in form.items()}})
        return web.json_response(
            {"access_token": f"token-{next(self.numbers)}", "token_type": "Bearer", "expires_in": self.life}
        )


class Called:
    """An upstream that remembers with what it was called, and refuses what is in `refused`."""

    def __init__(self) -> None:
        self.authorizations: list[str] = []
        self.requests: list[Message] = []
        self.refused: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        said = request.headers.get("Authorization", "")
        self.authorizations.append(said)
        head = [f"{request.method} {request.raw_path} HTTP/1.1".encode()]
        head += [b"%b: %b" % line for line in request.raw_headers]
        self.requests.append(Message(head=b"\r\n".join([*head, b"", b""]), body=await request.read()))
        return web.Response(status=401 if said in self.refused else 200)


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def banyan(directory: Path, port: int, auth: str, **environment: str) -> AsyncIterator[Program]:
    listen, admin = free_port(), free_port()
    (directory / "routes.yaml").write_text(f"""\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
upstreams:
  legacy: {{ url: "http://127.0.0.1:{port}", health: {{ path: /health, every: 1s }}{auth and ", auth: "}{auth} }}
routes:
  - {{ name: rest, match: /**, stage: legacy }}
""")
    async with started(directory, listen, admin, environment={**environment, "BANYAN_TEST_SECRET": SECRET}) as running:
        yield running


async def ask(running: Program, path: str = "/", body: bytes | None = None) -> int:
    async with aiohttp.ClientSession() as session, session.post(running.url + path, data=body) as answer:
        return answer.status


def client_credentials(port: int) -> str:
    return (
        f'{{ client_credentials: {{ url: "http://127.0.0.1:{port}/token", client_id: banyan, '
        'client_secret: "${BANYAN_TEST_SECRET}", scope: read, audience: legacy } }'
    )


def kept(directory: Path) -> bytes:
    """All that was written there."""
    return b"".join(each.read_bytes() for each in directory.rglob("*") if each.is_file())


async def test_client_credentials(tmp_path: Path) -> None:
    """The token is fetched once, for requests and probes alike; a refused one is asked for anew, once."""
    provider, legacy = Provider(), Called()
    async with listening(provider.token) as issuer, listening(legacy.answer) as port:
        async with banyan(tmp_path, port, client_credentials(issuer)) as running:
            await until(lambda: "Bearer token-1" in legacy.authorizations)  # a probe, or nothing yet
            assert await ask(running) == 200
            assert set(legacy.authorizations) == {"Bearer token-1"}
            asked = {"grant_type": "client_credentials", "scope": "read", "audience": "legacy"}
            assert provider.asked == [{"login": f"banyan:{SECRET}", **asked}]

            legacy.refused = {"Bearer token-1"}
            assert await ask(running) == 401
            await until(lambda: "Bearer token-2" in legacy.authorizations)
            assert await ask(running) == 200
            legacy.refused.add("Bearer token-2")
            assert [await ask(running) for _ in range(3)] == [401] * 3
            assert len(provider.asked) == 2
            await running.until_metric("banyan_upstream_token_refused_total", 4)
            assert await running.metric("banyan_upstream_token_fetches_total") == 2
            assert await running.metric("banyan_upstream_token_age_seconds") > 0
        written = kept(tmp_path) + b"\n".join(running.lines)
        assert [each for each in (SECRET, "token-1", "token-2") if each.encode() in written] == []


async def test_a_token_that_ends_is_not_sent(tmp_path: Path) -> None:
    """While its provider is away it is used to its end, then there is 503; once it is back, all goes on."""
    provider, legacy = Provider(), Called()
    provider.life = 4.0
    async with (
        listening(provider.token) as issuer,
        listening(legacy.answer) as port,
        banyan(tmp_path, port, client_credentials(issuer)) as running,
    ):
        assert await ask(running) == 200
        provider.is_away = True
        await running.until_logged("upstream_token_failed")

        async def refused() -> bool:
            return await ask(running) == 503

        await until(refused)
        await running.until_logged("upstream_token_ended")
        before = len(legacy.authorizations)
        assert await ask(running) == 503
        assert len(legacy.authorizations) == before
        provider.is_away = False

        async def served() -> bool:
            return await ask(running) == 200

        await until(served)


async def test_a_token_in_a_file(tmp_path: Path) -> None:
    """Somebody else writes it anew: it is used within a moment, without a reload; a broken file changes nothing."""
    legacy = Called()
    file = tmp_path / "token"
    file.write_text("first\n")
    async with listening(legacy.answer) as port, banyan(tmp_path, port, "{ bearer: { file: token } }") as running:
        assert await ask(running) == 200
        assert legacy.authorizations[-1] == "Bearer first"
        file.write_text("second")
        await until(lambda: "Bearer second" in legacy.authorizations)
        file.write_text("no token at all\n")
        await running.until_logged("upstream_token_failed")
        assert await ask(running) == 200
        assert legacy.authorizations[-1] == "Bearer second"


async def test_signatures(tmp_path: Path) -> None:
    """Requests and probes are signed with what is in the environment, as botocore finds."""
    legacy = Called()
    auth = "{ sigv4: { region: eu-west-1, service: execute-api, credentials: environment, max_body: 1MiB } }"
    keys = {"AWS_ACCESS_KEY_ID": "AKBANYAN", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": "session"}
    async with listening(legacy.answer) as port, banyan(tmp_path, port, auth, **keys) as running:
        assert await ask(running, "/a%20b?x=1&x=0", b"body") == 200
        await until(lambda: any(each.start.startswith(b"GET /health") for each in legacy.requests))
    assert len(legacy.requests) > 1
    for each in legacy.requests:
        assert signer_of(each, {"AKBANYAN": SECRET}) == "AKBANYAN", each


class Metadata:
    """The metadata server of a machine of Google's; tokens live for `life` seconds. While it is away it says 503."""

    def __init__(self, life: float) -> None:
        self.life = life
        self.is_away = False
        self.issued: dict[str, float] = {}

    async def answer(self, request: web.Request) -> web.Response:
        if self.is_away:
            return web.Response(status=503)
        assert request.headers["Metadata-Flavor"] == "Google"
        if not request.path.endswith("/identity"):
            return web.json_response({"email": "banyan@test", "scopes": []}, headers={"Metadata-Flavor": "Google"})
        ends = time.time() + self.life
        claims = json.dumps({"aud": request.query["audience"], "exp": ends, "iat": time.time()}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.{len(self.issued):04}"
        self.issued[f"Bearer {token}"] = ends
        return web.Response(text=token, headers={"Metadata-Flavor": "Google"})


async def test_google_identity(tmp_path: Path) -> None:
    """Tokens for the audience, from the metadata server; while that is away none that has ended is ever sent."""
    server, legacy = Metadata(life=6.0), Called()
    late: list[str] = []

    async def called(request: web.Request) -> web.Response:
        said = request.headers.get("Authorization", "")
        if time.time() >= server.issued.get(said, 0.0):
            late.append(said)
        return await legacy.answer(request)

    auth = "{ google_identity: { audience: legacy } }"
    async with listening(server.answer) as metadata, listening(called) as port:
        environment = {"GCE_METADATA_HOST": f"127.0.0.1:{metadata}"}
        async with banyan(tmp_path, port, auth, **environment) as running:

            async def answers(status: int) -> bool:
                return await ask(running) == status

            for _ in range(2):
                await until(lambda: answers(200))
                server.is_away = True
                await until(lambda: answers(503))
                server.is_away = False
            await until(lambda: answers(200))
    assert late == []
    assert len(set(legacy.authorizations)) > 2


async def test_the_first_auth_of_a_reload_needs_a_restart(tmp_path: Path) -> None:
    """There is no clerk before: that is said, and requests to that upstream are 503."""
    legacy = Called()
    async with listening(legacy.answer) as port:
        (tmp_path / "token").write_text("first")
        async with banyan(tmp_path, port, "") as running:
            text = running.file.read_text()
            running.file.write_text(text.replace("every: 1s }", "every: 1s }, auth: { bearer: { file: token } }"))
            await running.until_logged("config_needs_restart")
            assert running.events("config_needs_restart")[0]["keys"] == ["upstreams.auth"]
