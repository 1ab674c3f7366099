"""What the memory store holds, and how additions are merged: each step has the name of its statement in sql/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from proxy.core.evidence.records import (
    OTHER,
    SAMPLED,
    Epoch,
    GuardState,
    JudgedRules,
    KeyGroup,
    NoiseCount,
    NoiseFinding,
    Retention,
    RuleHits,
    ShapeCount,
)
from proxy.store.memory.rows import Row, Rows
from proxy.store.staged import NOISE_COUNT, RULE_HITS, SHAPE, Staged


@dataclass(slots=True)
class Tables:
    """Rows by primary key, as in the database: by route, tallies and clusters by epoch too, samples also by cluster."""

    applied: dict[str, float] = field(default_factory=dict)
    epochs: Rows[Epoch] = field(default_factory=partial(Rows, 1))
    tallies: Rows[int] = field(default_factory=partial(Rows, 2))
    clusters: Rows[Row] = field(default_factory=partial(Rows, 2))
    samples: Rows[Row] = field(default_factory=partial(Rows, 3))
    recorded: Rows[Row] = field(default_factory=partial(Rows, 1))
    shapes: Rows[ShapeCount] = field(default_factory=partial(Rows, 1))
    rule_hits: Rows[RuleHits] = field(default_factory=partial(Rows, 1))
    noise_counts: Rows[NoiseCount] = field(default_factory=partial(Rows, 1))
    noise: Rows[NoiseFinding] = field(default_factory=partial(Rows, 1))
    judged_rules: Rows[JudgedRules] = field(default_factory=partial(Rows, 1))
    key_groups: Rows[KeyGroup] = field(default_factory=partial(Rows, 1))
    guards: dict[Row, GuardState] = field(default_factory=dict)

    def merge(self, tables: Iterable[Staged], keep: Retention) -> None:
        """Add what has been staged."""
        found: dict[str, tuple[Row, ...]] = {table.table: table.rows for table in tables}
        names = self._admitted_shapes(found.get("staged_shape", ()), keep)
        self._add_shapes(found.get("staged_shape", ()), names)
        self._add_tallies(found.get("staged_tally", ()), names)
        self._add_clusters(found.get("staged_cluster", ()), keep)
        self._add_samples(found.get("staged_sample", ()))
        self._add_rule_hits(found.get("staged_rule_hits", ()))
        self._add_noise_counts(found.get("staged_noise_count", ()), keep)
        self._add_key_groups(found.get("staged_key_group", ()), keep)
        self._add_recorded(found.get("staged_recorded", ()), keep)

    def _admitted_shapes(self, rows: Iterable[Row], keep: Retention) -> dict[Row, str]:
        asked = {row[:2] for row in rows}
        admitted = _admit(asked, self.shapes, keep.shapes, 1)
        return {key: key[1] if key in admitted else OTHER for key in asked}

    def _add_shapes(self, rows: Iterable[Row], names: dict[Row, str]) -> None:
        for row in rows:
            new = ShapeCount(**dict(zip(SHAPE, (row[0], names[row[:2]], *row[2:]), strict=True)))
            old = self.shapes.get((new.route, new.shape), new)
            known = (new.route, new.shape) in self.shapes
            self.shapes[new.route, new.shape] = ShapeCount(
                route=new.route,
                shape=new.shape,
                legacy=new.legacy + old.legacy * known,
                compared=new.compared + old.compared * known,
                first_seen=min(new.first_seen, old.first_seen),
                last_seen=max(new.last_seen, old.last_seen),
            )

    def _add_tallies(self, rows: Iterable[Row], names: dict[Row, str]) -> None:
        for route, epoch, minute, shape, *rest, count in rows:
            key = (route, epoch, minute, names[route, shape], *rest)
            self.tallies[key] = self.tallies.get(key, 0) + count

    def _add_clusters(self, rows: Iterable[Row], keep: Retention) -> None:
        given = tuple(rows)
        admitted = _admit({row[:3] for row in given}, self.clusters, keep.clusters, 2)
        staged: dict[Row, Row] = {}
        for row in given:
            named = row if row[:3] in admitted else (*row[:2], OTHER, OTHER, *row[4:])
            staged[named[:3]] = _together(staged.get(named[:3]), named, _rank(named) > _rank(staged.get(named[:3])))
        for key, row in staged.items():
            known = self.clusters.get(key)
            self.clusters[key] = _together(known, row, known is None or row[8] >= known[8])

    def _add_samples(self, rows: Iterable[Row]) -> None:
        for row in rows:
            if row[:3] in self.clusters:
                self.samples.setdefault(row[:4], row)
        for cluster in {row[:3] for row in rows}:
            held = self.samples.under(*cluster).values()
            by_draw = sorted(held, key=lambda row: (row[5], row[3]))[SAMPLED:]
            by_age = sorted(held, key=lambda row: (-row[4], row[3]))[SAMPLED:]
            for key in {row[:4] for row in by_draw} & {row[:4] for row in by_age}:
                del self.samples[key]

    def _add_rule_hits(self, rows: Iterable[Row]) -> None:
        for row in rows:
            new = RuleHits(**dict(zip(RULE_HITS, row, strict=True)))
            old = self.rule_hits.get(row[:2], RuleHits(route=new.route, rule=new.rule, hits=0, last_hit=new.last_hit))
            hits, last = old.hits + new.hits, max(old.last_hit, new.last_hit)
            self.rule_hits[row[:2]] = RuleHits(route=new.route, rule=new.rule, hits=hits, last_hit=last)

    def _add_noise_counts(self, rows: Iterable[Row], keep: Retention) -> None:
        given = tuple(rows)
        admitted = _admit({row[:4] for row in given}, self.noise_counts, keep.noise_counts, 1)
        for row in given:
            if row[:4] not in admitted:
                continue
            old = self.noise_counts.get(row[:4])
            numbers = (old.asked, old.raw_only, old.noise_only, old.both) if old else (0, 0, 0, 0)
            summed = (*row[:4], *(a + b for a, b in zip(numbers, row[4:], strict=True)))
            self.noise_counts[row[:4]] = NoiseCount(**dict(zip(NOISE_COUNT, summed, strict=True)))

    def _add_key_groups(self, rows: Iterable[Row], keep: Retention) -> None:
        for route, name, keys, last_seen in rows:
            known = self.key_groups.get((route, name))
            seen = last_seen if known is None else max(known.last_seen, last_seen)
            self.key_groups[route, name] = KeyGroup(route=route, id=name, keys=tuple(keys), last_seen=seen)
        for route in {row[0] for row in rows}:
            held = self.key_groups.under(route).values()
            for gone in sorted(held, key=lambda each: (-each.last_seen, each.id))[keep.groups :]:
                del self.key_groups[route, gone.id]

    def _add_recorded(self, rows: Iterable[Row], keep: Retention) -> None:
        for row in rows:
            self.recorded.setdefault(row[:2], row)
        for route in {row[0] for row in rows}:
            held = self.recorded.under(route).values()
            for row in sorted(held, key=lambda row: (-row[2], row[1]))[keep.recorded :]:
                del self.recorded[row[:2]]


def _admit(asked: set[Row], table: Rows[Any], most: int, columns: int) -> set[Row]:
    """Of `asked`, those that the table has and as many others, in order, as there is room under their first columns."""
    admitted = {key for key in asked if key in table}
    room: dict[Row, int] = {}
    for key in sorted(asked - admitted):
        group = key[:columns]
        left = room.setdefault(group, most - len(table.under(*group)))
        if left > 0:
            admitted.add(key)
            room[group] = left - 1
    return admitted


def _rank(row: Row | None) -> Row:
    """Which of two rows of one cluster speaks last: by time, and by word where the time is the same."""
    return () if row is None else (row[8], row[9], row[5], row[4])


def _together(old: Row | None, new: Row, newer: bool) -> Row:  # noqa: FBT001 - says which of the two it is
    """One row for both: counts and times of both, words of the newer."""
    if old is None:
        return new
    words = new if newer else old
    first, last = min(old[7], new[7]), max(old[8], new[8])
    return (*new[:4], words[4], words[5], old[6] + new[6], first, last, words[9], old[10] + new[10])
