"""What this host can find out of Google's side: the account that Banyan calls as, its project, and the callee's.

Rule 1: it is looked for where google-auth looks: a key file that the environment names, else the metadata server.
        What is not found in time stays unknown; nothing is told of a key.
Rule 2: a token's own payload says whose it is: of our own token that is believed without its signature.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from proxy.clerk.upstream_auth.google_identity import KEY_FILE
from proxy.core.reachability.google_parties import GoogleParties, callee_of, project_of

WITHIN = 1.0
"""Seconds that the metadata server has."""
_METADATA = "metadata.google.internal"
_ROOT = "/computeMetadata/v1/"
_ACCOUNT = "instance/service-accounts/default/email"
_PROJECT = ("project/project-id", "project/numeric-project-id")
_MOST = 4096
_MOST_KEY = 64 * 1024


async def google_parties(host: str, token: str = "") -> GoogleParties:
    """`host` is whom the callee is known by, `token` what was issued, empty: none was."""
    project, service = callee_of(host)
    key_file = os.environ.get(KEY_FILE)
    found = await asyncio.to_thread(_of_key_file, key_file) if key_file else await _of_metadata()
    account = _account_in(token) or found.account
    more = frozenset(filter(None, [project_of(account)]))
    return replace(found, account=account, caller=found.caller | more, callee=project, service=service)


def _of_key_file(name: str) -> GoogleParties:
    """Of a service account's key, or of one that is borrowed."""
    try:
        with Path(name).open("rb") as file:
            read = json.loads(file.read(_MOST_KEY))
    except (OSError, ValueError, RecursionError):
        return GoogleParties()
    if not isinstance(read, dict):
        return GoogleParties()
    borrowed = str(read.get("service_account_impersonation_url", "")).rpartition("/")[2].partition(":")[0]
    source = read.get("source_credentials")
    own = str(read.get("client_email", ""))
    lender = str(source.get("client_email", "")) if isinstance(source, dict) else ""
    account = borrowed or own
    projects = [project_of(account), "" if borrowed else str(read.get("project_id", ""))]
    by = f"serviceAccount:{lender}" if lender else f"the user of {name}" if borrowed else ""
    return GoogleParties(account=account, by=by, caller=frozenset(filter(None, projects)))


async def _of_metadata() -> GoogleParties:
    try:
        async with (
            asyncio.timeout(WITHIN),
            aiohttp.ClientSession(
                headers={"Metadata-Flavor": "Google"}, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
        ):
            account, *projects = await asyncio.gather(*(_said(session, path) for path in (_ACCOUNT, *_PROJECT)))
    except (TimeoutError, aiohttp.ClientError, OSError):
        return GoogleParties()
    return GoogleParties(account=account, caller=frozenset(filter(None, projects)))


async def _said(session: aiohttp.ClientSession, path: str) -> str:
    """One word of the metadata server's; empty: it has none."""
    url = f"http://{os.environ.get('GCE_METADATA_HOST') or _METADATA}{_ROOT}{path}"
    async with session.get(url, allow_redirects=False) as answer:
        body = await answer.content.read(_MOST)
        text = body.decode("ascii", "replace").strip()
        return text if answer.status == 200 and text.isprintable() else ""


def _account_in(token: str) -> str:
    """Rule 2."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        read: Any = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) if payload else None
    except (ValueError, RecursionError):
        return ""
    email = read.get("email") if isinstance(read, dict) else None
    return email if isinstance(email, str) and email.isprintable() else ""
