"""Google's side on loopback, as far as a probe meets it: a metadata server, and a service behind Cloud Run's front end.

It answers as the real ones do, by what is granted in it; what it says are their own words (`google_answers.py`).
"""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

from aiohttp import web

from tests.core.reachability.google_answers import RUN_FORBIDDEN, RUN_UNAUTHORIZED

ACCOUNT = "banyan@crm-edge.iam.gserviceaccount.com"
FLAVOR = "Metadata-Flavor"


@dataclass(slots=True)
class GoogleStandIn:
    """`refusal`: status and body instead of a token, None: there is one. `invokers` may call the service.

    `audience` is the one that the service takes.
    """

    audience: str
    account: str = ACCOUNT
    project: tuple[str, str] = ("crm-edge", "889403714106")
    refusal: tuple[int, str] | None = None
    invokers: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    @property
    def app(self) -> web.Application:
        """Both of them, told by their paths."""
        made = web.Application()
        made.router.add_get("/computeMetadata/v1/{path:.+}", self._metadata)
        made.router.add_get("/{path:.*}", self._service)  # HEAD as well
        return made

    async def _metadata(self, request: web.Request) -> web.Response:
        if request.headers.get(FLAVOR) != "Google":
            return web.Response(status=403, text='Missing required header "Metadata-Flavor": "Google"')
        path = request.match_info["path"]
        self.asked.append(path)
        if path.endswith("/identity"):
            return self._identity(request.query["audience"])
        if path == "instance/service-accounts/default/":
            return self._description()
        known = {
            "project/project-id": self.project[0],
            "project/numeric-project-id": self.project[1],
            "instance/service-accounts/default/email": self.account,
        }
        said = known.get(path, "")
        return web.Response(status=200 if said else 404, text=said, headers={FLAVOR: "Google"})

    def _description(self) -> web.Response:
        if self.refusal is not None and self.refusal[0] == 404:
            return web.Response(status=404, text=self.refusal[1])
        said = {"aliases": ["default"], "email": self.account, "scopes": []}
        return web.json_response(said, headers={FLAVOR: "Google"})

    def _identity(self, audience: str) -> web.Response:
        if self.refusal is not None:
            status, body = self.refusal
            return web.Response(status=status, text=body)
        claims = {"aud": audience, "email": self.account, "exp": int(time.time()) + 3600}
        parts: tuple[dict[str, object], ...] = ({"alg": "none"}, claims, {})
        token = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return web.Response(text=token, headers={FLAVOR: "Google"})

    async def _service(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        payload = token.split(".")[1] if token.count(".") == 2 else "e30"
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims.get("aud") != self.audience:
            return web.Response(status=401, text=RUN_UNAUTHORIZED, content_type="text/html")
        if claims.get("email") not in self.invokers:
            return web.Response(status=403, text=RUN_FORBIDDEN, content_type="text/html")
        return web.Response(text="ok")
