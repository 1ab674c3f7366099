"""How kept requests are to be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy.core.routing.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to send. `key` of the hashes, or empty; `fields` replace those of a request; `own_host`: `to` is the Host."""

    route: Route
    to: str
    own_host: bool
    key: bytes
    fields: tuple[tuple[str, str], ...] = ()
