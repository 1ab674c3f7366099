"""The delivery server dies, under load, and comes back."""

from __future__ import annotations

import asyncio
import time

from examples.stage.children import PATIENCE
from examples.todock.story.outage import Outage
from examples.todock.story.play import Play

LOOK = 0.2


async def dies(play: Play, seconds: float, needs: frozenset[str]) -> Outage:
    """What clients got while it was dead; `needs`: kinds of requests that nobody else could answer.

    It is dead until each kind has come: a busy machine may have so few clients that in a few seconds one is missing.
    """
    outage = play.load.outage = Outage(needs)
    await play.scene.kill_delivery()
    outage.since = time.monotonic()
    play.tell(f"  kill   the delivery server, for {seconds:g} s")
    with play.load.awaited():
        while (dead := time.monotonic() - outage.since) < seconds or (not outage.is_shown and dead < PATIENCE):
            await asyncio.sleep(LOOK)
            await play.load.one_logs_in()
            play.scene.children.check()
    outage.over = True
    await play.scene.revive_delivery()
    await _until_legacy_is_asked(play)
    async with play.load.stopped():
        play.load.outage = None
    return outage


async def _until_legacy_is_asked(play: Play) -> None:
    """It is up by its health probe, and no breaker keeps requests away."""

    async def is_asked() -> bool:
        found = await play.operator.look("/api/routes") or {}
        state = await play.operator.metric("banyan_breaker_state", 'upstream="legacy"')
        return not found.get("down") and state == 0.0

    await play.operator.until(is_asked, "Banyan to ask the delivery server again")
