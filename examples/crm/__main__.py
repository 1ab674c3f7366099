"""`banyan example crm [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import statistics
import sys
from functools import partial
from pathlib import Path

from examples.crm.stage.parts import Parts, find_parts
from examples.crm.stage.scene import scene
from examples.crm.story.connection import connection
from examples.crm.story.ending import ending
from examples.crm.story.load import Load
from examples.crm.story.play import Play
from examples.crm.story.reads import reads
from examples.crm.story.report import Report
from examples.crm.story.writes import writes
from examples.stage.performance import arguments, perform, stay
from examples.stage.telling import Telling
from examples.stage.visitors import PAUSE

PHASES = (reads, writes, ending)
CUSTOMERS, FAST_CUSTOMERS = 5_000, 400
PACE, FAST_PACE = 1000, 60
COMPARED, FAST_COMPARED = 400, 20
FAST_PAUSE = 0.1
WRITES, FAST_WRITES = 10_000, 200


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    described = "A customer service moves into a CRM back end, API by API, over one database, in three phases."
    fast = f"{FAST_CUSTOMERS} customers instead of {CUSTOMERS}, {FAST_WRITES} writes on each copy instead of {WRITES}"
    return arguments(words, "crm", described, fast)


async def play_all(options: argparse.Namespace, parts: Parts, folder: Path) -> list[str]:
    """Set up, play, judge: what was not as it had to be."""
    tell, customers = Telling(), FAST_CUSTOMERS if options.fast else CUSTOMERS
    tell(f"A customer service with {customers} customers, a CRM back end with the same API, one database, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'routes.yaml'}.")
    async with scene(folder, parts, customers, tell) as made:
        load = Load(
            children=made.children,
            banyan=made.banyan,
            client=made.client,
            customers=customers,
            pause=FAST_PAUSE if options.fast else PAUSE,
        )
        play = Play(
            scene=made,
            operator=made.operator,
            load=load,
            visitors=load,
            tell=tell,
            report=Report(options.phase),
            pace=FAST_PACE if options.fast else PACE,
            compared=FAST_COMPARED if options.fast else COMPARED,
            writes=FAST_WRITES if options.fast else WRITES,
        )
        await connection(play)
        async with load.coming():
            await load.until(1)
            for phase in PHASES[: options.phase]:
                await phase(play)
        wrong = _judged(play)
        if options.keep:
            await stay(made.operator, made.banyan, tell)
    return wrong


def _judged(play: Play) -> list[str]:
    notebook, report, tell = play.load.notebook, play.report, play.tell
    report.went_back = play.went_back
    wrong = report.verdict(notebook)
    tell.chapter("Figures")
    figure = tell.figure
    figure("requests of clients", f"{notebook.requests}, of which {notebook.planted} planted errors")
    figure("client errors", f"{notebook.failed.total()}")
    figure("rights that were missing", f"{report.rights_missing}, named with their project {report.rights_named}")
    if report.phases > 1:
        figure("writes on two copies", f"{report.writes}, answered alike {report.answered_alike}")
        figure("rows that differed", f"{report.rows_that_differed} with release 2, each of them planted")
        figure("and with release 3", f"{report.differing_at_last} of {report.compared_rows}")
    moves = play.operator.moves
    figure("moves", f"{len(moves)} saves of routes.yaml, {play.operator.orders} commands")
    figure("until all serve a save", f"median {statistics.median(moves):.1f} s, longest {max(moves):.1f} s")
    for said, share in report.shares.items():
        figure("need the old service", f"{share:.0%} {said}")
    tell.verdict(wrong, "the customer service has moved, and nobody noticed.")
    return wrong


def main() -> int:
    """Play it."""
    options = read_arguments(sys.argv[1:])
    return perform("crm", find_parts, partial(play_all, options))


if __name__ == "__main__":
    sys.exit(main())
