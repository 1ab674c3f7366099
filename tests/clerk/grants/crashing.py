"""Clerks that die: for each line on standard input one process refreshes a token and kills itself at a point.

A line is JSON: database, folder, port, token, point, `mutant` (what is taken out, or empty), and `lease` in seconds.
The answer is a line with how the process ended. At `after_stop` it is stopped instead, its intent committed.
Forked from one that has loaded everything, so that 200 deaths take seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog

from proxy.clerk.grants import flights, provider_call
from proxy.clerk.grants.spool import Spool
from proxy.store.postgres.grant_tables import GrantTables
from tests.clerk.grants.desks import POLICY, desk

Method = Callable[..., Awaitable[Any]]
NO_SPOOL: tuple[type, str] = (Spool, "write")
CLOCK: tuple[ModuleType, str] = (provider_call, "boot_time")
MINES: dict[str, tuple[type, str]] = {
    "intent": (GrantTables, "intend"),
    "answer": (flights._Flight, "_call"),
    "spool": (Spool, "write"),
    "commit": (GrantTables, "commit"),
}


def die(*_: object) -> float:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0.0


def mined(method: Method, when: str) -> Method:
    async def dies(*arguments: object) -> object:
        found = die() if when == "before" else await method(*arguments)
        return die() if when == "after" else found

    return dies


def connected(method: Method) -> Method:
    """Dies where it looks at the clock before the first byte."""

    async def dies(*arguments: object) -> object:
        setattr(*CLOCK, die)
        return await method(*arguments)

    return dies


def stopped(method: Method) -> Method:
    async def stops(*arguments: object) -> object:
        found = await method(*arguments)
        os.kill(os.getpid(), signal.SIGSTOP)
        return found

    return stops


def arm(point: str, port: int) -> None:
    """Lay the mine."""
    when, _, where = point.partition("_")
    match where:
        case "check":
            owner, name = MINES["answer"]
            setattr(owner, name, connected(getattr(owner, name)))
        case "stop":
            owner, name = MINES["intent"]
            setattr(owner, name, stopped(getattr(owner, name)))
        case "send":
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_fault?kill={os.getpid()}").close()
        case _:
            owner, name = MINES[where]
            setattr(owner, name, mined(getattr(owner, name), when))


async def no_spool(*_: object) -> None:
    """The mutant that writes nothing down."""


async def live(order: dict[str, Any]) -> None:
    one = desk(order["database"], Path(order["folder"]), order["port"], replace(POLICY, lease=order.get("lease", 60.0)))
    reply = await one.ask(order["token"])
    await one.close()
    os._exit(0 if reply.status == 200 else 3)


def run(order: dict[str, Any]) -> None:
    if order["mutant"] == "no_spool":
        setattr(*NO_SPOOL, no_spool)
    arm(order["point"], order["port"])
    asyncio.run(live(order))


def say_how_it_ends(pid: int) -> None:
    """`stopped PID` where it is stopped, and how it ended, a line each."""
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        stopped = os.WIFSTOPPED(status)
        sys.stdout.write(f"stopped {pid}\n" if stopped else f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
        if not stopped:
            return


def main() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            run(json.loads(line))
            os._exit(0)
        say_how_it_ends(pid)


if __name__ == "__main__":
    main()
