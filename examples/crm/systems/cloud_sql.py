"""What a connector of Cloud SQL asks Google before it opens a tunnel, and how it says that it may not.

The tunnel itself is not here: behind it is the primary's own socket.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp

from examples.crm.systems.settings import INSTANCES, REGION

_TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 -- a path


@dataclass(frozen=True, slots=True)
class CloudSql:
    """`google` is where the metadata server and the API are; empty: nobody has to be asked."""

    google: str
    client: aiohttp.ClientSession

    async def refusal(self) -> str:
        """Why one of the instances cannot be opened, as cloud-sql-proxy words it; empty: all can."""
        if not self.google:
            return ""
        async with self.client.get(self.google + _TOKEN, headers={"Metadata-Flavor": "Google"}) as answer:
            token = (await answer.json())["access_token"]
        for project, instance in INSTANCES:
            url = f"{self.google}/sql/v1beta4/projects/{project}/instances/{instance}/connectSettings"
            async with self.client.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
                if answer.status != 200:
                    error = (await answer.json())["error"]
                    said = f"googleapi: Error {error['code']}: {error['message']}, {error['errors'][0]['reason']}"
                    name = f"{project}:{REGION}:{instance}"
                    return f'failed to get instance metadata (connection name = "{name}"): {said}'
        return ""
