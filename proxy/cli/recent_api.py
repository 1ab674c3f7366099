"""The API's pages of recent requests, and of where routes run, as `plan` and `why` read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from proxy.cli.admin_api import NoAnswerError, Parity, fetch
from proxy.core.position.position import Cause, Position
from proxy.core.stage import Stage
from proxy.core.traffic.remembered_request import RememberedRequest

PATIENCE = 30.0
"""Seconds for a page that may hold all of the memory."""
Page = TypeVar("Page")


class _Place(msgspec.Struct, frozen=True):
    stage: Stage | None = None
    split: float | None = None
    version: int = 0
    latched: bool = False
    held: bool = False


class _Route(msgspec.Struct, frozen=True):
    name: str
    file: _Place
    runs: _Place
    parity: Parity = Parity()


class _Routes(msgspec.Struct, frozen=True):
    revision: str
    routes: list[_Route]
    killed: dict[str, Any] | None = None


class _Recent(msgspec.Struct, frozen=True):
    revision: str
    seconds: float
    requests: list[dict[str, Any]]


class Now(msgspec.Struct, frozen=True):
    """What would be decided now; `side` null: its cohort would be drawn anew."""

    route: str = ""
    stage: str | None = None
    split: float | None = None
    side: str | None = None
    address: str | None = None
    reason: str = ""
    draw: float | None = None
    differs: bool = False


class Requested(msgspec.Struct, frozen=True):
    """`GET /api/requests/{id}`."""

    request: dict[str, Any]
    now: Now
    revision: str = ""
    comparison: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What runs: the revision, the positions of routes that have one, and how many comparisons each route has.

    `killed`: the kill switch is on.
    """

    revision: str
    positions: dict[str, Position]
    compared: dict[str, int]
    killed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Recent requests, each with how many it stands for, newest first; `seconds` is the time that they cover."""

    seconds: float
    requests: list[tuple[float, RememberedRequest]]


def get_standing(base: str) -> Standing:
    """Where routes run; NoAnswerError."""
    found = _read(fetch(base, "/api/routes"), base, _Routes)
    killed = found.killed is not None
    known = {} if killed else {each.name: _position(each) for each in found.routes if each.runs.version}
    return Standing(
        revision=found.revision,
        positions={name: each for name, each in known.items() if each},
        compared={each.name: each.parity.compared for each in found.routes},
        killed=killed,
    )


def _position(route: _Route) -> Position | None:
    runs, file = route.runs, route.file
    if runs.stage is None or file.stage is None:
        return None
    return Position(
        route=route.name,
        stage=runs.stage,
        split=runs.split or 0.0,
        version=runs.version,
        latched=runs.latched,
        held=runs.held,
        cause=Cause.FILE,
        since=0.0,
        file_stage=file.stage,
        file_split=file.split or 0.0,
    )


def get_recent(base: str, most: int) -> Remembered:
    """What is remembered of recent requests; NoAnswerError."""
    found = _read(fetch(base, f"/api/recent?limit={most}", timeout=PATIENCE), base, _Recent)
    return Remembered(seconds=found.seconds, requests=[_seen(each, base) for each in found.requests])


def _seen(each: dict[str, Any], base: str) -> tuple[float, RememberedRequest]:
    try:
        values = [each[name] if name != "cohort" else int(each[name], 16) for name in RememberedRequest._fields]
        return float(each["weight"]), msgspec.convert(values, RememberedRequest)
    except (KeyError, TypeError, ValueError) as error:  # msgspec's own is a ValueError
        raise _other_version(base, error) from error


def get_request(base: str, request_id: str) -> tuple[Requested, bytes]:
    """One request, read and as answered; NoAnswerError, which gives the advice when it is not remembered."""
    body = fetch(base, f"/api/requests/{quote(request_id, safe='')}")
    return _read(body, base, Requested), body


def _read(body: bytes, base: str, kind: type[Page]) -> Page:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise _other_version(base, error) from error


def _other_version(base: str, error: Exception) -> NoAnswerError:
    return NoAnswerError(f"{base} answers, but not as this version: {error}", "Are both the same version?")
