"""Errors of the admin port as problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import msgspec
import structlog
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger()
_NOTHING: Mapping[str, str] = {}


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 section 3.1; `about:blank` says that `title` is the status's own phrase."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] = _NOTHING) -> web.Response:
    """The response for a request that was not granted."""
    document = ProblemDocument(title=status.phrase, status=status.value, detail=detail)
    return web.Response(
        status=status.value,
        body=msgspec.json.encode(document),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", **headers},
    )


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into a problem document; the seam where aiohttp's exceptions end."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"{request.method} is not possible on {request.path}; possible: {allowed}"
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, {"Allow": allowed})
    except web.HTTPNotFound:
        return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path}")
    except web.HTTPException as error:
        return problem(HTTPStatus(error.status), error.reason)
    except Exception:  # noqa: BLE001 an operator asks: whatever broke is logged with its trace and said
        _log.exception("admin_request_failed", method=request.method, path=request.path)
        detail = "this is a defect of Banyan; its log says more under the event admin_request_failed"
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
