"""Phase 2: plan proposals move. The ramp does not promote what differs."""

from __future__ import annotations

from examples.insurance.story.play import Play

_PROVED = "mismatches are proved"


async def plans(play: Play) -> None:
    """From the first shadow to `stage: live`."""
    play.load.phase = "2"
    play.tell.chapter("Phase 2: plan proposals move, partner by partner")
    await _values_are_compared(play)
    await _it_climbs(play)
    await _it_goes_back(play)
    await play.edit("plans", stage="live")
    await play.watch()
    await _callers_are_the_same(play)


async def _values_are_compared(play: Play) -> None:
    play.tell.why(
        "At shadow legacy answers, and the plan service is asked as well. Its first release takes whoever is just 30, "
        "40 or 50 for younger. The route has a ramp, which would promote it by itself: it must not."
    )
    await play.edit("plans", stage="shadow")
    found = await play.until_compared("plans", play.compared, differs="$.premium")
    page = await play.until_held("plans", _PROVED)
    play.report.found_values = found.worst
    play.report.moved_when_values_found = int(page["traffic"].get("new", 0))
    play.report.held_with_the_bug = page["runs"]["stage"] == "shadow" and page["verdict"] == "hold"
    await play.operator.command("mismatches", "plans")
    play.tell(f"  found  {found.mismatch} of {found.compared} answers differ at {found.worst}; new has answered nobody")
    play.tell(f"  ramp   {page['runs']['stage']}: {page['obstacle']}")


async def _it_climbs(play: Play) -> None:
    await play.scene.deploy("plan", 2)
    play.tell("  deploy release 2 of the plan service; it says its version: a new epoch begins, and the ramp goes on")
    await play.until_it_runs("plans", "canary")
    play.tell("  ramp   canary 25%: partners that new answers were drawn by the verified claim client_id")
    await play.watch()


async def _it_goes_back(play: Play) -> None:
    await play.order("rollback", "plans", "a drill")
    await play.until_it_runs("plans", "shadow")
    await play.watch("back, and nobody notices")
    play.went_back.append(play.load.phase)
    await play.order("resume", "plans", "the drill is over")
    await play.until_it_runs("plans", "canary")
    await play.operator.edit("plans", stage="canary", split="50%", ramp="")
    await play.watch()


async def _callers_are_the_same(play: Play) -> None:
    """Each side says whom it saw."""
    play.report.echoes = int(await play.operator.metric("banyan_principal_echoes_total", 'echo="said"'))
    play.tell(f"  saw    {play.report.echoes} answers said whom they were for")
