"""Hypothesis over both parsers' byte streams, for as long as asked: tests/wire/test_fuzz.py with new seeds each round.

What it finds is kept: bytes that once broke something stand in tests/wire/kept.json and are played in every test run.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time

from bench.table import Table
from holds.finding import Check, Finding
from holds.launching import PIN, ROOT
from holds.progress import bar

KINDS = ("requests", "responses")
_SAID = re.compile(r"(requests|responses): ([0-9]+) examples")
SLACK_SECONDS = 120


async def measure(seconds: float) -> Finding:
    """Half of the time for requests, half for responses; each in a process of its own, one after the other."""
    counted: dict[str, int] = {}
    failures: list[str] = []
    with bar("fuzzing", seconds + 1) as drawn:
        began = time.monotonic()
        for kind in KINDS:
            playing = asyncio.ensure_future(_play(kind, seconds / len(KINDS)))
            while not playing.done():
                drawn.to(min(time.monotonic() - began, seconds), kind)
                await asyncio.wait([playing], timeout=1)
            code, output = playing.result()
            counted |= {name: int(count) for name, count in _SAID.findall(output)}
            failures += [output] if code else []
    rows = tuple((kind, f"{counted.get(kind, 0):,}") for kind in KINDS)
    table = Table(title=f"Mutations played in {seconds:.0f} s", columns=("of", "examples"), rows=rows)
    check = Check(
        sentence="input, upstreams, log and client agree about every one; no crash, hang or leak",
        holds=not failures and len(counted) == len(KINDS),
        seen=f"{sum(counted.values()):,} examples, {len(failures)} failures",
    )
    return Finding(suite="fuzz", tables=(table,), checks=(check,), notes=tuple(failures))


async def _play(kind: str, seconds: float) -> tuple[int, str]:
    argv = (*PIN, sys.executable, "-m", "pytest", "-q", "-rP", "tests/wire/test_fuzz.py")
    process = await asyncio.create_subprocess_exec(
        *argv,
        *("-k", f"mutated_{kind}", "-o", "faulthandler_timeout=0"),
        cwd=ROOT,
        env={**os.environ, "BANYAN_FUZZ_SECONDS": str(seconds)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + SLACK_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        return 1, f"{kind}: hung for {SLACK_SECONDS} s beyond its time"
    return process.returncode or 0, output.decode(errors="replace")
