from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.blocks.windows import PointInTime, TimeOfDay, read_answer, read_days, read_time, read_zone
from proxy.core.judge.policy import Freeze, Stops, Window
from proxy.core.steps.closed_hours import NEVER, ClosedHours, hours_of
from tests.config.given_files import HEAD, problems, snapshot, with_routes

DAY = 86_400.0
PLAIN = "name: a, match: /a, stage: live"


@pytest.mark.parametrize(
    ("read", "written", "means"),
    [
        (read_days, "mon-fri", frozenset(range(5))),
        (read_days, "fri-mon", frozenset({4, 5, 6, 0})),
        (read_days, ["sat", "mon-tue"], frozenset({5, 0, 1})),
        (read_time, "08:30", TimeOfDay(510)),
        (read_time, "1970-01-02T01:00+01:00", PointInTime(86_400.0)),
        (read_time, "1970-01-01T00:00:30Z", PointInTime(30.0)),
        (read_answer, 503, 503),
        (read_zone, "UTC", "UTC"),
        (read_zone, "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_values_are_read_in_their_unit(read: Callable[[object], object], written: object, means: object) -> None:
    """Each form that the document names becomes the core's value."""
    assert read(written) == means


@pytest.mark.parametrize(
    ("read", "written", "said"),
    [
        (read_days, "mo", "must be days such as mon-fri"),
        (read_days, "mon-", "must be days such as mon-fri"),
        (read_days, [1], "must be days such as mon-fri"),
        (read_days, [], "must be days such as mon-fri"),
        (read_days, ["mon-fri", "tue"], "must be days such as mon-fri"),
        (read_time, "8:00", 'must be a time of day such as "08:00"'),
        (read_time, "24:00", 'must be a time of day such as "08:00"'),
        (read_time, 480, 'must be a time of day such as "08:00"'),
        (read_time, "2026-12-20T00:00", 'must be a time of day such as "08:00"'),
        (read_time, "2026-02-30T00:00Z", "is no date of the calendar"),
        (read_answer, 500, "must be 503"),
        (read_answer, "503", "must be 503"),
        (read_answer, 503.0, "must be 503"),
        (read_zone, "Europe/Berln", "is not a time zone that this system knows"),
        (read_zone, "../etc/passwd", "is not a time zone that this system knows"),
        (read_zone, "Europe", "is not a time zone that this system knows"),
        (read_zone, 1, "is not a time zone that this system knows"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Callable[[object], object], written: object, said: str) -> None:
    """Each reader says what is right."""
    with pytest.raises(PydanticCustomError) as error:
        read(written)

    assert str(error.value).startswith(said)


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


NIGHT = 'start: "22:00", end: "06:00"'


def test_a_side_is_closed_in_the_windows_that_say_so() -> None:
    """Those of the file and of the route close both sides, those of an upstream it alone; each stops everything."""
    head = HEAD.replace('new: {url: "', f'new: {{windows: [{{name: two, {NIGHT}, answer: 503}}], url: "')
    head += 'windows: [{name: one, start: "1970-01-01T00:00Z", end: "1970-01-02T00:00Z", answer: 503}]\n'
    text = with_routes(
        PLAIN + f", windows: [{{name: three, {NIGHT}, answer: 503}}, {{name: four, {NIGHT}}}]", head=head
    )
    (route,) = snapshot(text).routes
    one = Freeze(name="one", start=0.0, end=DAY, stops=Stops.EVERYTHING, closes=True)
    two, three, four = (
        Window(name=name, days=frozenset(range(7)), start=1320, end=360, closes=name != "four")
        for name in ("two", "three", "four")
    )

    assert route.windows == (one, two, three, four)
    assert hours_of(route.steps) == ClosedHours(legacy=(one, three), new=(one, two, three))


def test_what_has_no_closed_hours_has_no_step() -> None:
    """Nor has an answer of its own."""
    head = HEAD + f"windows: [{{name: one, {NIGHT}, answer: 503}}]\n"
    here = "name: b, match: /b, respond: {status: 204}"

    assert snapshot(with_routes(PLAIN, head=HEAD + f"windows: [{{name: one, {NIGHT}}}]\n")).routes[0].steps == ()
    assert [hours_of(route.steps) is NEVER for route in snapshot(with_routes(PLAIN, here, head=head)).routes] == [
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("answer: 500", "answer: must be 503, with which clients are told when to come back; got 500"),
        (
            "answer: 503, stops: promotion",
            "stops: what is closed is not judged: answer stops everything; take stops out",
        ),
        (
            'answer: 503, end: "22:00"',
            "end: it would never open: with answer there must be a time between",
        ),
    ],
)
def test_what_cannot_be_closed_so_is_told_with_its_place(window: str, said: str) -> None:
    """By line and column of the value that has to change."""
    written = 'name: a, start: "22:00", end: "06:00", ' + window
    if "end:" in window:
        written = 'name: a, start: "22:00", ' + window
    line = f"windows: [{{{written}}}]"
    (found,) = problems(with_routes(PLAIN, head=HEAD + line + "\n"))
    key = said.partition(":")[0]
    column = line.index(f"{key}: ") + len(key) + 3

    assert found == f"routes.yaml:{HEAD.count(chr(10)) + 1}:{column}: windows[0].{said}"
