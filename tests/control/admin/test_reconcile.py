"""Runs of reconciliations over a real admin port: recorded, shown, and heard by the judge."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.core.judge.policy import NeedName
from proxy.core.routing.snapshot import Snapshot
from proxy.store.errors import StoreUnavailable
from tests.config.given_files import snapshot, with_routes
from tests.control.conftest import Open, Port

CHECKS = """\
databases:
  cards: { url: "postgresql://reader@db1/cards" }
  accounts: { url: "postgresql://reader@db2/accounts" }
reconcile:
  accounts:
    legacy: { database: cards, select: SELECT id FROM account }
    new: { database: accounts, select: SELECT id FROM account }
    key: id
"""
RAMP = "name: a, match: /**, stage: canary, split: 1%, effects: safe, ramp: {needs: {reconciled: accounts}}"
RUN: dict[str, Any] = {"id": "r1", "mark": "m", "started": 5.0, "position": ["7"], "legacy_rows": 9, "new_rows": 9}


def checked() -> Snapshot:
    return snapshot(with_routes(RAMP) + CHECKS)


@pytest.fixture
async def port(open_port: Open) -> Port:
    """A port with a token, a check, and a route that needs it."""
    made = await open_port(token="t", snapshot=checked())
    made.client.headers["Authorization"] = "Bearer t"
    return made


async def post(port: Port, name: str, said: object) -> tuple[int, dict[str, Any]]:
    async with port.client.post(f"{port.url}/api/reconcile/{name}", json=said) as answer:
        return answer.status, await answer.json(content_type=None)


async def runs(port: Port) -> list[dict[str, Any]]:
    async with port.client.get(f"{port.url}/api/reconcile") as answer:
        found: list[dict[str, Any]] = (await answer.json())["runs"]
        return found


async def test_a_run_is_recorded_and_shown(port: Port) -> None:
    """As it was said last; who asks is who runs it, unless it is said."""
    assert (await post(port, "accounts", RUN))[0] == 200
    status, answered = await post(port, "accounts", {**RUN, "ended": 9.0, "actor": "ann", "differences": 2})

    shown = {"check": "accounts", "ended": 9.0, "actor": "ann", "differences": 2, "unsettled": 0, **RUN}
    assert (status, answered, await runs(port)) == (200, shown, [shown])


@pytest.mark.parametrize(
    ("name", "said", "status", "detail"),
    [
        ("account", RUN, 404, "there is no check 'account'; did you mean accounts?"),
        ("accounts", {**RUN, "id": ""}, 400, "id and mark have 1 to 64 characters"),
        ("accounts", {**RUN, "position": ["x" * 5000]}, 400, "position holds at most 8 texts"),
        ("accounts", {**RUN, "position": ["a\0b"]}, 400, "position holds at most 8 texts"),
        ("accounts", {**RUN, "new_rows": -1}, 400, "rows, differences and unsettled are counts"),
        ("accounts", {"id": "r1"}, 400, "the body must be JSON"),
        ("accounts", {**RUN, "colour": "green"}, 400, "the body must be JSON"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    port: Port, name: str, said: dict[str, Any], status: int, detail: str
) -> None:
    """With a sentence, and nothing is kept."""
    answered = await post(port, name, said)

    assert answered[0] == status
    assert detail in answered[1]["detail"]
    assert await runs(port) == []


async def test_the_judge_hears_of_it(port: Port) -> None:
    """The route's need is open, and then met by a result under what is asked now."""
    judge, mark = port.parts.judge, port.running.snapshot.reconcile[0].mark
    states: list[str] = []
    for said in ({}, {"mark": mark, "ended": 2e9}, {"mark": mark, "ended": 2e9, "differences": 1}):
        if said:
            await post(port, "accounts", {**RUN, **said, "id": f"r{len(states)}", "started": float(len(states))})
        await judge.round()
        needs = port.parts.judged.judging.ruling(port.running.snapshot.routes[0]).judgement.needs
        states += [each.state.value for each in needs if each.need is NeedName.RECONCILED]

    assert states == ["open", "met", "failed"]


async def test_a_store_that_is_away_is_told(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known stays shown; what cannot be recorded is 503, and the loop goes on."""
    await post(port, "accounts", RUN)

    async def away(*_: object) -> None:
        raise StoreUnavailable("it is away")

    for name in ("keep", "runs"):
        monkeypatch.setattr(type(port.parts.reconcile_runs.store), name, away)
    status, answered = await post(port, "accounts", {**RUN, "id": "r2"})
    await port.parts.reconcile_runs.look()

    assert status == 503
    assert "it is away" in answered["detail"]
    assert [each["id"] for each in await runs(port)] == ["r1"]
