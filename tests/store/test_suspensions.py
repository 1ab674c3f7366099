"""Subjects who are suspended by order, as every implementation of PositionStore keeps them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from proxy.core.auth.suspension import Suspension
from proxy.core.position.record import lift_record, suspend_record
from proxy.core.position.standing import Standing
from tests.store.stores import Stores


async def test_a_subject_is_suspended_until_that_is_lifted(stores: Stores) -> None:
    """By the first order, which stays as it is; each that changes something is recorded."""
    ann = Suspension(subject="auth0|7", by="ann", since=5.0, reason="left")
    assert await stores.positions.suspend(replace(ann, subject="b"))
    assert await stores.positions.suspend(ann)
    assert not await stores.positions.suspend(replace(ann, by="ben", since=6.0))
    assert await stores.positions.standing() == Standing(version=2, suspensions=(ann, replace(ann, subject="b")))

    ends = lift_record("auth0|7", actor="ben", at=7.0, reason="is back")
    assert await stores.positions.lift(ends)
    assert not await stores.positions.lift(replace(ends, at=8.0))
    assert await stores.positions.standing() == Standing(version=3, suspensions=(replace(ann, subject="b"),))
    orders = await stores.positions.orders(None, 9)
    assert max(orders, key=lambda each: each.at) == ends
    assert {suspend_record(ann), suspend_record(replace(ann, subject="b"))} < set(orders)


async def test_so_many_are_suspended_by_order(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """The standing is read whole by every replica: one too many is refused, and there is room once one is lifted."""
    for module in ("memory", "postgres"):
        monkeypatch.setattr(f"proxy.store.{module}.positions.MOST_ORDERED", 2)
    found = [Suspension(subject=each, by="ann", since=5.0) for each in "abc"]
    assert [await stores.positions.suspend(each) for each in found] == [True, True, False]
    assert await stores.positions.lift(lift_record("a", actor="ann", at=6.0, reason=""))
    assert await stores.positions.suspend(found[2])
