"""`banyan demo`: sets the miniature up, plays the story, and takes everything down again.

Rule 1: whatever ends this process ends its children: Ctrl-C, an error, SIGTERM, a closed terminal, a kill.
Rule 2: files stand in one folder; one of our own making is removed at the end, a given one must be empty and is kept.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from proxy.cli.help_text import FINE, FOUND, UNUSABLE
from proxy.cli.terminal import complain, say
from proxy.demo.children import Children, DemoError
from proxy.demo.held_port import held_port
from proxy.demo.routes_file import MOVED, Ports, first_text, write
from proxy.demo.scenery import Scenery
from proxy.demo.seed import OFFICES, sow
from proxy.demo.state import choose_state
from proxy.demo.systems import Systems

INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the command line asked for; `speed` 2 is twice as fast, `port` 0 a free one, `folder` None a fresh one."""

    once: bool
    json: bool
    speed: float
    port: int
    folder: Path | None


def run(options: DemoOptions) -> int:
    """Play; the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(_folder(options.folder))
            children = stack.enter_context(Children(folder))
            sow(folder / "customers.db")
            systems = stack.enter_context(closing(Systems(children, folder / "customers.db")))
            listen, admin = stack.enter_context(held_port()), stack.enter_context(held_port())
            scenery = _set_up(options, folder, children, systems, (options.port or listen, admin))
            if not options.json:
                say(_intro(scenery))
            from proxy.demo.performance import perform  # noqa: PLC0415  its libraries load while the children's do

            return FOUND if asyncio.run(perform(scenery)).wrong else FINE
    except DemoError as error:
        complain(str(error))
        return FOUND
    except _FolderTakenError as error:
        complain(str(error), "Name an empty folder, or leave --dir out.")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _intro(scenery: Scenery) -> str:
    """What is about to be seen."""
    return (
        f"A legacy customer service, the CRM that takes it over, Banyan between them,\n"
        f"and {OFFICES} sales offices that ask. {MOVED} moves by edits of this file alone:\n"
        f"{scenery.routes}\n"
        f"{scenery.state}\n"
    )


def _set_up(options: DemoOptions, folder: Path, children: Children, systems: Systems, own: tuple[int, int]) -> Scenery:
    """The file, Banyan, and both systems, all starting; `own`: Banyan's ports for clients and for the admin API."""
    routes, state = folder / "routes.yaml", choose_state()
    listen, admin = own
    ports = Ports(listen=listen, admin=admin, legacy=systems.legacy_port, new=systems.new_port)
    write(routes, first_text(ports, state.mode))
    children.start("banyan", "proxy", "serve", "--config", str(routes))
    return Scenery(
        once=options.once or options.json or not sys.stdout.isatty(),
        json=options.json,
        speed=options.speed,
        routes=routes,
        state=state.sentence,
        ports=ports,
        children=children,
        legacy_pid=systems.start(),
        deploy=systems.deploy,
    )


class _FolderTakenError(Exception):
    """The folder of --dir holds something already."""


@contextmanager
def _folder(wished: Path | None) -> Iterator[Path]:
    if wished is None:
        with tempfile.TemporaryDirectory(prefix="banyan-demo-") as fresh:
            yield Path(fresh)
        return
    if wished.exists() and (not wished.is_dir() or any(wished.iterdir())):
        raise _FolderTakenError(f"{wished} is not an empty folder.")
    wished.mkdir(parents=True, exist_ok=True)
    yield wished.resolve()


def _leave(number: int, _: FrameType | None) -> None:
    """Let every `with` end what it began."""
    sys.exit(128 + number)
