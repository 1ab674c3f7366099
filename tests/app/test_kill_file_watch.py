from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from proxy.app.kill_file_watch import KillFile
from proxy.core.routing.kill_switch import KillSwitchOrder

EVERY = 0.005
PATIENCE = 60.0


class Watched:
    """A watch and what it told."""

    def __init__(self, path: Path) -> None:
        self.told: asyncio.Queue[KillSwitchOrder | None] = asyncio.Queue()
        self.watch = KillFile(path, self.told.put_nowait, every=EVERY)

    async def next(self) -> KillSwitchOrder | None:
        async with asyncio.timeout(PATIENCE):
            return await self.told.get()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    """A watch that runs, over a file that is not there."""
    async with AsyncExitStack() as stack:
        made = Watched(tmp_path / "kill")
        stack.callback(made.watch.end)
        await made.watch.start()
        yield made


async def test_an_order_is_told_when_it_comes_changes_and_goes(watched: Watched) -> None:
    """`touch` is told, so is a text that takes its place, and `rm`."""
    path = watched.watch.path
    path.touch()
    first = await watched.next()
    path.with_name("new").write_text('{"by": "ann", "at": "now", "reason": "why"}')
    path.with_name("new").replace(path)
    second = await watched.next()
    path.unlink()

    assert first is not None
    assert first.by == ""
    assert second == KillSwitchOrder(by="ann", at="now", reason="why")
    assert await watched.next() is None
    assert watched.told.empty()


async def test_what_is_there_already_is_told_before_anything_begins(tmp_path: Path) -> None:
    """Whoever waits for the start has the order by then: nobody is served before."""
    (tmp_path / "kill").touch()
    made = Watched(tmp_path / "kill")
    await made.watch.start()
    made.watch.end()

    assert made.told.get_nowait() is not None


async def test_a_missing_folder_is_no_order(tmp_path: Path) -> None:
    """A state directory that does not exist yet is watched all the same."""
    made = Watched(tmp_path / "later" / "kill")
    await made.watch.start()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "kill").touch()

    assert await made.next() is not None
    made.watch.end()


async def test_another_path_can_be_followed(watched: Watched, tmp_path: Path) -> None:
    """A reload that names another file: the order at the old one ends, that at the new one holds."""
    watched.watch.path.touch()
    first = await watched.next()
    watched.watch.follow(tmp_path / "stop")
    second = await watched.next()
    (tmp_path / "stop").touch()

    assert (first is not None, second) == (True, None)
    assert await watched.next() is not None


async def test_a_disk_that_hangs_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network disk that is gone holds up neither start nor loop; once it is back, its order is told."""
    back = threading.Event()
    stat = os.stat

    def hang(path: Path) -> os.stat_result:
        if path == made.watch.path:
            back.wait()
        return stat(path)

    (tmp_path / "kill").touch()
    made = Watched(tmp_path / "kill")
    monkeypatch.setattr(os, "stat", hang)
    with capture_logs() as logged:
        await made.watch.start(within=0.05)
    told = made.told.qsize()
    back.set()

    assert (told, [each["event"] for each in logged]) == (0, ["kill_file_hangs"])
    assert await made.next() is not None
    made.watch.end()


async def test_when_nobody_can_tell_the_last_answer_holds(watched: Watched) -> None:
    """A disk that fails is neither an order nor its end: it is logged once, and watched on."""
    path = watched.watch.path
    path.touch()
    await watched.next()
    with capture_logs() as logged:
        path.with_name("loop").symlink_to(path)  # once it stands there, it leads to itself
        path.with_name("loop").replace(path)
        async with asyncio.timeout(PATIENCE):
            while not logged:  # noqa: ASYNC110 -- the thread sets no event here
                await asyncio.sleep(EVERY)
        for _ in range(5):
            await asyncio.sleep(EVERY)
    path.unlink()

    assert [(each["event"], each["killed"]) for each in logged] == [("kill_file_unreadable", True)]
    assert await watched.next() is None


@pytest.mark.parametrize("error", [RuntimeError("deep"), RecursionError(), MemoryError(), ValueError("odd")])
async def test_whatever_goes_wrong_in_a_look_the_watch_goes_on(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A look that breaks is logged once with its error, and the next order is told."""
    broke = asyncio.Event()
    loop = asyncio.get_running_loop()

    def broken(_: Path) -> KillSwitchOrder | None:
        loop.call_soon_threadsafe(broke.set)
        raise error

    with capture_logs() as logged, monkeypatch.context() as patched:
        patched.setattr("proxy.app.kill_file_watch.read", broken)
        async with asyncio.timeout(PATIENCE):
            await broke.wait()
            broke.clear()
            await broke.wait()
    watched.watch.path.touch()

    assert await watched.next() is not None
    assert [(line["event"], line["error"]) for line in logged] == [
        ("kill_file_unreadable", str(error) or type(error).__name__)
    ]


async def test_it_ends_with_its_loop() -> None:
    """When the loop is gone the thread ends by itself, without a word."""
    structlog.reset_defaults()
    watches: list[KillFile] = []

    async def short(path: Path) -> None:
        watches.append(KillFile(path, lambda _: None, every=EVERY))
        await watches[0].start()

    path = Path("/proc/self/none")
    await asyncio.to_thread(lambda: asyncio.run(short(path)))
    watches[0].follow(Path("/proc/self/stat"))
    await asyncio.to_thread(watches[0]._thread.join, PATIENCE)

    assert not watches[0]._thread.is_alive()
