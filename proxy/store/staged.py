"""Increments as rows of the staging tables: texts storable, enums as their words, shapes of all tallies known.

Both stores take them in this form, so that both keep the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy.core.evidence.records import EvidenceTally, Increments, Occurrence, storable
from proxy.store.exchange_json import encode

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Rows for one table, under the names of its columns."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


TALLY = ("route", "epoch", "minute", "shape", "outcome", "kind", "severity", "why", "step", "side", "count")
CLUSTER = (
    "route",
    "epoch",
    "id",
    "path",
    "kind",
    "severity",
    "count",
    "first_seen",
    "last_seen",
    "accepted",
    "counted",
)
SAMPLE = ("route", "epoch", "cluster", "request_id", "at", "draw", "exchange")
SHAPE = ("route", "shape", "legacy", "compared", "first_seen", "last_seen")
RULE_HITS = ("route", "rule", "hits", "last_hit")
NOISE_COUNT = ("route", "path", "measure", "epoch", "asked", "raw_only", "noise_only", "both")
KEY_GROUP = ("route", "id", "keys", "last_seen")
RECORDED = ("route", "request_id", "at", "exchange")


def staged(given: Increments) -> tuple[Staged, ...]:
    """What goes to which table; tables without rows are left out."""
    tables = (
        Staged(table="staged_shape", columns=SHAPE, rows=tuple(_shapes(given))),
        Staged(table="staged_tally", columns=TALLY, rows=tuple(map(_tally, given.tallies))),
        Staged(table="staged_cluster", columns=CLUSTER, rows=tuple(map(_cluster, given.occurrences))),
        Staged(table="staged_sample", columns=SAMPLE, rows=tuple(_samples(given))),
        Staged(table="staged_rule_hits", columns=RULE_HITS, rows=tuple(_rule_hits(given))),
        Staged(table="staged_noise_count", columns=NOISE_COUNT, rows=tuple(_noise(given))),
        Staged(table="staged_key_group", columns=KEY_GROUP, rows=tuple(_groups(given))),
        Staged(table="staged_recorded", columns=RECORDED, rows=tuple(_recorded(given))),
    )
    return tuple(each for each in tables if each.rows)


def _tally(each: EvidenceTally) -> Row:
    return (
        each.route,
        each.epoch,
        each.minute,
        storable(each.shape),
        str(each.outcome),
        str(each.kind or ""),
        str(each.severity or ""),
        storable(each.why),
        each.step,
        str(each.side),
        each.count,
    )


def _shapes(given: Increments) -> Iterable[Row]:
    """Those counted, and with no count those of tallies: a tally's shape is always among the route's shapes."""
    for each in given.shapes:
        yield each.route, storable(each.shape), each.legacy, each.compared, each.first_seen, each.last_seen
    told = {(each.route, each.shape) for each in given.shapes}
    for route, shape in sorted({(each.route, each.shape) for each in given.tallies} - told):
        yield route, storable(shape), 0, 0, given.at, given.at


def _cluster(each: Occurrence) -> Row:
    return (
        each.route,
        each.epoch,
        each.cluster,
        storable(each.path),
        str(each.kind),
        str(each.severity),
        each.count,
        each.first_seen,
        each.last_seen,
        storable(each.accepted),
        each.counted,
    )


def _samples(given: Increments) -> Iterable[Row]:
    for each in given.samples:
        kept = each.exchange
        yield kept.route, each.epoch, each.cluster, storable(kept.request_id), kept.at, kept.draw, encode(kept)


def _rule_hits(given: Increments) -> Iterable[Row]:
    return ((each.route, storable(each.rule), each.hits, each.last_hit) for each in given.rule_hits)


def _noise(given: Increments) -> Iterable[Row]:
    for each in given.noise:
        numbers = (each.asked, each.raw_only, each.noise_only, each.both)
        yield each.route, storable(each.path), storable(each.measure), each.epoch, *numbers


def _groups(given: Increments) -> Iterable[Row]:
    return ((each.route, each.id, list(map(storable, each.keys)), each.last_seen) for each in given.groups)


def _recorded(given: Increments) -> Iterable[Row]:
    return ((each.route, storable(each.request_id), each.at, encode(each)) for each in given.recorded)
