"""What `banyan explain` says while the kill switch is on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Banyan
from tests.cli.explain.test_explain import ABOVE, BELOW, _nobody_runs, page_of, rows
from tests.cli.listening import listening

__all__ = ["_nobody_runs"]


def test_the_kill_switch_is_mentioned(banyan: Banyan, folder: Path) -> None:
    """While the kill file is there all is said of now, and one row says what would be without it."""
    plain = banyan("explain GET /orders/7").stdout
    (folder / ".banyan").mkdir()
    (folder / ".banyan" / "kill").write_text('{"by": "ann", "reason": "why"}')
    killed = banyan("explain GET /orders/7")
    told = json.loads(banyan("explain GET /orders/7 --json").stdout)
    said = rows(killed.stdout)["killed"]

    assert re.match(r"the kill switch is on \(ann, .+, why\): at shadow, canary and live legacy answers", said)
    first = killed.stdout.splitlines()[0]
    assert first == "GET /orders/7 → legacy, http://legacy.internal:3000, reason: killed (the file says: new)"
    assert rows(killed.stdout)["decision"] == "legacy, reason: killed"
    assert (told["route"]["shadow"], told["route"]["sample"]) == (None, 0.0)
    without = plain.splitlines()[0].removeprefix("GET /orders/7 → ")
    assert rows(killed.stdout)["file"] == f"says canary, split 10 %: {without}, reason: below_split"
    assert (told["route"]["serve"], told["by_file"]["side"], told["by_file"]["reason"]) == (
        "legacy",
        "new",
        "below_split",
    )
    assert (told["killed"]["by"], told["route"]["name"]) == ("ann", "orders.show")


RETURNS = {"stage": "live", "split": 0.0, "reason": "moved by ann: all is well"}


@pytest.mark.parametrize("tenant", [BELOW, ABOVE])
def test_a_killed_route_is_decided_as_requests_are(banyan: Banyan, tenant: str) -> None:
    """Of one that runs killed the reason is the switch, nobody is shadowed, and the place it returns to is told."""
    runs = {"stage": "legacy", "killed": True, "reason": "killed: legacy answers", "returns": RETURNS}
    with listening(page_of(runs)) as admin:
        found = rows(banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}", "--admin", admin.url).stdout)

    assert found["decision"] == "legacy, reason: killed"
    assert found["stage"] == "live: moved by ann: all is well"
