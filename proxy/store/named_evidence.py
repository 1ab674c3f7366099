"""A store of evidence in which routes are kept by their origins, for who calls them by their names.

Rule 1: evidence is found by origin: clusters have ids made of it, and its increments pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from proxy.core.evidence.records import (
    Cluster,
    ComparedExchange,
    Epoch,
    EvidenceTally,
    GuardState,
    Increments,
    JudgedRules,
    KeyGroup,
    NoiseCount,
    NoiseFinding,
    Pruned,
    RuleHits,
    Sample,
    ShapeCount,
)
from proxy.core.position.standing import Lead
from proxy.core.routing.state_names import Origins, all_called, called
from proxy.store.evidence import EvidenceStore


class NamedEvidence:
    """An EvidenceStore over another one. `origins` gives those of the present table."""

    def __init__(self, behind: EvidenceStore, origins: Callable[[], Origins]) -> None:
        """What has no route passes through."""
        self._behind = behind
        self._origins = origins

    async def add(self, increments: Increments) -> None:
        """As EvidenceStore says; by origin already."""
        await self._behind.add(increments)

    async def open_epoch(self, asked: Epoch) -> Epoch:
        """As EvidenceStore says."""
        return called(await self._behind.open_epoch(called(asked, self._kept(asked.route))), asked.route)

    async def epochs(self, route: str) -> tuple[Epoch, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.epochs(self._kept(route)), lambda _: route)

    async def judge_by(self, asked: JudgedRules, fresh: int) -> JudgedRules:
        """As EvidenceStore says."""
        return called(await self._behind.judge_by(called(asked, self._kept(asked.route)), fresh), asked.route)

    async def tallies(self, route: str, epoch: int, since_minute: int = 0) -> tuple[EvidenceTally, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.tallies(self._kept(route), epoch, since_minute), lambda _: route)

    async def clusters(self, route: str, epoch: int) -> tuple[Cluster, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.clusters(self._kept(route), epoch), lambda _: route)

    async def samples(self, route: str, epoch: int, cluster: str) -> tuple[Sample, ...]:
        """As EvidenceStore says."""
        found = await self._behind.samples(self._kept(route), epoch, cluster)
        return tuple(replace(each, exchange=called(each.exchange, route)) for each in found)

    async def shapes(self, route: str) -> tuple[ShapeCount, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.shapes(self._kept(route)), lambda _: route)

    async def key_groups(self, route: str) -> tuple[KeyGroup, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.key_groups(self._kept(route)), lambda _: route)

    async def rule_hits(self, route: str) -> tuple[RuleHits, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.rule_hits(self._kept(route)), lambda _: route)

    async def noise_counts(self, route: str) -> tuple[NoiseCount, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.noise_counts(self._kept(route)), lambda _: route)

    async def noise(self, route: str) -> tuple[NoiseFinding, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.noise(self._kept(route)), lambda _: route)

    async def save_noise(self, findings: tuple[NoiseFinding, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        return await self._behind.save_noise(all_called(findings, self._kept), lead)

    async def guards(self) -> tuple[GuardState, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.guards(), self._origins().name)

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        return await self._behind.save_guards(all_called(states, self._kept), lead)

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...]:
        """As EvidenceStore says."""
        return all_called(await self._behind.recorded(self._kept(route), limit), lambda _: route)

    async def prune(self, now: float) -> Pruned:
        """As EvidenceStore says."""
        return await self._behind.prune(now)

    def _kept(self, route: str) -> str:
        return self._origins().origin(route)
