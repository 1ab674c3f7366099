"""What docs/state.md says of `state: memory`: what outlives control, a restart, and the state directory."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.program import Program, program, started, system
from tests.e2e.replicas import TOKEN, post
from tests.waiting import until

ROUTES = """\
  - { name: orders, match: GET /orders/**, stage: live, cohort: "header:X-Tenant-Id", shadow: { sample: 100% } }
  - { name: rest, match: "/**", stage: canary, split: 50%, cohort: "header:X-Tenant-Id" }
"""


async def seen(banyan: Program) -> dict[str, Any]:
    """How `orders` and `rest` stand, what was compared, and which moves are told of."""
    orders: Any = await banyan.api("/api/routes/orders")
    rest: Any = await banyan.api("/api/routes/rest")
    moves: Any = await banyan.api("/api/transitions?route=orders")
    return {
        "orders": (orders["runs"]["stage"], orders["runs"].get("latched", False)),
        "rest": (rest["runs"]["stage"], rest["runs"].get("held", False), rest["runs"].get("drains", False)),
        "pins": [pin["cohort"] for pin in rest["runs"].get("pinned", ())],
        "compared": orders["parity"].get("compared", 0),
        "moves": [move["cause"] for move in moves["transitions"]],
    }


async def until_seen(banyan: Program, wanted: dict[str, Any]) -> None:
    """Wait until it stands so."""

    async def stands() -> bool:
        try:
            found = await seen(banyan)
        except (aiohttp.ClientError, KeyError):
            return False
        return found.items() >= wanted.items()

    await until(stands)


async def until_compared(banyan: Program) -> None:
    """Ask until something was compared: of a busy machine's pairs some are shed."""

    async def found() -> bool:
        async with aiohttp.ClientSession() as session, session.get(f"{banyan.url}/orders/7"):
            pass
        return bool((await seen(banyan))["compared"])

    await until(found)


async def told_anew(banyan: Program) -> tuple[str, list[tuple[str, str]]]:
    """Since when evidence is said to have begun anew, and the orders of nobody's in the record, with their times."""

    async def recorded() -> bool:
        routes: Any = await banyan.api()
        found: Any = await banyan.api("/api/history")
        listed = [(each["at"], each["reason"]) for each in found["orders"] if each["actor"] == "state: memory"]
        told[:] = [(routes["standing"]["evidence_since"], listed)]
        return bool(listed) is bool(told[0][0])

    told: list[tuple[str, list[tuple[str, str]]]] = []
    await until(recorded)
    return told[0]


async def test_memory_keeps_orders_and_forgets_evidence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positions, holds, drains and pins outlive a restart, evidence does not; without the directory nothing does."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", TOKEN)
    stand: dict[str, Any] = {"orders": ("shadow", True), "rest": ("canary", True, True), "pins": ["acme"]}
    async with system("legacy") as legacy, system("new") as new:
        async with program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan:
            await until_compared(banyan)
            for path, said in (
                ("orders/rollback", {}),
                ("rest/hold", {}),
                ("rest/drain", {}),
                ("rest/pin", {"cohort": "acme", "side": "new"}),
            ):
                status, _ = await post(banyan, f"/api/routes/{path}", **said)
                assert status == 200
            await until_seen(banyan, {**stand, "moves": ["operator"]})
            os.kill(banyan.child("control"), signal.SIGKILL)
            await banyan.until_logged("control_started", 2)
            await until_seen(banyan, {**stand, "compared": 0})
            reborn = await seen(banyan)
            anew_since, orders = await told_anew(banyan)
        async with started(tmp_path, banyan.listen, banyan.admin) as again:
            await until_seen(again, {**stand, "compared": 0})
            anew = await seen(again)
        shutil.rmtree(tmp_path / ".banyan")
        async with started(tmp_path, banyan.listen, banyan.admin) as lost:
            first = await seen(lost)
            fresh = await told_anew(lost)

    assert [at for at, _ in orders] == [anew_since]
    assert "evidence was in memory, and gone with the control process that held it" in orders[0][1]
    assert fresh == ("", [])
    assert (reborn["moves"], anew["moves"]) == (["operator"], ["operator"])
    assert first == {
        "orders": ("live", False),
        "rest": ("canary", False, False),
        "pins": [],
        "compared": 0,
        "moves": [],
    }
