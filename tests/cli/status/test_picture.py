"""The table of `status` on terminals of every width."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
import pytest
from rich.console import Console, Group

from proxy.api.evidence import CoverageView, ParityView
from proxy.api.routes import RateView, RoutesView, RouteView, RunsView
from proxy.cli.status.picture import picture, sentences
from proxy.core.stage import Stage
from tests.cli.status.test_status import LONG, METRICS, ROUTES_VIEW, route

PARITY = ParityView(
    compared=123456, mismatch=3, incomparable=99, undecided=50_000, fields_waiting=12, rate_upper_bound=1.0
)
COVERAGE = CoverageView(shapes=9, unseen=0.01, unseen_bound=0.04, uncovered=200)


@pytest.mark.parametrize("width", [60, 80, 98, 100, 125, 140, 200])
def test_a_table_fits_the_terminal(width: int) -> None:
    """However long reasons are and however much runs elsewhere: no name is cut, and each row is one line."""
    name, runs = "orders.show.of.a.tenant", RunsView(stage=Stage.SHADOW, split=0.0, reason=LONG, latched=True)
    wide = route(name, stage=Stage.CANARY, split=0.25, runs=runs, parity=PARITY, coverage=COVERAGE)
    view = msgspec.structs.replace(ROUTES_VIEW, routes=[wide, route("rest")])
    status = msgspec.json.decode(msgspec.json.encode(view), type=RoutesView)
    shown = drawn(status.routes, width)

    assert [line.split()[0] for line in shown] == ["route", name, "rest"]
    assert max(map(len, shown)) <= width
    assert "reason" not in shown[0] or shown[1].endswith("…")


def drawn(routes: Sequence[RouteView], width: int | None) -> list[str]:
    """The lines of the table."""
    screen = Console(width=width or 10_000, highlight=False, file=io.StringIO())
    with screen.capture() as seen:
        screen.print(
            Group(*picture("http://x", msgspec.structs.replace(ROUTES_VIEW, routes=routes), METRICS, width)), crop=False
        )
    return seen.get().rpartition("\n\n")[2].splitlines()


CLAUSE = "mismatch rate below 1.48 %, needs below 1 %"


def waiting(name: str) -> RouteView:
    return route(name, stage=Stage.CANARY, split=0.25, parity=PARITY, state="waiting", obstacle=CLAUSE)


def test_a_hundred_columns_have_what_an_operator_asks_first() -> None:
    """Stage, split, comparisons, what could not be compared and what becomes of it; below each row why it waits."""
    names = ["customers.orders.show", "rest"]
    shown = drawn([waiting(name) for name in names], 100)

    heads = ["route", "stage", "split", "new", "5xx", "compared", "mismatch", "incomparable", "verdict"]
    assert shown[0].split() == heads
    assert shown[2::2] == [f"  waits: {CLAUSE}"] * 2
    assert [line.split()[0] for line in shown[1::2]] == names
    assert max(map(len, shown)) <= 100


def test_a_name_is_never_cut() -> None:
    """One that is wider than the terminal stands whole, and one that is as wide costs columns."""
    name = "customers." * 7 + "show"

    assert all(any(line.startswith(name) for line in drawn([waiting(name)], width)) for width in (20, 60, 80, 100))


def test_a_wide_terminal_has_the_clause_in_its_row() -> None:
    """Whole, and once."""
    shown = drawn([waiting("orders.show"), waiting("rest")], 220)

    assert shown[0].split()[-1] == "reason"
    assert [line.endswith(f"waits: {CLAUSE}") for line in shown[1:]] == [True, True]


def test_in_a_pipe_nothing_is_padded_or_cut() -> None:
    """All columns, two blanks apart, whatever stands in the other rows."""
    moved = route("b" * 80, runs=RunsView(stage=Stage.SHADOW, split=0.0, reason=LONG, latched=True))
    shown = drawn([route("a"), moved], None)

    assert shown[1] == "a  legacy  –  0.0  0.0  –  –  –  –  –  –  –  hold  as the file says"
    assert shown[2].endswith(f"  {LONG}")
    assert not [line for line in shown if "   " in line]


IDLE = ParityView(compared=3, rate_upper_bound=0.9)
BUSY = RateView(legacy=30.0, new=10.0, self=0.0, failed=0.4)


def heads(width: int, *routes: RouteView) -> list[str]:
    return drawn(routes, width)[0].split()


@pytest.mark.parametrize("width", [60, 80, 90, 100, 120, 160])
def test_the_same_columns_are_there_from_call_to_call(width: int) -> None:
    """At one width, whether a route is idle or busy, and whatever its shares have come to."""
    idle = route("customers.orders.show", parity=IDLE, state="waiting")
    busy = route("customers.orders.show", rate=BUSY, parity=IDLE, state="latched", stage=Stage.CANARY, split=0.25)

    assert heads(width, idle) == heads(width, busy)


def test_columns_go_by_rank() -> None:
    """Name, stage, `new` and `mismatch` stay longest; what could not be compared goes first while it is 0."""
    none, some = (route("customers.orders.show", rate=BUSY, parity=each) for each in (IDLE, PARITY))

    assert heads(40, some) == ["route", "stage", "new"]
    assert heads(60, some) == ["route", "stage", "new", "mismatch"]
    assert heads(80, some) == ["route", "stage", "split", "new", "5xx", "mismatch", "verdict"]
    assert heads(90, none) == ["route", "stage", "split", "new", "5xx", "compared", "mismatch", "verdict"]
    assert "incomparable" not in heads(100, none)


def test_a_long_reason_leaves_the_table_on_the_screen() -> None:
    """At a terminal its first words stand above, with where the rest is; in a pipe it is whole."""
    words = "moved by ann@desk: " + "the release is out " * 200
    view = msgspec.structs.replace(
        ROUTES_VIEW, routes=[route("rest", runs=RunsView(stage=Stage.SHADOW, split=0.0, reason=words))]
    )
    here, whole = ([line.plain for line in sentences("http://x", view, "", width)][-1] for width in (100, None))

    said = "rest runs shadow, the file says legacy: "
    assert here == f"{said}{words[:300].rstrip()}… (whole: `banyan status --route rest`)"
    assert whole == said + words
