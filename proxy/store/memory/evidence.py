"""Evidence in this process's memory: the same as in PostgreSQL, gone with the process and not shared with another.

Rule 1: it takes the rows that PostgreSQL would take (`staged.py`) and merges them as `sql/add_*.sql` do; one suite of
contract tests holds both to the same answers.
"""

from __future__ import annotations

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
    Retention,
    RuleHits,
    Sample,
    ShapeCount,
    cleaned,
)
from proxy.core.position.standing import Lead
from proxy.store import rows, sorting
from proxy.store.exchange_json import decode
from proxy.store.memory import retention
from proxy.store.memory.positions import MemoryPositions
from proxy.store.memory.tables import Tables
from proxy.store.staged import CLUSTER, TALLY, staged


class MemoryEvidence:
    """An EvidenceStore. Leads are those of `positions`."""

    def __init__(self, positions: MemoryPositions, retention: Retention | None = None) -> None:
        """Begin empty."""
        self._positions = positions
        self._retention = retention or Retention()
        self._tables = Tables()

    async def add(self, increments: Increments) -> None:
        """As EvidenceStore says."""
        if increments.id not in self._tables.applied:
            self._tables.applied[increments.id] = increments.at
            self._tables.merge(staged(increments), self._retention)

    async def open_epoch(self, asked: Epoch) -> Epoch:
        """As EvidenceStore says."""
        asked = cleaned(asked)
        known = self._tables.epochs.under(asked.route).values()
        found = next((each for each in known if each.mark == asked.mark), None)
        if found is None:
            number = max((each.number for each in known), default=0) + 1
            opened = replace(asked, number=number, began=asked.seen)
        else:
            opened = replace(found, seen=max(found.seen, asked.seen), why=asked.why or found.why)
        self._tables.epochs[asked.route, opened.number] = opened
        return opened

    async def epochs(self, route: str) -> tuple[Epoch, ...]:
        """As EvidenceStore says."""
        return sorting.epochs(self._tables.epochs.under(route).values())

    async def judge_by(self, asked: JudgedRules, fresh: int) -> JudgedRules:
        """As EvidenceStore says."""
        known = self._tables.judged_rules.under(asked.route)
        found = known.get((asked.route, asked.mark), replace(asked, minute=-1))
        is_unseen = not asked.minute and any(each.minute > found.minute for each in known.values())
        stands = replace(asked, minute=fresh if is_unseen else max(found.minute, asked.minute))
        self._tables.judged_rules[asked.route, asked.mark] = stands
        return stands

    async def tallies(self, route: str, epoch: int, since_minute: int = 0) -> tuple[EvidenceTally, ...]:
        """As EvidenceStore says."""
        return sorting.tallies(
            rows.tally(dict(zip(TALLY, (*key, count), strict=True)))
            for key, count in self._tables.tallies.under(route, epoch).items()
            if key[2] >= since_minute
        )

    async def clusters(self, route: str, epoch: int) -> tuple[Cluster, ...]:
        """As EvidenceStore says."""
        return sorting.clusters(
            rows.cluster(dict(zip(CLUSTER, row, strict=True)))
            for row in self._tables.clusters.under(route, epoch).values()
        )

    async def samples(self, route: str, epoch: int, cluster: str) -> tuple[Sample, ...]:
        """As EvidenceStore says."""
        return sorting.samples(
            Sample(cluster=cluster, epoch=epoch, exchange=decode(row[-1]))
            for row in self._tables.samples.under(route, epoch, cluster).values()
        )

    async def shapes(self, route: str) -> tuple[ShapeCount, ...]:
        """As EvidenceStore says."""
        return sorting.shapes(self._tables.shapes.under(route).values())

    async def key_groups(self, route: str) -> tuple[KeyGroup, ...]:
        """As EvidenceStore says."""
        return sorting.key_groups(self._tables.key_groups.under(route).values())

    async def rule_hits(self, route: str) -> tuple[RuleHits, ...]:
        """As EvidenceStore says."""
        return sorting.rule_hits(self._tables.rule_hits.under(route).values())

    async def noise_counts(self, route: str) -> tuple[NoiseCount, ...]:
        """As EvidenceStore says."""
        return sorting.noise_counts(self._tables.noise_counts.under(route).values())

    async def noise(self, route: str) -> tuple[NoiseFinding, ...]:
        """As EvidenceStore says."""
        return sorting.noise(self._tables.noise.under(route).values())

    async def save_noise(self, findings: tuple[NoiseFinding, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        if not self._positions.leads(lead):
            return False
        kept = map(cleaned, findings)
        self._tables.noise.update({(each.route, each.path): each for each in kept})
        return True

    async def guards(self) -> tuple[GuardState, ...]:
        """As EvidenceStore says."""
        return sorting.guards(self._tables.guards.values())

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool:
        """As EvidenceStore says."""
        if not self._positions.leads(lead):
            return False
        self._tables.guards |= {(state.route, state.bad): state for state in map(cleaned, states)}
        return True

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...]:
        """As EvidenceStore says."""
        found = (decode(row[-1]) for row in self._tables.recorded.under(route).values())
        return sorting.recorded(found)[:limit]

    async def prune(self, now: float) -> Pruned:
        """As EvidenceStore says."""
        return retention.prune(self._tables, self._retention, now)
