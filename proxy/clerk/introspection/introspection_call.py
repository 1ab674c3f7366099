"""One question to an introspection endpoint (RFC 7662 section 2.1), as the client that a policy names.

Rule 1: no redirect is followed: the token would go elsewhere. Neither it nor the secret is ever logged.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote_plus

import aiohttp

from proxy.core.auth.introspected import MOST_BYTES
from proxy.core.auth.opaque_policy import Introspection, SecretPlace
from proxy.core.secret import Secret

TIMEOUT = 1.8
"""Seconds: less than the two that a request waits."""
_LARGEST_SECRET = 4096


class IntrospectionCalls:
    """All calls of one clerk."""

    def __init__(self, timeout: float = TIMEOUT) -> None:
        """To be made inside the running loop; `timeout` in seconds, of a whole call."""
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, asked: Introspection, token: bytes) -> tuple[int, bytes] | str:
        """Status and body, of which one byte too many is read; or why there is no answer, in a clause."""
        try:
            async with asyncio.timeout(self._timeout):
                secret = await asyncio.to_thread(read_secret, asked.secret)
                return await self._post(asked, token, secret)
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return str(error)[:200] or type(error).__name__

    async def _post(self, asked: Introspection, token: bytes, secret: Secret[str]) -> tuple[int, bytes]:
        session = self._session = self._session or _session()
        form = b"token=%b&token_type_hint=access_token" % quote_plus(token).encode()
        headers = {"Authorization": basic(asked.client, secret), "Content-Type": "application/x-www-form-urlencoded"}
        async with session.post(asked.url, data=form, headers=headers, allow_redirects=False) as answer:
            body = bytearray()
            async for part in answer.content.iter_chunked(16 * 1024):
                body += part
                if len(body) > MOST_BYTES:
                    break
            return answer.status, bytes(body)

    async def close(self) -> None:
        """End its connections."""
        if self._session is not None:
            await self._session.close()


def read_secret(place: SecretPlace) -> Secret[str]:
    """The secret as it is now: a file may have been replaced; OSError, ValueError."""
    if not place.file:
        return place.text
    with Path(place.file).open("rb") as file:
        text = file.read(_LARGEST_SECRET).decode().strip()
    if not text:
        raise ValueError(f"the file {place.file} holds no secret")
    return Secret(text)


def basic(client: str, secret: Secret[str]) -> str:
    """RFC 6749 section 2.3.1: each of both encoded as in a form."""
    pair = f"{quote_plus(client)}:{quote_plus(secret.reveal())}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _session() -> aiohttp.ClientSession:
    """Names by the loop's own look-up, which knows all that the system knows, whatever else is installed."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver(), limit=64, keepalive_timeout=5.0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"User-Agent": "banyan-introspection", "Accept": "application/json"},
    )
