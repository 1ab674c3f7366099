"""`plan`, its replay and `why` on a running Banyan: what they say of an edit is what the edit then does."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.program import Program, program, system, write
from tests.waiting import until

ROUTES = """\
  - { name: orders, match: "/orders/{id}", stage: canary, split: 10%, cohort: "header:X-Tenant-Id" }
  - { name: rest, match: "/**", stage: legacy, cohort: "header:X-Tenant-Id" }
"""
TENANTS = 200


async def answers(banyan: Program, path: str = "/orders/7") -> dict[str, str]:
    """Who answers each tenant."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for number in range(TENANTS):
            async with session.get(banyan.url + path, headers={"X-Tenant-Id": f"t{number}"}) as response:
                found[f"t{number}"] = await response.text()
    return found


async def run(banyan: Program, *arguments: str) -> tuple[int, str, str]:
    """`banyan` beside the running one: exit code, output, complaints."""
    command = [sys.executable, "-m", "proxy", *arguments, "--config", str(banyan.file)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def until_remembered(banyan: Program, number: int) -> None:
    """Wait until control has heard of so many requests."""

    async def remembered() -> bool:
        return int(str((await banyan.api("/api/recent?limit=1"))["remembered"])) >= number

    await until(remembered)


def edited(banyan: Program, old: str, new: str) -> Path:
    """A copy of the file with one edit."""
    text = banyan.file.read_text()
    assert old in text
    copy = banyan.file.with_name("routes.edited.yaml")
    copy.write_text(text.replace(old, new))
    return copy


async def planned(banyan: Program, copy: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """What `plan` says of it."""
    code, out, err = await run(banyan, "plan", "--file", str(copy), "--json", "--exit-code", *more)
    assert out, err
    return code, json.loads(out)


async def test_exactly_those_move_that_plan_has_named(tmp_path: Path) -> None:
    """From 10 % to 20 %: as many requests and cohorts move as the plan counted, and the replay names nobody else."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        before = await answers(banyan)
        await until_remembered(banyan, TENANTS)
        copy = edited(banyan, "split: 10%", "split: 20%")
        code, plan = await planned(banyan, copy, "--replay", "0")
        write(banyan.file, copy.read_text())
        await banyan.until_reloaded()
        after = await answers(banyan)
        moved = {tenant for tenant in before if before[tenant] != after[tenant]}
        orders = plan["routes"][0]

        assert code == 1
        assert 0 < len(moved) < TENANTS / 2
        assert (orders["cohorts"], orders["cohorts_moving"], orders["exact"]) == (TENANTS, len(moved), True)
        assert orders["moving_per_day"] / orders["requests_per_day"] == pytest.approx(len(moved) / TENANTS)
        assert (orders["runs"], orders["would_run"]) == ("canary 10%", "canary 20%")
        assert [(each["requests"], each["moving"]) for each in plan["replayed"]] == [(TENANTS, len(moved))]
        assert len(plan["replayed"][0]["examples"]) == 3
        assert plan["routes"][1]["edit"] == "same"


async def test_a_first_canary_is_known_before_it_runs(tmp_path: Path) -> None:
    """A route at legacy has drawn for nobody, and the plan still says who would move: the cohorts are remembered."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        before = await answers(banyan, "/other")
        await until_remembered(banyan, TENANTS)
        copy = edited(banyan, "stage: legacy", "stage: canary, split: 25%")
        _, plan = await planned(banyan, copy)
        write(banyan.file, copy.read_text())
        await banyan.until_reloaded()
        after = await answers(banyan, "/other")
        rest = plan["routes"][1]

        assert set(before.values()) == {"legacy"}
        assert (rest["cohorts_moving"], rest["exact"]) == (list(after.values()).count("new"), True)


async def test_a_route_that_is_cut_out_of_another(tmp_path: Path) -> None:
    """A new route takes requests of the catch-all; its cohorts are drawn anew, so its share is what is reckoned."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        await answers(banyan, "/items/1")
        await until_remembered(banyan, TENANTS)
        added = '  - { name: items, match: "/items/{id}", stage: canary, split: 50%, cohort: "header:X-Tenant-Id" }\n'
        _, plan = await planned(banyan, edited(banyan, "  - { name: rest", added + "  - { name: rest"))
        routes = {each["name"]: each for each in plan["routes"]}

        assert routes["items"]["edit"] == "added"
        assert [each["route"] for each in routes["rest"]["taken_by"]] == ["items"]
        assert not routes["rest"]["exact"]
        assert routes["rest"]["cohorts_moving"] == TENANTS / 2
        assert {each["caution"] for each in routes["rest"]["notes"]} == {"dries_up"}
        assert {each["caution"] for each in routes["items"]["notes"]} == {"too_big"}


async def test_why_knows_a_request_by_its_id(tmp_path: Path) -> None:
    """The facts of one request, and after an edit what would be decided now; an unknown id is answered with advice."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        headers = {"X-Tenant-Id": "t1"}
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/orders/7", headers=headers) as answer:
            name, side = answer.headers["X-Request-Id"], await answer.text()
        await until_remembered(banyan, 1)
        first = await run(banyan, "why", name)
        write(banyan.file, banyan.file.read_text().replace("stage: canary, split: 10%", "stage: live"))
        await banyan.until_reloaded()
        second = await run(banyan, "why", name, "--json")
        code, _, advice = await run(banyan, "why", "unknown")

        assert first[0] == 0
        assert f"GET /orders/7 → {side}, 200" in first[1]
        assert "would again be" in first[1]
        assert "t1" not in first[1]
        assert json.loads(second[1])["now"] | {"address": ""} == {
            "route": "orders",
            "stage": "live",
            "split": 0.0,
            "side": "new",
            "address": "",
            "reason": "stage",
            "draw": None,
            "differs": side != "new",
        }
        assert code == 1
        assert "canonical line" in advice


async def test_why_knows_what_a_comparison_came_to(tmp_path: Path) -> None:
    """A shadowed request: outcome, place, and the cluster that `mismatches` shows; of another nothing was compared."""
    routes = ROUTES.replace("stage: canary, split: 10%", "stage: shadow")
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, routes, legacy=legacy, new=new) as banyan,
    ):
        await banyan.until_logged("comparer_started")
        shadowed = await compared_request(banyan)
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/elsewhere") as answer:
            alone = answer.headers["X-Request-Id"]
        await until_known(banyan, alone)
        known: Any = await banyan.api(f"/api/requests/{shadowed}")
        told, silent = await run(banyan, "why", shadowed), await run(banyan, "why", alone)
        found = known["comparison"]
        shown = await run(banyan, "mismatches", "orders", found["cluster"])

    where = f"{found['severity']} at {found['path']} ({found['kind']})"
    assert found["outcome"] in {"mismatch", "undecided"}
    assert f"compared  {found['outcome']}: {where}\n" in told[1]
    assert f"            banyan mismatches orders {found['cluster']}\n" in told[1]
    assert found["cluster"] in shown[1]
    assert silent[0] == 0
    assert "compared" not in silent[1]


async def compared_request(banyan: Program) -> str:
    """The id of a request whose two answers were compared; those that came before the comparer was linked are not."""
    asked: list[str] = []

    async def compared() -> bool:
        async with aiohttp.ClientSession() as session, session.get(banyan.url + "/orders/7") as answer:
            asked.append(answer.headers["X-Request-Id"])
        for name in asked:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{banyan.admin_url}/api/requests/{name}") as page,
            ):
                if (await page.json(content_type=None)).get("comparison"):
                    asked[:] = [name]
                    return True
        return False

    await until(compared)
    return asked[0]


async def until_known(banyan: Program, name: str) -> None:
    """Wait until control remembers the request."""

    async def known() -> bool:
        async with aiohttp.ClientSession() as session, session.get(f"{banyan.admin_url}/api/requests/{name}") as page:
            return page.status == 200

    await until(known)


async def test_cohorts_are_counted_in_a_routes_page(tmp_path: Path) -> None:
    """Different tenants, and the share of requests that named none."""
    async with (
        system("legacy") as legacy,
        system("new") as new,
        program(tmp_path, ROUTES, legacy=legacy, new=new) as banyan,
    ):
        await answers(banyan)
        await until_remembered(banyan, TENANTS)
        async with aiohttp.ClientSession() as session:
            for _ in range(TENANTS):
                async with session.get(banyan.url + "/orders/8") as response:
                    await response.read()
        await until_remembered(banyan, 2 * TENANTS)
        cohorts: Any = (await banyan.api("/api/routes/orders"))["cohorts"]
        by_source = {each["source"]: (each["requests"], each["cohorts"]) for each in cohorts["sources"]}

        assert cohorts["without"] == 0.5
        assert by_source["(none: client_ip)"] == (TENANTS, 1)
        requests, tenants = by_source["header:x-tenant-id"]
        assert requests == TENANTS
        assert 0.9 * TENANTS <= tenants <= 1.1 * TENANTS
