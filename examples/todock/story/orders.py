"""Phase 2: orders move, with writes of both stores and three contracts; the core system has closed hours."""

from __future__ import annotations

from examples.stage.visitors import each_of
from examples.todock.story.closed_hours import closed_hours
from examples.todock.story.play import ORDERS, Play

_TAKEN_OUT = "SELECT DISTINCT number FROM order_line WHERE count = 0"


async def orders(play: Play) -> None:
    """From the first write to both to the half of the members."""
    play.load.phase = "2"
    play.tell.chapter("Phase 2: orders move, of both generations of the app and of the site")
    await _both_stores_are_written(play)
    await _effects_are_reconciled(play)
    await play.edit(*ORDERS, stage="canary", split="50%")
    await play.watch()
    await play.goes_back(*ORDERS, to="shadow", forward="50%")
    await closed_hours(play)
    await _stores_agree(play)
    await play.needs_legacy("2")
    play.count_moves("2")


async def _both_stores_are_written(play: Play) -> None:
    play.tell.why(
        "Three kinds of clients call one path, each in a contract of its own, and Banyan tells them apart by Host and "
        "by what the apps say of themselves. They are one group: a member moves on all of them at once. Each write is "
        "journalled, and goes to the order API after the delivery server. What was ordered before is sent once more."
    )
    await play.edit(*ORDERS, stage="shadow")
    before = play.load.numbers
    await each_of(before, play.load.again, at_once=4)
    play.tell(f"  again  {len(before)} orders of before are sent once more")
    await play.watch("both stores are written")
    told = ", ".join(f"{name} {count}" for name, count in sorted(play.load.by_contract.items()))
    play.report.contracts = len(play.load.by_contract)
    play.tell(f"  kinds  orders written so far: {told}")


async def _effects_are_reconciled(play: Play) -> None:
    play.tell.why(
        "The first release of the order API answers each write as it should, and keeps lines that were taken out. No "
        "answer shows that, also not that to a read. The rows do."
    )
    play.report.found_effects = await play.reconcile()
    pages = [await play.operator.look(f"/api/routes/{name}") or {} for name in ORDERS]
    by_new = play.report.answered_by_new_when_found = sum(page.get("traffic", {}).get("new", 0) for page in pages)
    play.tell(f"  found  rows that differ: {play.report.found_effects}; requests that new has answered: {by_new}")
    await play.scene.deploy("orders", 2)
    wrong = [row["number"] for row in await play.scene.ask("orders", _TAKEN_OUT)]
    await each_of(wrong, play.load.again, at_once=4)
    play.tell(f"  deploy release 2 of the order API; {len(wrong)} orders are sent once more, to both stores")
    for name in ORDERS:
        await play.until_compared(name, play.compared // 6)


async def _stores_agree(play: Play) -> None:
    play.report.differences = await play.reconcile()
