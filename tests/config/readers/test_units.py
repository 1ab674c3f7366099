from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from proxy.config.blocks.compare import read_bound
from proxy.config.blocks.limits import read_byte_rate, read_memory, read_rate
from proxy.config.blocks.route import read_body
from proxy.config.readers.units import (
    Length,
    Whole,
    is_number,
    read_length,
    read_length_above_zero,
    read_share,
    read_share_or_fraction,
    read_size,
    read_span,
)
from tests.config.refusing import refusal

LENGTH = "must be a length of time such as 5s, 250ms, 1m or 2h"
SPAN = "must be a length of time such as 30d, 36h or 10m"
SHARE = "must be a share such as 10% or 0.25%"
PATTERN = TypeAdapter(Length).json_schema()["pattern"]
SIZE = "must be a size such as 512B, 64KiB or 10MiB"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5.0),
        ("250ms", 0.25),
        ("1m", 60.0),
        ("1.5m", 90.0),
        ("2h", 7200.0),
        ("24h", 86400.0),
        ("1d", 86400.0),
        ("0.5 d", 43200.0),
        ("0s", 0.0),
        ("5 s", 5),
    ],
)
def test_lengths_are_seconds(text: str, seconds: float) -> None:
    """A length of time has one of five units and comes out in seconds."""
    assert read_length(text) == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (5, f"{LENGTH} | a number alone has no unit: write 5s or 5ms"),
        ("5", LENGTH),
        ("5d", "must be at most 24h"),
        ("5w", LENGTH),
        ("-5s", LENGTH),
        ("1m30s", LENGTH),
        (True, LENGTH),
        ("25h", "must be at most 24h"),
    ],
)
def test_what_is_no_length_is_refused(value: object, said: str) -> None:
    """A number without unit, another unit and what is longer than a day are refused with the cure."""
    assert refusal(read_length, value) == said


def test_a_length_that_must_pass_is_above_zero() -> None:
    """Where zero would end what has not begun, it is refused."""
    assert read_length_above_zero("1ms") == 0.001
    assert refusal(read_length_above_zero, "0s") == "must be longer than nothing"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("25h", 90_000.0),
        ("1.5d", 129_600.0),
        ("366 d", 366 * 86_400.0),
        ("8784h", 366 * 86_400.0),
        ("1ms", 0.001),
    ],
)
def test_a_span_is_longer_than_a_day_in_every_unit(text: str, seconds: float) -> None:
    """Hours beyond a day are read as days are."""
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (30, f"{SPAN} | a number alone has no unit: write 30s or 30ms"),
        ("1w", SPAN),
        ("1d12h", SPAN),
        ("367d", "must be at most 366d"),
        ("8785h", "must be at most 366d"),
        ("0d", "must be longer than nothing"),
    ],
)
def test_what_is_no_span_is_refused(value: object, said: str) -> None:
    """A number without unit, another unit, nothing and more than a year are refused."""
    assert refusal(read_span, value) == said


@pytest.mark.parametrize("text", ["5s", "250ms", "1.5m", "25h", "2d", "0.5 d", "5", "5w", "-5s", ".5s", "1d12h", "٣s"])
def test_the_schema_takes_the_lengths_that_are_read(text: str) -> None:
    """A pattern in an editor and the reader agree about what is a length of time."""
    try:
        read_span(text)
    except ValueError:
        assert not re.search(PATTERN, text)
    else:
        assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    ("text", "share"), [("10%", 0.1), ("0.25%", 0.0025), ("10 %", 0.1), ("0%", 0.0), ("100%", 1.0), ("33.30%", 0.333)]
)
def test_shares_are_numbers_from_0_to_1(text: str, share: float) -> None:
    """A share has a percent sign, perhaps after a blank, and comes out in [0, 1]."""
    assert read_share(text) == share


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (10, f"{SHARE} | did you mean 10%?"),
        (0, f"{SHARE} | did you mean 0%?"),
        (0.1, f"{SHARE} | did you mean 10%, or 0.1%?"),
        (1, f"{SHARE} | did you mean 100%, or 1%?"),
        (1000, f"{SHARE} | between 0 % and 100 %"),
        (-1, f"{SHARE} | between 0 % and 100 %"),
        ("-1%", f"{SHARE} | between 0 % and 100 %"),
        ("ten", SHARE),
        ("010%", SHARE),
        (True, SHARE),
        ("250%", "must be between 0 % and 100 % | got 250 %"),
        ("100.01%", "must be between 0 % and 100 % | got 100.01 %"),
        ("0.125%", "a share has at most two decimals | got 0.125 %"),
    ],
)
def test_what_is_no_share_is_refused(value: object, said: str) -> None:
    """A number without percent sign could be a fraction, so it is refused with what was probably meant."""
    assert refusal(read_share, value) == said


@pytest.mark.parametrize(("value", "share"), [("10%", 0.1), (0.1, 0.1), (0, 0.0), (1, 1.0)])
def test_a_sample_is_a_share_or_a_fraction(value: object, share: float) -> None:
    """For sampling, a number from 0 to 1 will do, too."""
    assert read_share_or_fraction(value) == share


def test_a_fraction_above_one_is_refused() -> None:
    """What is no fraction is no share either."""
    said = refusal(read_share_or_fraction, 10)

    assert said == "must be a share from 0% to 100%, or a number from 0 to 1 | did you mean 10%?"
    assert refusal(read_share_or_fraction, "x") == SHARE


@pytest.mark.parametrize(
    ("text", "size"),
    [("512B", 512), ("64KiB", 65536), ("10MiB", 10 << 20), ("1GiB", 1 << 30), ("1KB", 1000), ("2 MB", 2000000)],
)
def test_sizes_are_bytes(text: str, size: int) -> None:
    """A size has a unit of 1000 or 1024 and comes out in bytes."""
    assert read_size(text) == size


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (10, f"{SIZE} | a number alone has no unit: write 10B"),
        ("10M", SIZE),
        ("1.5MiB", SIZE),
        ("0B", "must be between 1B and 1024 TiB | leave it out for no bound"),
        ("999999999999GB", "must be between 1B and 1024 TiB"),
    ],
)
def test_what_is_no_size_is_refused(value: object, said: str) -> None:
    """A number without unit, a unit that could be two, and no bound at all are refused with the cure."""
    assert refusal(read_size, value) == said


def test_whole_numbers_have_bounds() -> None:
    """Both bounds are within; truth values, fractions and texts are no whole numbers."""
    read = Whole(1, 256)

    assert [read(1), read(256)] == [1, 256]
    for wrong in (0, 257, True, 1.0, "1", None):
        assert refusal(read, wrong) == "must be a whole number between 1 and 256"


def test_truth_values_are_no_numbers() -> None:
    """True and False count as numbers to Python only."""
    assert [is_number(each) for each in (1, 0.5, True, "1", None)] == [True, True, False, False, False]


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e400", "1e5000", "-1e5000"])
@pytest.mark.parametrize(
    "reader",
    [
        read_length,
        read_span,
        read_share,
        read_share_or_fraction,
        read_size,
        read_rate,
        read_byte_rate,
        read_memory,
        read_body,
        read_bound,
        Whole(1, 256),
    ],
)
def test_a_number_that_no_file_can_hold_is_refused(reader: Callable[[object], object], text: str) -> None:
    """As any other that is out of bounds; it is not repeated in the cure. From 1e400 on these are whole numbers."""
    said = refusal(reader, float(text) if text.endswith(("nan", "inf")) else int(Decimal(text)))

    assert said.startswith("must be ")
    assert "write" not in said


@pytest.mark.parametrize("reader", [read_length, read_span, read_share, read_share_or_fraction, read_size])
@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.text("0123456789.%smhdKMGiB -", max_size=25))
def test_every_value_is_read_or_refused(reader: Callable[[object], float], value: object) -> None:
    """Whatever stands there, a reader answers with a finite number above or at zero, or with a refusal."""
    try:
        found = reader(value)
    except ValueError:
        found = 0

    assert 0 <= found <= 1 << 50
