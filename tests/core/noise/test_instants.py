"""Which values name an instant, and how they are written."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from proxy.core.noise.instants import NEAR, read_instant

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "at", "mask", "resolution", "digits"),
    [
        ("2027-01-15T08:00:00Z", NOW, "9999-99-99T99:99:99Z", 1.0, 0),
        ("2027-01-15T08:00:00.25Z", NOW + 0.25, "9999-99-99T99:99:99.Z", 0.01, 2),
        ("2027-01-15 09:00:00,5+01:00", NOW + 0.5, "9999-99-99 99:99:99.+01:00", 0.1, 1),
        ("2027-01-15T08:00:00", NOW, "9999-99-99T99:99:99", 1.0, 0),
        ("Fri, 15 Jan 2027 08:00:00 GMT", NOW, "a, 99 a 9999 99:99:99 a", 1.0, 0),
        (1_800_000_000, NOW, "number of 10 digits", 1.0, 0),
        (1_800_000_000_123, NOW + 0.123, "number of 13 digits", 0.001, 3),
        (1_800_000_000_123_456, NOW + 0.123456, "number of 16 digits", 1e-6, 6),
        (msgspec.Raw(b"1800000000.5"), NOW + 0.5, "number of 10 digits.", 0.1, 1),
        ("1800000000", NOW, "text of 10 digits", 1.0, 0),
    ],
)
def test_times_as_apis_write_them(value: object, at: float, mask: str, resolution: float, digits: int) -> None:
    """Texts, dates of HTTP and epochs name an instant, the way of writing, and how exact it is."""
    found = read_instant(value, NOW)

    assert found is not None
    assert found.at == pytest.approx(at, abs=1e-6)
    assert (found.mask, found.resolution, found.digits, found.is_id) == (mask, resolution, digits, False)


@pytest.mark.parametrize(
    ("text", "at", "mask"),
    [
        ("01a3185c-5000-7000-8000-000000000001", NOW, "uuid 7"),
        ("01A3185C-5000-7000-8000-000000000001", NOW, "uuid 7 in capitals"),
        ("a9764000-10b9-11f2-8000-000000000001", NOW, "uuid 1"),
        ("1f210b9a-9764-6000-8000-000000000001", NOW, "uuid 6"),
        ("01MCC5RM00ABCDEFGHJKMNPQRS", NOW, "ulid"),
        ("6b49d200aabbccddeeff0011", NOW, "object id"),
    ],
)
def test_ids_that_hold_their_time(text: str, at: float, mask: str) -> None:
    """UUIDs of versions 1, 6 and 7, ULIDs and object ids name when they were made."""
    found = read_instant(text, NOW)

    assert found is not None
    assert (found.mask, found.is_id) == (mask, True)
    assert found.at == pytest.approx(at, abs=1.0)


def test_a_uuid_of_version_1_is_read_as_its_library_writes_it() -> None:
    """The fields of its time stand in another order than they are written."""
    made = uuid.uuid1()
    found = read_instant(str(made), NOW)

    assert found is not None
    assert found.at == pytest.approx(made.time / 1e7 - 12_219_292_800, abs=1e-3)


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        12,
        1_000_000_001,
        int(NOW + NEAR) + 1,
        msgspec.Raw(b"1.5"),
        "2027-01-15",
        "2027-01-15T08:00",
        "2027-13-15T08:00:00Z",
        "2027-01-15T08:00:00 or so",
        "9b2f0c1e-2f1d-4c1b-8a53-5f0e2f8a9c11",
        "000000000000000000000000",
        "hello",
        "x" * 100,
    ],
)
def test_what_is_no_instant(value: object) -> None:
    """Dates without a time, numbers far from now, random ids and words mean no time."""
    assert read_instant(value, NOW) is None
