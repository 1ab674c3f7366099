"""The admin API as its clients on the command line see it.

Rule 1: only what the contract names is relied on: unknown fields are passed over, missing ones have a default.
Rule 2: every way to get no answer becomes one `NoAnswerError` that says what to do.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

import msgspec

TOKEN = "BANYAN_ADMIN_TOKEN"  # noqa: S105  a variable's name
TIMEOUT = 5.0
_NONE: Mapping[str, str] = {}
_SAID_NO = frozenset({404, 409, 412, 503})
"""Answers in which the detail says it all."""


class NoAnswerError(Exception):
    """`message` says what happened, `cure` what to do."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure


class Pinned(msgspec.Struct, frozen=True):
    """A cohort that one side answers, `until` a time in RFC 3339, or for ever."""

    cohort: str
    side: str
    until: str | None = None
    by: str = ""
    reason: str = ""


class Placed(msgspec.Struct, frozen=True):
    """A route's position; null on a route that Banyan answers itself."""

    stage: str | None = None
    split: float | None = None
    reason: str = ""
    latched: bool = False
    held: bool = False
    drains: bool = False
    killed: bool = False
    pinned: tuple[Pinned, ...] = ()
    sample: float = 0.0
    tag: str = "v0"


class Rate(msgspec.Struct, frozen=True):
    """Requests per second over the last ten seconds, by who answered; `failed` are those of them that were a 5xx.

    `failed` None: a Banyan that does not say it.
    """

    legacy: float = 0.0
    new: float = 0.0
    self: float = 0.0
    failed: float | None = None


class Parity(msgspec.Struct, frozen=True):
    """Comparisons of a route."""

    compared: int = 0
    match: int = 0
    mismatch: int = 0
    undecided: int = 0
    fields_waiting: int = 0
    rate_upper_bound: float = 1.0


class Coverage(msgspec.Struct, frozen=True):
    """How much of the requests is like what was compared."""

    unseen_bound: float = 1.0
    uncovered: int = 0


class RouteStatus(msgspec.Struct, frozen=True):
    """One route: what the file says, what runs, and what it does."""

    name: str
    file: Placed = Placed()
    runs: Placed = Placed()
    rate: Rate = Rate()
    parity: Parity = Parity()
    coverage: Coverage = Coverage()
    verdict: str = ""
    state: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def waits(self) -> str:
        """What its ramp waits for; empty where it does not wait, or has none."""
        return "; ".join(self.reasons) if self.state == "waiting" else ""


class ReloadStatus(msgspec.Struct, frozen=True):
    """How the last look at the file went."""

    ok: bool = True
    at: str = ""
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


class WorkerStatus(msgspec.Struct, frozen=True):
    """One worker."""

    worker: int
    pid: int = 0
    revision: str = ""
    serves_current: bool = False
    draining: bool = False
    killed: bool = False


class KillOrder(msgspec.Struct, frozen=True):
    """The kill switch's order: who, when and why, as far as it is known."""

    by: str = ""
    at: str = ""
    reason: str = ""


class TlsStatus(msgspec.Struct, frozen=True):
    """One `tls` block."""

    key: str
    ends: dict[str, str] = {}
    problem: str = ""


class DownStatus(msgspec.Struct, frozen=True):
    """An upstream that is down by its health probe, since when (RFC 3339), and the routes that it is to answer."""

    upstream: str
    since: str = ""
    error: str = ""
    routes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """As people read it."""
        why = f" ({self.error})" if self.error else ""
        return f"{self.upstream} is down since {self.since}: it answers nothing now{why}"


class InstanceStatus(msgspec.Struct, frozen=True):
    """One live replica: whether it obeys what stands, and which revision it reads."""

    instance: str
    revision: str = ""
    obeys: bool = True
    same_revision: bool = True


class StandingStatus(msgspec.Struct, frozen=True):
    """What all replicas obey. `away`: why the state store does not answer; `here`: moved at one replica alone.

    `known` False: nobody has read yet where routes stand.
    """

    version: int = 0
    leads: bool = False
    away: str = ""
    here: tuple[str, ...] = ()
    instances: tuple[InstanceStatus, ...] = ()
    known: bool = True


class RoutesStatus(msgspec.Struct, frozen=True):
    """`GET /api/routes`; `killed` is null while the kill switch is off."""

    revision: str
    routes: tuple[RouteStatus, ...]
    reload: ReloadStatus = ReloadStatus()
    workers: tuple[WorkerStatus, ...] = ()
    killed: KillOrder | None = None
    tls: tuple[TlsStatus, ...] = ()
    down: tuple[DownStatus, ...] = ()
    standing: StandingStatus | None = None


class _Problem(msgspec.Struct, frozen=True):
    """RFC 9457."""

    title: str = ""
    detail: str = ""


def get_routes(base: str) -> RoutesStatus:
    """All routes at this admin address (`http://127.0.0.1:9090`); NoAnswerError."""
    body = fetch(base, "/api/routes")
    try:
        return msgspec.json.decode(body, type=RoutesStatus)
    except msgspec.DecodeError as error:
        raise NoAnswerError(
            f"{base} answers, but not as Banyan does: {error}", "Is this its `admin` address?"
        ) from error


def fetch(base: str, path: str, *, timeout: float = TIMEOUT) -> bytes:
    """The body of a good answer to a GET; NoAnswerError. `timeout` in seconds."""
    return _call(base, "GET", path, None, timeout)


def post_kill(base: str, *, on: bool, reason: str) -> None:
    """Have Banyan itself turn the kill switch; NoAnswerError."""
    _call(base, "POST", "/api/kill", msgspec.json.encode({"on": on, "reason": reason}), TIMEOUT)


def post(base: str, path: str, said: object, *, timeout: float = TIMEOUT, tag: str = "") -> bytes:
    """The body of a good answer to a POST of `said` as JSON; NoAnswerError. `tag`: only while it holds (If-Match)."""
    return _call(base, "POST", path, msgspec.json.encode(said), timeout, {"If-Match": f'"{tag}"'} if tag else {})


def _call(
    base: str, method: str, path: str, body: bytes | None, timeout: float, headers: Mapping[str, str] = _NONE
) -> bytes:
    parts = urlsplit(base)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=timeout)
    token = os.environ.get(TOKEN, "")
    try:
        secret = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, body, headers={**headers, **secret})
        response = connection.getresponse()
        read = response.read()
    except (OSError, HTTPException) as error:
        said = str(error) or type(error).__name__
        cure = "Start it with `banyan serve`, or name its admin address with --admin or --config."
        raise NoAnswerError(f"nothing answers at {base}: {said}", cure) from error
    finally:
        connection.close()
    if response.status != 200:
        raise _refused(base, path, response.status, read)
    return read


def _no_token(base: str, detail: str) -> NoAnswerError:
    """Of a Banyan that has no token itself, what it says is what to do: there is none to set here."""
    if "none is set" in detail:
        return NoAnswerError(f"{base} has no token: {detail}.", "Until then edit routes.yaml.")
    set_ = "is not accepted there" if os.environ.get(TOKEN) else "is not set here"
    return NoAnswerError(f"{base} wants a token, and {TOKEN} {set_}.", f"Set {TOKEN} to the one it uses.")


def _refused(base: str, path: str, status: int, body: bytes) -> NoAnswerError:
    try:
        said = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        said = _Problem()
    if status == 401:
        return _no_token(base, said.detail)
    detail = said.detail or said.title or "no reason given"
    if said.detail and path.startswith("/api/routes/") and status in _SAID_NO:
        return NoAnswerError(detail, "`banyan status` shows how things stand.")
    if said.detail and said.title:  # a problem document, as this API writes them
        return NoAnswerError(f"{base}{path} answered {status}: {detail}", "")
    return NoAnswerError(f"{base}{path} answered {status}: {detail}", "Is this Banyan's `admin` address?")
