"""What happens to Banyan while it serves: each kind of trouble is a coroutine that notes when it did what.

The working directory (routes.yaml and the last good file) is a small file system of its own, which can be filled up; it
is seen only by Banyan and what it starts, and reached from here through /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from holds.endurance.sorting import Outage
from holds.family import CONTROL, Family, Log
from holds.launching import Launch, end, start, until_listening

DISK = "1m"
_MOUNT = 'mount -t tmpfs -o size="$1" none "$2" && cp "$3" "$2"/routes.yaml && shift 3 && exec "$@"'


def on_a_small_disk(folder: Path, routes: Path, argv: tuple[str, ...]) -> tuple[str, ...]:
    """`argv` with a file system of its own mounted on `folder`, beginning with that routes.yaml. Needs root."""
    return ("unshare", "-m", "sh", "-c", _MOUNT, "sh", DISK, str(folder), str(routes), *argv)


@dataclass(slots=True)
class Diary:
    """What was done, on the monotonic clock."""

    kills: list[float] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """One more."""
        self.counts[what] = self.counts.get(what, 0) + 1


class System:
    """One upstream process: the same port and file through all its lives."""

    def __init__(self, name: str, port: int, folder: Path) -> None:
        self.name = name
        self.executed = folder / f"{name}.executed"
        argv = (sys.executable, "-m", "holds.endurance.system", name, str(port), str(self.executed))
        self._launch = Launch(label=name, argv=argv, folder=folder, ports=(port,))
        self._process: subprocess.Popen[bytes] | None = None

    async def begin(self) -> None:
        """Start, and wait until it listens."""
        self._process = start(self._launch)
        await until_listening(self._launch, self._process)

    async def fall(self) -> None:
        """Killed, not asked."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def end(self) -> None:
        """For good."""
        if self._process is not None:
            await end(self._process)

    @property
    def lines(self) -> list[str]:
        """What was executed."""
        return self.executed.read_text().splitlines() if self.executed.exists() else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two of a kind; `until` is when trouble ends, on the monotonic clock."""

    edit: float
    kill: float
    restart: float
    control: float
    until: float


async def edit(file: Path, good: str, pace: Pace, diary: Diary) -> None:
    """An edit every so often, every other one broken, in place and by renaming in turns."""
    broken = (good[: len(good) // 2], good.replace("stage: live", "stage: alive"), good + "routes: [\n", "")
    for number in itertools.count():
        if time.monotonic() > pace.until:
            return
        text = broken[number // 2 % len(broken)] if number % 2 else good.replace("50%", f"{number % 100}%")
        try:
            _write(file, text, rename=number % 4 < 2)
            diary.count("broken edits" if number % 2 else "good edits")
        except OSError:
            diary.count("edits for which the disk had no room")
        await asyncio.sleep(pace.edit)


def _write(file: Path, text: str, *, rename: bool) -> None:
    if not rename:
        file.write_text(text)
        return
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


async def kill_workers(family: Family, pace: Pace, diary: Diary) -> None:
    """SIGKILL to one after the other, but for the last one, whose memory is watched to the end."""
    victims = itertools.cycle(family.workers()[:-1])
    while time.monotonic() < pace.until - pace.kill:
        await asyncio.sleep(pace.kill)
        if family.kill(next(victims)):
            diary.kills.append(time.monotonic())
            diary.count("workers killed")


async def kill_control(family: Family, pace: Pace, diary: Diary) -> None:
    """SIGKILL, out of step with the workers', so that nobody is taken for another."""
    await asyncio.sleep(pace.kill / 2)
    while time.monotonic() < pace.until - pace.control / 2:
        await asyncio.sleep(pace.control / 2)
        if family.kill(CONTROL):
            diary.count("control killed")
        await asyncio.sleep(pace.control / 2)


async def restart(systems: tuple[System, ...], pace: Pace, diary: Diary) -> None:
    """Kill an upstream and start it again, in turns."""
    turns = itertools.cycle(systems)
    while time.monotonic() < pace.until - pace.restart:
        await asyncio.sleep(pace.restart)
        system = next(turns)
        began = time.monotonic()
        await system.fall()
        await system.begin()
        diary.outages.append(Outage(name=system.name, began=began, ended=time.monotonic()))
        diary.count(f"{system.name} restarted")


async def fill_disk(folder: Path, after: float, seconds: float, diary: Diary) -> None:
    """Not a byte is left for a while."""
    await asyncio.sleep(after)
    ballast = folder / "ballast"
    end_at = time.monotonic() + seconds
    with ballast.open("wb", buffering=0) as file:
        while time.monotonic() < end_at:  # an edit in place frees what it truncates: take that too
            with contextlib.suppress(OSError):
                while file.write(b"x" * 512):
                    pass
            await asyncio.sleep(0.05)
    diary.counts["disk full, seconds"] = round(seconds)
    ballast.unlink()


async def block_log(log: Log, after: float, seconds: float, diary: Diary) -> None:
    """Nobody reads standard output for a while."""
    await asyncio.sleep(after)
    log.block()
    await asyncio.sleep(seconds)
    log.unblock()
    diary.counts["standard output blocked, seconds"] = round(seconds)


def inside(supervisor: int, folder: Path) -> Path:
    """The folder as that process sees it."""
    return Path(f"/proc/{supervisor}/root") / folder.relative_to("/")


def may_mount() -> bool:
    """Whether this process may make a file system of its own."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0
