"""`banyan example accounts [--phase N] [--fast] [--keep]`: the story of seed, stage and verdict; see README.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from examples.accounts.stage.parts import Parts, find_parts
from examples.accounts.stage.scene import Scene, scene
from examples.accounts.story.authentication import authentication
from examples.accounts.story.data import data
from examples.accounts.story.evidence import consents, moved
from examples.accounts.story.load import Load
from examples.accounts.story.play import Play
from examples.accounts.story.report import Report
from examples.accounts.story.separation import separation
from examples.stage.children import StoryError
from examples.stage.parts import MissingPartError
from examples.stage.telling import Telling

FINE, FOUND, UNUSABLE, INTERRUPTED = 0, 1, 2, 130
PHASES = (authentication, data, separation)
TENANTS, FAST_TENANTS = 20_000, 1_000


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="banyan example accounts",
        description="Bank accounts move from a card product to a service of their own, in three phases.",
        epilog="Exit codes: 0 all that had to be so was so; 1 it was not, or it could not start; 2 wrong usage, or a "
        "part is missing, told with the command that brings it.",
    )
    parser.add_argument("--phase", type=int, choices=(1, 2, 3), default=3, help="play as far as this phase")
    parser.add_argument("--fast", action="store_true", help=f"{FAST_TENANTS} tenants instead of {TENANTS}")
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end, until Ctrl-C")
    return parser.parse_args(words)


async def perform(parts: Parts, options: argparse.Namespace, folder: Path) -> int:
    """Set up, play, judge; the exit code."""
    tell = Telling()
    tenants = FAST_TENANTS if options.fast else TENANTS
    tell(f"A card product with {tenants} tenants, an account service, a second product, the aggregator, and Banyan.")
    tell(f"Everything lies in {folder}; phases move by edits of {folder / 'routes.yaml'}.")
    async with scene(folder, parts, tenants, tell) as made:
        play = Play(
            scene=made,
            load=Load(made),
            tell=tell,
            report=Report(options.phase),
            pace=100 if options.fast else 1000,
            compared=40 if options.fast else 300,
        )
        wrong = await _play(play, PHASES[: options.phase])
        if options.keep:
            await _stay(made, tell)
    return FOUND if wrong else FINE


async def _play(play: Play, phases: tuple[object, ...]) -> list[str]:
    visiting = asyncio.ensure_future(play.load.run())
    try:
        for phase in phases:
            await phase(play)  # type: ignore[operator] # of PHASES
    finally:
        visiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await visiting
    return await _judged(play)


async def _judged(play: Play) -> list[str]:
    notebook, found, count = play.load.notebook, await consents(play.scene), await moved(play.scene)
    wrong = play.report.verdict(notebook, count, found)
    timed = play.report.timed
    play.tell.chapter("Figures")
    play.tell(f"  requests of customers    {notebook.requests}, of which {notebook.planted} planted errors")
    play.tell(f"  client errors            {notebook.failed.total()}")
    play.tell(f"  tenants                  {play.scene.tenants}, {len(notebook.used)} used, {count} moved")
    play.tell(f"  new consents needed      {found.card + found.service + found.lost}; grants revoked {found.revoked}")
    if timed:
        play.tell(f"  token endpoint           directly {timed.direct}; through Banyan {timed.first_use}")
    if play.report.phases > 1:
        play.tell(f"  rows in both stores      {play.report.rows}, {play.report.differences} differ")
    play.tell("")
    for line in wrong:
        play.tell(f"WRONG  {line}")
    play.tell("The story failed." if wrong else "All of it held: nobody had to consent again, and nobody noticed.")
    return wrong


async def _stay(made: Scene, tell: Telling) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    tell(f"\nEverything stays up until Ctrl-C: clients {made.banyan}, admin {made.operator.admin}")
    tell(f"  watch  banyan status --admin {made.operator.admin}")
    tell(f"  edit   {made.operator.routes.path}")
    while not ended.is_set():
        made.children.check()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 1.0)


def main() -> int:
    """Play it; whatever ends this ends all that was started."""
    options = read_arguments(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    try:
        parts = find_parts()
        with tempfile.TemporaryDirectory(prefix="banyan-accounts-", ignore_cleanup_errors=True) as folder:
            return asyncio.run(perform(parts, options, Path(folder)))
    except MissingPartError as error:
        sys.stderr.write(f"banyan: {error.message}\n        Bring it: {error.cure}\n")
        return UNUSABLE
    except StoryError as error:
        sys.stderr.write(f"banyan: {error}\n")
        return FOUND
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
