"""What was found of one target, row by row: `banyan probe` asks for them in this order.

Rule 1: what fails, or deserves a warning, says which of the two ends has to change something, and what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class ProbeRow(StrEnum):
    """What is asked: addresses, a way from here, a connection, TLS, who is shown, whether that one may, how fast."""

    NAME = "name"
    SOURCE = "source"
    CONNECT = "connect"
    TLS = "tls"
    AS_WHOM = "as_whom"
    MAY_I = "may_i"
    ROUND_TRIP = "round_trip"


class RowOutcome(StrEnum):
    """From good to bad."""

    FINE = "fine"
    WARNING = "warning"
    FAILED = "failed"


class End(StrEnum):
    """Which end has to change something: this host with its routes.yaml, or the target with what is in front of it."""

    HERE = "here"
    THERE = "there"


class TargetKind(StrEnum):
    """What is probed."""

    UPSTREAM = "upstream"
    DATABASE = "database"
    STATE = "state"
    KEY_SET = "key_set"
    INTROSPECTION = "introspection"
    LOOKUP = "lookup"
    TOKEN_ENDPOINT = "token_endpoint"  # noqa: S105 -- a kind of target


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row. `address` empty: of the target as a whole; `ms`: what it took, None: that was not measured.

    `change` and `cure` are said of every row that is not fine (rule 1).
    """

    row: ProbeRow
    said: str
    address: str = ""
    outcome: RowOutcome = RowOutcome.FINE
    change: End | None = None
    cure: str = ""
    ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFindings:
    """One target: `where` is its address as routes.yaml has it, without what is secret."""

    kind: TargetKind
    name: str
    where: str
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> RowOutcome:
        """That of its worst row."""
        return worst(finding.outcome for finding in self.findings)


def fine(row: ProbeRow, said: str, ms: float | None = None) -> Finding:
    """A row that is as it should be."""
    return Finding(row=row, said=said, ms=ms)


def warned(row: ProbeRow, said: str, change: End, cure: str, ms: float | None = None) -> Finding:
    """A row that is good for now."""
    return Finding(row=row, said=said, outcome=RowOutcome.WARNING, change=change, cure=cure, ms=ms)


def failed(row: ProbeRow, said: str, change: End, cure: str, ms: float | None = None) -> Finding:
    """A row that keeps requests, or Banyan itself, from the target."""
    return Finding(row=row, said=said, outcome=RowOutcome.FAILED, change=change, cure=cure, ms=ms)


def worst(outcomes: Iterable[RowOutcome]) -> RowOutcome:
    """The worst of them; fine where there is none."""
    order = list(RowOutcome)
    return max(outcomes, key=order.index, default=RowOutcome.FINE)
