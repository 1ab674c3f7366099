from __future__ import annotations

from proxy.core.outcome import Side
from proxy.core.position.standing import (
    NEWCOMERS,
    Pin,
    Presence,
    brownouts_ended,
    ended_as,
    ended_by,
    is_of_cohort,
    is_skewed,
)

_OLD = Presence(instance="a", revision="r1", version=6)
_NEW = Presence(instance="b", revision="r1", version=7)


def test_replicas_of_different_revisions_are_skewed() -> None:
    """One revision is none too many, two are."""
    assert not is_skewed(())
    assert not is_skewed((_OLD, _NEW))
    assert is_skewed((_OLD, Presence(instance="c", revision="r2", version=6)))


def test_the_end_of_a_brown_out_is_no_pin_of_a_cohort() -> None:
    """Neither is a drain; each is known by what stands for its cohort."""
    pins = [
        Pin(route="a", cohort=cohort, side=Side.LEGACY, by="ann", since=1.0)
        for cohort in ("acme", NEWCOMERS, ended_as("7f00"), "(brownouts)")
    ]
    assert [pin.cohort for pin in pins if is_of_cohort(pin)] == ["acme", "(brownouts)"]
    assert brownouts_ended(pins) == ["7f00"]
    assert ended_by("acme") == ""
