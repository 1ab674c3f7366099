from __future__ import annotations

import pytest

from tests.config.given_files import FILE, HEAD, snapshot, told, with_routes

OTHERWISE = 'group "g" moves together, and routes[0] climbs otherwise; give all one ramp'
KINDS = "must be of the kind of start: both times of day, or both dates"
DATES = 'start: "2026-01-02T00:00Z"'


def a(rest: str) -> str:
    return f"name: a, match: /a, stage: live, {rest}"


def b(rest: str) -> str:
    return f"name: b, match: /b, stage: live, {rest}"


def window(rest: str) -> str:
    return f"windows: [{{name: w, {rest}}}]"


IN_UPSTREAM = window(f"{DATES}, end: ¦'01:00'")


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        (
            with_routes(a("guard: {on_failure: {complete: ¦rollback, live: freeze}}")),
            "routes[0].guard.on_failure.complete",
            "there is no way back from complete: one_way_door is complete; write freeze or page",
        ),
        (
            with_routes(a("guard: {on_failure: {live: ¦rollback}, one_way_door: canary}")),
            "routes[0].guard.on_failure.live",
            "there is no way back from live: one_way_door is canary; write freeze or page",
        ),
        (
            with_routes(a("ramp: {after: [¦a]}")),
            "routes[0].ramp.after[0]",
            "a route cannot wait for itself; take it out",
        ),
        (
            with_routes(a("ramp: {after: [¦orders]}"), "name: order, match: /b, stage: live"),
            "routes[0].ramp.after[0]",
            'there is no route "orders" to wait for; did you mean order?',
        ),
        (
            with_routes(a("ramp: {after: [¦b]}"), "name: b, match: /b, respond: {status: 403}"),
            "routes[0].ramp.after[0]",
            'there is no route "b" to wait for; name one that has a stage, or take it out',
        ),
        (
            with_routes(a("ramp: {after: ¦[b]}"), b("ramp: {after: [a]}")),
            "routes[0].ramp.after",
            "waits in a circle: a after b after a; take one out",
        ),
        (with_routes(a("group: g, ramp: {}"), b("group: g, ramp: ¦{steps: [1%]}")), "routes[1].ramp", OTHERWISE),
        (with_routes(a("group: g, ramp: {}"), b("group: ¦g")), "routes[1].group", OTHERWISE),
        (FILE + window('start: "01:00", end: ¦"2026-01-01T00:00Z"'), "windows[0].end", KINDS),
        (FILE + window(f'{DATES}, end: ¦"01:00"'), "windows[0].end", KINDS),
        (FILE + window(f'{DATES}, end: ¦"2026-01-01T00:00Z"'), "windows[0].end", "must come after start"),
        (
            FILE + window(f'{DATES}, end: "2026-01-03T00:00Z", ¦zone: UTC'),
            "windows[0].zone",
            "zone belongs to times of day; dates have their own zone and come once",
        ),
        (
            with_routes(
                "name: a, match: /a, stage: legacy",
                head=HEAD.replace('new: {url: "', f'new: {{{IN_UPSTREAM}, url: "'),
            ),
            "upstreams.new.windows[0].end",
            KINDS,
        ),
        (with_routes(a(window(f'{DATES}, end: ¦"01:00"'))), "routes[0].windows[0].end", KINDS),
        (
            with_routes("name: a, match: /a, respond: {status: 403}, ¦guard: {}"),
            "routes[0].guard",
            "guard and respond exclude each other; take one out",
        ),
    ],
)
def test_what_contradicts_itself_is_an_error_at_its_place(text: str, where: str, said: str) -> None:
    """Each contradiction gives one problem, where the value stands that has to change."""
    assert told(text) == [f"{where}: {said}"]


@pytest.mark.parametrize(
    "text",
    [
        with_routes(a("guard: {on_failure: rollback, one_way_door: live}")),
        with_routes(a("guard: {on_failure: {live: rollback}}")),
        with_routes(a("guard: {on_failure: {complete: page}}")),
        with_routes(a("ramp: {after: [b]}"), b("ramp: {}")),
        with_routes(a("group: g, ramp: {}"), b("group: g, ramp: {hold: 1h}")),
        with_routes(a("group: g"), "name: b, match: /b, respond: {status: 403}"),
        FILE + window('start: "22:00", end: "06:00", days: sat, zone: UTC'),
    ],
)
def test_what_makes_sense_is_taken(text: str) -> None:
    """One word for all stages beside a door, other holds in a group, windows over midnight."""
    assert snapshot(text).routes
