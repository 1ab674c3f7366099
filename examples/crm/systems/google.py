"""A stand-in for Google: metadata servers and the Cloud SQL Admin API, which say what the real ones are known to say.

    GET /computeMetadata/v1/instance/service-accounts/default/             as whom a machine comes; its `email` alone
    GET /computeMetadata/v1/project/project-id                             whose machine it is; `numeric-project-id`
    GET /computeMetadata/v1/instance/service-accounts/default/identity     its identity token, of a node of GKE
    GET /computeMetadata/v1/instance/service-accounts/default/token        its access token, of Cloud Run
    GET /sql/v1beta4/projects/{project}/instances/{instance}/connectSettings

It listens at two ports: as the metadata server of Banyan's node, and as that of Cloud Run with the API. What is missing
stands in the file of `Projects`; the words for it are those that people have published of the real ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from examples.crm.systems.projects import CREDENTIALS_API, WORKLOAD_IDENTITY, Projects, Right
from examples.crm.systems.settings import (
    BANYAN_ACCOUNT,
    CRM_ACCOUNT,
    CRM_PROJECT,
    LEGACY_PROJECT,
    NUMBERS,
    Settings,
    settings,
)

ISSUER = "https://accounts.google.com"
LIFE = 60
"""Seconds of an identity token; Google's live for an hour."""
_FLAVOR = {"Metadata-Flavor": "Google"}
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default/"
_PROJECT = "/computeMetadata/v1/project/"
_MORE = "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
_DENIED = (
    "Permission 'iam.serviceAccounts.getOpenIdToken' denied on resource (or it may not exist).\n"
    "This error could be caused by a missing IAM policy binding on the target IAM service account."
)
TITLES = {
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "sqladmin.googleapis.com": "Cloud SQL Admin API",
}


def is_off(api: Right) -> str:
    """What Google says of an API that is off in a project."""
    number = NUMBERS[api.project]
    url = f"https://console.developers.google.com/apis/api/{api.name}/overview?project={number}"
    return (
        f"{TITLES[api.name]} has not been used in project {number} before or it is disabled. "
        f"Enable it by visiting {url} then retry. {_MORE}"
    )


def is_missing(instance: str) -> str:
    """What the Cloud SQL Admin API says to whom it does not let in."""
    permission = f"cloudsql.instances.get on resource instances/{instance}"
    return f"boss::NOT_AUTHORIZED: Not authorized to access resource. Possibly missing permission {permission}."


class Google:
    """Both ports of it."""

    def __init__(self, projects: Projects, key: RSAKey) -> None:
        """`key` signs identity tokens."""
        self._projects = projects
        self._key = key
        self._access_token = f"ya29.{secrets.token_urlsafe(24)}"

    def node(self) -> web.Application:
        """The metadata server of Banyan's node."""
        app = web.Application()
        app.router.add_get(_ACCOUNT, _account(BANYAN_ACCOUNT))
        app.router.add_get(f"{_ACCOUNT}email", _word(BANYAN_ACCOUNT))
        app.router.add_get(f"{_PROJECT}project-id", _word(LEGACY_PROJECT))
        app.router.add_get(f"{_PROJECT}numeric-project-id", _word(NUMBERS[LEGACY_PROJECT]))
        app.router.add_get(f"{_ACCOUNT}identity", self.identity)
        return app

    def cloud(self) -> web.Application:
        """The metadata server of Cloud Run, and the API."""
        app = web.Application()
        app.router.add_get(_ACCOUNT, _account(CRM_ACCOUNT))
        app.router.add_get(f"{_ACCOUNT}token", self.token)
        app.router.add_get("/sql/v1beta4/projects/{project}/instances/{instance}/connectSettings", self.settings)
        return app

    async def identity(self, request: web.Request) -> web.Response:
        """As the metadata server of GKE, which asks IAM on the workload's behalf."""
        if not self._projects.grants(CREDENTIALS_API):
            return _refused_by_iam(is_off(CREDENTIALS_API))
        if not self._projects.grants(WORKLOAD_IDENTITY):
            return _refused_by_iam(_DENIED)
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": request.query["audience"],
            "email": BANYAN_ACCOUNT,
            "email_verified": True,
            "iat": now,
            "exp": now + LIFE,
        }
        token = jwt.encode({"alg": "RS256", "kid": self._key.kid}, claims, self._key)
        return web.Response(text=token, headers=_FLAVOR)

    async def token(self, _: web.Request) -> web.Response:
        """As the metadata server of Cloud Run."""
        said = {"access_token": self._access_token, "expires_in": 3600, "token_type": "Bearer"}
        return web.json_response(said, headers=_FLAVOR)

    async def settings(self, request: web.Request) -> web.Response:
        """What a connector asks before it opens a tunnel: the API has to be on in both projects."""
        project, instance = request.match_info["project"], request.match_info["instance"]
        if request.headers.get("Authorization") != f"Bearer {self._access_token}":
            return _error(401, "Request had invalid authentication credentials.", "required")
        for each in (CRM_PROJECT, project):
            api = Right(each, "sqladmin.googleapis.com")
            if not self._projects.grants(api):
                return _error(403, is_off(api), "accessNotConfigured")
        if not self._projects.grants(Right(project, "roles/cloudsql.client", CRM_ACCOUNT)):
            return _error(403, is_missing(instance), "notAuthorized")
        return web.json_response({"kind": "sql#connectSettings", "databaseVersion": "POSTGRES_15"})


def _account(email: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def account(_: web.Request) -> web.Response:
        return web.json_response({"aliases": ["default"], "email": email, "scopes": []}, headers=_FLAVOR)

    return account


def _word(said: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def word(_: web.Request) -> web.Response:
        return web.Response(text=said, headers=_FLAVOR)

    return word


def _refused_by_iam(said: str) -> web.Response:
    return web.Response(
        text=f"Unable to generate identity token; IAM returned 403 Forbidden: {said}", status=403, headers=_FLAVOR
    )


def _error(status: int, message: str, reason: str) -> web.Response:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return web.json_response({"error": {"code": status, "message": message, "errors": errors}}, status=status)


async def serve(where: Settings, key: RSAKey) -> None:
    """Until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    google = Google(Projects(Path(where.projects)), key)
    async with contextlib.AsyncExitStack() as stack:
        for application, port in ((google.node(), where.metadata), (google.cloud(), where.cloud)):
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", port).start()
        print("listening", flush=True)  # noqa: T201 -- whoever started it waits for this
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(settings(), RSAKey.import_key(json.loads(Path(sys.argv[1]).read_text(encoding="ascii")))))
