from __future__ import annotations

import pytest

from proxy.control.traffic import recent_comparisons as module
from proxy.control.traffic.recent_comparisons import RecentComparisons
from proxy.control.traffic.recent_requests import LASTS
from proxy.link.messages import Evidence, OutcomeDelta, Recent
from tests.control.admin.test_admin import get
from tests.control.conftest import Port
from tests.control.stands import Clock
from tests.control.traffic.test_recent_requests import seen

DIFFERS = OutcomeDelta("r1", "mismatch", "", "c1", "$.a", "num", "medium", 2)


def test_the_latest_of_an_id_counts(clock: Clock) -> None:
    """Clients may send an id twice."""
    memory = RecentComparisons(clock)
    memory.take([OutcomeDelta("r1", "match"), DIFFERS])
    found = memory.find("r1")

    assert found is not None
    assert (found.outcome, found.cluster, found.differences) == ("mismatch", "c1", 2)
    assert memory.find("r2") is None


def test_what_is_old_or_too_much_goes(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """As requests are forgotten after a quarter of an hour; before that the oldest go first."""
    monkeypatch.setattr(module, "MOST", 2)
    memory = RecentComparisons(clock)
    memory.take(OutcomeDelta(f"r{number}", "match") for number in range(3))
    kept = [memory.find(f"r{number}") is not None for number in range(3)]
    clock.now += LASTS + 1

    assert kept == [False, True, True]
    assert memory.find("r2") is None


async def test_a_request_is_shown_with_its_comparison(port: Port) -> None:
    """What the comparer says of an id is in the page of that request, and of no other."""
    links = port.links
    links.recent._clock = links.comparisons._clock = lambda: 1000.0
    links.recent.take(Recent([seen(1), seen(2)], [], 2))
    links.comparing.take(Evidence(parts=b"", bad=[], outcomes=[DIFFERS]))

    assert (await get(port, "/api/requests/r1"))["comparison"] == {
        "outcome": "mismatch",
        "why": "",
        "cluster": "c1",
        "path": "$.a",
        "kind": "num",
        "severity": "medium",
        "differences": 2,
    }
    assert (await get(port, "/api/requests/r2"))["comparison"] is None
