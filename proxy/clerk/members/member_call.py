"""One question to the system that knows a caller's number.

Rule 1: no redirect is followed: the caller would be named to somebody else.
"""

from __future__ import annotations

import asyncio

import aiohttp
from yarl import URL

from proxy.core.auth.member_lookup import LARGEST

TIMEOUT = 1.8
"""Seconds: less than the two that a request waits."""
_AT_ONCE = 64


class MemberCalls:
    """All calls of one clerk."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        """To be made inside the running loop; `timeout` in seconds, of a whole call."""
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, url: str) -> tuple[int, bytes] | str:
        """Status and body, of which some bytes too many are read; or why there is no answer, in a clause."""
        session = self._session = self._session or _session()
        try:
            async with (
                asyncio.timeout(self._timeout),
                session.get(URL(url, encoded=True), allow_redirects=False) as answer,
            ):
                body = bytearray()
                async for part in answer.content.iter_chunked(LARGEST):
                    body += part
                    if len(body) > LARGEST:
                        break
                return answer.status, bytes(body)
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return type(error).__name__  # its text may name the caller

    async def close(self) -> None:
        """End its connections."""
        if self._session is not None:
            await self._session.close()


def _session() -> aiohttp.ClientSession:
    """Names by the loop's own look-up, which knows all that the system knows, whatever else is installed."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver(), limit=_AT_ONCE, keepalive_timeout=5.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": "banyan-members"},
    )
