"""Autobahn's test suite against an echo server, once through Banyan and once without it.

Rule: what a case's verdict is without Banyan it must be with it, the close handshake included. What the echo server
itself does not do to the letter is not Banyan's to mend. Where verdicts differ, the case is played again a few times:
some depend on whether the server's echo or its end comes first. What never agrees differs, and so does any failure that
comes through Banyan alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.errors import BenchError
from bench.machine import free_ports
from bench.table import Table
from holds.finding import Check, Finding
from holds.fixtures import Site, launch_banyan
from holds.launching import PIN, ROOT, Launch, running
from holds.progress import bar

USUAL = ("1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*")
SUITE = ROOT / ".cache" / "holds" / "autobahn"
WITH, WITHOUT = "through Banyan", "without"
AGAIN = 9
LONGEST_SECONDS = 3600.0
_START = "import site,sys; site.addsitedir(sys.argv.pop(1)); from autobahntestsuite import wstest; wstest.run()"


class Verdict(msgspec.Struct, frozen=True):
    """What Autobahn says of one case."""

    behavior: str
    behavior_close: str = msgspec.field(name="behaviorClose")

    def __str__(self) -> str:
        return f"{self.behavior}, close {self.behavior_close}"


Verdicts = dict[str, dict[str, Verdict]]
"""By server, then by case."""


async def measure(patterns: tuple[str, ...], python2: str) -> Finding:
    """Start everything, play, compare."""
    python = install(python2)
    with tempfile.TemporaryDirectory(prefix="holds-") as name:
        folder = Path(name)
        listen, admin, port = free_ports(3)
        site = Site(folder=folder / "site", listen=listen, admin=admin, legacy=port, new=port)
        argv = (sys.executable, "-m", "holds.wire.echo", str(port))
        echo = Launch(label="echo", argv=argv, folder=folder, ports=(port,))
        async with running(echo), running(launch_banyan(site)):
            urls = {WITHOUT: f"ws://127.0.0.1:{port}/ws/new", WITH: f"ws://127.0.0.1:{listen}/ws/new"}
            await play(python, folder, urls, patterns)
            found = read(folder)
            seen = gather([found])
            if again := tuple(differing(seen)):
                rounds = [found]
                for _ in range(AGAIN):
                    await play(python, folder, urls, again)
                    rounds.append(read(folder))
                seen = gather(rounds)
        return compare(found, seen, patterns)


def install(python2: str) -> str:
    """The interpreter, with the suite beside it."""
    python = python2 or find_python2()
    if not (SUITE / "autobahntestsuite").exists():
        SUITE.mkdir(parents=True, exist_ok=True)
        argv = (python, "-m", "pip", "install", "--quiet", "--target", str(SUITE), "autobahntestsuite")
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"autobahntestsuite could not be installed for {python}:\n{done.stderr[-800:]}")
    return python


def find_python2() -> str:
    """On PATH or in pyenv."""
    places = [Path(folder) / "python2.7" for folder in os.environ.get("PATH", "").split(os.pathsep)]
    places += sorted(Path("~/.pyenv/versions").expanduser().glob("2.7.*/bin/python2.7"))
    for place in places:
        with contextlib.suppress(OSError):
            if subprocess.run([place, "-c", "import ssl"], capture_output=True, check=False).returncode == 0:
                return str(place)
    raise BenchError("Autobahn needs Python 2.7: install one (pyenv install 2.7.18) or name it: --python2 PATH")


async def play(python: str, folder: Path, urls: dict[str, str], patterns: tuple[str, ...]) -> None:
    """Both servers in one run, case by case."""
    servers = [{"agent": agent, "url": url, "options": {"version": 18}} for agent, url in urls.items()]
    spec = {"outdir": str(folder / "out"), "servers": servers, "cases": patterns, "exclude-cases": []}
    (folder / "spec.json").write_bytes(msgspec.json.encode(spec))
    argv = (*PIN, python, "-c", _START, str(SUITE), "-m", "fuzzingclient", "-s", str(folder / "spec.json"))
    process = await asyncio.create_subprocess_exec(
        *argv, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    deadline = time.monotonic() + LONGEST_SECONDS
    total, done, last = 0, 0, b""
    with bar("cases", 1.0) as drawn:
        async for line in process.stdout:
            last = line
            if b" cases against " in line or line.startswith(b"Servers"):
                drawn.say(line.decode(errors="replace").strip())
            if line.startswith(b"Ok, will run "):
                total = int(line.split()[3]) * len(urls)
            if line.startswith(b"Running test case ID"):
                done += 1
                drawn.to(min(1.0, done / max(total, 1)), line.split()[4].decode())
            if time.monotonic() > deadline:
                process.kill()
    if await process.wait():
        raise BenchError(f"wstest ended with {process.returncode}: {last.decode(errors='replace')}")


def read(folder: Path) -> Verdicts:
    """What the suite wrote."""
    return msgspec.json.decode((folder / "out" / "index.json").read_bytes(), type=Verdicts)


Seen = dict[str, dict[str, set[Verdict]]]
"""By server, then by case: every verdict that it got."""


def gather(rounds: Sequence[Verdicts]) -> Seen:
    """All rounds in one."""
    seen: Seen = {WITHOUT: {}, WITH: {}}
    for found in rounds:
        for agent, verdicts in found.items():
            for case, verdict in verdicts.items():
                seen[agent].setdefault(case, set()).add(verdict)
    return seen


def differing(seen: Seen) -> list[str]:
    """Cases that never got the same verdict, or failed through Banyan alone, or were played by one side only."""
    return sorted(case for case in seen[WITHOUT].keys() | seen[WITH].keys() if not _agree(seen, case))


def _agree(seen: Seen, case: str) -> bool:
    without, through = (seen[agent].get(case, set()) for agent in (WITHOUT, WITH))
    return bool(without & through) and not any("FAILED" in str(each) for each in through - without)


def compare(found: Verdicts, seen: Seen, patterns: tuple[str, ...]) -> Finding:
    """Case by case; the table is of the first round."""
    kinds = sorted({each.behavior for verdicts in found.values() for each in verdicts.values()})
    rows = []
    for agent in (WITHOUT, WITH):
        counts = Counter(each.behavior for each in found.get(agent, {}).values())
        rows.append((agent, *(str(counts[kind]) for kind in kinds)))
    cases = seen[WITHOUT]
    odd = differing(seen)
    varying = sorted(case for case, verdicts in cases.items() if len(verdicts | seen[WITH].get(case, set())) > 1)
    failing = sorted(case for case, verdicts in cases.items() if any("FAILED" in str(each) for each in verdicts))
    table = Table(
        title=f"Autobahn {' '.join(patterns)}: {len(cases)} cases",
        columns=("", *(kind.lower() for kind in kinds)),
        rows=tuple(rows),
        notes=(
            *([f"The verdict varies from run to run: {' '.join(varying)}."] if varying else []),
            *([f"The echo server itself fails: {' '.join(failing)}."] if failing else []),
        ),
    )
    check = Check(
        sentence="every verdict is the one without Banyan, closing included",
        holds=bool(cases) and not odd,
        seen=f"{len(cases)} cases, {len(odd)} differ",
    )
    notes = tuple(f"{case}: without {_said(seen[WITHOUT], case)}; through {_said(seen[WITH], case)}" for case in odd)
    return Finding(suite="websocket", tables=(table,), checks=(check,), notes=notes)


def _said(verdicts: dict[str, set[Verdict]], case: str) -> str:
    return " or ".join(sorted(map(str, verdicts.get(case, ())))) or "not played"
