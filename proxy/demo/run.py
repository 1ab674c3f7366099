"""`banyan demo`: sets the miniature up, plays the story, and takes everything down again.

Rule 1: whatever ends this process ends its children: Ctrl-C, an error, SIGTERM, a closed terminal, a kill.
Rule 2: files stand in one folder; one of our own making is removed at the end, a given one must be empty and is kept.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from proxy.cli.lesson import FINE, FOUND, UNUSABLE
from proxy.cli.terminal import complain
from proxy.demo.children import ChildFailedError, Children
from proxy.demo.listening import LOOPBACK
from proxy.demo.performance import Performance, is_watched, perform
from proxy.demo.routes_file import Ports, first_text, write
from proxy.demo.seed import sow
from proxy.demo.story import StoryError

INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for; `speed` 2 is twice as fast, `port` 0 a free one, `folder` None a fresh one."""

    once: bool
    json: bool
    speed: float
    port: int
    folder: Path | None


def run(wishes: Wishes) -> int:
    """Play; the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(_folder(wishes.folder))
            children = stack.enter_context(Children(folder))
            report = asyncio.run(perform(_set_up(wishes, folder, children)))
    except (ChildFailedError, StoryError) as error:
        complain(str(error))
        return FOUND
    except _FolderTakenError as error:
        complain(str(error), "Name an empty folder, or leave --dir out.")
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    return FOUND if report.wrong else FINE


def _set_up(wishes: Wishes, folder: Path, children: Children) -> Performance:
    """Both systems, the file, and Banyan between them."""
    database = folder / "customers.db"
    routes = folder / "routes.yaml"
    sow(database)
    legacy = children.start("legacy", "proxy.demo.legacy", str(database))
    new = children.start("new", "proxy.demo.new", str(database))
    listen, admin = _free_ports(wishes.port)
    ports = Ports(listen=listen, admin=admin, legacy=children.port_of(legacy), new=children.port_of(new))
    write(routes, first_text(ports))
    children.start("banyan", "proxy", "serve", "--config", str(routes))
    return Performance(
        once=wishes.once or wishes.json or not is_watched(),
        json=wishes.json,
        speed=wishes.speed,
        routes=routes,
        ports=ports,
        children=children,
        legacy_pid=legacy.process.pid,
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


def _free_ports(wished: int) -> tuple[int, int]:
    """The clients' port (the wished one, unless 0) and one for the admin API."""
    with socket.socket() as first, socket.socket() as second:
        first.bind((LOOPBACK, 0))
        second.bind((LOOPBACK, 0))
        return wished or first.getsockname()[1], second.getsockname()[1]


def _leave(number: int, _: FrameType | None) -> None:
    """Let every `with` end what it began."""
    sys.exit(128 + number)
