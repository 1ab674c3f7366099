"""Puts turns of the kill switch on record: workers obey the file, and nobody waits for a store.

Rule 1: an order has the time that its file names, so that whoever finds it again after a restart records it once.
Rule 2: one that changed nothing is on record as such.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from proxy.control.position.record_writer import RecordWriter
from proxy.core.position.record import OrderKind, stood_reason
from proxy.core.routing.kill_switch import KillSwitchOrder, SwitchTurn

KILL_FILE = "kill file"
"""Who turned it where nobody said so: the file came or went, by `touch` or `rm`."""


class KillRecords:
    """Of one instance. `turned` hears of each order that turned it on."""

    def __init__(self, records: RecordWriter) -> None:
        """Nothing is recorded yet."""
        self._records = records
        self.turned: Callable[[KillSwitchOrder], None] = lambda _: None

    def turned_on(self, order: KillSwitchOrder, *, stood: bool = False) -> None:
        """It was ordered; `stood`: it was on already."""
        self.turned(order)
        self._add(OrderKind.KILL, order, stood=stood)

    def turned_off(self, order: KillSwitchOrder, *, stood: bool = False) -> None:
        """Its end was ordered, now or at the time that the order names; `stood`: it was off already."""
        self._add(OrderKind.UNKILL, order, stood=stood)

    def kept(self, turn: SwitchTurn) -> None:
        """One that no control was there to see."""
        self._add(OrderKind.KILL if turn.on else OrderKind.UNKILL, turn.order, stood=turn.stood)

    def _add(self, kind: OrderKind, order: KillSwitchOrder, *, stood: bool) -> None:
        reason = stood_reason(order.reason) if stood else order.reason
        self._records.add(kind, order.by or KILL_FILE, reason, at=_said(order.at))


def _said(at: str) -> float | None:
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError):
        return None
