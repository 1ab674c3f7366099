"""The table of `status` on terminals of every width."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from proxy.api.evidence import CoverageView, ParityView
from proxy.api.routes import RoutesView, RunsView
from proxy.cli.status.picture import picture
from proxy.core.stage import Stage
from tests.cli.status.test_status import LONG, METRICS, ROUTES_VIEW, route

PARITY = ParityView(compared=123456, mismatch=3, undecided=50_000, fields_waiting=12, rate_upper_bound=1.0)
COVERAGE = CoverageView(shapes=9, unseen=0.01, unseen_bound=0.04, uncovered=200)


@pytest.mark.parametrize("width", [60, 80, 98, 100, 125, 140, 200])
def test_a_table_fits_the_terminal(width: int) -> None:
    """However long reasons are and however much runs elsewhere: no name is cut, and each row is one line."""
    name, runs = "orders.show.of.a.tenant", RunsView(stage=Stage.SHADOW, split=0.0, reason=LONG, latched=True)
    wide = route(name, stage=Stage.CANARY, split=0.25, runs=runs, parity=PARITY, coverage=COVERAGE)
    view = msgspec.structs.replace(ROUTES_VIEW, routes=[wide, route("rest")])
    status = msgspec.json.decode(msgspec.json.encode(view), type=RoutesView)
    screen = Console(width=width, highlight=False, file=io.StringIO())
    with screen.capture() as seen:
        screen.print(picture("http://x", status, METRICS, width))
    shown = [line.rstrip() for line in seen.get().rpartition("\n\n")[2].splitlines()]

    assert [line.split()[0] for line in shown] == ["route", name, "rest"]
    assert max(map(len, shown)) <= width
    assert "reason" not in shown[0] or shown[1].endswith("…")
