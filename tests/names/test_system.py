"""Names that the system's own modules look up, in threads of our own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from proxy.names.resolution import NoAddress, Resolved, Unresolved
from proxy.names.system import MOST_THREADS, NamingLoop, SystemResolver


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The system's look-up, which says nothing about names that begin with `silent` until the event is set."""
    end, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *rest: int) -> object:
        if str(host).startswith("silent"):
            end.wait()
            host = "127.0.0.9"
        return real(host, *rest)

    monkeypatch.setattr("proxy.names.system.socket.getaddrinfo", look_up)
    yield end
    end.set()


async def test_the_system_s_answer_is_taken() -> None:
    """It tells addresses without a TTL."""
    found = await SystemResolver().ask("localhost")

    assert isinstance(found, Resolved)
    assert (set(found.hosts) <= {"127.0.0.1", "::1"}, found.ttl) == (True, float("inf"))


async def test_a_name_that_the_system_does_not_know_is_told() -> None:
    """RFC 6761: nothing is ever called .invalid."""
    found = await SystemResolver().ask("nobody.invalid")

    assert isinstance(found, Unresolved)
    assert found.why in (NoAddress.UNKNOWN, NoAddress.FAILED)


async def test_a_silent_name_has_one_thread_and_keeps_no_other_waiting(silent: threading.Event) -> None:
    """However often it is asked for: the others are answered, and so are those who wait, once it speaks."""
    asking = SystemResolver()
    waiting = [asyncio.ensure_future(asking.ask("silent")) for _ in range(20)]
    found = await asking.ask("127.0.0.1")

    assert isinstance(found, Resolved)
    assert sum(thread.name == "name 'silent'" for thread in threading.enumerate()) == 1

    silent.set()

    assert {answer.hosts for answer in await asyncio.gather(*waiting) if isinstance(answer, Resolved)} == {
        ("127.0.0.9",)
    }


@pytest.mark.usefixtures("silent")
async def test_threads_are_bounded() -> None:
    """One name too many is refused at once."""
    asking = SystemResolver()
    waiting = [asyncio.ensure_future(asking.ask(f"silent{number}")) for number in range(MOST_THREADS)]
    await asyncio.sleep(0)
    found = await asking.ask("silent too")

    assert isinstance(found, Unresolved)
    assert found.why is NoAddress.CROWDED
    assert not any(waiter.done() for waiter in waiting)
    for task in waiting:
        task.cancel()


@pytest.mark.usefixtures("silent")
def test_no_library_s_look_up_takes_the_loop_s_own_threads() -> None:
    """While fifty names are silent, files are still read in the loop's threads, and other names are found."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiting = [asyncio.ensure_future(loop.getaddrinfo(f"silent{number}", 80)) for number in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(lambda: None)

        assert (await loop.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM))[0][4][1] == 80
        assert not any(waiter.done() for waiter in waiting)
        for task in waiting:
            task.cancel()

    with asyncio.Runner(loop_factory=NamingLoop) as runner:
        runner.run(main())
