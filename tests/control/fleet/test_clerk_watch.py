"""What is told of a clerk that is not there."""

from __future__ import annotations

import asyncio

import structlog

from proxy.control.fleet.clerk_watch import ClerkWatch
from tests.waiting import until


def test_a_clerk_that_stays_away_is_told_once() -> None:
    """After ten seconds; one that is replaced is not, and that it is back is."""
    now, there, told = [0.0], [True], list[str]()
    watch = ClerkWatch(lambda: there[0], told.append, lambda: now[0])
    with structlog.testing.capture_logs() as said:
        for at, is_there in ((0.0, True), (1.0, False), (9.0, False), (10.0, True), (11.0, False), (20.9, False)):
            now[0], there[0] = at, is_there
            watch.look()
        assert told == []
        for at, is_there in ((21.0, False), (60.0, False), (61.0, True), (62.0, True)):
            now[0], there[0] = at, is_there
            watch.look()

    assert [sentence[:38] for sentence in told] == ["there has been no clerk for 10 s: write"[:38]]
    assert [each["event"] for each in said] == ["clerk_missing", "clerk_back"]


async def test_it_looks_by_itself() -> None:
    """For ever, in the background."""
    looks: list[bool] = []

    def is_there() -> bool:
        looks.append(True)
        return True

    running = asyncio.ensure_future(ClerkWatch(is_there, lambda _: None).run())
    await until(lambda: bool(looks))
    running.cancel()
