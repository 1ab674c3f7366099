"""Pairs through the real comparer and the real control: what the API, the metrics and a restart make of them."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.pairs import hand_over, pair
from tests.e2e.program import Program, program, system, write
from tests.waiting import until

ROUTE = "  - {{ name: a, match: /**, stage: shadow{more} }}\n"


@pytest.fixture
async def banyan(tmp_path: Path) -> AsyncIterator[Program]:
    """A Banyan with one route at stage shadow, and evidence in memory."""
    async with system("legacy") as port, program(tmp_path, ROUTE.format(more=""), legacy=port, new=port) as running:
        await running.until_logged("comparer_started")
        yield running


def socket_of(banyan: Program) -> str:
    return str(banyan.events("comparer_started")[-1]["pairs"])


async def parity(banyan: Program) -> dict[str, Any]:
    page: Any = await banyan.api()
    found: dict[str, Any] = page["routes"][0]["parity"]
    return found


async def until_compared(banyan: Program, at_least: int) -> dict[str, Any]:
    async def reached() -> bool:
        found = await parity(banyan)
        return bool(found["compared"] + found["incomparable"] + found["undecided"] >= at_least)

    await until(reached)
    return await parity(banyan)


async def test_what_was_compared_is_told(banyan: Program) -> None:
    """Tallies with a bound, clusters with exchanges, coverage and metrics come from pairs that were handed over."""
    same = [pair({"id": n}, {"id": n}, f"/orders/{n}?page=1") for n in range(30)]
    other = [pair({"total": 1, "card": "4111111111111111"}, {"total": 2}, f"/orders/x{n}") for n in range(4)]
    await hand_over(socket_of(banyan), [*same, *other])

    found = await until_compared(banyan, 34)
    assert (found["compared"], found["match"], found["mismatch"]) == (34, 30, 4)
    assert 4 / 34 < found["rate_upper_bound"] < 1.0
    page: Any = await banyan.api("/api/routes/a/mismatches")
    clusters = {(each["path"], each["kind"]): each for each in page["clusters"]}
    total = clusters["$.total", "num"]
    assert clusters.keys() == {("$.total", "num"), ("$.card", "missing")}
    assert (total["count"], total["severity"], total["accepted"]) == (4, "medium", None)
    assert total["share"] == pytest.approx(4 / 34)
    shown: Any = await banyan.api(f"/api/routes/a/mismatches?cluster={total['id']}")
    assert len(shown["exchanges"]) == 4
    assert "41111111" not in str(shown)
    assert "hash:" in shown["exchanges"][0]["legacy"]["body"]
    detail: Any = await banyan.api("/api/routes/a")
    assert detail["coverage"]["shapes"] == 2
    assert detail["evidence"]["epoch"]["number"] == 1
    assert [each["shape"] for each in detail["evidence"]["uncovered_shapes"]] == []
    assert await banyan.metric("banyan_parity_total") == 34
    assert await banyan.metric("banyan_comparer_up") == 1


async def test_the_live_path_goes_first(banyan: Program) -> None:
    """Where cores are short, the comparer yields to the workers: its priority is lower than theirs."""
    worker, comparer = (os.getpriority(os.PRIO_PROCESS, banyan.child(each)) for each in ("worker-0", "comparer"))

    assert comparer == min(worker + 10, 19)


async def test_a_deploy_begins_a_new_epoch(banyan: Program) -> None:
    """What was found with another version of either side no longer counts."""
    await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": 2}) for _ in range(2)])
    await until_compared(banyan, 2)
    await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": 1}, new_version="2")])

    async def turned() -> bool:
        return bool((await parity(banyan))["match"])

    await until(turned)
    assert (await parity(banyan))["mismatch"] == 0
    page: Any = await banyan.api("/api/routes/a/mismatches")
    assert page["clusters"] == []


async def test_an_accepted_difference_is_ignored_from_then_on(banyan: Program) -> None:
    """A rule in routes.yaml reaches the comparer with the next table, and its hits are told."""
    rule = "{ path: $.at, reason: r, owner: o, until: never }"
    text = banyan.file.read_text().replace("stage: shadow", f"stage: shadow, compare: {{ ignore: [{rule}] }}")
    write(banyan.file, text)
    await banyan.until_logged("config_reloaded")
    await hand_over(socket_of(banyan), [pair({"at": 1}, {"at": 1})])  # so that there is something to say of the route

    async def begun() -> bool:
        """Evidence begins with the minute after the edit."""
        since: str = (await parity(banyan)).get("since", "")
        return bool(since) and datetime.fromisoformat(since) <= datetime.now(UTC)

    await until(begun)
    await hand_over(socket_of(banyan), [pair({"at": 1}, {"at": 2})])

    async def ignored() -> bool:
        return bool((await parity(banyan))["ignored"])

    await until(ignored)
    assert (await parity(banyan))["ignored"] == 1
    detail: Any = await banyan.api("/api/routes/a")
    assert [(rule["id"], rule["hits"]) for rule in detail["evidence"]["rules"]] == [("ignore $.at", 1)]
    page: Any = await banyan.api("/api/routes/a/mismatches")
    assert [each["accepted"] for each in page["clusters"]] == ["ignore $.at"]


async def test_noise_is_learned_and_excused(banyan: Program) -> None:
    """A field at which legacy differs from itself is found to be noisy, and its values count no more."""
    pairs = [pair({"seed": f"aa{n:03}"}, {"seed": f"bb{n:03}"}, f"/{n}") for n in range(200)]
    asked = [
        pair({"seed": f"aa{n:03}"}, {"seed": f"bb{n:03}"}, f"/{n}", second=pair({"seed": f"cc{n:03}"}, {}).legacy)
        for n in range(200)
    ]
    await hand_over(socket_of(banyan), asked)

    async def learned() -> bool:
        detail: Any = await banyan.api("/api/routes/a")
        return [each["path"] for each in detail["evidence"]["noise"] if each["excused"]] == ["$.seed"]

    await until(learned)
    await hand_over(socket_of(banyan), pairs[:1])

    async def excused() -> bool:
        return bool((await parity(banyan))["ignored"] == 201)

    await until(excused)
    assert (await parity(banyan))["mismatch"] == 0


async def test_a_killed_comparer_comes_back_while_traffic_goes_on(banyan: Program) -> None:
    """SIGKILL ends neither requests nor control; whoever hands pairs over is not refused, and evidence goes on."""
    path, dead = socket_of(banyan), banyan.child("comparer")
    await hand_over(path, [pair({"a": 1}, {"a": 1}, f"/{n}") for n in range(500)])
    os.kill(dead, signal.SIGKILL)
    await hand_over(path, [pair({"a": 1}, {"a": 1}, f"/again/{n}") for n in range(5)])
    await banyan.until_logged("comparer_started", 2)
    assert banyan.child("comparer") != dead
    await hand_over(path, [pair({"a": 1}, {"a": None}, "/new") for n in range(3)])

    async def found() -> bool:
        return bool((await parity(banyan))["mismatch"] == 3)

    await until(found)
    assert len(banyan.events("control_started")) == 1
    assert len(banyan.events("worker_started")) == 1


async def test_what_waits_at_the_end_is_kept(tmp_path: Path) -> None:
    """After SIGTERM the comparer tells control what it has, before control ends."""
    async with system("legacy") as port, program(tmp_path, ROUTE.format(more=""), legacy=port, new=port) as banyan:
        await banyan.until_logged("comparer_started")
        await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": 1}) for _ in range(3)])
        banyan.signal(signal.SIGTERM)
        assert await banyan.ended() == 0

    events = [str(entry["event"]) for name in ("comparer_ended", "control_ended") for entry in banyan.events(name)]
    assert events == ["comparer_ended", "control_ended"]
    assert banyan.events("comparer_ended")[0]["compared"] == 3
    assert (tmp_path / ".banyan" / "redaction.key").stat().st_mode & 0o777 == 0o600


async def test_evidence_outlives_control_in_a_database(tmp_path: Path) -> None:
    """With `state: embedded` the counts are there again after control was killed, and go on from there."""
    routes = ROUTE.format(more="") + "state: embedded\n"
    async with system("legacy") as port, program(tmp_path, routes, legacy=port, new=port) as banyan:
        await banyan.until_logged("comparer_started")
        await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": None}, f"/{n}") for n in range(7)])
        await until_compared(banyan, 7)
        os.kill(banyan.child("control"), signal.SIGKILL)
        await banyan.until_logged("control_started", 2)
        await banyan.until_ready()
        assert (await until_compared(banyan, 7))["mismatch"] == 7
        await hand_over(socket_of(banyan), [pair({"a": 1}, {"a": 1}, f"/{n}") for n in range(2)])

        found = await until_compared(banyan, 9)
        page: Any = await banyan.api("/api/routes/a/mismatches")
        assert (found["mismatch"], found["match"]) == (7, 2)
        assert page["clusters"][0]["count"] == 7
        shown: Any = await banyan.api(f"/api/routes/a/mismatches?cluster={page['clusters'][0]['id']}")
        assert len(shown["exchanges"]) >= 5
