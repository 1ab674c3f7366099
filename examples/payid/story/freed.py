"""Phase 3, then: each client learns that null and absent are one, and is freed from the bridge by itself."""

from __future__ import annotations

from functools import partial
from typing import Final

from examples.payid.story.bridge import CLIENTS, taken_away
from examples.payid.story.play import Play

_LOOKS: Final = 10
"""So often clients are watched at most, until each kind has read an account: of few requests, some may have none."""


async def freed(play: Play) -> None:
    """One after the other."""
    play.tell.why(
        "Each team changes its client when it has the time: a new release of the client, then one edit of its route. "
        "The others keep their nulls until they are as far."
    )
    for client in CLIENTS:
        play.load.unchanged.discard(client)
        await play.save(partial(taken_away, client))
        play.tell(f"  edit   routes.yaml, account.{client}: {client}-nulls taken out; nulls excused for team-{client}")
        await _looked_at(play, client)


async def _looked_at(play: Play, client: str) -> None:
    """Who gets nulls now, and who does not."""
    async with play.load.stopped():  # what began before the save has ended, by the adapter of then
        play.load.nulls.clear()
        play.load.absent.clear()
    nulls, absent = set[str](), set[str]()
    for _ in range(_LOOKS):
        await play.watch()
        nulls = {name for name in CLIENTS if play.load.nulls[name]}
        absent = {name for name in CLIENTS if play.load.absent[name]}
        if nulls | absent == set(CLIENTS):
            break
    play.report.freed[client] = (sorted(nulls), sorted(absent))
    told = ", ".join(sorted(nulls)) or "nobody"
    play.tell(f"  freed  {client}: nulls are put back for {told}")
