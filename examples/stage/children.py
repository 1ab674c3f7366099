"""The example's processes: started here, ended with this process whatever ends it, each with a log of its own."""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 90.0
"""Seconds for whatever is waited for: it ends by its event, this is for when that never comes."""
LOOK = 0.1
_LOOK_AT_LOG = 0.05
GRACE = 20.0
"""Seconds that all of them together have to leave by themselves."""
_AT_ONCE = 5.0
"""Seconds that a store has to leave its folder when it is told to drop everything."""
ROOT = Path(__file__).parents[2]
"""The folder in which the package `examples` lies."""


class StoryError(Exception):
    """The story cannot go on; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_store(self) -> bool:
        """A PostgreSQL."""
        return self.name.endswith("store")

    @property
    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-8:]) or "it said nothing"


class Children:
    """Starts and ends them; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Logs go to `folder`."""
        self._folder = folder
        self._children: list[Child] = []
        self.variables: dict[str, str] = {}

    def python(
        self,
        name: str,
        *module: str,
        more: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        hands_down: tuple[int, ...] = (),
    ) -> Child:
        """`python -m MODULE…`, which finds this very package and this very Banyan; `more` for its environment."""
        found = os.environ.get("PYTHONPATH", "")
        path = os.pathsep.join(each for each in (str(ROOT), found) if each)
        variables = {"PYTHONPATH": path, **(more or {})}
        command = [sys.executable, "-P", "-m", *module]
        return self.start(name, command, more=variables, prefix=prefix, hands_down=hands_down)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        more: Mapping[str, str] | None = None,
        user: int | None = None,
        prefix: Sequence[str] = (),
        hands_down: tuple[int, ...] = (),
    ) -> Child:
        """Run it, as this user or as `user`; `prefix` stands before all, such as a namespace.

        It inherits the descriptors `hands_down`, and no others.
        """
        log = self._folder / f"{name}.log"
        ends_with_us = ("setpriv", "--pdeathsig", "TERM")
        with log.open("ab") as written:
            process = subprocess.Popen(  # noqa: S603 -- our own commands
                [*prefix, *ends_with_us, *command],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.variables, **(more or {})},
                cwd=self._folder,
                pass_fds=hands_down,
                process_group=0,
                user=user,
                group=group_of(user),
                extra_groups=None if user is None else [],
            )
        child = Child(name=name, process=process, log=log)
        self._children.append(child)
        return child

    def end(self, child: Child) -> None:
        """One that is replaced."""
        self._children.remove(child)
        child.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            child.process.wait(GRACE)
        _end_group(child.process)

    def kill(self, child: Child) -> None:
        """One that dies (SIGKILL), and is not missed by `check`."""
        self._children.remove(child)
        _end_group(child.process)

    def check(self) -> None:
        """StoryError when one of them has ended."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise StoryError(f"{child.name} ended with {code}: {child.last_words}")

    async def until(self, found: Callable[[], Awaitable[bool]], what: str, look: float = LOOK) -> None:
        """Look until it is so; StoryError when it takes too long, or a process ends."""
        deadline = time.monotonic() + PATIENCE
        while not await found():
            self.check()
            if time.monotonic() > deadline:
                raise StoryError(f"waited {PATIENCE:g} s for {what}")
            await asyncio.sleep(look)

    async def until_said(self, child: Child, word: str) -> None:
        """Wait for a word in its log; StoryError when one of them ends meanwhile, or it never says so."""

        async def is_said() -> bool:
            return word in child.log.read_text(encoding="utf-8", errors="replace")

        await self.until(is_said, f"{child.name} to say {word!r}", look=_LOOK_AT_LOG)

    def __enter__(self) -> Self:
        """Nothing runs yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them; at once where whoever waits for that interrupts again, so that nothing is left behind."""
        try:
            self._end_all()
        except BaseException:
            self._end_at_once()
            raise

    def _end_all(self) -> None:
        """Stores when those that use them have left; all others at once."""
        deadline = time.monotonic() + GRACE
        for stores, number in ((False, signal.SIGTERM), (True, signal.SIGINT)):
            leaving = [child for child in reversed(self._children) if child.is_store is stores]
            for child in leaving:
                child.process.send_signal(number)
            for child in leaving:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(deadline - time.monotonic(), 0.1))
                _end_group(child.process)

    def _end_at_once(self) -> None:
        """A store's own processes are not of its group: it has to end them itself (SIGQUIT)."""
        for child in reversed(self._children):
            if child.is_store and child.process.poll() is None:
                child.process.send_signal(signal.SIGQUIT)
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(_AT_ONCE)
            _end_group(child.process)


def group_of(user: int | None) -> int | None:
    """A user's own group; of a user without a name, the one of the same number."""
    if user is None:
        return None
    try:
        return pwd.getpwuid(user).pw_gid
    except KeyError:
        return user


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what did not leave; its group is its own, so nothing else is in it."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
