"""What two instants come to."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from proxy.core.noise.clock import COARSE_PAIRS, PAIRS, STRANGE, AskedTimes, Clock, ClockReading, times_of
from proxy.core.noise.instants import Instant
from proxy.core.noise.measure import Measure
from tests.core.noise.pairs import pair
from tests.core.parity.pairs import NOW

FINE, COARSE = 0.001, 1.0


class Watch:
    """A clock that is asked every ten seconds, each side within 0.1 s."""

    def __init__(self) -> None:
        """Nothing was asked."""
        self.clock = Clock()
        self.seconds = count(NOW, 10.0)

    def read(
        self,
        legacy: float,
        new: float,
        resolution: float = FINE,
        *,
        mask: str = "m",
        digits: int = 3,
        fresh: bool = False,
    ) -> ClockReading:
        """Instants so far from now."""
        now = next(self.seconds)
        times = AskedTimes(now, now + 0.1, now, now + 0.1, fresh=fresh)
        one = Instant(now + legacy, "m", resolution, 3)
        other = Instant(now + new, mask, resolution, digits)
        found = self.clock.read(one, other, times, first=True)
        self.clock.answered()
        return found

    def settled(self) -> Watch:
        """Known as the present."""
        for _ in range(PAIRS):
            self.read(0.01, 0.02)
        assert self.clock.take_found() == (Measure.CLOCK, 0.0)
        return self


def test_the_present_is_excused_after_eight_pairs() -> None:
    """Both within the time of asking: it waits at first."""
    watch = Watch()
    seen = [watch.read(0.01, 0.02) for _ in range(PAIRS + 1)]

    assert seen == [*[ClockReading.WAITS] * (PAIRS - 1), ClockReading.EXCUSED, ClockReading.EXCUSED]
    assert watch.clock.take_found() == (Measure.CLOCK, 0.0)
    assert watch.clock.take_found() is None


@pytest.mark.parametrize("off", [1.0, -0.8])
def test_a_clock_that_is_off_is_found(off: float) -> None:
    """All of eight by more than half a second, on one side."""
    watch = Watch()
    assert {watch.read(0.0, off) for _ in range(PAIRS)} == {ClockReading.WAITS}
    found = watch.clock.take_found()

    assert found is not None
    assert found[0] is Measure.OFF
    assert found[1] == pytest.approx(off)


@pytest.mark.parametrize(
    ("legacy_took", "asked_later", "stamp"),
    [(0.05, 0.0, 0.6), (1.4, 0.0, -1.3), (0.05, 0.9, 0.05), (0.05, 0.0, 0.0)],
    ids=["new is slow", "legacy is slow", "new is asked later", "both at once"],
)
def test_a_slow_side_is_no_clock_that_is_off(legacy_took: float, asked_later: float, stamp: float) -> None:
    """Two times within each side's own time of asking are the present, however far apart that makes them."""
    clock = Clock()
    for each in range(PAIRS):
        now = NOW + each * 10.0
        new_began = now + asked_later
        new_answered = new_began + max(stamp, 0.0) + 0.01
        times = AskedTimes(now, now + legacy_took, new_began, new_answered, fresh=False)
        one, other = now + max(-stamp, 0.0), new_began + max(stamp, 0.0)
        clock.read(Instant(one, "m", FINE, 3), Instant(other, "m", FINE, 3), times, first=True)

    assert clock.take_found() == (Measure.CLOCK, 0.0)


def test_a_slow_side_whose_clock_is_off_is_found() -> None:
    """What goes beyond the time of asking counts, and what is told is without it."""
    clock = Clock()
    for each in range(PAIRS):
        now = NOW + each * 10.0
        times = AskedTimes(now, now, now, now + 0.6, fresh=False)
        clock.read(Instant(now, "m", FINE, 3), Instant(now + 1.7, "m", FINE, 3), times, first=True)

    found = clock.take_found()
    assert found is not None
    assert found[0] is Measure.OFF
    assert found[1] == pytest.approx(1.4)


def test_whole_seconds_of_a_slow_side_are_no_clock_that_is_off() -> None:
    """A new that takes nearly a second says the next one nearly always."""
    slow, off = Clock(), Clock()
    for each in range(COARSE_PAIRS):
        now = NOW + each * 10.0
        times = AskedTimes(now, now + 0.1, now, now + 0.95, fresh=False)
        for clock, seconds in ((slow, 1.0), (off, 2.0)):
            clock.read(Instant(now, "m", COARSE), Instant(now + seconds, "m", COARSE), times, first=True)
            clock.answered()

    assert slow.take_found() == (Measure.CLOCK, 0.0)
    found = off.take_found()
    assert found is not None
    assert found[0] is Measure.OFF
    assert found[1] == pytest.approx(2.0 - 0.425)


def test_another_precision_is_found() -> None:
    """The finest fraction of eight has other digits."""
    watch = Watch()
    for _ in range(PAIRS):
        watch.read(0.0, 0.0, digits=6)

    assert watch.clock.take_found() == (Measure.PRECISION, 0.0)


def test_whole_seconds_differ_seldom_and_are_judged_by_answers() -> None:
    """One difference in sixteen answers is the present; fourteen of a second are a clock that is off."""
    right, wrong = Watch(), Watch()
    right.read(0.0, 1.0, COARSE)
    assert right.clock.is_coarse
    for _ in range(COARSE_PAIRS - 1):
        right.clock.answered()
    for _ in range(COARSE_PAIRS):
        wrong.read(0.0, 1.0, COARSE)

    assert right.clock.take_found() == (Measure.CLOCK, 0.0)
    assert wrong.clock.take_found() == (Measure.OFF, 1.0)
    assert not right.clock.is_coarse


def test_a_fixed_distance_from_now_is_learned() -> None:
    """An expiry: five of legacy, over ten seconds; new's has to be as far, and what is not counts."""
    watch = Watch()
    seen = [watch.read(900.0, 900.2) for _ in range(6)]

    assert seen == [*[ClockReading.WAITS] * 4, ClockReading.EXCUSED, ClockReading.EXCUSED]
    learned = watch.clock.take_found()
    assert learned is not None
    assert (learned[0], round(learned[1], 1)) == (Measure.CLOCK, 899.9)
    assert watch.read(900.0, 903.0) is ClockReading.COUNTS
    assert watch.read(500.0, 500.0) is ClockReading.COUNTS
    for _ in range(STRANGE):
        watch.read(900.0, 960.0)
    found = watch.clock.take_found()
    assert found is not None
    assert found[0] is Measure.OUT_OF_STEP


def test_what_is_far_from_legacys_counts_before_anything_is_known() -> None:
    """Another hour, or the present where legacy has kept a time; alone it holds nothing."""
    watch = Watch()

    assert {watch.read(-7200.0, -3600.0), watch.read(-9000.0, 0.0)} == {ClockReading.COUNTS}
    assert watch.clock.take_found() is None


def test_legacys_stored_times_are_known_by_their_wandering() -> None:
    """Three that are not equally far: no form excuses them, nor the present; noise does, within what legacy says."""
    watch = Watch()
    seen = [watch.read(-1000.0 * number, -1000.0 * number + 0.5) for number in (5, 9, 7)]

    assert seen == [ClockReading.WAITS, ClockReading.WAITS, ClockReading.STORED]
    assert watch.clock.take_found() == (Measure.STORED, 0.0)
    assert watch.read(0.0, 0.1) is ClockReading.STORED
    times = AskedTimes(NOW, NOW, NOW, NOW, fresh=False)
    assert watch.clock.allows(Instant(NOW - 6000, "m", FINE), times)
    assert not watch.clock.allows(Instant(NOW - 60_000, "m", FINE), times)
    assert not Clock().allows(Instant(NOW, "m", FINE), times)


@pytest.mark.parametrize(
    ("way", "far", "allowed"),
    [(-1, 5000, True), (-1, 12_000, True), (-1, 1500, True), (-1, 14_000, False), (-1, -500, False), (1, -500, False)],
)
def test_a_stored_time_may_lie_beyond_legacys_last_ones(way: int, far: float, allowed: bool) -> None:  # noqa: FBT001
    """By as much as those are apart, but not on the other side of now if all of them are on one."""
    watch, times = Watch(), AskedTimes(NOW, NOW, NOW, NOW, fresh=False)
    for number in (5, 9, 7):
        watch.read(1000.0 * way * number, 1000.0 * way * number + 0.5)

    assert watch.clock.allows(Instant(NOW + way * far, "m", FINE), times) is allowed


def test_the_form_has_to_be_one_of_legacys() -> None:
    """Eight in another form are told; a form that legacy had before is right."""
    watch = Watch()
    assert {watch.read(0.0, 0.0, mask="x") for _ in range(STRANGE)} == {ClockReading.COUNTS}
    assert watch.clock.take_found() == (Measure.FORM, 0.0)

    known = Watch().settled()
    now = Instant(NOW, "other", FINE, 3)
    times = AskedTimes(NOW, NOW, NOW, NOW, fresh=False)
    for legacy in [now, *(now._replace(mask=str(number)) for number in range(10))]:
        known.clock.read(legacy, now, times, first=False)
    assert known.clock.read(now._replace(mask="m"), now, times, first=True) is ClockReading.EXCUSED


def test_just_after_a_write_the_present_is_not_assumed() -> None:
    """Each side may have stored when it was written; nothing is learned from that."""
    watch = Watch()

    assert {watch.read(0.0, 0.1, fresh=True) for _ in range(PAIRS + 1)} == {ClockReading.WAITS}


def test_times_of_a_pair() -> None:
    """As the sides said, or from how long they took; a write counts for five seconds."""
    known = pair({}, {}, NOW, written_at=NOW - 5)
    unknown = replace(
        known,
        legacy=replace(known.legacy, began=0.0, answered=0.0, seconds=2.0),
        written_at=NOW - 6,
    )

    assert times_of(known) == (NOW, NOW + 0.1, NOW, NOW + 0.1, True)
    assert times_of(unknown)[:2] == (NOW + 0.1 - 2.0, NOW + 0.1)
    assert not times_of(replace(known, written_at=NOW - 6)).fresh
