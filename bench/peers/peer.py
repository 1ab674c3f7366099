"""What the harness asks of every proxy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.load.workload import Site
from bench.processes import Launch


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One proxy: how to start it for a site, and how near its means come to the work that is asked."""

    name: str
    launch: Callable[[Site], Launch]
    version: Callable[[], str]
    metrics: str  # path on the admin port
    lookup: str  # how it finds one route among many
    split: str  # how it divides the tenants
