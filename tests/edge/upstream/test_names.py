"""Upstreams by name, as a real name server tells them: moves, silence, failure, and who waits for whom."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from proxy.core.outcome import Failure
from proxy.edge.upstream.pool import wait_until
from proxy.names.files import Files
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import PATIENT, REST, Block, Proxy
from tests.edge.questions import Question
from tests.edge.raw_client import get, post
from tests.edge.scripted import Scripted, always, sized
from tests.names.server import Mute, NameServer, Told

NAME = "legacy.test"
SOON: Block = {"least": "500ms", "most": "1s"}
"""How often the tests have names looked up."""


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Its book is empty."""
    made = await NameServer().start()
    yield made
    await made.stop()


@pytest.fixture
def files(server: NameServer, tmp_path: Path) -> Files:
    """That server and no hosts."""
    return Files(server.resolv_conf(tmp_path / "resolv.conf"), tmp_path / "hosts")


def named(port: int, host: str = NAME, **more: object) -> Block:
    """An upstream by name, looked up often."""
    return {"url": f"http://{host}:{port}", "timeout": PATIENT, "resolve": SOON} | more


def hosts(proxy: Proxy) -> list[str]:
    """The addresses that the pool knows."""
    return [address.host for address in proxy.pool().addresses]


def has_more(requests: Sequence[object], count: int) -> bool:
    """Than so many."""
    return len(requests) > count


def is_asked(server: NameServer, count: int) -> bool:
    """More often than so for the name."""
    return server.kinds(NAME) > count


def free_port() -> int:
    """Below those that the system gives to clients, so that it can be listened on again."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as one, socket.socket() as two:
            try:
                one.bind(("127.0.0.1", port))
                two.bind(("127.0.0.2", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


async def twins(stack: AsyncExitStack) -> tuple[Scripted, Scripted]:
    """Two upstreams on one port of two addresses, each of which says which one it is."""
    one, two = Scripted(always(sized(b"1"))), Scripted(always(sized(b"2")))
    one.port = two.port = free_port()
    await one.start(host="127.0.0.1")
    await two.start(host="127.0.0.2")
    for server in (one, two):
        stack.push_async_callback(server.stop)
    return one, two


async def test_a_new_address_is_used_and_the_old_one_drained(serve: Serve, server: NameServer, files: Files) -> None:
    """FT18: when the name means another address, its idle connections are closed and new ones go there."""
    async with AsyncExitStack() as stack:
        one, _ = await twins(stack)
        server.book[NAME] = Told(1, ("127.0.0.1",))
        proxy = await serve(upstreams={"legacy": named(one.port, keep_alive="10m")}, routes=[REST], files=files)

        assert (await proxy.ask(get())).body == b"1"

        server.book[NAME] = Told(1, ("127.0.0.2",))
        await proxy.until(one.peers[0].reader.at_eof)

        assert hosts(proxy) == ["127.0.0.2"]
        assert (await proxy.ask(get())).body == b"2"


async def test_a_move_that_is_known_when_a_connect_fails_needs_no_look_up(
    serve: Serve, server: NameServer, files: Files
) -> None:
    """An address that came to be known while another one was silent is tried, however soon `least` allows to ask."""
    async with AsyncExitStack() as stack:
        two = Scripted(always(sized(b"2")))
        two.port = free_port()
        await two.start(host="127.0.0.2")
        stack.push_async_callback(two.stop)
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", two.port))
        silent.listen(0)
        for _ in range(2):  # its queue is full
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003
            waiting.connect_ex(silent.getsockname())
        server.book[NAME] = Told(1, ("127.0.0.1",))
        proxy = await serve(
            upstreams={"legacy": named(two.port, resolve={"least": "40s", "most": "60s"})}, routes=[REST], files=files
        )
        asked = asyncio.ensure_future(proxy.ask(post(b"write")))
        await proxy.until(lambda: hosts(proxy) == ["127.0.0.1"])
        server.book[NAME] = Told(1, ("127.0.0.2",))
        for name in proxy.pool()._names._named.values():
            name.due, name.unreachable_at = 0.0, monotonic()
        await proxy.until(lambda: hosts(proxy) == ["127.0.0.2"])
        silent.close()  # the system asks it again, and is refused

        assert (await asked).body == b"2"


async def test_what_runs_at_an_old_address_is_finished(serve: Serve, server: NameServer, files: Files) -> None:
    """A request in flight gets its answer from where it was sent, however long ago the name has moved."""
    async with AsyncExitStack() as stack:
        one, _ = await twins(stack)
        gate = asyncio.Event()

        async def slow(peer: object) -> None:
            await peer.request()  # type: ignore[attr-defined]
            await gate.wait()
            await peer.send(sized(b"late"))  # type: ignore[attr-defined]

        one.script = slow
        server.book[NAME] = Told(1, ("127.0.0.1",))
        proxy = await serve(upstreams={"legacy": named(one.port)}, routes=[REST], files=files)
        asked = asyncio.ensure_future(proxy.ask(post(b"write")))
        await proxy.until(lambda: one.requests)
        server.book[NAME] = Told(1, ("127.0.0.2",))
        await proxy.until(lambda: hosts(proxy) == ["127.0.0.2"])
        gate.set()

        assert (await asked).body == b"late"


async def test_no_request_fails_through_moves(serve: Serve, server: NameServer, files: Files) -> None:
    """A name that moves with a TTL of 1 s, its old server refusing connections from that instant: reads and writes
    alike are answered, since a failed connect has the name looked up again at once.
    """
    async with AsyncExitStack() as stack:
        both = await twins(stack)
        server.book[NAME] = Told(1, ("127.0.0.1",))
        proxy = await serve(
            upstreams={"legacy": named(both[0].port, keep_alive="0s", resolve={"least": "1s"})},
            routes=[REST],
            files=files,
        )
        statuses: list[int] = []
        moving, between = True, asyncio.Semaphore(2)

        async def ask_on(request: bytes) -> None:
            while moving:
                async with between:
                    statuses.append((await proxy.ask(request)).status)

        asking = [asyncio.ensure_future(ask_on(raw)) for raw in (get(), post(b"write"))]
        for move in range(4):
            here, there = both[move % 2], both[1 - move % 2]
            if move:
                await there.start(host=f"127.0.0.{2 - move % 2}")
            server.book[NAME] = Told(1, (f"127.0.0.{2 - move % 2}",))
            async with between, between:  # what its queue of connections holds would be lost with it
                here.stop_listening()
            count = len(there.requests)
            await proxy.until(partial(has_more, there.requests, count + 5))
            await asyncio.sleep(1.1)  # a TTL of 1 s says that the name does not move again before
        moving = False
        await asyncio.gather(*asking)

        assert set(statuses) == {200}


async def test_a_look_up_that_fails_or_hangs_changes_nothing(
    play: Play, serve: Serve, server: NameServer, files: Files
) -> None:
    """FT18: the last good addresses serve on, and no request waits for the name; a reload keeps them too."""
    legacy = await play(always(sized(b"hi")))
    server.book[NAME] = Told(1, ("127.0.0.1",))
    upstreams = {"legacy": named(legacy.port, keep_alive="0s")}
    proxy = await serve(upstreams=upstreams, routes=[REST], files=files)
    await proxy.ask(get())
    for fault in (None, Mute.FAILED, Mute.SILENT):
        if fault is None:
            del server.book[NAME]
        else:
            server.book[NAME] = fault
        asked = server.kinds(NAME)
        await proxy.until(partial(is_asked, server, asked + 1))

        assert (await proxy.ask(get())).status == 200

    del server.book[NAME]
    proxy.install({"legacy": named(legacy.port, connections=7)}, [REST])

    assert (await proxy.ask(get())).status == 200


async def test_a_silent_name_keeps_no_other_upstream_waiting(
    play: Play, serve: Serve, server: NameServer, files: Files
) -> None:
    """While ten upstreams are asked for whose names are silent, one whose name is answered can be reached."""
    legacy = await play(always(sized(b"hi")))
    silent = {f"silent{number}": named(1, f"silent{number}.test") for number in range(10)}
    server.book |= {f"{name}.test": Mute.SILENT for name in silent} | {NAME: Told(1, ("127.0.0.1",))}
    routes = [REST, *({"name": name, "match": f"/{name}", "stage": "legacy", "legacy": name} for name in silent)]
    proxy = await serve(upstreams={"legacy": named(legacy.port), **silent}, routes=routes, files=files)
    waiting = [asyncio.ensure_future(proxy.ask(get(b"/" + name.encode()))) for name in silent]
    await proxy.until(lambda: len({name for name, _ in server.asked}) == len(silent))

    assert (await proxy.ask(get())).status == 200
    assert not any(waiter.done() for waiter in waiting)

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_upstreams_that_share_a_name_share_its_look_up(
    play: Play, serve: Serve, server: NameServer, files: Files
) -> None:
    """Three upstreams of one name, asked at once, make one question."""
    legacy = await play(always(sized(b"hi")))
    server.book[NAME] = Told(60, ("127.0.0.1",))
    names = ("legacy", "b", "c")
    routes = [REST, *({"name": name, "match": f"/{name}", "stage": "legacy", "legacy": name} for name in names[1:])]
    block = named(legacy.port, resolve={"least": "60s", "most": "60s"})
    proxy = await serve(upstreams=dict.fromkeys(names, block), routes=routes, files=files)
    answers = await asyncio.gather(*[proxy.ask(get(b"/" + name.encode())) for name in names])

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert server.kinds(NAME) == 1


@pytest.mark.timing
async def test_failed_connects_make_no_storm_of_look_ups(serve: Serve, server: NameServer, files: Files) -> None:
    """Two hundred requests to an address that refuses: the name is looked up again, yet not more often than `least`."""
    server.book[NAME] = Told(600, ("127.0.0.1",))
    slow: Block = {"least": "1s", "most": "600s"}
    block = named(1, breaker={"enabled": False}, resolve=slow)
    proxy = await serve(upstreams={"legacy": block}, routes=[REST], files=files)
    began = monotonic()
    answers = await asyncio.gather(*[proxy.ask(get()) for _ in range(200)])

    assert {answer.status for answer in answers} == {502}
    assert server.kinds(NAME) <= 2 + (monotonic() - began)


async def test_a_name_that_stays_where_nobody_listens_is_looked_up_twice_more(
    serve: Serve, server: NameServer, files: Files
) -> None:
    """One who waits hears 502 after two look-ups, however much is left of the connect timeout."""
    server.book[NAME] = Told(600, ("127.0.0.1",))
    proxy = await serve(upstreams={"legacy": named(1, resolve={"most": "600s"})}, routes=[REST], files=files)

    assert (await proxy.ask(get())).status == 502
    assert server.kinds(NAME) == 3


@BOTH
async def test_a_wait_ends_no_moment_early() -> None:
    """A loop's timers are coarse: a look-up that is begun before it is due would ask nobody."""
    for part in range(20):
        due = monotonic() + part / 7000
        await wait_until(due)

        assert monotonic() >= due


class Heard(Question):
    """Somebody who waits."""

    host = ""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[Failure] = []

    def lend(self, connection: object) -> None:
        """Not in these tests."""

    def failed(self, failure: Failure) -> None:
        """Keep it."""
        self.failures.append(failure)


async def test_a_name_that_nobody_knows_is_told_to_all_who_wait(serve: Serve, server: NameServer, files: Files) -> None:
    """One look-up, one answer for everybody, which says what was looked up and what came of it."""
    proxy = await serve(upstreams={"legacy": named(1)}, routes=[REST], files=files)
    waiting = [Heard() for _ in range(3)]
    for task in waiting:
        proxy.pool().acquire(task)
    await proxy.until(lambda: all(waiter.failures for waiter in waiting))

    assert server.kinds(NAME) == 1
    told = f"cannot connect to upstream legacy ({NAME}:1): {NAME}: no name server and no hosts file knows it"
    assert [waiter.failures[0].detail for waiter in waiting] == [told] * 3


async def test_a_silent_name_is_a_timeout(serve: Serve, server: NameServer, files: Files) -> None:
    """Whoever waits for it waits for a connect timeout and no longer: 504."""
    server.book[NAME] = Mute.SILENT
    waits = {**PATIENT, "connect": "200ms"}
    proxy = await serve(upstreams={"legacy": named(1, timeout=waits)}, routes=[REST], files=files)

    assert (await proxy.ask(get())).status == 504


async def test_a_hosts_file_and_localhost_need_no_name_server(
    play: Play, serve: Serve, server: NameServer, files: Files, tmp_path: Path
) -> None:
    """What they name is reached while every server is silent, and an edit of the file is noticed."""
    legacy = await play(always(sized(b"hi")))
    server.book[NAME] = Mute.SILENT
    (tmp_path / "hosts").write_text(f"127.0.0.1 {NAME} localhost\n", encoding="utf-8")
    routes = [REST, {"name": "l", "match": "/l", "stage": "legacy", "legacy": "l"}]
    upstreams = {"legacy": named(legacy.port), "l": named(legacy.port, "localhost")}
    proxy = await serve(upstreams=upstreams, routes=routes, files=files)

    assert [(await proxy.ask(get(target))).status for target in (b"/", b"/l")] == [200, 200]
    assert server.asked == []

    (tmp_path / "hosts").write_text(f"127.0.0.2 {NAME}\n127.0.0.1 localhost\n", encoding="utf-8")
    await proxy.until(lambda: hosts(proxy) == ["127.0.0.2"])


async def test_by_the_system_where_the_configuration_says_so(
    play: Play, serve: Serve, server: NameServer, files: Files
) -> None:
    """`resolve: system` asks neither our hosts file nor our name server."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(
        upstreams={"legacy": named(legacy.port, "localhost", resolve="system")}, routes=[REST], files=files
    )

    assert (await proxy.ask(get())).status == 200
    assert set(hosts(proxy)) <= {"127.0.0.1", "::1"}
    assert server.asked == []


async def test_a_hundred_addresses_are_all_used(serve: Serve, server: NameServer, files: Files) -> None:
    """They come over TCP; each is in the pool."""
    server.book[NAME] = Told(60, tuple(f"127.0.1.{number}" for number in range(100)))
    proxy = await serve(upstreams={"legacy": named(1)}, routes=[REST], files=files)
    proxy.pool().acquire(Heard())
    await proxy.until(lambda: len(hosts(proxy)) == 100)

    assert server.by_tcp == 1


async def test_both_families_are_tried(serve: Serve, server: NameServer, files: Files) -> None:
    """One of two addresses refuses: the other, of the other family, answers every request."""
    async with AsyncExitStack() as stack:
        six = Scripted(always(sized(b"six")))
        await six.start(host="::1")
        stack.push_async_callback(six.stop)
        server.book[NAME] = Told(60, ("127.0.0.1", "::1"))
        proxy = await serve(upstreams={"legacy": named(six.port)}, routes=[REST], files=files)

        assert {(await proxy.ask(get())).body for _ in range(20)} == {b"six"}
        assert hosts(proxy) == ["127.0.0.1", "::1"]
