"""`/api/suspended` over a real admin port, with a store in memory and workers that link."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.core.auth.suspension import LONGEST_SUBJECT
from proxy.store.errors import StoreUnavailable
from tests.control.conftest import Open, Port
from tests.waiting import until

TOKEN = {"Authorization": "Bearer t"}


@pytest.fixture
async def port(open_port: Open) -> Port:
    """Orders need a token."""
    return await open_port(token="t")


async def order(port: Port, **said: object) -> tuple[int, dict[str, Any]]:
    async with port.client.post(f"{port.url}/api/suspended", json=said, headers=TOKEN) as answer:
        return answer.status, await answer.json()


async def listed(port: Port) -> dict[str, Any]:
    async with port.client.get(f"{port.url}/api/suspended", headers=TOKEN) as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def test_a_subject_is_suspended_and_freed(port: Port) -> None:
    """Every worker hears it before it is answered; each order is in the record; what stands already changes nothing."""
    worker = await port.worker()
    status, said = await order(port, subject="anna", reason="chargeback", by="ann")
    assert (status, said["suspended"], said["changed"], said["done"]) == (200, True, True, True)
    assert worker.suspended == ["anna"]
    _, again = await order(port, subject="anna")
    assert (again["suspended"], again["changed"]) == (True, False)

    (found,) = (await listed(port))["suspensions"]
    assert (found["subject"], found["by"], found["reason"]) == ("anna", "ann", "chargeback")
    _, freed = await order(port, subject="anna", on=False, by="ben")
    assert (freed["suspended"], freed["changed"], worker.suspended) == (False, True, [])
    _, again = await order(port, subject="anna", on=False)
    assert (again["suspended"], again["changed"]) == (False, False)

    async with port.client.get(f"{port.url}/api/history", headers=TOKEN) as answer:
        kinds = [(each["kind"], each["cohort"], each["actor"]) for each in (await answer.json())["orders"]]
    assert kinds == [("lift", "anna", "ben"), ("suspend", "anna", "ann")]


async def test_a_worker_that_links_later_hears_who_is_suspended(port: Port) -> None:
    """Before it serves anybody."""
    await order(port, subject="anna")
    worker = await port.worker()
    await until(lambda: worker.suspended == ["anna"])


async def test_what_the_file_lists_no_order_ends(port: Port) -> None:
    """It is said, and how many there are."""
    port.parts.suspensions.list(frozenset({"anna", "ben"}))
    status, said = await order(port, subject="anna", on=False)
    assert (status, said["suspended"], said["changed"], said["listed"]) == (200, True, False, True)
    assert (await listed(port))["listed"] == 2


@pytest.mark.parametrize("subject", ["", " anna", "an\nna", "a" * (LONGEST_SUBJECT + 1)])
async def test_what_is_no_subject_is_refused(port: Port, subject: str) -> None:
    """No token names it."""
    status, said = await order(port, subject=subject)
    assert status == 400
    assert f"1 to {LONGEST_SUBJECT} characters" in said["detail"]
    async with port.client.post(f"{port.url}/api/suspended", data=b"{}", headers=TOKEN) as answer:
        assert answer.status == 400


async def test_there_is_an_end_to_orders(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """A longer list is a file's."""
    monkeypatch.setattr("proxy.store.memory.positions.MOST_ORDERED", 1)
    await order(port, subject="anna")
    status, said = await order(port, subject="ben")
    assert (status, "use the file of `suspend`" in said["detail"]) == (409, True)


async def test_without_the_store_the_file_is_named(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is ordered here alone: other replicas would let the subject pass."""

    async def away(_: object) -> bool:
        raise StoreUnavailable("the state store cannot be reached")

    assert port.parts.asked.store is not None
    monkeypatch.setattr(type(port.parts.asked.store), "suspend", lambda _, said: away(said))
    status, said = await order(port, subject="anna")
    assert (status, "meanwhile the file of `suspend` works" in said["detail"]) == (503, True)
