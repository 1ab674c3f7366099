"""The other end of one adapter's own process: started with nothing of ours, asked one message at a time, killed.

Rule 1: it gets an empty environment and no descriptor but its two ends (and what it is told of the adapter): it is no
        fork of a process that holds secrets.
Rule 2: what it says is read within bounds and believed in nothing; whatever is no answer to the message ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

import proxy
from proxy.link.translations import (
    MAX_MESSAGE,
    Adapter,
    FromAdapter,
    FromTranslator,
    Message,
    Ready,
    frame_of,
    read_from_adapter,
)

START_WITHIN: Final = 10.0
"""Seconds for a Python and the adapter; a busy machine takes long for that."""
NICE: Final = 10
"""Where cores are short, what is not translated goes first: within one session, since each has its share (sched(7))."""
_PROGRAM: Final = (
    f"import os, sys; os.setpgid(0, 0); os.nice({NICE}); sys.path.insert(0, sys.argv[1]); "
    "from proxy.translator.adapter_program import main; main()"
)
_NO_ANSWER: Final = "its process said something that is no answer"
COMMAND: Final = (sys.executable, "-I", "-c", _PROGRAM, str(Path(proxy.__file__).parent.parent))
"""What is started: a Python that reads neither the environment nor what a user has installed for himself."""


class AdapterDied(Exception):  # noqa: N818 -- what has happened
    """The process ended, or said something that is no answer."""


class AdapterProcess:
    """One life of it. `confined` says in which way it is kept to itself."""

    def __init__(self, process: asyncio.subprocess.Process, confined: str) -> None:
        """To be made by `start`."""
        self._process = process
        self.confined = confined

    @classmethod
    async def start(cls, adapter: Adapter) -> AdapterProcess:
        """A new one, ready for messages; raises `AdapterDied`."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        made = cls(process, "")
        try:
            async with asyncio.timeout(START_WITHIN):
                said = await made._ask(frame_of(adapter))
        except BaseException as error:
            made.kill()
            await made.ended()
            if isinstance(error, TimeoutError):
                raise AdapterDied("its process did not start in time") from None
            raise
        if not isinstance(said, Ready) or said.problem:
            made.kill()
            await made.ended()
            raise AdapterDied(f"it does not import: {said.problem}" if isinstance(said, Ready) else _NO_ANSWER)
        made.confined = said.confined
        return made

    async def translate(self, message: Message) -> FromTranslator:
        """What has become of it; raises `AdapterDied`."""
        said = await self._ask(frame_of(message))
        if isinstance(said, Ready) or said.id != message.id:
            raise AdapterDied(_NO_ANSWER)
        return said

    async def _ask(self, frame: bytes) -> FromAdapter:
        goes, comes = self._process.stdin, self._process.stdout
        if goes is None or comes is None:
            raise AdapterDied("its process has no ends")
        try:
            goes.write(frame)
            await goes.drain()
            size = int.from_bytes(await comes.readexactly(4), "big")
            if size > MAX_MESSAGE:
                raise AdapterDied("its process said more than an answer is")
            return read_from_adapter(await comes.readexactly(size))
        except (OSError, EOFError):
            raise AdapterDied("its process ended") from None
        except msgspec.DecodeError:
            raise AdapterDied(_NO_ANSWER) from None

    def yield_cores(self) -> None:
        """From now on it runs where a core is idle: what wakes beside it waits for no slice of its (sched(7))."""
        for process in (self._process.pid, *_children(self._process.pid)):
            with contextlib.suppress(OSError):  # it has ended, or may not: it stays as nice as it is
                os.sched_setscheduler(process, os.SCHED_IDLE, os.sched_param(0))

    def kill(self) -> None:
        """With all that it may have started."""
        for end in (os.killpg, os.kill) if self._process.returncode is None else ():  # else it may be another's number
            with contextlib.suppress(ProcessLookupError):  # it has no group of its own in its first moment
                end(self._process.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def ended(self) -> None:
        """Until the system has let go of it, and what it had still said was thrown away."""
        await self._process.wait()
        comes = self._process.stdout
        while comes is not None and await comes.read(65536):
            pass


def _children(process: int) -> tuple[int, ...]:
    """Who works, where `leave_the_world` has forked: what was started waits for it; proc(5), `children`."""
    try:
        return tuple(map(int, Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()))
    except (OSError, ValueError):
        return ()
