"""Who judges: one replica at a time, by a lease in the store.

Rule 1: a lease is short, so that a judge which was killed is followed within seconds; one that ends resigns.
Rule 2: this object may be wrong about leading; the store is not: each move carries the lead, and is refused under an
        old one. Whoever was refused once, or could not ask, asks anew before it moves anything.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

import structlog

from proxy.core.position.standing import Lead
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.positions import PositionStore

NAME = "judge"
LASTS = 4.0
"""Seconds; it is renewed every second."""
_log = structlog.get_logger()


class Leading:
    """`lead` is the right to judge, as far as this replica knows."""

    def __init__(self, store: PositionStore, instance: str) -> None:
        """Lead nobody yet; the holder is this process and no other, ever."""
        self.lead: Lead | None = None
        self._store = store
        self._holder = f"{instance} {uuid.uuid4().hex}"

    async def go_on(self) -> None:
        """Lead, or go on leading, if nobody else does; StoreUnavailable."""
        before = self.lead
        if before is not None and await self._store.renew(before, LASTS):
            return
        epoch = await self._store.try_lead(NAME, self._holder, LASTS)
        self.lead = None if epoch is None else Lead(name=NAME, holder=self._holder, epoch=epoch)
        if (before is None) is not (self.lead is None):
            _log.info("judge_leads" if self.lead else "judge_follows", epoch=epoch)

    def doubt(self) -> None:
        """Lead no more until the store was asked again."""
        self.lead = None

    async def resign(self) -> None:
        """Let the next one lead at once."""
        lead, self.lead = self.lead, None
        if lead is not None:
            with suppress(StoreUnavailable, StoreRefused):
                await self._store.resign(lead)
