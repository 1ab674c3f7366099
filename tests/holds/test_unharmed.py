from __future__ import annotations

from dataclasses import replace

import pytest

from holds.asking import Answer, Ask
from holds.isolation import forged
from holds.isolation.unharmed import Beside, checks, harm_alone

WELL = Answer(number=1, ask=Ask("GET", "r00"), began=1.0, ended=1.01, status=200, trouble="")
SLOW = replace(WELL, ended=1.02)
REFUSED = replace(WELL, status=503, trouble="status")


def _verdicts(*pairs: Beside) -> tuple[bool, bool]:
    failed, times = checks(pairs, 1.1)
    return failed.holds, times.holds


def test_equal_times_hold() -> None:
    """Good callers who wait as long as without it, and are all answered, are unharmed."""
    assert _verdicts(Beside(calm=[WELL] * 9, wrong=[WELL] * 9)) == (True, True)


def test_one_failure_breaks() -> None:
    """One good request that failed is told, in the calm window too."""
    assert _verdicts(Beside(calm=[WELL], wrong=[WELL, REFUSED])) == (False, True)
    assert _verdicts(Beside(calm=[REFUSED, WELL], wrong=[WELL])) == (False, True)


def test_longer_waits_break() -> None:
    """A p99 of twice the calm one is told."""
    assert _verdicts(Beside(calm=[WELL] * 9, wrong=[*[WELL] * 7, *[SLOW] * 2])) == (True, False)


def test_the_median_window_counts() -> None:
    """One window of three that the machine disturbed breaks nothing."""
    good, bad = Beside(calm=[WELL], wrong=[WELL]), Beside(calm=[WELL], wrong=[SLOW])
    assert _verdicts(good, bad, good) == (True, True)


def test_what_any_request_costs_is_told_from_harm() -> None:
    """Beside as many harmless requests a wait of the same length is no harm; a failure there is one."""
    pair = Beside(calm=[WELL] * 9, busy=[SLOW] * 9, wrong=[SLOW] * 9)
    assert _verdicts(pair) == (True, False)
    assert harm_alone([pair], 1.1).holds
    assert not harm_alone([replace(pair, busy=[WELL] * 9)], 1.1).holds
    assert _verdicts(replace(pair, busy=[REFUSED, *[SLOW] * 8])) == (False, False)


@pytest.mark.asyncio
async def test_forged_tokens_are_all_refused() -> None:
    """A short run before a real Banyan: each forged token is refused, and no good request fails."""
    finding = await forged.measure(windows=1, seconds=2, rate=500)
    refused, failed, *_ = finding.checks
    assert refused.holds, finding
    assert failed.holds, finding
