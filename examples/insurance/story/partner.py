"""A partner: client credentials, a bearer token, plain HTTP, and no SDK of anybody."""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from examples.insurance.systems.settings import AUDIENCE, READER
from examples.stage.children import StoryError

USES = 25
"""Requests after which a partner fetches another token."""


@dataclass(slots=True)
class Partner:
    """`signed_by`: how many of its tokens each of the provider's keys has signed."""

    name: str
    provider: str
    client: aiohttp.ClientSession
    signed_by: Counter[str] = field(default_factory=Counter)
    _token: str = ""
    _uses: int = 0

    async def bearer(self) -> dict[str, str]:
        """Its `Authorization`: a token that is kept while the provider is away."""
        if self._uses % USES == 0:
            self._token = await self._fetched() or self._token
        self._uses += bool(self._token)
        return {"Authorization": f"Bearer {self._token}"}

    async def _fetched(self) -> str:
        """Empty while the provider is away."""
        scope = "plans" if self.name == READER else "plans contracts"
        form = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": scope}
        auth = aiohttp.BasicAuth(self.name, f"{self.name}-secret")
        try:
            async with self.client.post(f"{self.provider}/token", data=form, auth=auth) as answer:
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError):
            return ""
        if answer.status != 200:
            raise StoryError(f"the provider gives {self.name} no token: {answer.status} {said}")
        token = str(said["access_token"])
        self.signed_by[json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"]] += 1
        return token


def forged(bearer: dict[str, str]) -> dict[str, str]:
    """The same token with another signature."""
    head, claims, signature = bearer["Authorization"].split(".")
    return {"Authorization": f"{head}.{claims}.{signature[::-1]}"}
