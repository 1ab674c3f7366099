from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from proxy.config.files import kill_ends, kill_file
from proxy.core.routing.kill_switch import KillSwitchOrder
from tests.control.conftest import listening_tcp, listening_unix
from tests.control.worker import FakeWorker, delta, start_worker
from tests.waiting import until

SCRIPT = Path(__file__).with_name("control_process.py")
FILE = """\
version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:9090
upstreams:
  legacy: {url: "http://127.0.0.1:3000"}
  new: {url: "http://127.0.0.1:3001"}
routes:
  - {name: orders, match: /orders/**, stage: canary, split: 10%}
  - {name: rest, match: /**, stage: legacy}
"""


@dataclass(kw_only=True)
class Control:
    """A control process, and what its supervisor would hold."""

    config: Path
    last_good: Path
    link_path: Path
    admin: socket.socket
    link: socket.socket
    client: aiohttp.ClientSession
    process: Process | None = None
    logged: list[dict[str, Any]] = field(default_factory=list)

    async def start(self) -> None:
        """Start the process and wait until it serves."""
        arguments = (self.config, self.admin.fileno(), self.link.fileno(), self.last_good)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            *map(str, arguments),
            stdout=PIPE,
            pass_fds=(self.admin.fileno(), self.link.fileno()),
            env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2])},
        )
        await self.event("control_started")

    async def event(self, name: str) -> dict[str, Any]:
        """The next log line of this name."""
        assert self.process is not None
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.logged.append(json.loads(line))
            if self.logged[-1]["event"] == name:
                return self.logged[-1]
        raise AssertionError(f"the process ended without {name}: {self.logged}")

    async def write(self, text: str) -> None:
        """Put a new file in place, as editors and deployments do."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.replace(self.config)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        assert self.process is not None
        return await self.process.wait()

    async def get(self, path: str) -> Any:  # noqa: ANN401 JSON
        async with self.client.get(self.url + path) as answer:
            assert answer.status == 200
            return await answer.json()

    async def metric(self, name: str) -> float:
        """The value of a metric that has one series."""
        async with self.client.get(self.url + "/metrics") as answer:
            page = await answer.text()
        families = text_string_to_metric_families(page)
        (value,) = (sample.value for family in families for sample in family.samples if sample.name == name)
        return value

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.admin.getsockname()[1]}"

    async def worker(self, pid: int = 100) -> FakeWorker:
        return await start_worker(self.link_path, 0, pid)


Start = Callable[..., Awaitable[Control]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """What starts the control process on a file."""
    async with AsyncExitStack() as stack:

        async def begin(text: str = FILE, last_good: str = "") -> Control:
            config, kept = tmp_path / "routes.yaml", tmp_path / "last-good.yaml"
            config.write_text(text)
            if last_good:
                kept.write_text(last_good)
            control = Control(
                config=config,
                last_good=kept,
                link_path=tmp_path / "link",
                admin=stack.enter_context(listening_tcp()),
                link=stack.enter_context(listening_unix(tmp_path / "link")),
                client=await stack.enter_async_context(aiohttp.ClientSession()),
            )
            stack.push_async_callback(end, control)
            await control.start()
            return control

        yield begin


async def end(control: Control) -> None:
    if control.process is not None and control.process.returncode is None:
        control.process.kill()
        await control.process.wait()


async def polled(worker: FakeWorker, times: int) -> None:
    await until(lambda: len(worker.polls) >= times)


async def test_an_edit_reaches_workers_and_the_api(start: Start) -> None:
    """A good new file is handed to workers, shown as running, kept as the last good one, and logged."""
    control = await start()
    worker = await control.worker()
    first = await worker.table()
    await control.write(FILE.replace("10%", "25%"))
    event = await control.event("config_reloaded")
    second = await worker.table()
    body = await control.get("/api/routes")

    assert (first.routes[0].split, second.routes[0].split) == (0.1, 0.25)
    assert event["revision"] == second.revision == body["revision"] != first.revision
    assert (event["routes"], event["changed_routes"]) == (2, ["orders"])
    assert body["routes"][0]["runs"] == {"stage": "canary", "split": 0.25, "reason": "as the file says"}
    assert body["workers"][0]["serves_current"] is True
    assert await control.metric("banyan_config_last_reload_success") == 1
    assert control.last_good.read_text() == FILE.replace("10%", "25%")


async def test_a_kill_that_ended_while_nobody_was_there_is_on_record(start: Start, tmp_path: Path) -> None:
    """Both orders, each with its own time, actor and reason; the next start finds nothing more."""
    kill = kill_file.place("", tmp_path / "routes.yaml", {})
    kill.parent.mkdir()
    begun = KillSwitchOrder(by="ann", at="2026-03-01T12:00:00.000Z", reason="new loses orders")
    kill_file.give(kill, begun)
    kill_ends.lift(kill, KillSwitchOrder(by="bob", at="2026-03-01T12:10:00.000Z", reason="mended"))
    control = await start("state: memory\n" + FILE)
    async with asyncio.timeout(60):
        while len(found := (await control.get("/api/history"))["orders"]) < 2:  # noqa: ASYNC110 -- of another process
            await asyncio.sleep(0.05)

    assert [(each["kind"], each["actor"], each["at"], each["reason"]) for each in found[:2]] == [
        ("unkill", "bob", "2026-03-01T12:10:00.000Z", "mended"),
        ("kill", "ann", "2026-03-01T12:00:00.000Z", "new loses orders"),
    ]
    assert not kill_ends.place(kill).exists()


async def test_a_bad_edit_changes_nothing_but_what_is_said(start: Start) -> None:
    """A bad file leaves the table with workers; metric, API and log say so; the next good file mends all three."""
    control = await start()
    worker = await control.worker()
    running = (await worker.table()).revision
    await control.write(FILE.replace("10%", "250%"))
    event = await control.event("config_refused")
    body = await control.get("/api/routes")

    assert len(event["problems"]) == event["count"] == 1
    assert "routes[0].split" in event["problems"][0]
    assert event["running_revision"] == body["revision"] == running
    assert body["reload"]["ok"] is False
    assert body["reload"]["problems"] == event["problems"]
    assert await control.metric("banyan_config_last_reload_success") == 0
    assert len(worker.tables) == 1
    assert not control.last_good.exists()

    await control.write(FILE.replace("10%", "20%"))
    await control.event("config_reloaded")

    assert (await worker.table()).routes[0].split == 0.2
    assert (await control.get("/api/routes"))["reload"]["ok"] is True
    assert await control.metric("banyan_config_last_reload_success") == 1


async def test_a_start_on_the_last_good_file_is_no_success(start: Start) -> None:
    """While the file on disk is bad from the start, the last good one serves, and the problems are shown."""
    control = await start(FILE.replace("10%", "250%"), last_good=FILE)
    body = await control.get("/api/routes")

    assert body["routes"][0]["runs"]["split"] == 0.1
    assert "last good" in body["routes"][0]["runs"]["reason"]
    assert "routes[0].split" in body["reload"]["problems"][0]
    assert await control.metric("banyan_config_last_reload_success") == 0


async def test_a_file_that_was_refused_at_the_start_is_on_record(start: Start) -> None:
    """As one that is refused later is."""
    control = await start(FILE.replace("10%", "250%"), last_good=FILE)

    async def recorded() -> bool:
        return bool((await control.get("/api/history"))["orders"])

    await until(recorded)
    found = (await control.get("/api/history"))["orders"]

    assert [(each["kind"], each["actor"], each["route"]) for each in found] == [("refuse", "routes.yaml", "")]
    assert found[0]["reason"].startswith("not taken")
    assert "routes[0].split" in found[0]["reason"]


async def test_sighup_reloads_and_sigint_does_nothing(start: Start) -> None:
    """SIGHUP reloads, also a file that has not changed; SIGINT, which a terminal sends to all, is the supervisor's."""
    control = await start()
    control.send(signal.SIGINT)
    control.send(signal.SIGHUP)
    event = await control.event("config_reloaded")

    assert event["changed_routes"] == []


async def test_what_needs_a_restart_is_named(start: Start) -> None:
    """A new address is named by its key at every reload until it is undone; the rest of the same file is taken."""
    control = await start()
    moved = FILE.replace("127.0.0.1:8080", "127.0.0.1:8081").replace("127.0.0.1:9090", "127.0.0.1:9091")
    for split in ("20%", "30%"):
        await control.write(moved.replace("10%", split))
        event = await control.event("config_needs_restart")

        assert event["keys"] == ["listen", "admin"]

    body = await control.get("/api/routes")

    assert body["reload"]["needs_restart"] == ["listen", "admin"]
    assert body["routes"][0]["runs"]["split"] == 0.3

    await control.write(FILE)
    await control.event("config_reloaded")

    assert (await control.get("/api/routes"))["reload"]["needs_restart"] == []


async def test_sigterm_lets_a_scrape_finish(start: Start) -> None:
    """SIGTERM while a scrape waits for a worker: the scrape is answered whole, then the process exits 0."""
    control = await start()
    worker = await control.worker()
    await polled(worker, 1)  # with the table
    worker.mute = True
    scrape = asyncio.ensure_future(control.metric("banyan_workers"))
    await polled(worker, 2)
    control.send(signal.SIGTERM)

    assert await scrape == 1
    assert await control.ended() == 0


async def test_control_may_die_and_come_back(start: Start) -> None:
    """After kill -9 a successor with the same sockets serves the API again and takes the worker's link anew."""
    control = await start()
    worker = await control.worker()
    await worker.table()
    control.send(signal.SIGKILL)
    await worker.gone.wait()
    await control.ended()
    await control.start()
    again = await control.worker()
    await again.table()
    again.count(delta("rest", "legacy", ok=3))

    assert (await control.get("/api/routes/rest"))["traffic"]["legacy"] == 3


async def test_a_last_good_file_that_cannot_be_kept_is_said(start: Start) -> None:
    """When the last good text cannot be written, the reload stands all the same and the log says what was not saved."""
    control = await start()
    control.last_good.mkdir()
    await control.write(FILE.replace("10%", "20%"))
    event = await control.event("last_good_not_kept")

    assert event["revision"] == (await control.get("/api/routes"))["revision"]
