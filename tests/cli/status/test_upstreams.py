"""Upstreams that are down, closed or left alone, above the table of `banyan status`."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from proxy.api.upstreams import ClosedView, DownView, FailingView
from proxy.cli.status.sides_away import upstreams_in_trouble
from tests.cli.conftest import Banyan
from tests.cli.status.test_status import ROUTES_VIEW, Admin, listening


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    with listening(Admin()) as up:
        yield up


def test_an_upstream_that_is_down_is_told_with_its_routes(banyan: Banyan, admin: Admin) -> None:
    """Above the table, since when and why, with the first routes that it is to answer; neither that nor an open breaker
    is a fault of Banyan: exit 0.
    """
    since = "2026-11-28T19:00:00.000Z"
    names = [f"r{at}" for at in range(7)]
    down = [
        DownView(upstream="legacy", since=since, error="answered 500", routes=names),
        DownView(upstream="new", since=since, error="", routes=[]),
    ]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, down=down)
    admin.metrics = 'banyan_breaker_state{upstream="legacy"} 2.0\n'
    result = banyan("status", "--admin", admin.url)
    text = " ".join(result.stdout.split())

    assert f"legacy is down since {since}: it answers nothing now (answered 500); it is to answer r0, r1" in text
    assert "r4 and 2 more" in text
    assert f"new is down since {since}: it answers nothing now" in text
    assert "the breaker of upstream legacy is open" in text
    assert result.exit_code == 0


def test_a_side_that_does_not_answer_is_told_before_its_probe_says_so(banyan: Banyan, admin: Admin) -> None:
    """By the requests that it did not answer, and by the first probe that failed; with the routes that ask it."""
    failing = [
        FailingView(upstream="legacy", lost=38, asked=40, probe="refused", routes=["r0"]),
        FailingView(upstream="new", lost=1, asked=1),
        FailingView(upstream="old", probe="refused"),
    ]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, failing=failing)
    result = banyan("status", "--admin", admin.url)
    lines = result.stdout.replace("\n    ", " ").splitlines()

    probe = "its last health probe failed (refused); only more of them in a row call it down"
    assert f"legacy gave no answer to 38 of 40 requests of the last 10 s; {probe}; it is to answer r0" in lines
    assert "new gave no answer to the one request of the last 10 s" in lines
    assert f"old: {probe}" in lines
    assert result.exit_code == 0


def test_upstreams_that_are_left_alone_are_named() -> None:
    """An open or half-open breaker and ejected addresses have a sentence each; what is well has none."""
    metrics = (
        'banyan_breaker_state{upstream="legacy"} 0.0\nbanyan_breaker_state{upstream="new"} 2.0\n'
        'banyan_breaker_state{upstream="old"} 1.0\nbanyan_upstream_ejected{upstream="new"} 1.0\n'
    )

    assert list(upstreams_in_trouble(metrics)) == [
        "the breaker of upstream new is open: nothing is sent to it",
        "the breaker of upstream old is half-open: single requests find out",
        "upstream new: 1 of its addresses left out",
    ]


def test_an_upstream_that_is_closed_is_told_with_its_routes(banyan: Banyan, admin: Admin) -> None:
    """Above the table, until when and by which window; that is no fault."""
    until = "2026-11-29T03:30:00.000Z"
    closed = [ClosedView(upstream="legacy", until=until, window="nightly", routes=["orders.show", "rest"])]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, closed=closed)
    result = banyan("status", "--admin", admin.url)

    assert (
        f"legacy is closed until {until} (nightly): its clients are told to come back then; "
        "it is to answer orders.show, rest"
    ) in " ".join(result.stdout.split())
    assert result.exit_code == 0


def test_routes_that_a_closed_side_only_stands_beside_are_told(banyan: Banyan, admin: Admin) -> None:
    """Nothing is owed to its clients there: what it does not get is said."""
    until = "2026-11-29T03:30:00.000Z"
    closed = [ClosedView(upstream="new", until=until, window="nightly", beside=["orders.save"])]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, closed=closed)
    text = " ".join(banyan("status", "--admin", admin.url).stdout.split())

    assert (
        f"new is closed until {until} (nightly): nothing is sent to it; "
        "it gets no shadow, no fallback and no write that it is owed of orders.save"
    ) in text
