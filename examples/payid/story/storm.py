"""Logins are stormed, and the cart is timed: a process of its own storms, in every other stretch of the clock.

Rule 1: the storm is on in odd stretches; both processes read the same clock, so that quiet and stormed times lie beside
        each other and whatever else the machine does meets both.
Rule 2: it comes from addresses of its own, so many attempts a second, whatever is answered; each guesses a password of
        nobody, and has nothing to do with a session.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections import Counter

import aiohttp

from examples.payid.systems.settings import API_HOST

STRETCH = 1.0
SETTLES = 0.25
"""Seconds at the beginning of each stretch that are not counted: what the one before has begun ends then."""
ADDRESSES, EACH = 4, 70
"""Addresses that storm, and attempts of each in a second."""


def is_stormed(now: float) -> bool:
    """Rule 1."""
    return int(now / STRETCH) % 2 == 1


def is_counted(now: float) -> bool:
    """Whether this moment is told apart from the stretch before."""
    return now % STRETCH > SETTLES


async def storm(url: str) -> Counter[str]:
    """Until ended: how often it was answered with what."""
    answered: Counter[str] = Counter()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as attempts:
        sessions = []
        for last in range(ADDRESSES):
            connector = aiohttp.TCPConnector(local_addr=(f"127.77.0.{last + 1}", 0), limit=64)
            timeout = aiohttp.ClientTimeout(total=10)
            sessions.append(
                await stack.enter_async_context(aiohttp.ClientSession(connector=connector, timeout=timeout))
            )
        print("ready", flush=True)  # noqa: T201 -- whoever started it waits for this
        due = time.time()
        while not ended.is_set():
            due = max(due + 1 / EACH, time.time() - 1)
            await asyncio.sleep(max(due - time.time(), 0))
            if is_stormed(time.time()):
                for session in sessions:
                    attempts.create_task(_attempt(session, url, answered))
    return answered


async def _attempt(session: aiohttp.ClientSession, url: str, answered: Counter[str]) -> None:
    form, fields = {"mail": "nobody@mail.example", "password": "guessed"}, {"Host": API_HOST}
    try:
        async with session.post(f"{url}/oauth/login?state=none", data=form, headers=fields) as answer:
            await answer.read()
            answered[str(answer.status)] += 1
    except (aiohttp.ClientError, TimeoutError):
        answered["none"] += 1


if __name__ == "__main__":
    print(json.dumps(asyncio.run(storm(sys.argv[1]))), flush=True)  # noqa: T201 -- whoever started it reads it
