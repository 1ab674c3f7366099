from __future__ import annotations

from dataclasses import replace

from proxy.control.running import bounded, changed_routes, needs_restart
from proxy.core.stage import Stage
from tests.control.tables import crm, route, snapshot


def test_what_changed_is_named() -> None:
    """Routes that came, went or changed are named; the ones that only moved are not."""
    before = snapshot(route("a"), route("b"), route("c"))
    after = snapshot(route("new"), replace(route("c"), index=7, line=40), route("b", Stage.SHADOW))

    assert set(changed_routes(before, after)) == {"a", "b", "new"}
    assert changed_routes(before, before) == []


def test_long_lists_are_cut() -> None:
    """Twenty names stay twenty; of more, the rest is a number."""
    names = [f"r{number}" for number in range(25)]

    assert bounded(names[:20]) == tuple(names[:20])
    assert bounded(names) == (*names[:20], "… and 5 more")


def test_what_a_reload_cannot_change_is_named() -> None:
    """A different address or number of workers is named by its key; everything else is not."""
    start = crm()
    moved = replace(crm("r2"), listen=("0.0.0.0", 80), workers=4, drain=1.0)

    assert needs_restart(start, moved) == ("listen", "workers")
    assert needs_restart(start, replace(start, admin=("::1", 9090))) == ("admin",)
    assert needs_restart(start, crm("r2")) == ()
