"""`banyan serve` as a whole: real processes, real sockets, real signals."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import aiohttp

from tests.e2e.program import command, free_port, program, started, system, text_of, write
from tests.waiting import until

REST = '  - {{ name: rest, match: "/**", stage: {stage} }}\n'
BREATH = 0.01
"""Seconds between two requests of one client: load that is always there, and leaves the cores to what is tested."""
LEGACY, LIVE = REST.format(stage="legacy"), REST.format(stage="live")


async def test_two_workers_count_into_one_metrics_page(tmp_path: Path) -> None:
    """Whatever worker answers, one scrape of /metrics has every request."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new, workers=2) as banyan,
    ):
        for _ in range(40):
            async with aiohttp.ClientSession() as session, session.get(banyan.url + "/a") as response:
                assert await response.text() == "legacy"

        assert await banyan.metric("banyan_requests_total") == 40
        assert await banyan.metric("banyan_workers") == 2


async def test_an_edit_is_in_force_in_every_worker_within_a_second(tmp_path: Path) -> None:
    """A second after the file was saved, both workers serve by it."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new, workers=2) as banyan,
    ):
        write(banyan.file, banyan.file.read_text().replace("stage: legacy", "stage: live"))
        await banyan.until_reloaded()
        answers = set()
        for _ in range(20):
            async with aiohttp.ClientSession() as session, session.get(banyan.url + "/a") as response:
                answers.add(await response.text())

        assert answers == {"new"}


async def test_edits_are_on_record_and_the_first_line_says_what_a_restart_costs(tmp_path: Path) -> None:
    """Each edit with what it changed, and each file that was refused, as history shows them: the newest first."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
    ):
        good = banyan.file.read_text()
        ruled = good.replace("stage: legacy", "stage: legacy, compare: {secrets: [iban]}, upgrades: [websocket]")
        write(banyan.file, ruled)
        await banyan.until_reloaded()
        write(banyan.file, good.replace("stage: legacy", "stage: legcy"))
        await banyan.until_logged("config_refused")
        found: list[dict[str, str]] = []

        async def recorded() -> bool:
            found[:] = (await banyan.api("/api/history"))["orders"]  # type: ignore[call-overload]
            return len(found) == 2

        await until(recorded)
        (serving,) = banyan.events("serving")

    assert [(each["kind"], each["route"], each["actor"]) for each in found] == [
        ("refuse", "", "routes.yaml"),
        ("edit", "rest", "routes.yaml"),
    ]
    assert "did you mean legacy?" in found[0]["reason"]
    assert found[1]["reason"].startswith("upgrades; compare (revision ")
    assert serving["state"] == "memory"
    assert "loses all evidence" in str(serving["hint"])


async def test_load_survives_good_and_broken_edits(tmp_path: Path) -> None:
    """With an edit every 200 ms for 10 s, half of them broken, no request fails and the last good edit is in force."""
    statuses: list[int] = []
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new, workers=2) as banyan,
    ):
        good = partial(text_of, listen=banyan.listen, admin=banyan.admin, legacy=legacy, new=new, workers=2)
        stop = asyncio.Event()

        async def load() -> None:
            async with aiohttp.ClientSession() as session:
                while not stop.is_set():
                    async with session.get(banyan.url + "/a") as response:
                        await response.read()
                        statuses.append(response.status)
                    await asyncio.sleep(BREATH)

        async def last_good_runs() -> bool:
            return await banyan.metric("banyan_route_split_ratio") == 0.48

        async def last_is_refused() -> bool:
            reload = (await banyan.api())["reload"]
            return isinstance(reload, dict) and "did you mean canary" in str(reload["problems"])

        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(load())
            for number in range(50):
                if number == 49:
                    await until(last_good_runs)  # who has 0.2 s to read it may have missed it, and that is no fault
                text = good(REST.format(stage="canary, split: 50%")).replace("50%", f"{number}%")
                write(banyan.file, text if number % 2 == 0 else text.replace("stage: canary", "stage: cannery"))
                await asyncio.sleep(0.2)
            stop.set()
        await banyan.until_logged("config_refused", 20)
        await until(last_is_refused)

        assert len(statuses) > 100
        assert set(statuses) == {200}
        assert await last_good_runs()


async def test_a_killed_worker_is_replaced_and_nobody_is_refused(tmp_path: Path) -> None:
    """After kill -9 of the only worker, clients wait in the socket's queue for its successor."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
    ):
        os.kill(banyan.child("worker-0"), signal.SIGKILL)
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/a") as response:
            answer = await response.text()

        assert answer == "legacy"
        await banyan.until_logged("child_died")


async def test_traffic_goes_on_without_control(tmp_path: Path) -> None:
    """Control may be killed: requests are answered meanwhile, and its successor counts them."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
    ):
        os.kill(banyan.child("control"), signal.SIGKILL)
        async with aiohttp.ClientSession() as session:
            for _ in range(10):
                async with session.get(banyan.url + "/a") as response:
                    assert response.status == 200
        await banyan.until_logged("control_started", 2)
        await banyan.until_ready()
        await banyan.until_metric("banyan_requests_total", 10)

        assert await banyan.metric("banyan_requests_total") == 10


async def test_a_drain_finishes_what_runs_and_refuses_what_is_new(tmp_path: Path) -> None:
    """SIGTERM lets a slow request finish, refuses new connections meanwhile, and exits 0."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
        aiohttp.ClientSession() as session,
    ):
        slow = asyncio.ensure_future(session.get(banyan.url + "/slow"))
        await banyan.until_metric("banyan_inflight_requests", 1)
        banyan.signal(signal.SIGTERM)
        refused = 0
        while not slow.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", banyan.listen)
                writer.close()
            except OSError:
                refused += 1
            await asyncio.sleep(0.02)
        response = await slow

        assert await response.text() == "legacy"
        assert response.headers["Connection"] == "close"
        assert refused > 0
        assert await banyan.ended() == 0


async def test_a_bad_file_at_start_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    """A start with a broken file serves the last good one, and says so on the API and in the metric."""
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan:
            good = banyan.file.read_text()
        banyan.file.write_text(good.replace("stage: legacy", "stage: cannery"))
        async with (
            started(tmp_path, banyan.listen, banyan.admin) as banyan,
            aiohttp.ClientSession() as session,
            session.get(banyan.url + "/a") as response,
        ):
            reload = (await banyan.api())["reload"]

            assert await response.text() == "legacy"
            assert isinstance(reload, dict)
            assert reload["ok"] is False


async def test_a_bad_file_without_a_last_good_one_exits_2_with_every_problem(tmp_path: Path) -> None:
    """With nothing to fall back to, the list goes to standard error and the exit code is 2."""
    (tmp_path / "routes.yaml").write_text("version: 1\nlisten: nowhere\nroutes:\n  - { name: a, match: b }\n")
    process = await asyncio.create_subprocess_exec(
        *command(tmp_path), stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    _, errors = await process.communicate()

    assert process.returncode == 2
    assert errors.count(b"routes.yaml:") >= 2


async def test_a_taken_address_exits_1_and_names_it(tmp_path: Path) -> None:
    """When somebody listens on the admin address already, the log says which address and the exit code is 1."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new) as banyan,
    ):
        process = await asyncio.create_subprocess_exec(*command(tmp_path), stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()

        assert process.returncode == 1
        assert f"127.0.0.1:{banyan.admin}".encode() in output


async def test_a_blocked_log_costs_lines_and_no_requests(tmp_path: Path) -> None:
    """When nobody reads standard output, every request is answered and the lost lines are counted."""
    listen, admin = free_port(), free_port()
    async with system("legacy") as legacy, system("new") as new:
        text = text_of(LEGACY, listen=listen, admin=admin, legacy=legacy, new=new)
        (tmp_path / "routes.yaml").write_text(text)
        async with started(tmp_path, listen, admin, read=False) as banyan, aiohttp.ClientSession() as session:
            for _ in range(1200):
                async with session.get(banyan.url + "/a?" + "x" * 8000) as response:
                    assert response.status == 200
            await banyan.until_metric("banyan_log_lines_dropped_total", 1)

            assert await banyan.metric("banyan_requests_total") == 1200


async def test_sigusr2_hands_the_sockets_to_a_successor_and_refuses_nobody(tmp_path: Path) -> None:
    """DR02: under load, SIGUSR2 three times in a row replaces the whole program; every request is answered with 200."""
    statuses: list[int] = []
    stop = asyncio.Event()
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, LEGACY, legacy=legacy, new=new, workers=2) as banyan,
    ):

        async def load() -> None:
            while not stop.is_set():
                async with aiohttp.ClientSession() as session:
                    for _ in range(5):
                        async with session.get(banyan.url + "/a") as response:
                            await response.read()
                            statuses.append(response.status)
                        await asyncio.sleep(BREATH)

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(load())
            heirs = [banyan.process.pid]
            for generation in range(1, 4):
                os.kill(heirs[-1], signal.SIGUSR2)
                await banyan.until_logged("taking_over", generation)
                heirs.append(int(str(banyan.events("successor_started")[-1]["pid"])))
                await banyan.until_logged("worker_ended", 2 * generation)
            stop.set()
        os.kill(heirs[-1], signal.SIGTERM)
        await banyan.until_logged("worker_ended", 8)

        assert await banyan.ended() == 0
        assert len(statuses) > 50
        assert set(statuses) == {200}
