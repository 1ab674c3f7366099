"""After all that can happen to a token, none stands anywhere where Banyan writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from tests.clerk.grants.desks import LEGACY, NEW, STRANGER
from tests.clerk.grants.provider import SECRET, basic
from tests.e2e.grants.aggregator import ENVIRONMENT, Aggregator, aggregator

PAGES = ("/api/routes", "/api/recent", "/api/grants", "/api/history", "/api/upstreams", "/metrics", "/api/routes/token")


async def test_no_token_stands_in_the_clear(tmp_path: Path) -> None:
    """Not in the database, its write-ahead log, the log, the last good file, spools, samples or the API."""
    async with aggregator(tmp_path, 1) as whole:
        tokens = await used(whole)
        pages = [(page, json.dumps(await read(whole, page)).encode()) for page in PAGES]
        log = b"".join(whole.banyans[0].lines)
        written = [*files(tmp_path), *files(whole.server.server.data), *pages, ("log", log)]
        hidden = {*tokens, SECRET, basic().removeprefix("Basic "), ENVIRONMENT["GRANTS_HASH_KEY"]}

        assert len(hidden) > 12
        assert sum(b"grant_family" in data for _, data in written) > 0
        found = [(name, secret[:4]) for name, data in written for secret in hidden if secret.encode() in data]
        assert found == []
        assert "/token" not in dict(pages)["/api/recent"].decode()


async def used(whole: Aggregator) -> set[str]:
    """Every token and code that went through."""
    [first, dead, other] = whole.provider.mint("clear", "dead", "other")
    [code] = whole.provider.mint("clear", kind="code")
    tokens = {first, dead, other, code}
    replies = [
        await whole.refresh(first, LEGACY),
        await whole.refresh(first, NEW),
        await whole.refresh(first, NEW, scope="accounts"),
        await whole.refresh(first, STRANGER),
        await whole.refresh(first, NEW, secret="wrong-secret-of-somebody"),
        await whole.refresh(other, NEW),
        await whole.post(
            "/token", {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
        ),
        await whole.post(
            "/token", {"grant_type": "refresh_token", "refresh_token": other, "scope": "a", "resource": ""}
        ),
        await whole.refresh(dead, LEGACY),
        await whole.post("/token/revocation", {"token": dead}),
        await whole.refresh(dead, NEW),
    ]
    assert {reply.status for reply in replies} >= {200, 401, 403, 503}
    for reply in replies:
        tokens |= {str(value) for name, value in (reply.body or {}).items() if name.endswith("_token")}
    return tokens | {base64.b64encode(token.encode()).decode() for token in tokens}


async def read(whole: Aggregator, page: str) -> object:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(whole.banyans[0].admin_url + page) as answer:
        return await answer.text()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
