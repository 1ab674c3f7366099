"""From when on a route's rules count, in every implementation of EvidenceStore."""

from __future__ import annotations

from proxy.core.evidence.records import JudgedRules
from tests.store.records import ROUTE
from tests.store.stores import Stores


async def test_it_is_known_from_when_on_rules_count(stores: Stores) -> None:
    """The first ones from the beginning, others from their edit on; whoever asks after a restart is told the same.
    Rules that nobody saw edited count from the present on, those as well that were in force before.
    """

    async def since(mark: str, minute: int, route: str = ROUTE) -> int:
        asked = JudgedRules(route=route, mark=mark, minute=minute)
        stands = await stores.evidence.judge_by(asked, 90)
        assert (stands.route, stands.mark) == (route, mark)
        return stands.minute

    assert [await since("a", 0), await since("a", 0)] == [0, 0]
    assert [await since("b", 50), await since("b", 0), await since("b", 51), await since("b", 50)] == [50, 50, 51, 51]
    assert [await since("a", 60), await since("a", 0)] == [60, 60]
    assert [await since("b", 0), await since("unseen", 0), await since("unseen", 0)] == [90, 90, 90]
    assert [await since("a", 0), await since("a", 0)] == [90, 90]
    assert [await since("a", 0, route="other"), await since("b", 7, route="third")] == [0, 7]


async def test_of_the_rules_of_a_route_the_latest_are_known(stores: Stores) -> None:
    """So that a file that is edited for ever fills no store."""
    store = stores.evidence
    for minute in range(1, 40):
        await store.judge_by(JudgedRules(route=ROUTE, mark=str(minute), minute=minute), 0)
    await store.prune(0.0)
    known = [(await store.judge_by(JudgedRules(route=ROUTE, mark=mark, minute=1), 0)).minute for mark in ("20", "19")]

    assert known == [20, 1]
