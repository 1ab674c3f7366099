"""From the value of `state:` to stores.

memory              in this process, gone with it
embedded            a private PostgreSQL below the state directory
postgresql://…      a database that somebody keeps
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from proxy.core.evidence.records import Retention
from proxy.core.routing.state_names import Origins
from proxy.store.embedded.embedded_postgres import Embedded
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.evidence import EvidenceStore
from proxy.store.memory.evidence import MemoryEvidence
from proxy.store.memory.positions import MemoryPositions
from proxy.store.memory.reconcile_runs import MemoryReconcileRuns
from proxy.store.memory.usage import MemoryUsage
from proxy.store.named_evidence import NamedEvidence
from proxy.store.named_positions import NamedPositions
from proxy.store.positions import PositionStore
from proxy.store.postgres.connections import MOST_CONNECTIONS, Connections, Patience
from proxy.store.postgres.evidence import PostgresEvidence
from proxy.store.postgres.positions import PostgresPositions
from proxy.store.postgres.reconcile_runs import PostgresReconcileRuns
from proxy.store.postgres.usage import PostgresUsage
from proxy.store.reconcile_runs import ReconcileRunStore
from proxy.store.usage import UsageStore

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """All stores over one state. Nothing is connected or started before it is needed."""

    evidence: EvidenceStore
    positions: PositionStore
    reconcile_runs: ReconcileRunStore = field(default_factory=MemoryReconcileRuns)
    usage: UsageStore = field(default_factory=MemoryUsage)
    embedded: Embedded | None = None
    connections: Connections | None = None

    def named(self, origins: Callable[[], Origins]) -> Stores:
        """The same for who calls routes by the names of the present table, whose `origins` are asked for each time."""
        evidence, positions = NamedEvidence(self.evidence, origins), NamedPositions(self.positions, origins)
        return replace(self, evidence=evidence, positions=positions)

    async def start(self) -> None:
        """Start the private server, if there is one; NoPostgres when it does not come up."""
        if self.embedded is not None:
            await self.embedded.start()

    async def keep(self) -> None:
        """Keep the private server running until cancelled; run it in the background. It starts the server, too."""
        if self.embedded is not None:
            await self.embedded.keep()

    async def sweep(self, every: float = 600.0) -> None:
        """Let evidence and usage go that are not kept any longer, until cancelled; run it in the background."""
        while True:
            await asyncio.sleep(every)
            try:
                _log.info("evidence_pruned", pruned=str(await self.evidence.prune(time.time())))
                _log.info("usage_pruned", records=await self.usage.prune(time.time()))
            except (StoreUnavailable, StoreRefused) as error:
                _log.warning("evidence_not_pruned", error=str(error))

    async def close(self) -> None:
        """Close connections and end the private server."""
        if self.connections is not None:
            await self.connections.close()
        if self.embedded is not None:
            await self.embedded.stop()


def open_stores(
    state: str,
    directory: Path,
    *,
    retention: Retention | None = None,
    patience: Patience | None = None,
    password_file: str = "",
) -> Stores:
    """The stores of a `state:` that has been read; `directory` is where Banyan may keep files.

    `password_file` holds the database's password, empty: the address does, or none is needed.
    """
    if state == "memory":
        positions = MemoryPositions()
        return Stores(evidence=MemoryEvidence(positions, retention), positions=positions)
    embedded = _embedded(directory) if state == "embedded" else None
    connections = connections_to(state, directory, patience=patience, password_file=password_file)
    return Stores(
        evidence=PostgresEvidence(connections, retention),
        positions=PostgresPositions(connections),
        reconcile_runs=PostgresReconcileRuns(connections),
        usage=PostgresUsage(connections),
        embedded=embedded,
        connections=connections,
    )


def connections_to(
    state: str,
    directory: Path,
    *,
    patience: Patience | None = None,
    most: int = MOST_CONNECTIONS,
    password_file: str = "",
) -> Connections:
    """To the database of a `state:` that is not in memory; who keeps a private server is another's business."""
    address = _embedded(directory).address if state == "embedded" else state
    file = Path(password_file) if password_file else None
    return Connections(address, patience=patience, most=most, password_file=file)


def _embedded(directory: Path) -> Embedded:
    return Embedded(directory / "postgres")
