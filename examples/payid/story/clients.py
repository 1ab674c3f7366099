"""Phase 3: bounds, the way off the bridge, and what is found nowhere."""

from __future__ import annotations

from examples.payid.story.freed import freed
from examples.payid.story.isolation import isolation
from examples.payid.story.play import ACCOUNTS, Play
from examples.payid.story.search import search


async def clients(play: Play) -> None:
    """Each for itself, and then all together."""
    play.load.phase = "3"
    play.tell.chapter("Phase 3: each kind of client for itself")
    await isolation(play)
    await freed(play)
    await play.goes_back(*ACCOUNTS, to="shadow", forward="50%")
    await play.edit(*ACCOUNTS, stage="live")
    await search(play)
    play.report.differences = await play.reconcile()
