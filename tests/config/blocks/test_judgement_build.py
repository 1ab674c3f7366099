from __future__ import annotations

from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import FleetPolicy, Freeze, GuardPolicy, Needs, OnFailure, Ramp, Stops, Window
from proxy.core.stage import Stage
from tests.config.given_files import FILE, HEAD, snapshot, with_routes

DAY = 86_400.0
PLAIN = "name: a, match: /a, stage: live"


def test_without_blocks_a_route_is_guarded_and_does_not_climb() -> None:
    """The defaults are the safe ones: everything is watched, nothing is promoted, no window is on."""
    found = snapshot(FILE)

    assert (found.fleet, found.routes[0].guard) == (FleetPolicy(), GuardPolicy())
    assert (found.routes[0].ramp, found.routes[0].windows) == (None, ())


def test_empty_blocks_take_all_defaults() -> None:
    """`ramp: {}` is a ramp."""
    found = snapshot(with_routes(f"{PLAIN}, guard: {{}}, ramp: {{}}") + "guard: {}\n")

    assert (found.fleet, found.routes[0].guard, found.routes[0].ramp) == (FleetPolicy(), GuardPolicy(), Ramp())


def test_everything_that_is_said_of_judging_arrives() -> None:
    """Each key of guard, ramp and the fleet's guard is found again, in its unit."""
    guard = (
        "guard: {on_failure: {canary: freeze, live: page}, budget: 90d, classes: [timeout], latency: 99%, "
        "dry_run: true, one_way_door: live}"
    )
    needs = "needs: {compared: 7, mismatch_rate: 2%, coverage: 3%, incomparable: 4%, requests: 5, capacity: false}"
    ramp = f"ramp: {{steps: [2%, 50%], hold: 1h, soak: 2d, {needs}, after: [b], dry_run: true}}"
    text = with_routes(f"{PLAIN}, {guard}, {ramp}", "name: b, match: /b, stage: live")

    found = snapshot(text + "guard: {error_budget: 0.1%, window: 7d, in_motion: 2}\n")

    assert found.fleet == FleetPolicy(errors=0.001, window=7 * DAY, in_motion=2)
    assert found.routes[0].guard == GuardPolicy(
        on_failure=((Stage.CANARY, OnFailure.FREEZE), (Stage.LIVE, OnFailure.PAGE)),
        budget=90 * DAY,
        classes=frozenset({Bad.TIMEOUT}),
        latency=0.99,
        dry_run=True,
        door=Stage.LIVE,
    )
    assert found.routes[0].ramp == Ramp(
        steps=(0.02, 0.5),
        hold=3600.0,
        soak=2 * DAY,
        needs=Needs(compared=7, mismatch_rate=0.02, coverage=0.03, incomparable=0.04, requests=5, capacity=False),
        after=("b",),
        dry_run=True,
    )


def test_a_route_has_the_windows_of_the_file_of_its_upstreams_and_its_own() -> None:
    """All of them count, and those of an upstream on the routes that use it only."""
    two = '{name: two, start: "22:00", end: "06:00", days: sat, zone: Asia/Tokyo}'
    head = HEAD.replace('new: {url: "', f'new: {{windows: [{two}], url: "')
    head += 'windows: [{name: one, start: "1970-01-01T00:00Z", end: "1970-01-02T00:00Z"}]\n'
    text = with_routes(
        PLAIN + ', windows: [{name: three, start: "01:00", end: "02:00", stops: promotion}]',
        "name: b, match: /b, stage: live, new: legacy",
        head=head,
    )

    first, second = snapshot(text).routes

    one = Freeze(name="one", start=0.0, end=DAY, stops=Stops.PROMOTION)
    assert first.windows == (
        one,
        Window(name="two", days=frozenset({5}), start=1320, end=360, zone="Asia/Tokyo", stops=Stops.EVERYTHING),
        Window(name="three", days=frozenset(range(7)), start=60, end=120, zone="UTC", stops=Stops.PROMOTION),
    )
    assert second.windows == (one,)
