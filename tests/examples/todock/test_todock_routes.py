"""The routes.yaml of the todock story, and the edits that the story makes in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from examples.stage.operator import own_copy
from examples.todock.story.closed_hours import windows_until
from examples.todock.story.play import ORDERS
from proxy.config.load import Loaded, load_text
from proxy.core.routing.route import Route
from tests.examples.conftest import ROOT, banyan

EXAMPLE = ROOT / "examples" / "todock"
PORTS = ("BANYAN", "ADMIN", "DELIVERY", "PROVIDER", "POINTS", "HISTORY", "CARD", "ORDERS")
VARIABLES = {
    **{f"TODOCK_{name}": str(7000 + at) for at, name in enumerate(PORTS)},
    "TODOCK_INVOICE_DIRECT": "127.64.0.1:7020",
    "TODOCK_INVOICE_DETOUR": "127.0.0.1:7021",
    "TODOCK_STATE": "postgresql://postgres@/banyan?host=/tmp",
    "TODOCK_DELIVERY_READER": "postgresql://reader@/postgres?host=/tmp/delivery",
    "TODOCK_ORDERS_READER": "postgresql://reader@/postgres?host=/tmp/orders",
}


def loaded(text: str) -> dict[str, Route]:
    """The routes of a file, by name."""
    found = load_text(text, "routes.yaml", VARIABLES)
    assert isinstance(found, Loaded), found
    return {route.name: route for route in found.snapshot.routes}


def test_the_file_is_one_that_banyan_takes(tmp_path: Path) -> None:
    """`banyan check` has no objection, with the variables that the story sets."""
    played = banyan("check", str(own_copy(EXAMPLE, tmp_path).path), **VARIABLES)

    assert played.code == 0, played.text + played.complaint


def test_all_contracts_of_orders_move_as_one(tmp_path: Path) -> None:
    """One group, so that a member's orders are at one side whatever he orders with."""
    routes = loaded(own_copy(EXAMPLE, tmp_path).path.read_text())

    assert {routes[name].group for name in ORDERS} == {"orders"}
    assert {name for name in routes if name.startswith("orders")} == set(ORDERS)


def test_several_routes_are_edited_in_one_save(tmp_path: Path) -> None:
    """Each is told of, and one that stands like that already is not."""
    routes = own_copy(EXAMPLE, tmp_path)
    routes.set("points", stage="live")
    said = routes.set_all(("points", "card"), stage="live", split="")

    assert list(said) == ["card"]
    assert said["card"][0].endswith("stage: legacy → live")


@pytest.mark.parametrize("hour", [2, 13, 23])
def test_closed_hours_are_ones_that_banyan_takes(tmp_path: Path, hour: int) -> None:
    """The nightly hour is far from now, so that it never closes what the story plays; the other one is now."""
    routes, end = own_copy(EXAMPLE, tmp_path), datetime(2026, 11, 29, hour, 59, 58, tzinfo=ZoneInfo("Asia/Tokyo"))
    routes.set_all(ORDERS, windows=windows_until(end))
    nightly, tonight = loaded(routes.path.read_text())[ORDERS[0]].windows

    assert (nightly.closes, tonight.closes) == (True, True)
    assert tonight.end == end.timestamp()
    assert nightly.start // 60 != hour
