"""Whether all live replicas obey what was ordered: an answer waits for that, for a while."""

from __future__ import annotations

import asyncio

from proxy.api.standing import InstanceView
from proxy.control.admin.orders.standing import instance_views
from proxy.control.judge.judging import Judge
from proxy.control.position.standing_here import StandingHere

WITHIN = 2.0
"""Seconds that an answer waits for every live replica."""


async def acknowledged(here: StandingHere, judge: Judge, revision: str) -> list[InstanceView]:
    """All live replicas, once each obeys what stands, or after `WITHIN`."""
    shown = instance_views(here, judge, revision)
    try:
        async with asyncio.timeout(WITHIN):
            while not all(each.obeys for each in shown):
                judge.wake()
                await asyncio.sleep(0.02)  # other replicas set no event here
                shown = instance_views(here, judge, revision)
    except TimeoutError:
        pass
    return shown
