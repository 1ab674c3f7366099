"""What a store of evidence can do. `memory/evidence.py` and `postgres/evidence.py` both do, by the same tests.

Every method may raise `StoreUnavailable`. All of them may be repeated after that without counting anything twice.
"""

from __future__ import annotations

from typing import Protocol

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


class EvidenceStore(Protocol):
    """Evidence of all routes, pooled over all replicas."""

    async def add(self, increments: Increments) -> None:
        """Add all of it or nothing; a second time with the same id does nothing."""

    async def open_epoch(self, asked: Epoch) -> Epoch:
        """The epoch of these versions, addresses and `begun`; a new one, with the next number, when they are new.

        `asked.number` counts for nothing, `asked.seen` is now; a `why` replaces what is known, unless it is empty.
        """

    async def epochs(self, route: str) -> tuple[Epoch, ...]:
        """The route's epochs, the latest that was begun first, of those the one announced last."""

    async def judge_by(self, asked: JudgedRules, fresh: int) -> JudgedRules:
        """From which minute on these rules count; it is remembered, and asked for again after a restart.

        `asked.minute` is that of an edit that was seen, or 0: then what is known stands, unless others of the route are
        known, and these are not, or were edited before: somebody has edited them unseen, and the minute `fresh` counts.
        """

    async def tallies(self, route: str, epoch: int, since_minute: int = 0) -> tuple[EvidenceTally, ...]:
        """Counts from a minute on, oldest first."""

    async def clusters(self, route: str, epoch: int) -> tuple[Cluster, ...]:
        """The route's differences in one epoch, the most frequent first."""

    async def samples(self, route: str, epoch: int, cluster: str) -> tuple[Sample, ...]:
        """Exchanges that show a cluster, newest first: `SAMPLED` by chance and as many of the newest."""

    async def shapes(self, route: str) -> tuple[ShapeCount, ...]:
        """Shapes seen, the most frequent at legacy first."""

    async def key_groups(self, route: str) -> tuple[KeyGroup, ...]:
        """Keys that waited together, the group met last first."""

    async def rule_hits(self, route: str) -> tuple[RuleHits, ...]:
        """Hits of the route's `compare:` rules, by rule id."""

    async def noise_counts(self, route: str) -> tuple[NoiseCount, ...]:
        """What was counted of noise, by key."""

    async def noise(self, route: str) -> tuple[NoiseFinding, ...]:
        """What the tests of noise found, by key."""

    async def save_noise(self, findings: tuple[NoiseFinding, ...], lead: Lead) -> bool:
        """Replace these findings; False, and nothing saved, when `lead` no longer holds."""

    async def guards(self) -> tuple[GuardState, ...]:
        """The guards' states, by route and class."""

    async def save_guards(self, states: tuple[GuardState, ...], lead: Lead) -> bool:
        """Replace these states; False, and nothing saved, when `lead` no longer holds."""

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...]:
        """Exchanges kept for replay, newest first."""

    async def prune(self, now: float) -> Pruned:
        """Take away what exceeds the store's `Retention`."""
