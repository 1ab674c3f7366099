"""The API's pages of evidence as the command line reads them."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote

import msgspec

from proxy.cli.admin_api import NoAnswerError, fetch
from proxy.control.admin.epoch_view import EpochView
from proxy.control.admin.evidence_view import ClusterView, ExchangeView

Page = TypeVar("Page", bound=msgspec.Struct)


class Mismatches(msgspec.Struct, frozen=True):
    """`GET /api/routes/{name}/mismatches`."""

    clusters: list[ClusterView]
    incomparable: str = ""
    exchanges: list[ExchangeView] | None = None


class Epochs(msgspec.Struct, frozen=True):
    """`GET /api/routes/{name}/epochs`."""

    epochs: list[EpochView]


class Recorded(msgspec.Struct, frozen=True):
    """`GET /api/routes/{name}/exchanges`."""

    exchanges: list[ExchangeView]
    noisy: list[str]


def get_mismatches(base: str, route: str, cluster: str = "") -> Mismatches:
    """A route's clusters, or one with its exchanges; NoAnswerError."""
    return _read(base, mismatches_path(route, cluster), Mismatches)


def get_recorded(base: str, route: str) -> Recorded:
    """A route's safe requests that were kept for replay; NoAnswerError."""
    return _read(base, f"/api/routes/{quote(route, safe='')}/exchanges", Recorded)


def get_epochs(base: str, route: str) -> Epochs:
    """A route's epochs, the present one first; NoAnswerError."""
    return _read(base, epochs_path(route), Epochs)


def epochs_path(route: str) -> str:
    """Path of that page."""
    return f"/api/routes/{quote(route, safe='')}/epochs"


def mismatches_path(route: str, cluster: str = "") -> str:
    """Path and query of that page."""
    asked = f"?cluster={quote(cluster, safe='')}" if cluster else ""
    return f"/api/routes/{quote(route, safe='')}/mismatches{asked}"


def _read(base: str, path: str, kind: type[Page]) -> Page:
    try:
        return msgspec.json.decode(fetch(base, path), type=kind)
    except msgspec.DecodeError as error:
        raise NoAnswerError(
            f"{base} answers, but not as this version: {error}", "Are both the same version?"
        ) from error
