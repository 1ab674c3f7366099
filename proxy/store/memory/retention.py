"""What the memory store lets go; each step is named after the statement in sql/ that it mirrors."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from itertools import accumulate
from typing import Any

from proxy.core.evidence.records import Pruned, Retention
from proxy.store.memory.tables import Tables

_REMEMBERED = 3600.0


def prune(tables: Tables, keep: Retention, now: float) -> Pruned:
    """Take away what exceeds the retention."""
    oldest, half = now - keep.age, keep.exchange_bytes // 2
    _prune_epochs(tables, keep.epochs)
    _prune_judged_rules(tables, keep.rules)
    tallies = _prune_tallies(tables, int(oldest // 60), keep.tallies)
    clusters = _drop(tables.clusters, [key for key, row in tables.clusters.items() if row[8] < oldest])
    samples = _prune_samples(tables, oldest, half)
    recorded = _prune_recorded(tables, oldest, half)
    others = (
        _drop(tables.shapes, [key for key, each in tables.shapes.items() if each.last_seen < oldest])
        + _drop(tables.rule_hits, [key for key, each in tables.rule_hits.items() if each.last_hit < oldest])
        + _drop(tables.noise, [key for key, each in tables.noise.items() if each.updated < oldest])
        + _prune_key_groups(tables, oldest, keep.all_groups)
        + _drop(tables.guards, [key for key, each in tables.guards.items() if each.updated < oldest])
    )
    _drop(tables.applied, [key for key, at in tables.applied.items() if at < now - _REMEMBERED])
    return Pruned(tallies=tallies, clusters=clusters, exchanges=samples + recorded, others=others)


def _prune_epochs(tables: Tables, most: int) -> None:
    for route in {epoch.route for epoch in tables.epochs.values()}:
        known = sorted(tables.epochs.under(route).values(), key=lambda each: (each.seen, each.number))
        for gone in known[: max(0, len(known) - most)]:
            del tables.epochs[route, gone.number]
            for table in (tables.tallies, tables.clusters, tables.samples):
                _drop(table, [key for key in table if key[:2] == (route, gone.number)])
            counted = tables.noise_counts.under(route)
            _drop(tables.noise_counts, [key for key, each in counted.items() if each.epoch == gone.number])


def _prune_judged_rules(tables: Tables, most: int) -> None:
    for route in {each.route for each in tables.judged_rules.values()}:
        known = sorted(tables.judged_rules.under(route).values(), key=lambda each: (-each.minute, each.mark))
        _drop(tables.judged_rules, [(each.route, each.mark) for each in known[most:]])


def _prune_tallies(tables: Tables, before: int, most: int) -> int:
    minutes = sorted((key[2] for key in tables.tallies), reverse=True)
    last_gone = minutes[most] if len(minutes) > most else before - 1
    return _drop(tables.tallies, [key for key in tables.tallies if key[2] < before or key[2] <= last_gone])


def _prune_key_groups(tables: Tables, oldest: float, most: int) -> int:
    held = sorted(tables.key_groups.values(), key=lambda each: (-each.last_seen, each.id, each.route))
    gone = [each for place, each in enumerate(held) if place >= most or each.last_seen < oldest]
    return _drop(tables.key_groups, [(each.route, each.id) for each in gone])


def _prune_samples(tables: Tables, oldest: float, most: int) -> int:
    held = sorted(tables.samples.values(), key=lambda row: (-row[4], row[3], row[2]))
    kept = accumulate(len(row[-1]) for row in held)
    gone = [
        row[:4]
        for row, size in zip(held, kept, strict=True)
        if row[4] < oldest or size > most or row[:3] not in tables.clusters
    ]
    return _drop(tables.samples, gone)


def _prune_recorded(tables: Tables, oldest: float, most: int) -> int:
    held = sorted(tables.recorded.values(), key=lambda row: (-row[2], row[1], row[0]))
    kept = accumulate(len(row[-1]) for row in held)
    return _drop(
        tables.recorded,
        [row[:2] for row, size in zip(held, kept, strict=True) if row[2] < oldest or size > most],
    )


def _drop(table: MutableMapping[Any, Any], keys: Iterable[Any]) -> int:
    gone = list(keys)
    for key in gone:
        del table[key]
    return len(gone)
