"""Phase 2: the writes of customers move. What no answer shows, the rows of two copies do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from examples.crm.story.play import Play
from examples.crm.story.rehearsal import Rehearsal, rows_that_differ
from examples.crm.story.rehearsed_writes import rehearsed_writes
from examples.crm.story.report import Differing
from examples.stage.children import StoryError

_ROWS = re.compile(r"rows at legacy, ([\d,]+) at new: ([\d,]+) keys? differs?")


async def writes(play: Play) -> None:
    """From the first dry run to `stage: live` of both."""
    play.load.phase = "2"
    play.tell.chapter("Phase 2: customers are made and changed at the CRM back end")
    await _dry_runs_are_compared(play)
    rehearsal = Rehearsal(play.scene, rehearsed_writes(play.writes, play.load.customers))
    await _rows_are_compared(play, rehearsal)
    await _rows_agree(play, rehearsal)
    await _changes_climb(play)
    await _creates_move(play)
    await play.share_of_legacy("writes of customers have moved")


async def _dry_runs_are_compared(play: Play) -> None:
    play.tell.why(
        "Both systems write one database, so no write may reach both. A new customer can be a dry run: the CRM back "
        "end does all of it in a transaction, and rolls it back. A change cannot: beside the write itself it would "
        "find the row as it was before, or after."
    )
    await play.edit("customers.create", "customers.change", stage="shadow")
    found = await play.agrees("customers.create")
    play.report.dry_runs = found.compared
    play.tell(f"  found  {found.mismatch} of {found.compared} dry runs were answered otherwise")


async def _rows_are_compared(play: Play, rehearsal: Rehearsal) -> None:
    play.tell.why(
        "So the rows are compared elsewhere. A dump of the read replica becomes two copies; the customer service "
        "writes the one, the CRM back end the other, the same requests in the same order."
    )
    await _rehearse(play, rehearsal)
    compared = await _reconciled(play)
    play.report.rows_that_differed, play.report.found_rows = sum(compared.differing), compared.rows
    play.report.expected_rows = rehearsal.writes.differing
    page = await play.until_held("customers.change", f"reconciled {compared.differing[0]} keys differ")
    play.report.moved_when_rows_found = int(page["traffic"].get("new", 0))
    play.report.held_with_rows = str(page["obstacle"]) if page["runs"]["stage"] == "shadow" else ""
    play.tell(f"  found  {play.report.rows_that_differed} rows differ, and no answer has shown it")
    play.tell(f"  ramp   {page['runs']['stage']}: {page['obstacle']}")


async def _rehearse(play: Play, rehearsal: Rehearsal) -> None:
    count = len(rehearsal.writes.writes)
    play.report.writes, play.report.answered_alike = count, await rehearsal.play()
    play.tell(
        f"  copies {count} writes through both sides in {rehearsal.seconds:.0f} s: "
        f"{play.report.answered_alike} were answered alike"
    )


async def _rows_agree(play: Play, rehearsal: Rehearsal) -> None:
    await play.scene.deploy(3)
    play.tell("  deploy release 3 of the CRM back end; the same writes, on a fresh copy")
    await _rehearse(play, rehearsal)
    compared = await _reconciled(play)
    play.report.compared_rows, play.report.differing_at_last = sum(compared.counted), sum(compared.differing)


@dataclass(frozen=True, slots=True)
class ComparedRows:
    """Of customers, appointments, items: rows of new `counted`, keys `differing`; `rows`: in what they differ."""

    counted: list[int]
    differing: list[int]
    rows: Differing


async def _reconciled(play: Play) -> ComparedRows:
    said = await play.operator.command("reconcile", "--by-column")
    found = [[int(each.replace(",", "")) for each in row] for row in _ROWS.findall(said.text)]
    if len(found) != 3:
        raise StoryError(f"banyan reconcile left with {said.code}: {said.text}")
    return ComparedRows([new for new, _ in found], [differ for _, differ in found], rows_that_differ(said.text))


async def _changes_climb(play: Play) -> None:
    """By the ramp alone."""
    await play.until_it_runs("customers.change", "canary")
    play.tell("  ramp   customers.change: canary 50%, since the rows agree")
    await play.until_it_runs("customers.change", "live")
    play.tell("  ramp   customers.change: live")
    play.report.climbed_to = "live"
    await play.ordered("rollback", "customers.change", "a drill", "shadow")
    await play.watch("back, and nobody notices")
    await play.order("resume", "customers.change", "the drill is over")


async def _creates_move(play: Play) -> None:
    await play.edit("customers.create", stage="canary", split="50%")
    await play.watch()
    await play.goes_back("customers.create", to="legacy", forward="50%")
    await play.edit("customers.create", stage="live")
    await play.until_it_runs("customers.change", "live")
