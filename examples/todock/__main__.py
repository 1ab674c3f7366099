"""`banyan example todock [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from statistics import median

from examples.stage.performance import arguments, perform, stay
from examples.stage.telling import Telling
from examples.stage.visitors import PAUSE
from examples.todock.stage.parts import Parts, find_parts
from examples.todock.stage.scene import scene
from examples.todock.story.callers import callers
from examples.todock.story.load import Load
from examples.todock.story.member_apis import member_apis
from examples.todock.story.orders import orders
from examples.todock.story.play import Play
from examples.todock.story.report import Report

PHASES = (member_apis, orders, callers)
PACE, FAST_PACE = 1000, 50
COMPARED, FAST_COMPARED = 120, 60
DEAD, FAST_DEAD = 300.0, 3.0
FAST_PAUSE = 0.15
"""Seconds between two visits: what clients ask beside a step costs more than the step."""


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    described = "Food delivery: orders, login and members' APIs leave the server that did all of it, in three phases."
    fast = f"{FAST_PACE} requests for each step instead of {PACE}; the server is dead for {FAST_DEAD:g} s, not {DEAD:g}"
    return arguments(words, "todock", described, fast)


async def play_all(options: argparse.Namespace, parts: Parts, folder: Path) -> list[str]:
    """Set up, play, judge: what was not as it had to be."""
    tell = Telling()
    tell("A delivery server that does login too, an identity provider, five APIs, sixty members, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'routes.yaml'}.")
    async with scene(folder, parts, tell) as made:
        load = Load(children=made.children, scene=made, pause=FAST_PAUSE if options.fast else PAUSE)
        play = Play(
            scene=made,
            operator=made.operator,
            load=load,
            visitors=load,
            tell=tell,
            report=Report(options.phase),
            pace=FAST_PACE if options.fast else PACE,
            compared=FAST_COMPARED if options.fast else COMPARED,
            dead=FAST_DEAD if options.fast else DEAD,
        )
        async with load.coming():
            for phase in PHASES[: options.phase]:
                await phase(play)
        wrong = _judged(play)
        if options.keep:
            await stay(made.operator, made.banyans[0], tell)
    return wrong


def _judged(play: Play) -> list[str]:
    notebook, report, tell = play.load.notebook, play.report, play.tell
    report.went_back = play.went_back
    wrong = report.verdict(notebook, play.load.wrong_401)
    tell.chapter("Figures")
    _figures(play)
    tell.verdict(wrong, "the server may die, and members order on.")
    return wrong


def _figures(play: Play) -> None:
    notebook, report, seconds = play.load.notebook, play.report, play.operator.moves
    needs = "; ".join(f"{when} {share:.0%}" for when, share in report.needs.items())
    moves = "; ".join(
        f"phase {name}: {edits} edits, {orders} commands" for name, (edits, orders) in report.moves.items()
    )
    figure = play.tell.figure
    figure("requests of clients", f"{notebook.requests}, of which {notebook.planted} planted errors")
    figure("client errors", f"{notebook.failed.total()}; good tokens that got 401: {play.load.wrong_401}")
    figure("still needed legacy", needs)
    figure("by the operator", moves)
    figure("an edit was in force", f"after {median(seconds):.1f} s, {max(seconds):.1f} s at most")
    if report.outage is not None:
        dead = f"{report.outage.share:.0%} through Banyan, {report.outage.direct_share:.0%} without its routes"
        figure("alive, the server dead", dead)
    if report.phases > 1:
        figure("rows in both stores", f"{report.rows}, {report.differences} differ")
        figure("writes that met a move", f"{play.load.came_again}: begun at no side, and sent again")
    if report.phases > 2:
        out = ", ".join(f"{seconds:.2f} s" for seconds in report.suspended.values())
        figure("a suspended member", f"out after {out}, by replica")


def main() -> int:
    """Play it."""
    options = read_arguments(sys.argv[1:])
    return perform("todock", find_parts, partial(play_all, options))


if __name__ == "__main__":
    sys.exit(main())
