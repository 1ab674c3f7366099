"""Whether the instants at one key are a clock's: the present, or a fixed time from it, on both sides.

Rule 1: new must write them in a way in which legacy was seen to write them.
Rule 2: an instant within the time of asking, give or take `WITHIN`, on both sides is the present: excused once eight
        pairs showed that new's is neither off by half a second nor of another precision. At a resolution of a second
        sides differ seldom: there 16 answers are looked at, and 14 of them off by a second hold it. Off is only what
        the asking does not explain: a side may take its time before it looks at its clock, or be asked later.
Rule 3: else legacy's distance from now decides. If it is always the same, new's has to be that as well. If it is not,
        the times are stored: no form excuses them. What is near its own may be one of them.
Rule 4: what is far from legacy's while that is not known counts: stored or not, it is not the same time.
Rule 5: an excuse is for two values, never for the key.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import NamedTuple

from proxy.core.noise.instants import Instant
from proxy.core.noise.measure import Measure
from proxy.core.parity.pair import CapturedAnswer, Pair

WITHIN = 2.0
"""Seconds by which clocks of two hosts may differ."""
PAIRS, COARSE_PAIRS, COARSE_OFF = 8, 16, 14
_BRIEF = 0.25
"""Seconds of asking that explain no other whole second in 14 of 16 answers."""
OFF = 0.5
STRANGE = 8
"""Values that are wrong in one way until that holds the key."""
AFTER_WRITE = 5.0
"""Seconds after a write of its cohort in which a recent time may be that of the write."""
_FEWEST, _FEWEST_STORED, _SPAN, _KEPT = 5, 3, 10.0, 64
_MOST_MASKS = 8
_LONGEST = 10.0


class AskedTimes(NamedTuple):
    """When each side was asked and had answered, in unix seconds; `fresh`: the cohort wrote just before."""

    legacy_began: float
    legacy_answered: float
    new_began: float
    new_answered: float
    fresh: bool

    def ahead(self) -> float:
        """By how much new's present may be later than legacy's, in seconds, by clocks that agree."""
        return max(self.new_answered - self.legacy_began, 0.0)

    def behind(self) -> float:
        """By how much it may be earlier."""
        return max(self.legacy_answered - self.new_began, 0.0)

    def explains(self, apart: float, slack: float) -> bool:
        """Whether new's present may be so much later than legacy's, give or take `slack`."""
        return -self.behind() - slack <= apart <= self.ahead() + slack

    def later(self) -> float:
        """By how much new was asked later, in the middle of its asking."""
        return (self.new_began + self.new_answered - self.legacy_began - self.legacy_answered) / 2


class ClockReading(Enum):
    """What two instants come to; `stored`: legacy's are not about now."""

    EXCUSED = 1
    COUNTS = 2
    WAITS = 3
    STORED = 4


def times_of(pair: Pair) -> AskedTimes:
    """When the sides of a pair were asked; from how long they took, where that is not known."""
    (began, answered), new = _span(pair.legacy, pair.at), _span(pair.new, pair.at)
    return AskedTimes(began, answered, *new, fresh=pair.written_at > 0 and began - pair.written_at <= AFTER_WRITE)


def _span(answer: CapturedAnswer, at: float) -> tuple[float, float]:
    return (answer.began, answer.answered) if answer.answered else (at - answer.seconds, at)


class _Lag(NamedTuple):
    value: float
    lag: float
    took: float


class Clock:
    """What is known of one key. `middle`: how far from now its times are, in seconds, once known; else `stored`."""

    __slots__ = (
        "_ahead",
        "_behind",
        "_coarse",
        "_finest",
        "_found",
        "_lags",
        "_masks",
        "_offset",
        "_out",
        "_seen",
        "_strange",
        "_waited",
        "middle",
        "stored",
    )

    def __init__(self) -> None:
        """No lag is known."""
        self.middle: float | None = None
        self.stored = False
        self._found: tuple[Measure, float] | None = None
        self._seen = 0
        self._masks: set[str] = set()
        self._lags: deque[_Lag] = deque(maxlen=_KEPT)
        self._waited = self._ahead = self._behind = self._strange = self._out = 0
        self._offset = 0.0
        self._finest = (0, 0)
        self._coarse = False

    def read(self, legacy: Instant, new: Instant, times: AskedTimes, *, first: bool) -> ClockReading:
        """Two values at the key; the `first` of a pair is learned from."""
        if len(self._masks) < _MOST_MASKS:
            self._masks.add(legacy.mask)
        if new.mask != legacy.mask and new.mask not in self._masks:
            self._strange += first
            if first and self._strange == STRANGE:
                self._found = (Measure.FORM, 0.0)
            return ClockReading.COUNTS
        if not self.stored and not times.fresh and _are_now(legacy, new, times):
            return self._now(legacy, new, times, first=first)
        return self._distant(legacy, new, times, first=first)

    @property
    def is_coarse(self) -> bool:
        """Whether every answer with the key has to be counted (`answered`), see rule 2."""
        return self._coarse and self.middle is None

    def take_found(self) -> tuple[Measure, float] | None:
        """What was found since the last call, with its number."""
        found, self._found = self._found, None
        return found

    def answered(self) -> None:
        """An answer with the key was compared."""
        self._seen += 1
        if self.is_coarse and self._seen == COARSE_PAIRS:
            self._settle(COARSE_OFF)

    def allows(self, new: Instant, times: AskedTimes) -> bool:
        """Whether new's may be one of legacy's stored times: as far from now as those, or from them as they are apart.

        Of so many values alike two are beyond all others: to count them would be to count equal sides. But where all of
        legacy's lie on one side of now, new's has to as well.
        """
        lags = [lag.lag for lag in self._lags]
        if len(lags) < _FEWEST_STORED:
            return False
        first, last = min(lags), max(lags)
        apart, its = last - first + WITHIN, new.at - times.new_answered
        if (last <= WITHIN < its) or (its < -WITHIN <= first):
            return False
        return first - apart <= its <= last + apart

    def _now(self, legacy: Instant, new: Instant, times: AskedTimes, *, first: bool) -> ClockReading:
        if self.middle is None and first:
            self._waited += 1
            self._coarse = self._coarse or legacy.resolution >= 1.0
            apart = new.at - legacy.at
            self._offset += apart - times.later()
            self._ahead += self._is_off(apart, times.ahead())
            self._behind += self._is_off(-apart, times.behind())
            self._finest = (max(self._finest[0], legacy.digits), max(self._finest[1], new.digits))
            if not self._coarse and self._waited >= PAIRS:
                self._settle(self._waited)
        return ClockReading.WAITS if self.middle is None else ClockReading.EXCUSED

    def _is_off(self, apart: float, explained: float) -> bool:
        """Whether a clock is off that is so far ahead, or behind, where the asking explains so much of it."""
        if self._coarse:
            return apart - (explained if explained > _BRIEF else 0.0) >= 1.0
        return apart - explained > OFF

    def _settle(self, wanted: int) -> None:
        if max(self._ahead, self._behind) >= wanted:
            self._found = (Measure.OFF, self._offset / self._waited)
        elif self._finest[0] != self._finest[1]:
            self._found = (Measure.PRECISION, 0.0)
        else:
            self.middle = 0.0
            self._found = (Measure.CLOCK, 0.0)

    def _distant(self, legacy: Instant, new: Instant, times: AskedTimes, *, first: bool) -> ClockReading:
        lag, its = legacy.at - times.legacy_answered, new.at - times.new_answered
        took = times.legacy_answered - times.legacy_began, times.new_answered - times.new_began
        if first and not times.fresh and self.middle is None:
            self._lags.append(_Lag(legacy.at, lag, min(took[0], _LONGEST)))
            self._learn(coarse=legacy.resolution >= 1.0)
        if self.stored:
            return ClockReading.STORED
        near = WITHIN + sum(took)
        if abs(its - lag) > near or (self.middle is not None and abs(lag - self.middle) > near):
            self._out += first
            if first and self._out == STRANGE and self.middle is not None:
                self._found = (Measure.OUT_OF_STEP, its - lag)
            return ClockReading.COUNTS
        return ClockReading.WAITS if self.middle is None else ClockReading.EXCUSED

    def _learn(self, *, coarse: bool) -> None:
        lags = [lag.lag for lag in self._lags]
        spread = max(lags) - min(lags)
        slack = 1.0 + coarse + 2 * max(lag.took for lag in self._lags)
        if spread > slack:
            self.stored = len(lags) >= _FEWEST_STORED
            if self.stored:
                self._found = (Measure.STORED, 0.0)
        elif len(lags) >= _FEWEST and max(self._lags).value - min(self._lags).value >= _SPAN:
            self.middle = (max(lags) + min(lags)) / 2
            self._found = (Measure.CLOCK, self.middle)


def _are_now(legacy: Instant, new: Instant, times: AskedTimes) -> bool:
    is_now = times.legacy_began - WITHIN <= legacy.at <= times.legacy_answered + WITHIN
    return is_now and times.new_began - WITHIN <= new.at <= times.new_answered + WITHIN
