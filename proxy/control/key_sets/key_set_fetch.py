"""One look at the source of a key set: a GET.

Rule 1: no redirect is followed, no cookie kept, no proxy of the environment asked; time and bytes are bounded.
Rule 2: what is not an answer in full is a failure, in a clause that holds nothing of the answer's body, nor of what is
        secret in the source.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import aiohttp

from proxy.core.auth.key_set_state import FetchedKeys, KeySetSource, max_age
from proxy.core.auth.public_keys import MOST_BYTES, read_public_keys

TIMEOUT = 5.0
"""Seconds for all of it."""
_MOST_ETAG = 1024


class Fetch(Protocol):
    """Looks at a source; `etag` is that of the set that is known, empty: none is."""

    async def __call__(self, source: KeySetSource, etag: str) -> FetchedKeys | str:
        """What it says, or why it says nothing, in a clause."""


class KeySetFetch:
    """A `Fetch` over HTTP."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        """To be made inside the running loop; `timeout` in seconds, of one look."""
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, source: KeySetSource, etag: str) -> FetchedKeys | str:
        """As `Fetch` says."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._get(source.source, etag)
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return (str(error).replace(source.source, source.shown) or type(error).__name__)[:200]

    async def close(self) -> None:
        """End its connections."""
        if self._session is not None:
            await self._session.close()

    async def _get(self, url: str, etag: str) -> FetchedKeys | str:
        session = self._session = self._session or _session()
        headers = {"If-None-Match": etag} if etag else {}
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            age = max_age(answer.headers.get("Cache-Control", ""), answer.headers.get("Age", ""))
            shown = answer.headers.get("ETag", "")[:_MOST_ETAG]
            if answer.status == 304 and etag:
                return FetchedKeys(None, shown, age)
            if answer.status != 200:
                return f"it answered {answer.status}"
            body = await _bounded(answer.content)
        read = read_public_keys(body)
        return read if isinstance(read, str) else FetchedKeys(read, shown, age)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    """The body, and a byte too many of one that is too long."""
    body = bytearray()
    async for part in content.iter_chunked(64 * 1024):
        body += part
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


def _session() -> aiohttp.ClientSession:
    """Names by the loop's own look-up, which knows all that the system knows, whatever else is installed."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver(), limit=32, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": "banyan-keys", "Accept": "application/jwk-set+json, application/json"},
    )
