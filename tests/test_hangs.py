"""The suite itself: a test that hangs fails, and its report says which lines wait."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from tests.hangs import bounded


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


def test_a_task_that_hangs_fails_and_its_lines_are_told() -> None:
    """Every task's innermost line stands in the report, though the loop's own are all that a signal sees."""

    async def hangs() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits_for_ever())

    with pytest.raises(pytest.fail.Exception) as failed, bounded(2.0):
        asyncio.run(hangs())

    assert "in hangs\n" in str(failed.value)
    assert "await asyncio.Event().wait()" in str(failed.value)


def test_a_wait_for_a_process_fails_too() -> None:
    """Without a loop it is the stack that is told."""
    process = subprocess.Popen(["sleep", "1000"])
    try:
        with pytest.raises(pytest.fail.Exception, match=r"process\.wait\(\)"), bounded(1.0):
            process.wait()
    finally:
        process.kill()
        process.wait()


def test_what_ends_in_time_is_left_alone() -> None:
    """No signal comes after the end."""
    with bounded(2.0):
        pass
    asyncio.run(asyncio.sleep(2.2))
