"""A token of an OAuth provider for Banyan itself (RFC 6749 section 4.4).

Rule 1: the client says who it is by HTTP Basic, its parts encoded as forms are (section 2.3.1). No redirect is
        followed.
Rule 2: of what went wrong the provider's `error` is told, and nothing else of its answer.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import quote_plus

import aiohttp
import msgspec

from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import Secret
from proxy.core.upstream_auth.bearer import end_in, is_bearer
from proxy.core.upstream_auth.token_source import ClientCredentials, IssuedToken
from proxy.names.connecting import Looking
from proxy.names.resolver import Resolver

MAX_ANSWER = 256 * 1024
TIMEOUT = 10.0
_ERROR = re.compile(r"[a-z_]{1,64}")


class _TokenAnswer(msgspec.Struct):
    """RFC 6749 section 5.1."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 -- a kind of token
    expires_in: float | None = None


class _TokenProblem(msgspec.Struct):
    """RFC 6749 section 5.2."""

    error: str = ""


async def fetch_client_credentials(source: ClientCredentials, resolver: Resolver, now: float) -> IssuedToken:
    """SourceError when there is none; what else goes wrong on the way is aiohttp's."""
    form = {"grant_type": "client_credentials", "scope": source.scope, "audience": source.audience}
    secret = await asyncio.to_thread(_secret_of, source)
    login = aiohttp.encode_basic_auth(quote_plus(source.client_id), quote_plus(secret.reveal()))
    connector = aiohttp.TCPConnector(resolver=Looking(resolver), use_dns_cache=False, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=TIMEOUT)
        ) as session,
        session.post(
            source.url,
            data={name: value for name, value in form.items() if value},
            headers={"Accept": "application/json", "Authorization": login},
            allow_redirects=False,
        ) as answer,
    ):
        body = await _read(answer)
        if answer.status != 200:
            raise SourceError(f"the provider answered {answer.status}{_error_in(body)}")
        return _issued(body, now)


def _secret_of(source: ClientCredentials) -> Secret[str]:
    """Read anew for each question, where it is in a file: it is changed there without a reload."""
    if not source.secret_file:
        return source.client_secret
    try:
        found = Path(source.secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise SourceError(f"the file of client_secret cannot be read: {why}") from None
    if not found:
        raise SourceError("the file of client_secret is empty")
    return Secret(found)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) <= MAX_ANSWER and (more := await answer.content.read(MAX_ANSWER)):
        body += more
    if len(body) > MAX_ANSWER:
        raise SourceError("the provider's answer is too long")
    return body


def _issued(body: bytes, now: float) -> IssuedToken:
    try:
        found = msgspec.json.decode(body, type=_TokenAnswer, strict=False)
    except msgspec.DecodeError:
        raise SourceError("the provider's answer holds no access_token") from None
    if found.token_type.lower() != "bearer" or not is_bearer(found.access_token):
        raise SourceError("the provider's token is no bearer token")
    ends = end_in(found.access_token) if found.expires_in is None else now + found.expires_in
    if not ends > now:
        raise SourceError("the provider's token has ended already")
    return IssuedToken(token=Secret(found.access_token), issued=now, ends=ends)


def _error_in(body: bytes) -> str:
    """Rule 2."""
    try:
        error = msgspec.json.decode(body, type=_TokenProblem).error
    except msgspec.DecodeError:
        return ""
    return f": {error}" if _ERROR.fullmatch(error) else ""
