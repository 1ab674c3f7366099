"""`banyan example insurance [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from examples.insurance.stage.foundation import Foundation, foundation
from examples.insurance.stage.parts import Parts, find_parts
from examples.insurance.stage.scene import scene
from examples.insurance.story.consumer_app import ConsumerApp
from examples.insurance.story.contracts import contracts
from examples.insurance.story.environment import environment
from examples.insurance.story.gateway import gateway
from examples.insurance.story.load import Load, partners
from examples.insurance.story.plans import plans
from examples.insurance.story.play import Play
from examples.insurance.story.report import Report
from examples.insurance.systems.settings import APP_KEY, BANYAN_KEY
from examples.stage.performance import arguments, perform, stay
from examples.stage.telling import Telling

PHASES = (gateway, plans, contracts)
PACE, FAST_PACE = 1000, 60
COMPARED, FAST_COMPARED = 400, 60


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    described = "An insurer's consumer back end becomes services with an API for partners, in three phases."
    return arguments(words, "insurance", described, f"{FAST_PACE} requests for each step instead of {PACE}")


async def play_all(options: argparse.Namespace, parts: Parts, folder: Path) -> list[str]:
    """Set up, play, judge: what was not as it had to be."""
    tell, report = Telling(), Report(options.phase)
    tell("A consumer back end, two services, the identity provider, twelve partners, the consumer app, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'partners.yaml'}.")
    async with foundation(folder, parts) as base:
        await environment(base, tell, report)
        return await _play(base, options, tell, report)


async def _play(base: Foundation, options: argparse.Namespace, tell: Telling, report: Report) -> list[str]:
    async with scene(base, tell) as made:
        load = Load(
            children=made.children,
            banyan=made.banyan,
            client=made.client,
            app=ConsumerApp(made.banyan, made.where.app_secret, made.client),
            partners=partners(f"http://127.0.0.1:{made.where.provider}", made.client),
        )
        play = Play(
            scene=made,
            operator=made.operator,
            load=load,
            visitors=load,
            tell=tell,
            report=report,
            pace=FAST_PACE if options.fast else PACE,
            compared=FAST_COMPARED if options.fast else COMPARED,
        )
        async with load.coming():
            for phase in PHASES[: options.phase]:
                await phase(play)
        wrong = _judged(play)
        if options.keep:
            await stay(made.operator, made.banyan, tell)
    return wrong


def _judged(play: Play) -> list[str]:
    notebook, report, tell = play.load.notebook, play.report, play.tell
    report.went_back = play.went_back
    wrong = report.verdict(notebook, play.load.wrong_401)
    tell.chapter("Figures")
    figure, accepted = tell.figure, report.accepted
    figure("requests of clients", f"{notebook.requests}, of which {notebook.planted} planted errors")
    figure("client errors", f"{notebook.failed.total()}; good tokens that got 401: {play.load.wrong_401}")
    signed = f"{accepted.get(APP_KEY, 0)} requests signed by the app, {accepted.get(BANYAN_KEY, 0)} by Banyan"
    figure("legacy took", signed)
    if report.phases > 1:
        figure("whom the sides saw", f"{report.echoes} answers said it")
    if report.phases > 2:
        again = f"{play.load.came_again}: begun at no side, and sent again by their partners"
        figure("writes that met a move", again)
        figure("rows in both stores", f"{report.rows}, {report.differences} differ")
        figure("a suspended partner", f"out after {report.suspended_after:.2f} s")
        if report.moved_by_name:
            figure("failed while one moved", f"{report.failed_while_moving}")
    tell.verdict(wrong, "partners have no SDK, the app has noticed nothing.")
    return wrong


def main() -> int:
    """Play it."""
    options = read_arguments(sys.argv[1:])
    return perform("insurance", find_parts, partial(play_all, options))


if __name__ == "__main__":
    sys.exit(main())
