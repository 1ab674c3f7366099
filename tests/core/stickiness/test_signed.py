from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.core.outcome import Side
from proxy.core.stickiness.signed import open_cohort, open_ties, seal_cohort, seal_ties, set_cookie

KEY, OTHER = b"k" * 32, b"o" * 32
NAME = bytes(range(16))
TIES = {7: (Side.NEW, 100.0), 1 << 63: (Side.LEGACY, 200.5)}


def test_a_cohort_comes_back_until_its_time_is_up() -> None:
    """With the time at which the cookie ends."""
    sealed = seal_cohort(KEY, NAME, 1000.9)

    assert open_cohort(KEY, sealed, 999.0) == (NAME, 1000.0)
    assert open_cohort(KEY, sealed, 1000.0) is None


def test_ties_come_back_while_they_hold() -> None:
    """Each for itself, never early; none of a cookie that was made before `since`."""
    sealed = seal_ties(KEY, 50.0, TIES)

    assert open_ties(KEY, sealed, 60.0, 0.0) == TIES
    assert [*open_ties(KEY, sealed, 150.0, 50.0)] == [1 << 63]
    assert open_ties(KEY, sealed, 60.0, 51.0) == {}


def test_eight_ties_are_carried() -> None:
    """Those that last longest."""
    sealed = seal_ties(KEY, 0.0, {each: (Side.NEW, float(each)) for each in range(100, 120)})

    assert sorted(open_ties(KEY, sealed, 1.0, 0.0)) == [*range(112, 120)]


@given(st.integers(0, 255), st.integers(1, 255))
def test_whatever_is_changed_in_it_a_cookie_counts_for_nothing(at: int, by: int) -> None:
    """Every single byte of it is covered."""
    for sealed, found in ((seal_cohort(KEY, NAME, 1e9), open_cohort), (seal_ties(KEY, 0.0, TIES), open_ties)):
        place = at % len(sealed)
        changed = sealed[:place] + bytes([sealed[place] ^ by]) + sealed[place + 1 :]
        more = (0.0,) if found is open_ties else ()

        assert not found(KEY, changed, 1.0, *more)


@given(st.binary(max_size=300))
def test_whatever_is_sent_is_read_or_left(value: bytes) -> None:
    """No bytes break the reading."""
    assert open_cohort(KEY, value, 1.0) is None
    assert open_ties(KEY, value, 1.0, 0.0) == {}


def test_a_cookie_is_for_its_purpose_and_key() -> None:
    """One cannot stand in for the other, and another key's is not read."""
    assert open_cohort(KEY, seal_ties(KEY, 0.0, {7: (Side.NEW, 9.0)}), 1.0) is None
    assert open_ties(KEY, seal_cohort(KEY, NAME, 9.0), 1.0, 0.0) == {}
    assert open_cohort(OTHER, seal_cohort(KEY, NAME, 9.0), 1.0) is None
    assert open_cohort(KEY, seal_cohort(KEY, NAME[1:], 9.0), 1.0) is None


def test_a_cookie_is_set_for_the_whole_site_and_no_script() -> None:
    """RFC 6265 section 4.1."""
    assert set_cookie(b"n", b"v", 60, secure=True) == (
        b"Set-Cookie: n=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure\r\n"
    )
    assert set_cookie(b"n", b"v", 60, secure=False).endswith(b"SameSite=Lax\r\n")
