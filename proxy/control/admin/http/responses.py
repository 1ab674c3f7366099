"""What all handlers share: problem documents (RFC 9457), tags, reading a body, and answers that several of them give.

Rule 1: a tag of a route names the version of its position, and every pin that holds: cohort, side and end. It is the
        same as long as nobody has changed what an operator can change.
Rule 2: of a tag that is sent back only the part before the first dot counts; what follows is about what was shown.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TypeVar

import msgspec
from aiohttp import web

from proxy.api.problem import ProblemView
from proxy.core.nearest import nearest
from proxy.core.position.standing import Pin

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Body = TypeVar("Body", bound=msgspec.Struct)
_NONE: Mapping[str, str] = {}
_VERSION = re.compile(r"v(\d{1,18})(?:p|\.|$)")
_LONGEST_NAME = 64
"""Characters of a route's name; what is longer need not be looked for."""


def problem(status: HTTPStatus, detail: str, headers: Mapping[str, str] = _NONE) -> web.Response:
    """The response for a request that was not granted."""
    document = ProblemView(title=status.phrase, status=status.value, detail=detail)
    return web.Response(
        status=status.value,
        body=msgspec.json.encode(document),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", **headers},
    )


def read_body(body: bytes, kind: type[Body]) -> Body | web.Response:
    """The body, empty for nothing said; or the problem with it."""
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.DecodeError as error:
        return problem(HTTPStatus.BAD_REQUEST, f'the body must be JSON such as {{"reason": "…"}}: {error}')


def store_away(error: str) -> web.Response:
    """The state store does not answer. It may have done what it was asked: that shows when it is back."""
    detail = f"the state store is away, and this needs it; look again when it is back: {error or 'no answer in time'}"
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail)


def no_such_route(name: str, known: Iterable[str], *, staged: bool = False) -> web.Response:
    """There is none of that name; `staged`: none that can be moved, of which `known` are the names."""
    meant = nearest(name[:_LONGEST_NAME], known)
    asked = f"did you mean {meant}? " if meant else ""
    what = f"there is no route {name[:_LONGEST_NAME]!r}{' that has a stage' if staged else ''}"
    return problem(HTTPStatus.NOT_FOUND, f"{what}; {asked}GET /api/routes lists those there are")


def tagged(request: web.Request, view: msgspec.Struct, prefix: str) -> web.Response:
    """A good answer to a question: with a tag, and without a body for whoever knows it already."""
    body = msgspec.json.encode(view)
    tag = f"{prefix}.{hashlib.sha256(body).hexdigest()[:12]}"
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if any(tag_sent.value in {tag, "*"} for tag_sent in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=body, content_type="application/json", headers=headers)


def as_json(view: msgspec.Struct, headers: Mapping[str, str] = _NONE) -> web.Response:
    """A good answer to an order."""
    shown = {"Cache-Control": "no-cache", **headers}
    return web.Response(body=msgspec.json.encode(view), content_type="application/json", headers=shown)


def tag_of(version: int, pins: Iterable[Pin]) -> str:
    """`v3`, and with pins `v3p0c5b1a9d`; version 0 where the file alone rules."""
    listed = sorted((pin.cohort, pin.side.value, pin.until or 0.0) for pin in pins)
    return f"v{version}" + (f"p{hashlib.sha256(repr(listed).encode()).hexdigest()[:8]}" if listed else "")


def is_before(sent: str, version: int) -> bool:
    """Whether a tag that was sent is of a position before this version."""
    found = _VERSION.match(sent)
    return found is not None and int(found[1]) < version


def is_seen(request: web.Request, tag: str) -> bool:
    """Whether the request was made by somebody who has seen this, or who has not looked."""
    return request.if_match is None or any(
        tag_sent.value.partition(".")[0] in {tag, "*"} for tag_sent in request.if_match
    )
