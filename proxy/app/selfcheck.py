"""Looks at the machine before serving, and raises what it may raise.

Rule 1: a complaint forbids serving; a caution is logged, and Banyan serves. Each says what to change.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator

from proxy.control.position.standing_file import MEMORY, kind_of
from proxy.core.build import BUILD, SLOW, Build
from proxy.core.limits.ceiling import share_of_group
from proxy.core.routing.snapshot import AUTO, Limits
from proxy.edge.client.process_memory import group_limit, resident
from proxy.edge.wire.head_parser import judge_request

ENOUGH_FILES = 4096
BUILT_IN = 2026
"""The year of this version: no clock that is right shows an earlier one."""
_SPARE_FILES = 256
"""Files of a worker that are no connection: log, link, libraries, and room for those that are just being accepted."""
_LEAST_MEMORY = 96 << 20
"""Bytes per worker; an idle one takes about half."""
_HOSTILE = (
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
)


def prepare() -> Iterator[str]:
    """Complaints that forbid serving; each says what to change."""
    if judge_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") or not all(judge_request(each) for each in _HOSTILE):
        yield "the HTTP parser is not the strict llhttp that Banyan relies on: install httptools 0.8 or later"
    yield from check_steady(time.monotonic)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < ENOUGH_FILES:
        yield f"only {hard} open files are allowed: raise the limit to {ENOUGH_FILES} or more (ulimit -n, LimitNOFILE=)"


def cautions(limits: Limits, workers: int, build: Build = BUILD) -> Iterator[str]:
    """What will hurt later; each says what to change."""
    if build is Build.INTERPRETED:
        yield SLOW
    yield from check_year(time.gmtime().tm_year)
    yield from check_files(limits, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield from check_memory(limits, workers, group_limit(), resident())


def state_kept(state: str) -> dict[str, str]:
    """For the line that says that it serves: the kind of store, and what a restart costs where it lives in memory."""
    kind = kind_of(state)
    lost = "a restart, SIGUSR2 too, loses all evidence, and ramps wait for it anew"
    keeps = "`state: embedded`, or the address of a PostgreSQL there, keeps it"
    return {"state": kind, "hint": f"{lost}; {keeps}"} if kind == MEMORY else {"state": kind}


def check_steady(clock: Callable[[], float]) -> Iterator[str]:
    """Every timeout is measured on the steady clock: it has to advance, and never to go back."""
    first = clock()
    if next((now for _ in range(1_000_000) if (now := clock()) != first), first) <= first:
        yield "the steady clock stands still or goes back: timeouts would never end; look at the kernel's clock source"


def check_year(year: int) -> Iterator[str]:
    """A wrong date makes log lines useless and certificates invalid."""
    if year < BUILT_IN:
        yield f"the clock says {year}, before this version was made: set the time (timedatectl, NTP)"


def check_files(limits: Limits, files: int) -> Iterator[str]:
    """Each client takes a file, and so does the upstream's connection that answers it."""
    needed = 2 * limits.connections + _SPARE_FILES
    if files not in (resource.RLIM_INFINITY, -1) and files < needed:
        most = max((files - _SPARE_FILES) // 2, 1)
        yield (
            f"limits.connections is {limits.connections}, for which a worker may need {needed} open files, and {files} "
            f"are allowed: raise the limit (ulimit -n, LimitNOFILE=), or write connections: {most}"
        )


def check_memory(limits: Limits, workers: int, group: int, used: int) -> Iterator[str]:
    """The ceiling must leave a worker room to live, and all of them must fit into their control group."""
    memory = limits.memory
    if memory > 0 and group and memory * workers > group:
        fits = group // workers >> 20
        yield (
            f"limits.memory is {memory >> 20}MiB for each of {workers} workers, and the control group allows "
            f"{group >> 20}MiB in all: write memory: auto, or at most {fits}MiB"
        )
    ceiling = share_of_group(group, workers) if memory == AUTO else memory
    if 0 < ceiling < max(_LEAST_MEMORY, used):
        yield (
            f"a worker may take {ceiling >> 20}MiB and would shed soon: give the control group more memory, or run "
            "fewer workers"
        )
