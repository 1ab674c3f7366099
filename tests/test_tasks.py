from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from proxy.tasks import RestartedTasks


async def test_work_that_dies_is_started_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each death is logged by name and followed by a new life, after a delay that doubles."""
    lives = 0

    async def work() -> None:
        nonlocal lives
        lives += 1
        if lives < 4:
            raise RuntimeError(f"death {lives}")

    tasks = RestartedTasks(first_delay=0.001)
    with capture_logs() as logs:
        await tasks.start(work, name="watch")

    assert lives == 4
    assert [(entry["event"], entry["task"], entry["delay"]) for entry in logs] == [
        ("task_restarts", "watch", 0.001),
        ("task_restarts", "watch", 0.002),
        ("task_restarts", "watch", 0.004),
    ]


async def test_work_that_is_cancelled_stays_so() -> None:
    """Ending all tasks ends them for good, also while one waits to live again."""
    began = asyncio.Event()

    async def work() -> None:
        began.set()
        raise RuntimeError("once")

    tasks = RestartedTasks(first_delay=3600)
    with capture_logs():
        task = tasks.start(work, name="watch")
        await began.wait()
        await tasks.end()

    assert task.cancelled()


async def test_a_task_can_be_cancelled_alone() -> None:
    """Cancelling one task leaves the others running."""

    async def work() -> None:
        await asyncio.sleep(3600)

    tasks = RestartedTasks()
    one, other = tasks.start(work, name="one"), tasks.start(work, name="other")
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.wait([one])

    assert not other.done()

    await tasks.end()

    assert other.cancelled()
