"""Many plays in one loop: what the tests of a module need is played once, together, and each test looks at its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TypeVar

import pytest

from tests.wire.plane import on_uvloop

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
AT_ONCE = 8


def asked_for(request: pytest.FixtureRequest, argument: str) -> list[object]:
    """The values of `argument` in the tests of this module that will run, each once."""
    items = (item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path)
    calls = (item.callspec.params for item in items if hasattr(item, "callspec"))
    return list(dict.fromkeys(params[argument] for params in calls if argument in params))


def play_all(keys: Iterable[K], play: Callable[[K], Awaitable[V]]) -> dict[K, V]:
    """Play every key, a few at a time."""

    async def all_of_them() -> dict[K, V]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(key: K) -> tuple[K, V]:
            async with gate:
                return key, await play(key)

        async with asyncio.TaskGroup() as group:
            playing = [group.create_task(one(key)) for key in keys]
        return dict(task.result() for task in playing)

    return on_uvloop(all_of_them)
