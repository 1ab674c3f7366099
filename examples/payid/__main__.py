"""`banyan example payid [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from examples.payid.stage.foundation import shop_token
from examples.payid.stage.parts import Parts, find_parts
from examples.payid.stage.scene import scene
from examples.payid.story.clients import clients
from examples.payid.story.load import Load, buyers_of
from examples.payid.story.play import KeptTelling, Play
from examples.payid.story.reads import reads
from examples.payid.story.report import Report
from examples.payid.story.writes import writes
from examples.stage.performance import arguments, perform, stay
from examples.stage.visitors import PAUSE

PHASES = (reads, writes, clients)
PACE, FAST_PACE = 1000, 40
COMPARED, FAST_COMPARED = 300, 20
FEW, FAST_FEW = 60, 6
STORMED, FAST_STORMED = 3000, 300
FLOWS, FAST_FLOWS = 10, 3
FAST_PAUSE = 0.15
"""Seconds between two visits: what clients ask beside a step costs more than the step."""


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    described = "An identity and wallet service of another company becomes APIs of one's own, in three phases."
    return arguments(words, "payid", described, f"{FAST_PACE} requests for each step instead of {PACE}")


async def play_all(options: argparse.Namespace, parts: Parts, folder: Path) -> list[str]:
    """Set up, play, judge: what was not as it had to be."""
    tell = KeptTelling()
    tell("A wallet service, five APIs, a card processor, a mail server, carts, shops and apps, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'routes.yaml'}.")
    async with scene(folder, parts, tell) as made:
        load = Load(
            children=made.children,
            scene=made,
            shop_token=shop_token(folder),
            buyers=buyers_of(made),
            pause=FAST_PAUSE if options.fast else PAUSE,
        )
        play = Play(
            scene=made,
            operator=made.operator,
            load=load,
            visitors=load,
            tell=tell,
            told=tell.lines,
            report=Report(options.phase),
            pace=FAST_PACE if options.fast else PACE,
            compared=FAST_COMPARED if options.fast else COMPARED,
            few=FAST_FEW if options.fast else FEW,
            stormed=FAST_STORMED if options.fast else STORMED,
            flows=FAST_FLOWS if options.fast else FLOWS,
        )
        async with load.coming():
            for phase in PHASES[: options.phase]:
                await phase(play)
        wrong = _judged(play)
        if options.keep:
            await stay(made.operator, load, made.banyan, tell)
    return wrong


def _judged(play: Play) -> list[str]:
    notebook, report, load, tell = play.load.notebook, play.report, play.load, play.tell
    report.went_back, report.registered = play.went_back, dict(load.registered)
    report.again, report.replayed = load.again, load.replayed
    wrong = report.verdict(notebook, load.wrong_401)
    tell.chapter("Figures")
    _figures(play)
    tell.verdict(wrong, "clients were changed when they were ready, and nobody has seen a card.")
    return wrong


def _figures(play: Play) -> None:
    notebook, report, load, figure = play.load.notebook, play.report, play.load, play.tell.figure
    figure("requests of clients", f"{notebook.requests}, of which {notebook.planted} planted errors")
    figure("client errors", f"{notebook.failed.total()}; good tokens that got 401: {load.wrong_401}")
    if report.phases > 1:
        figure("verification mails", f"{report.mails[0]} accounts, {report.mails[1]} without exactly one")
        figure("logins", f"{load.flows} flows, each at one side")
        figure("cards", f"{load.cards} taken, all of them by the processor alone")
    if report.phases > 2 and report.direct and report.behind:
        figure("a cart, logins stormed", f"ratio {report.behind.ratio:.2f}; at legacy itself {report.direct.ratio:.2f}")
        figure("secrets found", f"{sum(report.searched.values())} of {report.looked_for}")
        figure("rows in both stores", f"{report.rows}, {report.differences} differ")


def main() -> int:
    """Play it."""
    options = read_arguments(sys.argv[1:])
    return perform("payid", find_parts, partial(play_all, options))


if __name__ == "__main__":
    sys.exit(main())
