"""`banyan example accounts [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from examples.accounts.stage.parts import Parts, find_parts
from examples.accounts.stage.scene import scene
from examples.accounts.story.authentication import authentication
from examples.accounts.story.data import data
from examples.accounts.story.evidence import consents, moved
from examples.accounts.story.load import Load
from examples.accounts.story.play import Play
from examples.accounts.story.report import Report
from examples.accounts.story.separation import separation
from examples.stage.performance import arguments, perform, stay
from examples.stage.telling import Telling

PHASES = (authentication, data, separation)
TENANTS, FAST_TENANTS = 20_000, 1_000


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    described = "Bank accounts move from a card product to a service of their own, in three phases."
    return arguments(words, "accounts", described, f"{FAST_TENANTS} tenants instead of {TENANTS}")


async def play_all(options: argparse.Namespace, parts: Parts, folder: Path) -> list[str]:
    """Set up, play, judge: what was not as it had to be."""
    tell = Telling()
    tenants = FAST_TENANTS if options.fast else TENANTS
    tell(f"A card product with {tenants} tenants, an account service, a second product, the aggregator, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'routes.yaml'}.")
    async with scene(folder, parts, tenants, tell) as made:
        load = Load(children=made.children, scene=made)
        play = Play(
            scene=made,
            operator=made.operator,
            load=load,
            visitors=load,
            tell=tell,
            report=Report(options.phase),
            pace=100 if options.fast else 1000,
            compared=40 if options.fast else 300,
        )
        wrong = await _play(play, PHASES[: options.phase])
        if options.keep:
            await stay(made.operator, made.banyan, tell)
    return wrong


async def _play(play: Play, phases: tuple[object, ...]) -> list[str]:
    async with play.load.coming():
        for phase in phases:
            await phase(play)  # type: ignore[operator] # of PHASES
    return await _judged(play)


async def _judged(play: Play) -> list[str]:
    notebook, found, count = play.load.notebook, await consents(play.scene), await moved(play.scene)
    play.report.went_back = play.went_back
    wrong = play.report.verdict(notebook, count, found)
    timed = play.report.timed
    play.tell.chapter("Figures")
    figure = play.tell.figure
    figure("requests of customers", f"{notebook.requests}, of which {notebook.planted} planted errors")
    figure("client errors", f"{notebook.failed.total()}")
    figure("tenants", f"{play.scene.tenants}, {len(notebook.used)} used, {count} moved")
    figure("new consents needed", f"{found.card + found.service + found.lost}; grants revoked {found.revoked}")
    if timed:
        figure("token endpoint", f"directly {timed.direct}; through Banyan {timed.first_use}")
    if play.report.phases > 1:
        figure("rows in both stores", f"{play.report.rows}, {play.report.differences} differ")
    play.tell.verdict(wrong, "nobody had to consent again, and nobody noticed.")
    return wrong


def main() -> int:
    """Play it."""
    options = read_arguments(sys.argv[1:])
    return perform("accounts", find_parts, partial(play_all, options))


if __name__ == "__main__":
    sys.exit(main())
