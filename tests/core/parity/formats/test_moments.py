from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.parity.formats.moments import Timestamp, read_epoch, read_http_date, read_moment

NOON = Timestamp(1_772_366_400 * 10**9, zoned=True)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01t12:00:00z",
        "2026-03-01 12:00Z",
        "2026-03-01T12:00:00.000+00:00",
        "2026-03-01T07:00:00-0500",
        "2026-03-01T13:00:00 +01",
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "Sun, 01-Mar-26 12:00:00 GMT",
    ],
)
def test_one_moment_in_many_forms(text: str) -> None:
    """Zones, precision and HTTP's own form name the same instant."""
    assert read_moment(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "2026", "2026-13-01", "2026-00-01", "2026-01-32", "2026-01-01T25:00Z", "2026-01-01T10:60Z"),
        *("2026-01-01T10:00:61Z", "tomorrow", "Sun, 01 Mxx 2026 12:00:00 GMT", "Sun, 41 Mar 2026 12:00:00 GMT"),
        *("2026-01-01T10:00:00Z" + " " * 40, "a, b", "٢٠٢٦-01-01"),
    ],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    """Texts that only look so are texts."""
    assert read_moment(text) is None


def test_a_moment_without_a_zone_says_so() -> None:
    """Nobody knows where it was noon."""
    assert read_moment("2026-03-01T12:00:00") == NOON._replace(zoned=False)
    assert read_moment("2026-03-01") == Timestamp(1_772_323_200 * 10**9, zoned=False)


def test_years_of_two_digits() -> None:
    """70 to 99 are of the last century (RFC 6265 section 5.1.1)."""
    old = read_http_date("Thu, 01 Jan 70 00:00:00 GMT")

    assert old == Timestamp(0, zoned=True)


def test_fractions_are_exact_to_the_nanosecond() -> None:
    """Digits beyond nanoseconds are left out."""
    assert read_moment("1970-01-01T00:00:00.1234567899Z") == Timestamp(123_456_789, zoned=True)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), st.integers(-840, 840))  # noqa: DTZ001
def test_every_date_is_what_the_standard_library_says(moment: datetime, minutes: int) -> None:
    """Leap years, zones and centuries."""
    whole = moment.replace(tzinfo=UTC)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%S.%f}{sign}{hours:02}:{rest:02}"
    since = whole - timedelta(minutes=minutes) - datetime(1970, 1, 1, tzinfo=UTC)

    assert read_moment(text) == Timestamp(since // timedelta(microseconds=1) * 1000, zoned=True)


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [(1_772_366_400, NOON.nanoseconds), (1_772_366_400_000, NOON.nanoseconds), (12345, None), (10**16, None)],
)
def test_seconds_and_milliseconds_are_told_by_their_digits(value: int, nanoseconds: int | None) -> None:
    """A number of another size is no time."""
    found = read_epoch(value)

    assert (found and found.nanoseconds) == nanoseconds
