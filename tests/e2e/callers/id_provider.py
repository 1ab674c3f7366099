"""A real OpenID provider as a process: it is started, restarted with other keys, and asked for tokens."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from joserfc.jwk import RSAKey

from tests.clerk.grants.provider import MODULES
from tests.e2e.program import free_port

SCRIPT = Path(__file__).with_name("id_provider.mjs")
AUDIENCE = "https://orders.example.com"
OPAQUE = "https://orders.example.com/opaque"


def signing_key(kid: str) -> dict[str, Any]:
    """A private key as the provider reads it."""
    return {**RSAKey.generate_key(2048).as_dict(private=True), "kid": kid, "use": "sig", "alg": "RS256"}


@dataclass(slots=True)
class IdProvider:
    """`npm oidc-provider` with its files below `folder`."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *keys: dict[str, Any]) -> None:
        """With these keys, of which the first one signs; without any, with those of before."""
        file = self.folder / "keys.json"
        if keys:
            file.write_text(json.dumps({"keys": keys}))
        command = ["node", str(SCRIPT), MODULES, str(file), str(self.folder / "kept.json"), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ)
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) != b"listening\n":
            assert line, f"the provider did not start: {command}"

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    async def token(self, session: aiohttp.ClientSession, resource: str = AUDIENCE) -> str:
        """An access token of the client `partner`; aiohttp.ClientError while the provider is away."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": "orders"}
        async with session.post(f"{self.url}/token", data=form, headers=BASIC) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            return str(said["access_token"])

    async def revoke(self, session: aiohttp.ClientSession, token: str) -> None:
        async with session.post(f"{self.url}/token/revocation", data={"token": token}, headers=BASIC) as answer:
            assert answer.status == 200


BASIC = {"Authorization": aiohttp.encode_basic_auth("partner", "partner-secret")}


def policy(provider: IdProvider) -> str:
    """`auth` of routes.yaml for its signed tokens, and what a policy needs at the top."""
    return f"""\
auth:
  partners:
    issuer: {provider.url}
    audience: {AUDIENCE}
    algorithms: [RS256]
    subject: client_id
    keys: {{ url: "{provider.url}/jwks" }}
"""
