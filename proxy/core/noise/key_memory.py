"""What a comparer remembers of one key since a version of either side began to answer.

Rule 1: what once holds the key holds it as long as this memory lasts; it is told once.
Rule 2: nothing here grows: so many numbers, so many words.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from proxy.core.noise.clock import Clock
from proxy.core.noise.instants import read_instant
from proxy.core.noise.measure import HOLDING, Measure
from proxy.core.noise.ties import FINDS, tied
from proxy.core.noise.tokens import Sort
from proxy.core.parity.finds import Find
from proxy.core.parity.numerals import decimal_of

MOST_WORDS = 32
PER_WORD, FEWEST_ANSWERS = 12, 24
"""Answers in a row in which legacy says no new word, for each word that it said, until a word that it never said
counts: that one of so many words, each said as often, is left out so long has a chance of `exp(-PER_WORD)`.
"""
SAID_TWICE = 2
"""Requests to which legacy, or new, said a token that it had said before, until that holds it."""
REPEATS = {Sort.TOKEN: 2, Sort.WORD: 8}
"""Repeats in which legacy says the same and new does not, without one in which legacy does not: a word of two may be
the same by chance.
"""
REPEATS_OF_OTHERS = 3
STUCK = 3
_FROZEN, _FROZEN_GAP = 2, 1.5
_FOLLOWS = {Sort.TOKEN: 4}
_FOLLOWS_OF_OTHERS, _FOLLOWS_RATIO = 12, 4


class KeyRepeat(NamedTuple):
    """What a request that came again showed at a key; `stuck`: new said what it had said before, None if unknown."""

    raw: bool
    noise: bool
    gap: float
    is_instant: bool
    stuck: bool | None = None


class KeyMemory:
    """`held` is what holds the key; `found` what is to be told, with its number.

    `plain`: legacy said something there that is no instant, so that what looks like one is one by chance.
    """

    __slots__ = (
        "_follows",
        "_frozen",
        "_hits",
        "_numbers",
        "_repeated",
        "_same_words",
        "_shared",
        "_shared_by_new",
        "_stuck",
        "_unlike",
        "clock",
        "found",
        "held",
        "pairs",
        "plain",
        "sort",
        "words",
    )

    def __init__(self, sort: Sort) -> None:
        """Nothing is known but what kind of value it is."""
        self.sort = sort
        self.clock: Clock | None = None
        self.held: Measure | None = None
        self.found: list[tuple[Measure, float]] = []
        self.words: set[object] = set()
        self.pairs = 0
        self.plain = False
        self._numbers: deque[tuple[float, float]] = deque(maxlen=FINDS)
        self._hits = self._repeated = self._frozen = self._shared = 0
        self._follows = self._stuck = self._unlike = self._same_words = self._shared_by_new = 0

    def tell(self, found: tuple[Measure, float] | None) -> None:
        """A measure was found at the key, with its number (rule 1)."""
        if found is None or self.held is not None:
            return
        if found[0] in HOLDING:
            self.held = found[0]
        self.found.append(found)

    def differ(self, legacy: object, new: object, *, is_instant: bool) -> None:
        """A pair in which the sides differ there, by its first two values."""
        self.pairs += 1
        if self.sort is Sort.WORD and len(self.words) < MOST_WORDS:
            self._same_words = self._same_words + 1 if legacy in self.words else 0
            self.words.add(legacy)
        if self.sort is Sort.NUMBER and not is_instant:
            one, other = decimal_of(legacy), decimal_of(new)
            if one is not None and other is not None:
                self._numbers.append((float(one), float(other)))
                self.tell(tied(self._numbers))

    @property
    def has_all_words(self) -> bool:
        """Whether legacy would have said here whatever it says; a full set never has."""
        known = len(self.words)
        return known < MOST_WORDS and self._same_words >= max(FEWEST_ANSWERS, PER_WORD * known)

    def is_timed(self, find: Find, around: float) -> bool:
        """Whether two values there are instants; they were said `around` then (unix seconds)."""
        return not self.plain and all(read_instant(value, around) is not None for value in (find.legacy, find.new))

    def shared(self) -> None:
        """Legacy said a token that it had said to another request."""
        self._shared += 1
        if self._shared == SAID_TWICE:
            self.tell((Measure.SHARED, 0.0))

    def shared_by_new(self) -> None:
        """New said a token that it had said to another request; where legacy does so as well, that holds it already."""
        self._shared_by_new += 1
        if self._shared_by_new == SAID_TWICE:
            self.tell((Measure.STUCK, 0.0))

    def repeat(self, seen: KeyRepeat) -> None:
        """The same request came again."""
        match seen.raw, seen.noise:
            case True, True:
                self._hits += 1
                self._stand_still(seen)
            case True, False if seen.is_instant:
                self._frozen += seen.gap > _FROZEN_GAP
                if self._frozen == _FROZEN:
                    self.tell((Measure.FROZEN, 0.0))
            case True, False:
                self._repeated += 1
                if not self._hits and self._repeated >= REPEATS.get(self.sort, REPEATS_OF_OTHERS):
                    self.tell((Measure.REPEATED, 0.0))
            case False, True if not seen.is_instant:
                self._follows += 1
                enough = self._follows >= _FOLLOWS.get(self.sort, _FOLLOWS_OF_OTHERS)
                if enough and self._follows > _FOLLOWS_RATIO * self._hits:
                    self.tell((Measure.STATE, 0.0))

    def _stand_still(self, seen: KeyRepeat) -> None:
        if self.sort is not Sort.TOKEN or seen.stuck is None:
            return
        self._unlike += 1
        self._stuck += seen.stuck
        if self._stuck >= STUCK and self._stuck * 2 > self._unlike:
            self.tell((Measure.STUCK, 0.0))
