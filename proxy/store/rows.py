"""Rows of the database as values of the core, and values as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from proxy.core.evidence.records import Cluster, Epoch, EvidenceTally, GuardState, KeyGroup, NoiseFinding, Sample
from proxy.core.outcome import Side
from proxy.core.parity.compare import Outcome
from proxy.core.parity.rules.difference import DifferenceKind, Severity
from proxy.core.position.position import Cause, Position, Transition
from proxy.core.position.record import OrderKind, OrderRecord
from proxy.core.position.standing import Pin
from proxy.core.stage import Stage
from proxy.store.exchange_json import decode

Row = Mapping[str, Any]


def epoch(row: Row) -> Epoch:
    """From columns of the same names."""
    return Epoch(**row)


def epoch_row(each: Epoch) -> tuple[object, ...]:
    """As `open_epoch.sql` takes it."""
    return each.route, each.legacy_version, each.new_version, each.seen, each.addresses, each.begun, each.why


def tally(row: Row) -> EvidenceTally:
    """From columns of the same names; empty words are none."""
    found = dict(row)
    found["outcome"] = Outcome(row["outcome"])
    found["kind"] = DifferenceKind(row["kind"]) if row["kind"] else None
    found["severity"] = Severity(row["severity"]) if row["severity"] else None
    found["side"] = Side(row["side"])
    return EvidenceTally(**found)


def cluster(row: Row) -> Cluster:
    """From columns of the same names."""
    return Cluster(**{**row, "kind": DifferenceKind(row["kind"]), "severity": Severity(row["severity"])})


def sample(row: Row) -> Sample:
    """From cluster, epoch and the exchange as bytes."""
    return Sample(cluster=row["cluster"], epoch=row["epoch"], exchange=decode(row["exchange"]))


def key_group(row: Row) -> KeyGroup:
    """From columns of the same names."""
    return KeyGroup(**{**row, "keys": tuple(row["keys"])})


def noise(row: Row) -> NoiseFinding:
    """From columns of the same names."""
    return NoiseFinding(**{**row, "numbers": tuple(row["numbers"])})


def noise_row(each: NoiseFinding) -> tuple[object, ...]:
    """As `save_noise.sql` takes it."""
    return each.route, each.path, list(each.numbers), each.decided, each.until, each.updated, each.why


def guard(row: Row) -> GuardState:
    """From columns of the same names."""
    return GuardState(**{**row, "numbers": tuple(row["numbers"])})


def guard_row(each: GuardState) -> tuple[object, ...]:
    """As `save_guard.sql` takes it."""
    return each.route, each.bad, list(each.numbers), each.updated


def position(row: Row) -> Position:
    """From columns of the same names."""
    words = {"stage": Stage(row["stage"]), "file_stage": Stage(row["file_stage"]), "cause": Cause(row["cause"])}
    return Position(**{**row, **words})


def position_row(each: Position) -> tuple[object, ...]:
    """As `compare_and_set.sql` takes it, without `begun`."""
    return (
        each.route,
        str(each.stage),
        each.split,
        each.version,
        each.latched,
        each.held,
        str(each.cause),
        each.since,
        str(each.file_stage),
        each.file_split,
    )


def transition(row: Row) -> Transition:
    """From columns of the same names, and names and numbers apart."""
    found = dict(row)
    found["numbers"] = tuple(zip(found.pop("names"), row["numbers"], strict=True))
    found["from_stage"], found["to_stage"] = Stage(row["from_stage"]), Stage(row["to_stage"])
    found["cause"] = Cause(row["cause"])
    return Transition(**found)


def transition_row(each: Transition) -> tuple[object, ...]:
    """As `compare_and_set.sql` takes it, without route and version."""
    return (
        str(each.from_stage),
        each.from_split,
        str(each.to_stage),
        each.to_split,
        str(each.cause),
        each.actor,
        each.at,
        [name for name, _ in each.numbers],
        [number for _, number in each.numbers],
        each.reason,
    )


def order(row: Row) -> OrderRecord:
    """From columns of the same names."""
    side = None if row["side"] is None else Side(row["side"])
    return OrderRecord(**{**row, "kind": OrderKind(row["kind"]), "side": side})


def order_row(each: OrderRecord) -> tuple[object, ...]:
    """As `record_order.sql` takes it."""
    side = None if each.side is None else str(each.side)
    asked = each.route, str(each.kind), each.actor, each.at, each.reason
    return *asked, each.cohort, side, each.until, each.instance


def pin(row: Row) -> Pin:
    """From columns of the same names."""
    return Pin(**{**row, "side": Side(row["side"])})


def pin_row(each: Pin) -> tuple[object, ...]:
    """As `set_pin.sql` takes it."""
    return each.route, each.cohort, str(each.side), each.by, each.since, each.until, each.reason
