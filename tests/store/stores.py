"""The stores under the contract tests, each with a way to let time pass for its leases and replicas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from proxy.core.evidence.records import Retention
from proxy.core.routing.state_names import NO_ORIGINS
from proxy.store.evidence import EvidenceStore
from proxy.store.memory.evidence import MemoryEvidence
from proxy.store.memory.positions import MemoryPositions
from proxy.store.named_evidence import NamedEvidence
from proxy.store.named_positions import NamedPositions
from proxy.store.positions import PositionStore
from proxy.store.postgres.connections import Connections
from proxy.store.postgres.evidence import PostgresEvidence
from proxy.store.postgres.positions import PostgresPositions
from tests.store.waiting import PATIENT

TIGHT = Retention(
    age=1000.0,
    tallies=4,
    exchange_bytes=4000,
    shapes=3,
    clusters=3,
    noise_counts=3,
    epochs=2,
    recorded=7,
    groups=3,
    all_groups=4,
    transitions=100,
)


@dataclass(slots=True)
class Clock:
    """Seconds that pass when they are told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """One implementation of both protocols. `pass_time` makes leases and replicas so many seconds older."""

    evidence: EvidenceStore
    tight: EvidenceStore
    positions: PositionStore
    pass_time: Callable[[float], Awaitable[None]]
    close: Callable[[], Awaitable[None]] = field(repr=False)

    def by_name(self) -> Stores:
        """The same as control asks them."""
        positions = NamedPositions(self.positions, lambda: NO_ORIGINS)
        evidence, tight = (NamedEvidence(each, lambda: NO_ORIGINS) for each in (self.evidence, self.tight))
        return replace(self, positions=positions, evidence=evidence, tight=tight)


def memory() -> Stores:
    """The twin; `tight` holds another evidence than `evidence`."""
    clock = Clock()
    positions = MemoryPositions(clock)

    async def pass_time(seconds: float) -> None:
        clock.now += seconds

    async def close() -> None:
        return

    evidence, tight = MemoryEvidence(positions), MemoryEvidence(positions, TIGHT)
    return Stores(evidence=evidence, tight=tight, positions=positions, pass_time=pass_time, close=close)


def postgres(address: str) -> Stores:
    """The database; `tight` works on the same tables as `evidence`, so a test uses one of them."""
    connections = Connections(address, patience=PATIENT)

    async def pass_time(seconds: float) -> None:
        async with connections.connection() as connection:
            await connection.execute("UPDATE banyan.lease SET until = until - make_interval(secs => $1)", seconds)
            await connection.execute("UPDATE banyan.told SET at = at - make_interval(secs => $1)", seconds)
            await connection.execute("UPDATE banyan.presence SET seen = seen - make_interval(secs => $1)", seconds)

    evidence, tight = PostgresEvidence(connections), PostgresEvidence(connections, TIGHT)
    positions = PostgresPositions(connections)
    return Stores(evidence=evidence, tight=tight, positions=positions, pass_time=pass_time, close=connections.close)
