"""A test that hangs fails by itself, and says what each of its tasks waits for: the run goes on and names it.

The bound is no time that a test asserts: the longest takes a third of it on a busy machine.
"""

from __future__ import annotations

import asyncio
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

LIMIT = 600.0
"""Seconds for the set-up, the call and the teardown of a test, each."""


@contextmanager
def bounded(seconds: float = LIMIT) -> Iterator[None]:
    """What runs inside fails after so long; of the main thread only, since signals come there."""
    before = signal.signal(signal.SIGALRM, _fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _fail(_signal: int, frame: FrameType | None) -> None:
    waits = _tasks() or "".join(traceback.format_stack(frame))
    pytest.fail(f"the test hangs; what it waits for:\n{waits}", pytrace=False)


def _tasks() -> str:
    """The lines through which each task of the running loop waits, outermost first; empty without a loop."""
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return ""
    return "".join(line for task in tasks for line in (f"{task.get_name()}\n", *_awaits(task)))


def _awaits(task: asyncio.Task[object]) -> Iterator[str]:
    waited: object = task.get_coro()
    while waited is not None:
        frame = getattr(waited, "cr_frame", None) or getattr(waited, "ag_frame", None)
        if frame is not None:
            yield from traceback.format_stack(frame, limit=1)
        waited = getattr(waited, "cr_await", None) or getattr(waited, "ag_await", None)
