"""The front end of Cloud Run, as a middleware: it lets in whoever shows a token of Google's for this service, and may
invoke it. A stand-in, as `google` is.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from examples.crm.systems.projects import INVOKER, Projects, Right
from examples.crm.systems.settings import AUDIENCE

_PAGE = """<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>{status} {title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: {title}</h1>
<h2>Your client does not have permission to {what} from this server.</h2>
<h2></h2>
</body></html>
"""
_INVALID = {
    "WWW-Authenticate": 'Bearer error="invalid_token" error_description="The access token could not be verified"'
}


def front_end(projects: Projects, key: RSAKey) -> Any:  # noqa: ANN401 -- aiohttp's middlewares
    """`key` is Google's public one."""

    @web.middleware
    async def let_in(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        caller = caller_of(token, key) if scheme == "Bearer" else ""
        if scheme and not caller:
            page = _PAGE.format(status=401, title="Unauthorized", what="the requested URL")
            return web.Response(text=page, status=401, content_type="text/html", headers=_INVALID)
        if not projects.grants(Right(INVOKER.project, INVOKER.name, caller)):
            page = _PAGE.format(status=403, title="Forbidden", what=f"get URL <code>{escape(request.path)}</code>")
            return web.Response(text=page, status=403, content_type="text/html")
        return await handler(request)

    return let_in


def caller_of(token: str, key: RSAKey) -> str:
    """The account that a token was issued to; empty: it is none of Google's, or for another service, or has ended."""
    try:
        claims = jwt.decode(token, key, algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        return ""
    is_good = claims["aud"] == AUDIENCE and claims["exp"] > time.time()
    return str(claims["email"]) if is_good else ""
