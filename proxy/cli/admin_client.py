"""Asks the admin API: what `proxy/api` names is all that is relied on.

Rule 1: every way to get no answer becomes one `NoAnswerError` that says what to do, and is one within a bounded time.
Rule 2: who answers may be anybody: nothing that a terminal would act on is said again as it came.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from proxy.api.evidence import EpochsView, ExchangesView, MismatchesView
from proxy.api.kill import KillView
from proxy.api.orders import MovedView
from proxy.api.problem import ProblemView
from proxy.api.recent import RecentView, RequestedView
from proxy.api.routes import RouteDetailView, RoutesView
from proxy.cli.bounded_answer import BoundedAnswer
from proxy.cli.sent_token import SentToken, sent_token, token_from_environment
from proxy.config.files.admin_token import VARIABLE
from proxy.core.one_line import one_line

TIMEOUT = 5.0
PATIENCE = 30.0
"""Seconds for a page that may hold all of the memory; nobody waits longer for the whole of a smaller one."""
_READS = 3
"""Times the time of a read: that of the whole answer, up to `PATIENCE`."""
Shape = TypeVar("Shape", bound=msgspec.Struct)
_OTHER_VERSION = ("this version", "Are both the same version?")
_NO_BANYAN = ("Banyan does", "Is this its `admin` address?")
_NOT_ITS_ADDRESS = ("Banyan does", "Is this its admin address?")
_NONE: Mapping[str, str] = {}
_FIELD = re.compile(rb"[^\x00-\x1f\x7f]*")
"""A value that a header takes (RFC 9110 section 5.5); with another the library's complaint would show it."""
_SAID_NO = frozenset({400, 404, 409, 412, 413, 503})
"""Answers in which the detail says it all."""
_AROUND_TAG = " ,;.\"'"
"""What is copied with a tag out of a sentence."""
_NO_PAGE = "there is nothing at "
"""How the detail begins where the admin port has no such page: Banyan is of another version."""
_LOOK = {
    "/api/routes/": "`banyan status` shows how things stand.",
    "/api/history": "`banyan status` lists the routes.",
    "/api/recent": "`banyan status` lists the routes.",
}
"""What to do where a refusal names no list, by how the path begins."""
_LISTED = re.compile(r"(?:; |(?<=\? ))?GET (/api/\S*) (?:lists|has) [^;]*$")
"""How a refusal ends that names the page where to look, which whoever gives commands does not call."""
_OR_PAGE = re.compile(r" or GET /api/\S+")
_LISTS = (
    (re.compile(r"/api/routes/([^/]+)/mismatches"), r"`banyan mismatches \1` lists those there are."),
    (re.compile(r"/api/routes"), "`banyan status` lists the routes."),
    (re.compile(r"/api/idempotency"), "`banyan idempotency list` lists those that are."),
    (re.compile(r"/api/history"), "`banyan history` has what people decided."),
)
"""The command that shows what stands on a page."""


class NoAnswerError(Exception):
    """`message` says what happened, `cure` what to do."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


def get_routes(base: str) -> RoutesView:
    """All routes at this admin address (`http://127.0.0.1:9090`); NoAnswerError."""
    return read(base, fetch(base, "/api/routes"), RoutesView, _NO_BANYAN)


def get_route(base: str, name: str) -> tuple[RouteDetailView, bytes]:
    """One route, read and as answered; NoAnswerError."""
    body = fetch(base, route_path(name))
    return read(base, body, RouteDetailView), body


def get_mismatches(base: str, route: str, cluster: str = "") -> MismatchesView:
    """A route's clusters, or one with its exchanges; NoAnswerError."""
    return read(base, fetch(base, mismatches_path(route, cluster)), MismatchesView)


def get_recorded(base: str, route: str) -> ExchangesView:
    """A route's safe requests that were kept for replay; NoAnswerError."""
    return read(base, fetch(base, route_path(route, "exchanges")), ExchangesView)


def get_epochs(base: str, route: str) -> EpochsView:
    """A route's epochs, the present one first; NoAnswerError."""
    return read(base, fetch(base, route_path(route, "epochs")), EpochsView)


def get_recent(base: str, most: int) -> RecentView:
    """What is remembered of recent requests; NoAnswerError."""
    return read(base, fetch(base, f"/api/recent?limit={most}", timeout=PATIENCE), RecentView)


def get_request(base: str, request_id: str) -> tuple[RequestedView, bytes]:
    """One request, read and as answered; NoAnswerError, which gives the advice when it is not remembered."""
    body = fetch(base, f"/api/requests/{quoted(request_id)}")
    return read(base, body, RequestedView), body


def get_kill(base: str, *, timeout: float = TIMEOUT) -> KillView:
    """The kill switch as control sees it; NoAnswerError."""
    return read(base, fetch(base, "/api/kill", timeout=timeout), KillView, _NOT_ITS_ADDRESS)


def legible(text: str) -> str:
    r"""What came as an argument (PEP 383), as text: a byte that is not UTF-8 is shown as such, `\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def quoted(text: str) -> str:
    """As it stands in a path."""
    return quote(legible(text), safe="")


def route_path(route: str, page: str = "") -> str:
    """Path of a route, or of one of its pages."""
    return f"/api/routes/{quoted(route)}" + (f"/{page}" if page else "")


def retirement_path(route: str, seconds: float, skip: Sequence[str]) -> str:
    """Path and query of the list by which a route is retired."""
    return (
        route_path(route, "retirement") + f"?seconds={seconds:.0f}" + "".join(f"&skip={quoted(each)}" for each in skip)
    )


def history_path(route: str, most: int) -> str:
    """Path and query of the record; `route` empty: of all."""
    return f"/api/history?limit={most}" + (f"&route={quoted(route)}" if route else "")


def grants_path(provider: str, unproved: str, most: int) -> str:
    """Path and query of families; empty texts ask for all."""
    return f"/api/grants?provider={quoted(provider)}&unproved={quoted(unproved)}&limit={most}"


def recent_path(route: str, most: int) -> str:
    """Path and query of a route's recent requests."""
    return f"/api/recent?route={quoted(route)}&limit={most}"


def mismatches_path(route: str, cluster: str = "") -> str:
    """Path and query of that page."""
    return route_path(route, "mismatches") + (f"?cluster={quoted(cluster)}" if cluster else "")


def read(base: str, body: bytes, kind: type[Shape], otherwise: tuple[str, str] = _OTHER_VERSION) -> Shape:
    """The answer in this shape; NoAnswerError, which says by `otherwise` as whom not, and what to do."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise not_read(base, error, otherwise) from error


def not_read(base: str, error: Exception, otherwise: tuple[str, str] = _OTHER_VERSION) -> NoAnswerError:
    """What to say of an answer that is not as it should be."""
    not_as, cure = otherwise
    return NoAnswerError(f"{base} answers, but not as {not_as}: {error}", cure)


def fetch(base: str, path: str, *, timeout: float = TIMEOUT) -> bytes:
    """The body of a good answer to a GET; NoAnswerError. `timeout` in seconds."""
    return _call(base, "GET", path, None, timeout, token_from_environment())


def post_kill(base: str, *, on: bool, reason: str, config: Path, timeout: float = TIMEOUT) -> None:
    """Have Banyan itself turn the kill switch; NoAnswerError."""
    post(base, "/api/kill", {"on": on, "reason": reason, "by": whoever()}, config=config, timeout=timeout)


def order(
    base: str, route: str, verb: str, said: Mapping[str, object], tag: str = "", *, config: Path
) -> tuple[MovedView, bytes]:
    """Give the order; what was answered, and its text. NoAnswerError says why there is none.

    `tag`: only if what it is the tag of has not been changed since. `config`: as `post` says.
    """
    body = post(base, route_path(route, verb), {**said, "by": whoever()}, config=config, tag=tag)
    return read(base, body, MovedView, _NOT_ITS_ADDRESS), body


def whoever() -> str:
    """Who runs this command: `user@machine`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without a line for this user
        user = str(os.getuid())
    return legible(f"{user}@{socket.gethostname()}")


def post(base: str, path: str, said: object, *, config: Path, timeout: float = TIMEOUT, tag: str = "") -> bytes:
    """The body of a good answer to a POST of `said` as JSON; NoAnswerError. `tag`: only while it holds (If-Match).

    `config`: the routes.yaml in whose state directory the token stands, where none is set.
    """
    if isinstance(said, dict):
        said = {key: legible(each) if isinstance(each, str) else each for key, each in said.items()}
        said |= {key: each.strip() for key, each in said.items() if key == "reason" and isinstance(each, str)}
    body = msgspec.json.encode(said)
    copied = tag.strip(_AROUND_TAG)
    headers = {"If-Match": f'"{quoted(copied)}"'} if copied else _NONE
    return _call(base, "POST", path, body, timeout, sent_token(base, config), headers)


def _call(
    base: str,
    method: str,
    path: str,
    body: bytes | None,
    timeout: float,
    token: SentToken,
    headers: Mapping[str, str] = _NONE,
) -> bytes:
    parts, secret = urlsplit(base), _secret(token)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=timeout)
    whole = max(timeout, min(_READS * timeout, PATIENCE))
    connection.response_class = partial(BoundedAnswer, seconds=whole)  # type: ignore[assignment]
    try:
        connection.request(method, path, body, headers={**headers, **secret})
        response = connection.getresponse()
        read = response.read()
    except (OSError, HTTPException) as error:
        said = one_line(str(error).strip()) or type(error).__name__
        cure = "Start it with `banyan serve`, or name its admin address with --admin or --config."
        raise NoAnswerError(f"nothing answers at {base}: {said}", cure) from error
    finally:
        connection.close()
    if response.status != 200:
        raise _refused(base, path, response.status, read, token)
    return read


def _secret(token: SentToken) -> Mapping[str, bytes]:
    """The field that shows it; none without a token."""
    sent = token.field()
    if not _FIELD.fullmatch(sent):
        raise NoAnswerError(f"{VARIABLE} holds a control character, which no header takes.", f"Set {VARIABLE} anew.")
    return {"Authorization": sent} if sent else {}


def _no_token(base: str, detail: str, token: SentToken) -> NoAnswerError:
    """Of a Banyan that has no token itself, what it says is what to do: there is none to set here."""
    if "none is set" in detail:
        return NoAnswerError(f"{base} has no token: {detail}.", "Until then edit routes.yaml.")
    return NoAnswerError(f"{base} wants a token, and {token.fault}.", token.cure(detail))


def _said_no(path: str, detail: str) -> NoAnswerError:
    """In words of commands: those of the API stand in its own answer."""
    listed = _LISTED.search(detail)
    if listed is None:
        looks = (cure for begins, cure in _LOOK.items() if path.startswith(begins))
        return NoAnswerError(_OR_PAGE.sub("", detail), next(looks, ""))
    cures = (page.sub(cure, listed[1]) for page, cure in _LISTS if page.fullmatch(listed[1]))
    return NoAnswerError(detail[: listed.start()].rstrip(), next(cures, ""))


def _refused(base: str, path: str, status: int, body: bytes, token: SentToken) -> NoAnswerError:
    try:
        said = msgspec.json.decode(body, type=ProblemView)
    except msgspec.DecodeError:
        said = ProblemView()
    if status == 401:
        return _no_token(base, one_line(said.detail), token)
    detail = one_line(said.detail or said.title or "no reason given")
    is_ours = bool(said.detail and said.title)  # a problem document, as this API writes them
    if is_ours and status in _SAID_NO and not said.detail.startswith(_NO_PAGE):
        return _said_no(path, detail)
    if is_ours:
        return NoAnswerError(f"{base}{path} answered {status}: {detail}", "")
    return NoAnswerError(f"{base}{path} answered {status}: {detail}", "Is this Banyan's `admin` address?")
