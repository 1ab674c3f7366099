"""A worker that is short of memory, or of files: it sheds, refuses, says so, and comes back."""

from __future__ import annotations

import os
import resource
import socket
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from proxy.core.limits.ceiling import Level
from proxy.edge.client.process_memory import ceiling, give_back, group_limit, resident
from proxy.edge.data_plane import AT_ONCE
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.message import check_problem
from tests.edge.proxy import Proxy
from tests.edge.raw_client import get
from tests.edge.scripted import always, sized

MIB, GIB = 1 << 20, 1 << 30


def fill(proxy: Proxy, percent: int) -> None:
    """Let the worker see so much of its 100 GiB taken, at a look that is due now."""
    crowd = proxy.listener._connections
    crowd.measure = lambda: percent * GIB
    crowd._look_at = 0.0
    crowd.look(monotonic())


def highest_file() -> int:
    """The greatest number of a file that is open here."""
    return max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())


def take_what_is_left() -> list[int]:
    """Open files until there is none to be had."""
    taken: list[int] = []
    with suppress(OSError):
        while True:
            taken.append(os.dup(0))
    return taken


async def test_near_its_ceiling_a_worker_sheds_and_above_refuses(play: Play, serve: Serve) -> None:
    """FT20: idle connections go, new ones are told, requests too; afterwards all is as before."""
    proxy = await serve(await play(always(sized(b"hi"))), limits={"memory": "100GiB", "head": "2m"})
    idle, early = await proxy.client(), await proxy.client()
    assert [(await client.ask(get())).status for client in (idle, early)] == [200, 200]
    await early.send(get()[:-2])
    await proxy.until(lambda: any(client._partial is not None for client in proxy.clients))

    fill(proxy, 90)
    assert await idle.rest() == b""
    check_problem(await (await proxy.client()).response(), 503)
    fill(proxy, 96)
    await early.send(b"\r\n")
    answer = await early.response()

    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"
    assert proxy.listener.counters.take_sheds() == {"memory": 2}
    fill(proxy, 85)
    assert proxy.listener._connections.level is Level.SHEDDING
    fill(proxy, 70)
    assert proxy.listener.admission_limits is None
    assert (await proxy.ask(get())).status == 200


async def test_an_answer_of_a_shedding_worker_ends_its_connection(play: Play, serve: Serve) -> None:
    """Between shedding and refusing, requests on open connections are served, and told to go."""
    proxy = await serve(await play(always(sized(b"hi"))), limits={"memory": "100GiB"})
    client = await proxy.client()
    await client.send(get()[:-2])
    await proxy.until(lambda: any(client._partial is not None for client in proxy.clients))
    fill(proxy, 90)
    await client.send(b"\r\n")
    answer = await client.response()

    assert (answer.status, answer.value(b"Connection")) == (200, b"close")


@BOTH
async def test_a_listener_survives_without_files(play: Play, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """LM10: while no file is left, clients wait or are closed, and the log is not flooded; then the next is served."""
    proxy = await serve(await play(always(sized(b"hi"))))
    warm = await proxy.client()
    assert (await warm.ask(get())).status == 200
    waiting = [socket.socket() for _ in range(3)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest_file(), soft), hard))
    taken = take_what_is_left()
    try:
        for task in waiting:
            task.setblocking(False)  # noqa: FBT003
            task.connect_ex(("127.0.0.1", proxy.port))
        assert (await warm.ask(get())).status == 200
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for waiter in waiting:
            waiter.close()
        for number in taken:
            os.close(number)

    assert (await proxy.ask(get())).status == 200
    assert len(caplog.records) <= 2 * AT_ONCE  # one try a second, each of which asyncio logs


def test_what_this_process_holds_is_known() -> None:
    """Some megabytes, and no error in giving memory back."""
    give_back()

    assert MIB < resident() < 1 << 40


@pytest.mark.parametrize(
    ("said", "files", "limit"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000"}, 1000),
        ("0::/a/b\n", {"a/b/memory.max": "500", "a/memory.max": "1000"}, 500),
        ("0::/elsewhere\n", {"memory.max": "700"}, 700),
        ("0::/\n", {}, 0),
        ("7:memory:/x\n3:cpu,cpuacct:/x\n", {"memory/x/memory.limit_in_bytes": "900"}, 900),
        ("7:memory:/host/x\n", {"memory/memory.limit_in_bytes": "800"}, 800),
        ("7:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, 0),
        ("nonsense", {}, 0),
    ],
    ids=["parent", "own", "container", "none", "version 1", "version 1 in a container", "unbounded", "nonsense"],
)
def test_the_tightest_control_group_counts(tmp_path: Path, said: str, files: dict[str, str], limit: int) -> None:
    """Of version 1 and 2, from the process's own group up."""
    (tmp_path / "cgroup").write_text(said)
    for name, text in files.items():
        path = tmp_path / "fs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    assert group_limit(tmp_path / "cgroup", tmp_path / "fs") == limit
    assert group_limit(tmp_path / "missing", tmp_path / "fs") == 0


def test_a_ceiling_that_is_said_is_the_ceiling() -> None:
    """`auto` is worked out; a size is each worker's own; off is none."""
    assert (ceiling(100 * MIB, 4), ceiling(0, 4)) == (100 * MIB, 0)
