"""How a story is started, kept up at the end, and left: arguments, signals, exit codes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeVar

from examples.stage.children import StoryError
from examples.stage.operator import Operator
from examples.stage.parts import MissingPartError
from examples.stage.record import Missing, Stopped, record
from examples.stage.telling import NobodyListensError, Telling
from examples.stage.visitors import Visitors

FINE, FOUND, UNUSABLE, INTERRUPTED, UNHEARD = 0, 1, 2, 130, 141
PHASES = (1, 2, 3)
ENVIRONMENT = "environment"
_Parts = TypeVar("_Parts")


def arguments(words: list[str], name: str, description: str, fast: str) -> argparse.Namespace:
    """Leaves by exit 2 when they are wrong."""
    parser = argparse.ArgumentParser(
        prog=f"banyan example {name}",
        description=description,
        epilog="Exit codes: 0 all that had to be so was so; 1 it was not, or it could not start; 2 wrong usage, or a "
        "part is missing, told with the command that brings it.",
    )
    parser.add_argument("--phase", type=int, choices=PHASES, default=PHASES[-1], help="play as far as this phase")
    parser.add_argument("--fast", action="store_true", help=fast)
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end, until Ctrl-C")
    return parser.parse_args(words)


def perform(name: str, find: Callable[[], _Parts], play: Callable[[_Parts, Path], Awaitable[list[str]]]) -> int:
    """Play it, in a folder of its own; whatever ends this ends all that was started. The exit code."""
    end_by_signals()

    async def played(parts: _Parts, folder: Path) -> list[str]:
        return await play(parts, folder)

    try:
        parts = find()
        with tempfile.TemporaryDirectory(prefix=f"banyan-{name}-", ignore_cleanup_errors=True) as folder:
            return FOUND if asyncio.run(played(parts, Path(folder))) else FINE
    except MissingPartError as error:
        record(Missing(error.message, error.cure))
        sys.stderr.write(f"banyan: {error.message}\n        Bring it: {error.cure}\n")
        return UNUSABLE
    except StoryError as error:
        record(Stopped(str(error)))
        sys.stderr.write(f"banyan: {error}\n")
        return FOUND
    except KeyboardInterrupt:
        return INTERRUPTED
    except NobodyListensError:
        sys.stdout = None  # what it still holds goes nowhere
        return UNHEARD


def end_by_signals() -> None:
    """As by Ctrl-C: whatever was entered is left."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))


async def stay(operator: Operator, visitors: Visitors, clients: str, tell: Telling) -> None:
    """Until Ctrl-C, for somebody to look and edit while clients come. Commands find there what the story's found."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, ended.set)
    file = operator.routes.path.with_name(ENVIRONMENT)
    write_environment(file, operator.children.variables)
    tell(f"\nEverything stays up until Ctrl-C, and clients come: by {clients}, admin {operator.admin}")
    tell(f"  enter  cd {file.parent} && . ./{ENVIRONMENT}")
    tell("  watch  banyan status")
    tell(f"  edit   {operator.routes.path.name}, and save it")
    async with visitors.coming():
        while not ended.is_set():
            operator.children.check()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await ended.wait()


def write_environment(file: Path, variables: Mapping[str, str]) -> None:
    """For a shell of this user's: what routes.yaml refers to, and where Banyan keeps its token."""
    file.touch(mode=0o600)
    lines = (f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))
    file.write_text("".join(lines), encoding="utf-8")
