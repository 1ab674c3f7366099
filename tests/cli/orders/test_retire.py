"""`banyan retire` against an admin port that answers as Banyan's does."""

from __future__ import annotations

import json

import msgspec
import pytest

from proxy.api.ending.brownout import RetireCallerView, RetirementView, RetireNeedView
from proxy.api.orders import MovedView
from proxy.api.standing import PlaceView
from proxy.core.brownout.retirement import ItemState, RetireItem
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

PATH = "/api/routes/coupons/retirement?seconds=2592000"
CALLER = RetireCallerView(
    caller="monthly-report", calls=2, days=2, last="2026-11-28T07:00:00Z", recent=True, met="2026-10-28T07:00:00Z"
)


def found(*, may: bool) -> RetirementView:
    state = ItemState.MET if may else ItemState.OPEN
    return RetirementView(
        route="coupons",
        runs=PlaceView(stage="legacy", split=0.0),
        seconds=2_592_000.0,
        may=may,
        needs=[
            RetireNeedView(item=RetireItem.UNUSED, state=state, sentence="as it is found"),
            RetireNeedView(item=RetireItem.SUNSET, state=ItemState.SKIPPED, sentence="answers name no sunset"),
        ],
        callers=[CALLER] * (22 if may else 1),
    )


MOVED = MovedView(
    route="coupons", start=PlaceView(stage="legacy", split=0.0), runs=PlaceView(stage="retired", split=1.0), done=True
)


def pages(*, may: bool) -> dict[str, bytes]:
    return {PATH: msgspec.json.encode(found(may=may)), "/api/routes/coupons/retire": msgspec.json.encode(MOVED)}


def test_it_is_refused_with_who_called_and_when(banyan: Banyan) -> None:
    """Exit 1; no order is given."""
    with listening(pages(may=False)) as served:
        shown = banyan(f"retire coupons --admin {served.url}")

    assert shown.exit_code == 1
    assert shown.stdout.splitlines() == [
        "coupons  runs at legacy",
        "  open     unused  as it is found",
        "  skipped  sunset  answers name no sunset",
        "  caller   monthly-report: 2 calls on 2 days, last 2026-11-28 07:00:00Z, met by the brown-out first",
        "    at 2026-10-28 07:00:00Z",
        "not to be retired: unused open",
    ]


def test_nothing_open_retires_it(banyan: Banyan) -> None:
    """The list, then what became of the order; with --preview the list alone."""
    with listening(pages(may=True)) as served:
        done = banyan(f"retire coupons --admin {served.url} --reason 'nobody calls'")
        shown = banyan(f"retire coupons --preview --admin {served.url}")

    assert (done.exit_code, shown.exit_code) == (0, 0)
    assert "… and 2 more callers, in --json" in done.stdout
    assert done.stdout.splitlines()[-1] == "coupons: legacy → retired 100%"
    assert "→" not in shown.stdout


@pytest.mark.parametrize("may", [True, False])
def test_one_that_is_retired_already_is_told(banyan: Banyan, may: bool) -> None:  # noqa: FBT001
    """With who calls still, who gets 410; no order is given, and nothing was wrong."""
    view = msgspec.structs.replace(found(may=may), runs=PlaceView(stage="retired", split=1.0))
    with listening({PATH: msgspec.json.encode(view)}) as served:
        shown = banyan(f"retire coupons --admin {served.url}")

    assert shown.exit_code == 0
    assert "caller   monthly-report" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "it is retired already: whoever calls gets 410, and nothing was moved"


@pytest.mark.parametrize("may", [True, False])
def test_scripts_get_one_document(banyan: Banyan, may: bool) -> None:  # noqa: FBT001
    """The list where it is refused or only looked at, else what became of the order."""
    with listening(pages(may=may)) as served:
        given = banyan(f"retire coupons --json --admin {served.url}")
        seen = banyan(f"retire coupons --json --preview --admin {served.url}")

    assert (given.exit_code, seen.exit_code) == (int(not may), int(not may))
    assert json.loads(seen.stdout)["may"] is may
    assert ("runs" in json.loads(given.stdout), "needs" in json.loads(given.stdout)) == (True, not may)


def test_a_period_that_is_none_is_wrong_usage(banyan: Banyan) -> None:
    """Exit 2, before anybody is asked."""
    shown = banyan("retire coupons --period 3 --admin http://127.0.0.1:1")
    assert (shown.exit_code, "--period 3" in shown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("item", "said"), [("unused", "cannot be skipped"), ("browned_out,sunset", "is no item of the list")]
)
def test_what_cannot_be_skipped_is_wrong_usage(banyan: Banyan, item: str, said: str) -> None:
    """Exit 2, before anybody is asked, with what can be."""
    shown = banyan(f"retire coupons --skip sunset --skip {item} --admin http://127.0.0.1:1")
    assert (shown.exit_code, f"--skip {item}: {said}" in shown.stderr) == (2, True)
    assert "browned_out, deprecated or sunset" in shown.stderr
