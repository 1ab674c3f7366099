"""Moments in other forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.translation.body_steps import translate_body
from proxy.core.translation.time_form import TimeForm, TimeWord, WriteTime, parse_time_form
from proxy.core.translation.untranslatable import Untranslatable
from tests.core.translation.test_body_path import path

TOKYO = 540
PATTERN = "%Y/%m/%d %H:%M:%S"
SECONDS = st.integers(-62_135_500_000, 253_402_200_000)
"""The years 1 to 9999 in any zone."""
FRACTIONS = st.from_regex(r"[0-9]{0,9}[1-9]", fullmatch=True) | st.just("")


def form(text: str) -> TimeForm:
    found = parse_time_form(text)
    assert found is not None
    return found


def step(reads: str, to: str, offset: int = 0) -> WriteTime:
    return WriteTime(path("$.a"), form(reads), form(to), offset)


def done(value: str, *steps: WriteTime) -> str:
    return translate_body(f'{{"a":{value}}}'.encode(), steps).decode().removeprefix('{"a":').removesuffix("}")


def fault(value: str, one: WriteTime) -> str:
    with pytest.raises(Untranslatable) as error:
        done(value, one)
    return error.value.sentence


@given(SECONDS, FRACTIONS, st.sampled_from([0, TOKYO, -210]))
def test_seconds_and_rfc_3339_are_each_others_inverse(seconds: int, fraction: str, offset: int) -> None:
    """With every digit of the fraction, before 1970 and after, in any zone."""
    value = f"{seconds}.{fraction}" if fraction else str(seconds)

    assert done(value, step("unix", "rfc3339", offset), step("rfc3339", "unix")) == value


@given(SECONDS, FRACTIONS)
def test_seconds_and_milliseconds_are_each_others_inverse(seconds: int, fraction: str) -> None:
    """Digits beyond the thousandth among them."""
    value = f"{seconds}.{fraction}" if fraction else str(seconds)

    assert done(value, step("unix", "unix_ms"), step("unix_ms", "unix")) == value


@given(SECONDS)
def test_a_pattern_and_seconds_are_each_others_inverse(seconds: int) -> None:
    """In the zone that the step names."""
    assert done(str(seconds), step("unix", PATTERN, TOKYO), step(PATTERN, "unix", TOKYO)) == str(seconds)


@pytest.mark.parametrize(
    ("value", "one", "written"),
    [
        ("0", step("unix", "rfc3339"), '"1970-01-01T00:00:00Z"'),
        ("-0.25", step("unix", "rfc3339"), '"1969-12-31T23:59:59.75Z"'),
        ("1500", step("unix_ms", "rfc3339"), '"1970-01-01T00:00:01.5Z"'),
        ("0", step("unix", "rfc3339", TOKYO), '"1970-01-01T09:00:00+09:00"'),
        ("0", step("unix", "rfc3339", -210), '"1969-12-31T20:30:00-03:30"'),
        ('"2026-11-29t21:42:00.10z"', step("rfc3339", "unix"), "1795988520.1"),
        ('"2026-11-29T21:42:00+09:00"', step("rfc3339", "unix_ms"), "1795956120000"),
        ('"2026/11/29 21:42:00"', step(PATTERN, "rfc3339", TOKYO), '"2026-11-29T21:42:00+09:00"'),
        ('"20261129"', step("%Y%m%d", "rfc3339"), '"2026-11-29T00:00:00Z"'),
        ("0", step("unix", "%d.%m.%Y"), '"01.01.1970"'),
        ("null", step("unix", "rfc3339"), "null"),
    ],
)
def test_moments_that_people_know(value: str, one: WriteTime, written: str) -> None:
    """Null stays null."""
    assert done(value, one) == written


@pytest.mark.parametrize(
    ("value", "one"),
    [
        ('"0"', step("unix", "rfc3339")),
        ("1e3", step("unix", "rfc3339")),
        ("0." + "1" * 31, step("unix", "rfc3339")),
        ('"2026-11-29T24:00:00Z"', step("rfc3339", "unix")),
        ('"2026-11-29T00:60:00Z"', step("rfc3339", "unix")),
        ('"2026-11-29T00:00:00+24:00"', step("rfc3339", "unix")),
        ('"2026-11-29T00:00:00+00:60"', step("rfc3339", "unix")),
        ("true", step("unix", "rfc3339")),
        ("0", step("rfc3339", "unix")),
        ('"2026-02-30T00:00:00Z"', step("rfc3339", "unix")),
        ('"2016-12-31T23:59:60Z"', step("rfc3339", "unix")),
        ('"2026-11-29 00:00:00Z"', step("rfc3339", "unix")),
        ('"2026-11-29T00:00:00"', step("rfc3339", "unix")),
        ("1", step(PATTERN, "unix")),
        ('"2026-11-29"', step(PATTERN, "unix")),
        ('"2026/13/29 00:00:00"', step(PATTERN, "unix")),
    ],
)
def test_what_is_no_moment_cannot_be_translated(value: str, one: WriteTime) -> None:
    """Neither dates that no calendar has nor leap seconds; the value is not repeated."""
    said = fault(value, one)

    assert said == f"$.a: it is no moment as {one.read.text} has it ({one.text})"


@pytest.mark.parametrize(
    ("value", "one"),
    [
        ("0.5", step("unix", PATTERN)),
        ("1", step("unix", "%Y-%m-%d")),
        ("999999999999999", step("unix", "rfc3339")),
        ("999999999999999", step("unix", PATTERN)),
        ("-62135596800", step("unix", "rfc3339", -60)),
    ],
)
def test_a_form_without_room_for_a_moment_takes_none_of_it(value: str, one: WriteTime) -> None:
    """A fraction, a time of the day, a year: no digit is lost silently."""
    assert "has no room for it" in fault(value, one)


@pytest.mark.parametrize("text", ["", "unix time", "%Y-%m", "%Y-%m-%d %H:%M:%S.%f", "%Y%Y%m%d", "%Y-%m-%d%"])
def test_what_is_no_form_is_none(text: str) -> None:
    """A pattern needs a whole date, and each part once."""
    assert parse_time_form(text) is None


def test_a_form_is_a_word_or_a_pattern() -> None:
    """And says so as it was written."""
    assert form("unix_ms") == TimeForm(TimeWord.UNIX_MS)
    assert [form(text).text for text in ("rfc3339", PATTERN)] == ["rfc3339", PATTERN]
    assert step("unix", "rfc3339").text == "time: $.a, reads: unix, to: rfc3339"
