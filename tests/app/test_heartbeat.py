from __future__ import annotations

import asyncio
import os

import pytest

from proxy.app.heartbeat import HUNG, LONGEST_LOOK, LONGEST_START, Heartbeats, Silence
from tests.waiting import until


def test_a_child_that_is_heard_is_never_hung() -> None:
    """Each count that is another one ends the silence, however long it had lasted."""
    silence = Silence(count=0, looked=0.0)
    heard = [silence.look(second // 19, float(second)) for second in range(1, 200)]

    assert not any(heard)


def test_a_child_that_is_silent_is_found_after_its_time() -> None:
    """With a look each second it hangs when `HUNG` seconds have passed without a count, not a second before."""
    silence = Silence(count=7, looked=0.0)
    heard = [silence.look(7, float(second)) for second in range(1, 31)]

    assert heard.index(True) + 1 == HUNG


def test_a_machine_that_stood_still_makes_nobody_hang() -> None:
    """A look that comes an hour late adds two seconds of silence: the parent was as deaf as the child was silent."""
    silence = Silence(count=7, looked=0.0)

    assert not silence.look(7, 3600.0)
    assert silence.silent == LONGEST_LOOK


def test_who_was_never_heard_is_followed_by_one_with_twice_the_time() -> None:
    """On a machine where a start takes a minute the third is let be, and once it was heard it hangs as soon as any."""
    lived: list[int] = []
    silence = Silence(count=7, looked=0.0)
    for _ in range(3):
        lived.append(next(second for second in range(1, 1000) if silence.look(7, silence.looked + 1)))
        silence = silence.successor(7, silence.looked)
    assert not silence.look(8, silence.looked + 1)
    lived.append(next(second for second in range(1, 1000) if silence.look(8, silence.looked + 1)))

    assert lived == [HUNG, 2 * HUNG, 4 * HUNG, HUNG]
    assert silence.successor(8, 0.0).patience == HUNG


def test_the_time_for_a_first_word_has_an_end() -> None:
    """However often it was given in vain; and one that ended by itself has earned its successor none."""
    silence = Silence(count=7, looked=0.0)
    assert silence.successor(7, 0.0).patience == HUNG
    for _ in range(20):
        silence.silent = silence.patience
        silence = silence.successor(7, 0.0)

    assert silence.patience == LONGEST_START


async def test_a_loop_that_turns_counts_and_one_that_is_kept_does_not() -> None:
    """The count grows beside the work, is seen in another process, and ends with the work."""
    heartbeats = Heartbeats(2)
    done = asyncio.Event()

    async def work() -> None:
        await done.wait()

    running = asyncio.ensure_future(heartbeats.while_running(1, work()))
    await until(lambda: heartbeats.count(1) >= 2)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"%d %d" % (heartbeats.count(0), heartbeats.count(1)))
        os._exit(0)
    seen = os.read(reading, 100)
    done.set()
    await running
    last = heartbeats.count(1)

    assert seen.split() >= [b"0", b"2"]
    assert heartbeats.count(0) == 0
    assert heartbeats.count(1) == last
    os.close(reading)
    os.close(writing)
    os.waitpid(child, 0)  # noqa: ASYNC222 -- it has said its last word


async def test_work_that_breaks_is_not_hidden() -> None:
    """An error of the work is the error of the whole."""

    async def work() -> None:
        raise OSError("it broke")

    with pytest.raises(OSError, match="it broke"):
        await Heartbeats(1).while_running(0, work())
