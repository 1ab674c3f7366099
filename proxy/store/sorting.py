"""In which order each store gives what it holds; ties included, so that two stores never differ in it."""

from __future__ import annotations

from collections.abc import Iterable

from proxy.core.evidence.records import (
    Cluster,
    ComparedExchange,
    Epoch,
    EvidenceTally,
    GuardState,
    KeyGroup,
    NoiseCount,
    NoiseFinding,
    RuleHits,
    Sample,
    ShapeCount,
)


def epochs(found: Iterable[Epoch]) -> tuple[Epoch, ...]:
    """The latest that was begun first, of those the one announced last."""
    return tuple(sorted(found, key=lambda each: (-each.begun, -each.seen, -each.number)))


def tallies(found: Iterable[EvidenceTally]) -> tuple[EvidenceTally, ...]:
    """Oldest first."""
    return tuple(
        sorted(
            found,
            key=lambda each: (
                each.minute,
                each.shape,
                each.outcome,
                each.kind or "",
                each.severity or "",
                each.why,
                each.step,
                each.side,
            ),
        )
    )


def clusters(found: Iterable[Cluster]) -> tuple[Cluster, ...]:
    """The most frequent first."""
    return tuple(sorted(found, key=lambda each: (-each.count, each.id)))


def samples(found: Iterable[Sample]) -> tuple[Sample, ...]:
    """Newest first."""
    return tuple(sorted(found, key=lambda each: (-each.exchange.at, each.exchange.request_id)))


def recorded(found: Iterable[ComparedExchange]) -> tuple[ComparedExchange, ...]:
    """Newest first."""
    return tuple(sorted(found, key=lambda each: (-each.at, each.request_id)))


def shapes(found: Iterable[ShapeCount]) -> tuple[ShapeCount, ...]:
    """The most frequent at legacy first."""
    return tuple(sorted(found, key=lambda each: (-each.legacy, each.shape)))


def key_groups(found: Iterable[KeyGroup]) -> tuple[KeyGroup, ...]:
    """The one met last first."""
    return tuple(sorted(found, key=lambda each: (-each.last_seen, each.id)))


def rule_hits(found: Iterable[RuleHits]) -> tuple[RuleHits, ...]:
    """By rule."""
    return tuple(sorted(found, key=lambda each: each.rule))


def noise_counts(found: Iterable[NoiseCount]) -> tuple[NoiseCount, ...]:
    """By key, epoch and measure."""
    return tuple(sorted(found, key=lambda each: (each.path, each.epoch, each.measure)))


def noise(found: Iterable[NoiseFinding]) -> tuple[NoiseFinding, ...]:
    """By path."""
    return tuple(sorted(found, key=lambda each: each.path))


def guards(found: Iterable[GuardState]) -> tuple[GuardState, ...]:
    """By route and class."""
    return tuple(sorted(found, key=lambda each: (each.route, each.bad)))
