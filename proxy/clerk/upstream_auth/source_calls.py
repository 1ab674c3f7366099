"""Asking a source for a token: one call, and what went wrong as one sentence without secrets."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import assert_never

import aiohttp

from proxy.clerk.upstream_auth.aws_credentials import fetch_by_chain, fetch_from_environment, fetch_from_file
from proxy.clerk.upstream_auth.client_credentials import fetch_client_credentials
from proxy.clerk.upstream_auth.google_identity import fetch_google_identity
from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.core.secret import Secret
from proxy.core.upstream_auth.bearer import end_in, is_bearer
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    IssuedToken,
    TokenSource,
)
from proxy.names.resolver import Resolver

MAX_FILE = 64 * 1024


async def fetch_token(source: TokenSource, resolver: Resolver) -> IssuedToken:
    """A token that was issued when the call began; SourceError when there is none."""
    now = time.time()
    try:
        return await _fetch(source, resolver, now)
    except aiohttp.ClientConnectorError as error:
        raise SourceError(f"cannot connect: {error.os_error.strerror or type(error).__name__}") from None
    except TimeoutError:
        raise SourceError("no answer in time") from None
    except OSError as error:
        raise SourceError(error.strerror or type(error).__name__) from None
    except aiohttp.ClientError as error:
        raise SourceError(type(error).__name__) from None


async def _fetch(source: TokenSource, resolver: Resolver, now: float) -> IssuedToken:
    match source:
        case BearerFile():
            return await asyncio.to_thread(_from_file, source, now)
        case ClientCredentials():
            return await fetch_client_credentials(source, resolver, now)
        case GoogleIdentity():
            return await asyncio.to_thread(fetch_google_identity, source, now)
        case AwsEnvironment():
            return fetch_from_environment(now)
        case AwsFile():
            return await asyncio.to_thread(fetch_from_file, source, now)
        case AwsChain():
            return await asyncio.to_thread(fetch_by_chain, now)
        case _:
            assert_never(source)


def _from_file(source: BearerFile, now: float) -> IssuedToken:
    """One token, perhaps with a line's end; that of a JWT ends with it."""
    with Path(source.path).open("rb") as file:
        text = file.read(MAX_FILE).decode("latin-1").strip()
    if not is_bearer(text):
        raise SourceError("the file holds no bearer token")
    ends = end_in(text)
    if not ends > now:
        raise SourceError("the file's token has ended already")
    return IssuedToken(token=Secret(text), issued=now, ends=ends)
