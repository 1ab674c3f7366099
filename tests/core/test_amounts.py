from __future__ import annotations

from proxy.core.amounts import apart, length, share


def test_shares_have_three_digits() -> None:
    """And a blank before the sign."""
    assert (share(0.005), share(0.123456), share(1.0)) == ("0.5 %", "12.3 %", "100 %")


def test_two_shares_are_told_with_what_tells_them_apart() -> None:
    """A value beside its limit never reads as the limit itself, unless it is."""
    assert apart(0.05, 0.01) == ("5 %", "1 %")
    assert apart(0.010004, 0.01) == ("1.0004 %", "1 %")
    assert apart(0.99999, 1.0) == ("99.999 %", "100 %")
    assert apart(0.01, 0.01) == ("1 %", "1 %")


def test_lengths_have_the_greatest_unit_that_leaves_two_digits() -> None:
    """Seconds, minutes, hours, days."""
    assert [length(seconds) for seconds in (90, 900, 36 * 3600, 4 * 86400)] == ["90s", "15m", "36h", "4d"]
