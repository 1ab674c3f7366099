"""Phase 1: the reads of customers move. The ramp does not promote what differs."""

from __future__ import annotations

from examples.crm.story.play import Play

_PROVED = "mismatches are proved"


async def reads(play: Play) -> None:
    """From the first shadow to `stage: live` of both."""
    play.tell.chapter("Phase 1: customers are read at the CRM back end")
    await play.share_of_legacy("at first")
    await _values_are_compared(play)
    await _it_climbs(play)
    await play.edit("customers.show", stage="canary", split="50%", ramp="")
    await play.watch()
    await play.edit("customers.show", stage="live")
    await _search_moves(play)
    await play.share_of_legacy("reads of customers have moved")


async def _values_are_compared(play: Play) -> None:
    play.tell.why(
        "At shadow the customer service answers, and the CRM back end is asked as well. The database keeps times "
        "without a zone; its first release takes those of next calls for Tokyo's, and customers would be called nine "
        "hours early. The route has a ramp, which would promote it by itself: it must not."
    )
    await play.edit("customers.show", stage="shadow")
    found = await play.until_compared("customers.show", play.compared, differs="$.next_call_at")
    page = await play.until_held("customers.show", _PROVED)
    play.report.found_values = found.worst
    play.report.moved_when_values_found = int(page["traffic"].get("new", 0))
    play.report.held_with_values = page["runs"]["stage"] == "shadow" and page["verdict"] == "hold"
    await play.first_lines(3, "mismatches", "customers.show")
    play.tell(f"  found  {found.mismatch} of {found.compared} answers differ at {found.worst}; new has answered nobody")
    play.tell(f"  ramp   {page['runs']['stage']}: {page['obstacle']}")


async def _it_climbs(play: Play) -> None:
    await play.scene.deploy(2)
    play.tell("  deploy release 2 of the CRM back end; it says its version: a new epoch begins, and the ramp goes on")
    await play.edit("customers.search", stage="shadow")
    await play.until_it_runs("customers.show", "canary")
    play.tell("  ramp   canary 25%: operators that the CRM back end answers")
    await play.watch()
    await play.ordered("rollback", "customers.show", "a drill", "shadow")
    await play.watch("back, and nobody notices")
    play.went_back.append(play.load.phase)
    await play.ordered("resume", "customers.show", "the drill is over", "canary")


async def _search_moves(play: Play) -> None:
    play.tell.why(
        "Searches are answered from the read replica, by both sides. This route has no ramp: whoever reads its "
        "evidence moves it."
    )
    found = await play.agrees("customers.search")
    play.tell(f"  found  {found.mismatch} of {found.compared} answers differ")
    await play.edit("customers.search", stage="canary", split="50%")
    await play.watch()
    await play.edit("customers.search", stage="live")
