from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.blocks.windows import PointInTime, TimeOfDay, read_days, read_time, read_zone
from proxy.core.judge.policy import Freeze, Stops, Window
from tests.config.given_files import HEAD, snapshot, with_routes

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
