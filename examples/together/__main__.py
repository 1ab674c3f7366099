"""`banyan example --all [--fast] [--json] [--at-once N]`: all stories that are found, and one table of their ends."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from examples.stage.performance import FINE, FOUND, INTERRUPTED, UNUSABLE, end_by_signals
from examples.together.outcome import Ending, Outcome
from examples.together.playing import Playing
from examples.together.stories import stories
from examples.together.table import Performance, as_json, picture


def read_arguments(words: list[str]) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="banyan example --all",
        description="Play all stories, and show verdicts and figures as one table.",
        epilog="Exit codes: 0 all held; 1 one did not, or came to no verdict; 2 wrong usage, or one lacks a part and "
        "all others held; 130 interrupted, with all that was started ended.",
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--fast", action="store_true", help="each as with its own --fast")
    parser.add_argument("--json", action="store_true", help="the table as JSON")
    more = "what is told as a ratio is measured alone, whatever this says"
    parser.add_argument("--at-once", type=int, default=cores, metavar="N", help=f"as many ({cores}, the cores); {more}")
    options = parser.parse_args(words)
    if options.at_once < 1:
        parser.error("--at-once: one at least")
    return options


def tell(line: str) -> None:
    """Progress: what was asked for is the table, and goes to standard output alone."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def perform_all(options: argparse.Namespace, folder: Path) -> int:
    """Play, show, and say how it went."""
    began = time.monotonic()
    playing = Playing(folder=folder, words=["--fast"] * options.fast, tell=tell, began=began)
    outcomes = asyncio.run(playing.all_of(stories(), options.at_once))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    performance = Performance(outcomes=outcomes, seconds=time.monotonic() - began, cpu=used.ru_utime + used.ru_stime)
    sys.stdout.write(f"{(as_json if options.json else picture)(performance)}\n")
    return exit_code(outcomes)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """The worst of them."""
    endings = {outcome.ending for outcome in outcomes}
    if endings & {Ending.FAILED, Ending.STOPPED}:
        return FOUND
    return UNUSABLE if Ending.LACKS in endings else FINE


def main() -> int:
    """Play them all; what they said is kept where one did not hold."""
    options = read_arguments(sys.argv[1:])
    end_by_signals()
    folder = Path(tempfile.mkdtemp(prefix="banyan-examples-"))
    code = INTERRUPTED
    try:
        code = perform_all(options, folder)
    except KeyboardInterrupt:
        tell("interrupted: all that was started is ended")
    finally:
        if code == FOUND:
            tell(f"What each of them said: {folder}/*.log")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
