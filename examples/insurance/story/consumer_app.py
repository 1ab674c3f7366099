"""The consumer app: it signs its own requests, by botocore, on which boto3 stands. It knows nothing of Banyan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from examples.insurance.systems.settings import APP_KEY, REGION, SERVICE


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """Ready to be sent."""

    method: str
    url: str
    fields: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class AppAnswer:
    """What the app got."""

    status: int
    said: Any


class ConsumerApp:
    """Of one user at a time."""

    def __init__(self, gateway: str, secret: str, client: aiohttp.ClientSession) -> None:
        """`gateway`: the address in the app's deployment, which is Banyan's now."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415 -- where it is missing the story says what brings it
        from botocore.credentials import Credentials  # noqa: PLC0415 -- see above

        self._gateway = gateway
        self._auth = SigV4Auth(Credentials(APP_KEY, secret), SERVICE, REGION)
        self._client = client

    def signed(self, method: str, target: str, body: bytes = b"") -> SignedRequest:
        """As boto3 would send it."""
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 -- see above

        request = AWSRequest(method=method, url=self._gateway + target, data=body)
        self._auth.add_auth(request)
        return SignedRequest(method, request.url, dict(request.headers.items()), body)

    async def send(self, request: SignedRequest) -> AppAnswer:
        """aiohttp.ClientError when there is no answer."""
        url = URL(request.url, encoded=True)
        sent = self._client.request(request.method, url, headers=request.fields, data=request.body or None)
        async with sent as answer:
            return AppAnswer(answer.status, await answer.json(content_type=None))
