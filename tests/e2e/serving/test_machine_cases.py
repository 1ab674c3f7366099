"""The published cases of a machine that fails under the program: FT15, FT17, SC01; each by its id.

A disk is full where every write fails: /dev/full says ENOSPC, and a limit on the size of files can be lifted again.
A clock that jumps is one whose `time.time` was replaced before anything of Banyan's was imported.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, command, free_port, program, system, text_of, write
from tests.waiting import PATIENCE, until

LEGACY = '  - { name: rest, match: "/**", stage: legacy }\n'
UNLIMITED = resource.RLIM_INFINITY


@asynccontextmanager
async def logging_to(directory: Path, log: Path, legacy: int) -> AsyncIterator[Program]:
    """The program with its standard output in a file."""
    listen, admin = free_port(), free_port()
    text = text_of(LEGACY, listen=listen, admin=admin, legacy=legacy, new=legacy)
    (directory / "routes.yaml").write_text(text)
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*command(directory), stdout=output)
    banyan = Program(directory / "routes.yaml", listen, admin, process)
    try:
        await banyan.until_ready()
        yield banyan
    finally:
        process.terminate()
        await banyan.ended()


async def answered(banyan: Program, times: int) -> set[int]:
    """The statuses of so many requests."""
    async with aiohttp.ClientSession() as session:
        found = set()
        for _ in range(times):
            async with session.get(banyan.url + "/a") as response:
                await response.read()
                found.add(response.status)
        return found


async def test_ft15_a_log_on_a_full_disk_costs_lines_only(tmp_path: Path) -> None:
    """FT15: every write of a line fails with ENOSPC; every request is answered, and the lost lines are counted."""
    async with system("legacy") as legacy, logging_to(tmp_path, Path("/dev/full"), legacy) as banyan:
        assert await answered(banyan, 50) == {200}
        await banyan.until_metric("banyan_log_lines_dropped_total", 50)


async def test_ft15_lines_come_back_with_the_space(tmp_path: Path) -> None:
    """FT15: no file may grow, then it may: requests never fail, an edit is taken over all the same, lines return."""
    log = tmp_path / "log.txt"
    async with system("legacy") as legacy, logging_to(tmp_path, log, legacy) as banyan:
        assert await answered(banyan, 5) == {200}
        limit(banyan, 0)
        assert await answered(banyan, 20) == {200}
        write(banyan.file, banyan.file.read_text().replace("stage: legacy", "stage: live"))
        await banyan.until_metric("banyan_log_lines_dropped_total", 20)
        before = log.stat().st_size
        limit(banyan, UNLIMITED)
        assert await answered(banyan, 20) == {200}

        async def grown() -> bool:
            return log.stat().st_size > before

        await until(grown)
        routes = (await banyan.api())["routes"]
        assert '"live"' in str(routes).replace("'", '"')


def limit(banyan: Program, size: int) -> None:
    """How large a file may become for every process of the program; a write beyond it fails."""
    pid = banyan.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    for each in (pid, *map(int, children)):
        resource.prlimit(each, resource.RLIMIT_FSIZE, (size, UNLIMITED))


JUMPING = """
import sys, time
true, jumps, asked = time.time, [0, 3600, -3600, 315_360_000, -315_360_000], []
def time_that_jumps():
    asked.append(1)
    return true() + jumps[len(asked) // 3 % len(jumps)]
time.time = time_that_jumps
from proxy.cli.main import main
sys.argv = ["banyan", "serve", "--config", sys.argv[1]]
main()
"""


async def test_ft17_no_timeout_follows_a_clock_that_jumps(tmp_path: Path) -> None:
    """FT17: with a wall clock that jumps by hours and years, slow and idle requests are served and nothing is cut."""
    listen, admin = free_port(), free_port()
    async with system("legacy") as legacy:
        text = text_of(LEGACY, listen=listen, admin=admin, legacy=legacy, new=legacy)
        (tmp_path / "routes.yaml").write_text(text)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", JUMPING, str(tmp_path / "routes.yaml")), stdout=asyncio.subprocess.DEVNULL
        )
        banyan = Program(tmp_path / "routes.yaml", listen, admin, process)
        try:
            await banyan.until_ready()
            async with aiohttp.ClientSession() as session:
                for path in ("/slow", *["/a"] * 30, "/slow"):
                    async with session.get(banyan.url + path) as response:
                        assert await response.text() == "legacy"
            assert await banyan.metric("banyan_requests_total") == 32
            assert await banyan.metric("banyan_upstream_failures_total") == 0
        finally:
            process.terminate()
            await banyan.ended()


BREAKING = """
import sys
import proxy.app.control as control
async def serve_control(given):
    raise RuntimeError("put here by the test")
assert control.serve_control  # else nothing would break, and the test would wait for it
control.serve_control = serve_control
from proxy.cli.main import main
sys.argv = ["banyan", "serve", "--config", sys.argv[1]]
main()
"""


async def test_dr06_a_child_that_breaks_says_why_before_it_goes(tmp_path: Path) -> None:
    """DR06: an error that ends control stands in the log with its traceback, and the workers serve on."""
    listen = free_port()
    async with system("legacy") as legacy:
        text = text_of(LEGACY, listen=listen, admin=free_port(), legacy=legacy, new=legacy)
        (tmp_path / "routes.yaml").write_text(text)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", BREAKING, str(tmp_path / "routes.yaml")), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                while b"child_broke" not in (line := await process.stdout.readline()):
                    assert line, "it ended, and no child broke"
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{listen}/a") as response:
                assert await response.text() == "legacy"
        finally:
            process.terminate()
            await process.communicate()

    assert b"put here by the test" in line
    assert b"Traceback" in line


LENIENT = """
import sys, httptools
class Lenient(httptools.HttpRequestParser):
    def feed_data(self, data):
        super().feed_data(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
httptools.HttpRequestParser = Lenient
from proxy.cli.main import main
sys.argv = ["banyan", "serve", "--config", sys.argv[1]]
main()
"""


async def test_sc01_a_parser_that_is_not_strict_is_not_served_with(tmp_path: Path) -> None:
    """SC01: when the parser takes what it must refuse, the start ends with 1 and says what to install."""
    text = text_of(LEGACY, listen=free_port(), admin=free_port(), legacy=1, new=1)
    (tmp_path / "routes.yaml").write_text(text)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LENIENT, str(tmp_path / "routes.yaml")), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()

    assert process.returncode == 1
    assert b"httptools" in output


async def test_sc01_too_few_open_files_are_told_at_the_start(tmp_path: Path) -> None:
    """SC01: a limit that no proxy can live with ends the start with 1 and the number to set."""
    (tmp_path / "routes.yaml").write_text(text_of(LEGACY, listen=free_port(), admin=free_port(), legacy=1, new=1))
    few = (sys.executable, "-c", FEW, *command(tmp_path))
    process = await asyncio.create_subprocess_exec(*few, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()

    assert process.returncode == 1
    assert b"4096" in output
    assert b"LimitNOFILE" in output


FEW = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512))
os.execv(sys.argv[1], sys.argv[1:])
"""


async def test_the_program_survives_a_file_limit_that_it_may_raise(tmp_path: Path) -> None:
    """A soft limit below the hard one is raised, not complained about."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        async with system("legacy") as legacy, program(tmp_path, LEGACY, legacy=legacy, new=legacy) as banyan:
            pid = banyan.child("worker-0")
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == hard
            assert os.getpid() != pid
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
