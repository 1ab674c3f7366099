"""The record of usage over a real admin port."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.link.messages import UsageDelta
from proxy.store.errors import StoreUnavailable
from tests.control.conftest import Open, Port
from tests.control.stands import canary, table
from tests.control.worker import delta


@pytest.fixture
async def port(open_port: Open) -> Port:
    """Two routes, and a worker that has answered on one of them."""
    made = await open_port(snapshot=table(canary("5%"), canary("5%", name="b")))
    worker = await made.worker()
    worker.count(delta("a", "legacy", ok=4, failed=1))
    worker.usage = [UsageDelta("a", "billing", 2, 1)]
    return made


async def get(port: Port, query: str = "") -> tuple[int, dict[str, Any]]:
    async with port.client.get(f"{port.url}/api/usage{query}") as answer:
        return answer.status, await answer.json(content_type=None)


async def test_what_workers_have_counted_by_now_is_shown(port: Port) -> None:
    """By route and caller; a route that nobody called says so."""
    status, found = await get(port)
    used, unused = found["routes"]

    assert status == 200
    assert [(each["caller"], each["calls"], each["good"], each["days"]) for each in used["callers"]] == [
        ("billing", 2, 1, 1),
        ("unverified", 3, 3, 1),
    ]
    assert used["calls"] == 5
    assert 0 < found["since"] <= used["first"] + 1
    assert unused == {"route": "b", "calls": 0, "first": None, "last": None, "callers": []}


async def test_one_route_is_shown_by_day(port: Port) -> None:
    """In UTC; of another name the nearest is told."""
    (shown,) = (await get(port, "?route=a"))[1]["routes"]
    today = datetime.fromtimestamp(shown["last"], UTC).date().isoformat()

    assert [each["daily"] for each in shown["callers"]] == [
        [{"day": today, "calls": 2, "good": 1}],
        [{"day": today, "calls": 3, "good": 3}],
    ]
    assert (await get(port, "?route=bb"))[0] == 404


async def test_a_store_that_is_away_is_told(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes what is not known for what did not happen."""

    async def away(*_: object) -> None:
        raise StoreUnavailable("it is away")

    monkeypatch.setattr(type(port.parts.usage._store), "sums", away)
    status, answered = await get(port)

    assert (status, "it is away" in answered["detail"]) == (503, True)
