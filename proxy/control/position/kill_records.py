"""Puts turns of the kill switch on record: workers obey the file, and nobody waits for a store.

Rule 1: an order has the time that its file names, so that whoever finds it again after a restart records it once.
"""

from __future__ import annotations

from datetime import datetime

from proxy.control.position.record_writer import RecordWriter
from proxy.core.position.record import OrderKind
from proxy.core.routing.kill_switch import KillSwitchOrder

KILL_FILE = "kill file"
"""Who turned it where nobody said so: the file came or went, by `touch` or `rm`."""


class KillRecords:
    """Of one instance."""

    def __init__(self, records: RecordWriter) -> None:
        """Nothing is recorded yet."""
        self._records = records

    def turned_on(self, order: KillSwitchOrder) -> None:
        """It was ordered, also where it is on already."""
        self._records.add(OrderKind.KILL, order.by or KILL_FILE, order.reason, at=_said(order.at))

    def turned_off(self, by: str = "", reason: str = "", at: str = "") -> None:
        """Its end was ordered, now or at that time."""
        self._records.add(OrderKind.UNKILL, by or KILL_FILE, reason, at=_said(at))


def _said(at: str) -> float | None:
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError):
        return None
