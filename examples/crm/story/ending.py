"""Phase 3: what belongs to customers moves as well, and the customer service is killed."""

from __future__ import annotations

from examples.crm.stage.scene import Asked
from examples.crm.story.play import Play
from examples.crm.story.report import ALL_MOVED

WITH_CUSTOMERS = ("appointments", "items", "items.discard")
OF_CUSTOMERS = ("customers.show", "customers.search", "customers.create", "customers.change")


async def ending(play: Play) -> None:
    """From the first shadow to a process that is not there."""
    play.load.phase = "3"
    play.tell.chapter("Phase 3: appointments and items move, and the customer service is stopped")
    await _they_move(play)
    await play.share_of_legacy(ALL_MOVED)
    await _nothing_is_left(play)
    await _it_is_killed(play)


async def _they_move(play: Play) -> None:
    play.tell.why(
        "Their rows were rehearsed with those of customers; their reads are compared now. One table is written from "
        "both sides meanwhile, and each reads what the other has written: it is one database."
    )
    await play.edit(*WITH_CUSTOMERS, stage="shadow")
    for route in ("appointments", "items"):
        found = await play.agrees(route)
        play.tell(f"  found  {found.mismatch} of {found.compared} answers of {route} differ")
    await play.edit(*WITH_CUSTOMERS, stage="canary", split="50%")
    await play.watch()
    await play.goes_back(*WITH_CUSTOMERS, to="shadow", forward="50%")
    await play.edit(*WITH_CUSTOMERS, stage="live")


async def _nothing_is_left(play: Play) -> None:
    play.tell.why(
        "At complete nobody asks the customer service any more, not even to compare. It runs on, and counts who asks."
    )
    await play.edit(*OF_CUSTOMERS, *WITH_CUSTOMERS, stage="complete")
    before = await _asked_so_far(play)
    await play.share_of_legacy("nobody asks it to compare")
    after = await play.scene.asked_of_legacy()
    play.report.asked_before_the_kill = after.clients - before.clients, after.shadows - before.shadows
    play.tell(f"  asked  it was sent {after.shadows - before.shadows} requests to compare meanwhile")


async def _asked_so_far(play: Play) -> Asked:
    """Once nothing is on its way any more that was sent before the edit."""
    seen = await play.scene.asked_of_legacy()

    async def is_still() -> bool:
        nonlocal seen
        before, seen = seen, await play.scene.asked_of_legacy()
        return before == seen

    async with play.load.stopped():
        await play.operator.until(is_still, "what was sent before the edit to be answered")
    return seen


async def _it_is_killed(play: Play) -> None:
    if play.scene.customer_service is not None:
        play.scene.children.kill(play.scene.customer_service)
    play.tell("  killed the customer service (SIGKILL), under load")
    valued = play.load.valued
    await play.watch("nobody notices")
    with play.load.awaited("valuations"):
        await play.operator.until(lambda: _has_valued(play, valued), "the valuation service to value for a customer")
    play.report.valued_after_the_kill = play.load.valued - valued
    play.tell(f"  stays  the valuation service has valued for {play.report.valued_after_the_kill} customers meanwhile")
    said = await play.operator.json("probe", "legacy")
    rows = [each for each in said["targets"][0]["findings"] if each["outcome"] == "failed"]
    play.tell(f"  probe  legacy: {rows[0]['row']} FAILED, {rows[0]['said']}" if rows else "  probe  legacy: ok")
    if not rows:
        play.report.wrong.append("probe finds the customer service, which was killed")


async def _has_valued(play: Play, before: int) -> bool:
    """Few of them ask for that."""
    return play.load.valued > before
