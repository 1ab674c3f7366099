"""`python -m tests.wire.process [FILES [UPSTREAM]]`: a data plane in a process of its own, until standard input ends.

It prints its port; whoever started it can look at the process from outside. FILES bounds the files that it may open (0:
no bound); behind it stands a recorder of its own, or the port UPSTREAM.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys

from tests.wire.plane import on_uvloop, serving, snapshot_for
from tests.wire.recorder import Recorder


async def serve(files: int = 0, upstream: int = 0) -> None:
    recorder = Recorder()
    await recorder.start()
    port = upstream or recorder.port
    async with serving(snapshot_for(port, port)) as plane:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        print(plane.port, flush=True)
        await asyncio.to_thread(os.read, sys.stdin.fileno(), 1)
    recorder.stop()


if __name__ == "__main__":
    on_uvloop(lambda: serve(*map(int, sys.argv[1:])))
