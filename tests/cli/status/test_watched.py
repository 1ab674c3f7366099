"""What `status --watch` draws, by the rows that there are."""

from __future__ import annotations

import msgspec
import pytest

from proxy.api.kill import KillOrderView
from proxy.api.routes import RoutesView, RunsView
from proxy.cli.status.watched import all_routes
from proxy.core.stage import Stage
from tests.cli.status.test_status import ROUTES_VIEW, Admin, listening, route, worker

MOVED = RunsView(stage=Stage.SHADOW, split=0.0, reason="moved by ann@desk: " + "the release is out " * 8)
ROUTES = [route(f"orders.{at}", runs=MOVED) for at in range(3)]


def drawn(view: RoutesView, columns: int, rows: int) -> list[str]:
    with listening(Admin(view=view)) as admin:
        return [line.plain for line in all_routes(admin.url, str, columns, rows)]


def test_what_fits_is_drawn_as_status_prints_it() -> None:
    """Sentences first, folded, what goes on indented, no blanks at the end of a line; then the table."""
    lines = drawn(msgspec.structs.replace(ROUTES_VIEW, routes=ROUTES), 80, 40)
    at = lines.index("")

    assert lines[0].startswith("revision abc123 at ")
    assert [line[:15] for line in lines[1:at]].count("orders.0 runs s") == 1
    assert {line[:4] for line in lines[1:at] if not line.startswith("orders")} == {"    "}
    assert [line for line in lines if line != line.rstrip() or len(line) > 80] == []
    assert [line.split()[0] for line in lines[at + 1 :]] == ["route", "orders.0", "orders.1", "orders.2"]


def test_on_few_rows_the_table_comes_first() -> None:
    """Sentences stand below it, and before it only that the kill switch is on."""
    view = msgspec.structs.replace(ROUTES_VIEW, routes=ROUTES)
    killed = msgspec.structs.replace(view, killed=KillOrderView(by="", at="", reason=""), workers=[worker()] * 4)

    assert [line.split()[0] for line in drawn(view, 80, 12)[:4]] == ["route", "orders.0", "orders.1", "orders.2"]
    assert drawn(killed, 80, 6)[0] == "KILLED: `banyan kill --off` ends it"
    assert drawn(killed, 80, 6)[1].startswith("route ")


@pytest.mark.parametrize("columns", [24, 40])
def test_nothing_is_wider_than_the_terminal(columns: int) -> None:
    """A name that is goes on in the next line."""
    lines = drawn(msgspec.structs.replace(ROUTES_VIEW, routes=[route("customers." * 6 + "show")]), columns, 40)

    assert max(map(len, lines)) <= columns
    assert "customers." * 6 + "show" in "".join(line.strip() for line in lines)
