"""`python -m tests.wire.process`: a data plane and its recorder in a process of their own, until standard input ends.

It prints its port; whoever started it can look at the process from outside.
"""

from __future__ import annotations

import asyncio
import os
import sys

from tests.wire.plane import on_uvloop, serving, snapshot_for
from tests.wire.recorder import Recorder


async def serve() -> None:
    recorder = Recorder()
    await recorder.start()
    async with serving(snapshot_for(recorder.port, recorder.port)) as plane:
        print(plane.port, flush=True)
        await asyncio.to_thread(os.read, sys.stdin.fileno(), 1)
    recorder.stop()


if __name__ == "__main__":
    on_uvloop(serve)
