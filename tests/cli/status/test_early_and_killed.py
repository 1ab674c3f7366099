"""What `banyan status` shows of a Banyan that has just begun, and of one that is killed."""

from __future__ import annotations

import msgspec
import pytest

from proxy.api.evidence import ParityView
from proxy.api.kill import KillOrderView
from proxy.api.routes import FileView, ReturnsView, RunsView
from proxy.api.standing import InstanceView, StandingView
from proxy.core.stage import Stage
from tests.cli.conftest import Banyan
from tests.cli.status.test_status import ROUTES_VIEW, Admin, admin, cells, route

__all__ = ["admin"]


@pytest.mark.parametrize(
    ("parity", "cell"),
    [
        (ParityView(compared=7, mismatch=7, undecided=26, mismatch_rate=1.0), "≥21.21% (≤100%)"),
        (ParityView(compared=7, mismatch=0, undecided=26, mismatch_rate=0.0), "0.00% (≤100%)"),
        (ParityView(compared=26, mismatch=7, undecided=26, mismatch_rate=7 / 26), "26.92% (≤100%)"),
        (ParityView(compared=288, mismatch=288, mismatch_rate=1.0), "100.00% (≤100%)"),
        (ParityView(compared=9, mismatch_rate=0.99999, rate_upper_bound=0.999998), "99.999% (<100.00%)"),
        (ParityView(compared=9, mismatch_rate=0.0, rate_upper_bound=0.0003), "0.000% (<0.03%)"),
        (ParityView(compared=9, mismatch_rate=0.1, rate_upper_bound=0.1), "10.00% (≤10.0%)"),
    ],
    ids=["most wait", "none is known to differ", "as many are known", "all", "nearly all", "nearly none", "the same"],
)
def test_mismatches_that_are_known_first_are_no_share_of_all(
    banyan: Banyan, admin: Admin, parity: ParityView, cell: str
) -> None:
    """What differs for certain is known before what agrees: while most are undecided it is said how many at least."""
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[route("a", parity=parity)])

    assert cell in cells(banyan("status", "--admin", admin.url).stdout, "a")


def test_evidence_that_began_anew_is_told(banyan: Banyan, admin: Admin) -> None:
    """Since when it counts, and why what was found before is gone."""
    standing = StandingView(version=1, evidence_since="2026-01-02T03:04:05.000Z")
    admin.view = msgspec.structs.replace(ROUTES_VIEW, standing=standing)
    text = banyan("status", "--admin", admin.url).stdout

    lost = "what was found before was in memory, and gone with its process"
    assert f"evidence began anew at 2026-01-02T03:04:05.000Z: {lost}" in text.replace("\n    ", " ")


def test_under_the_kill_switch_it_is_told_where_routes_return_to(banyan: Banyan, admin: Admin) -> None:
    """A line for each route that is killed, and of one alone a row: place, the file's where that differs, and why."""
    live = ReturnsView(stage=Stage.LIVE, split=0.0, reason="moved by ann: all is well")
    filed = ReturnsView(stage=Stage.SHADOW, split=0.0, reason="as the file says")
    file = FileView(stage=Stage.SHADOW, split=0.0)
    killed = RunsView(stage=Stage.LEGACY, split=0.0, reason="killed", killed=True)
    routes = [
        msgspec.structs.replace(route(name, runs=msgspec.structs.replace(killed, returns=returns)), file=file)
        for name, returns in (("a", live), ("b", filed))
    ]
    routes.append(route("c", runs=RunsView(stage=Stage.LEGACY, split=0.0, reason="as the file says")))
    order = KillOrderView(by="ann", at="", reason="")
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=routes, killed=order)
    lines = banyan("status", "--admin", admin.url).stdout.splitlines()

    assert [line for line in lines if "again after" in line] == [
        "a runs live again after `banyan kill --off`, the file says shadow: moved by ann: all is well",
        "b runs shadow again after `banyan kill --off`: as the file says",
    ]


def test_replicas_that_the_kill_switch_does_not_turn_are_named(banyan: Banyan, admin: Admin) -> None:
    """While it is on: each has its own."""
    instances = [InstanceView(instance="a:8080", obeys=True, this=True), InstanceView(instance="b:8080", obeys=True)]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, standing=StandingView(version=0, instances=instances))
    before = banyan("status", "--admin", admin.url).stdout
    admin.view = msgspec.structs.replace(admin.view, killed=KillOrderView(by="ann", at="", reason=""))
    said = banyan("status", "--admin", admin.url).stdout

    assert "the kill switch here" not in before
    assert "the kill switch here does not turn b:8080: each replica has its own" in said.splitlines()
