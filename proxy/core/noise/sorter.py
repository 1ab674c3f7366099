"""One pair's finds, each sorted by what is known of its key: it counts, it is noise, or it waits.

Rule 1: an operator's word is first. What is no value, or not alike, counts.
Rule 2: what no key stands for counts, and so does what holds its key. For what there is no room nothing is learned:
        it is looked at as if it were the first of its key, and waits.
Rule 3: some values count whatever is known: what the request named; a token that stands elsewhere in the other side's
        answer, or that legacy said to another request; ids that do not stand for each other; URLs to another place; a
        text with other words.
Rule 4: two instants are a clock's, or stored (`proxy.core.noise.clock`).
Rule 5: at a noisy key another value is excused; of words only such as legacy was seen to say there, of numbers once
        there were enough to see whether they are tied to legacy's. A word that legacy was not seen to say waits until
        so much was seen of it that it would have said it: after a restart or a deploy nothing was.
Rule 6: two numbers that one double stands for count until their key is known: precision was lost on the way.
Rule 7: everything else waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from proxy.core.noise.clock import WITHIN, AskedTimes, Clock, ClockReading, times_of
from proxy.core.noise.instants import Instant, read_instant
from proxy.core.noise.key_memory import KeyMemory
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.keys import key_of
from proxy.core.noise.noisy_answers import asked_as
from proxy.core.noise.ties import FINDS
from proxy.core.noise.tokens import LONGEST_TEXT, SHORTEST, Sort, skeleton, sort_of, tokens_of
from proxy.core.noise.wording import Speaker, Wording
from proxy.core.parity.excuse import COUNTED, Aliases, FindVerdict, Sorted
from proxy.core.parity.finds import Find
from proxy.core.parity.numerals import is_number, is_one_double, text_of
from proxy.core.parity.pair import Pair
from proxy.core.parity.rules.difference import VALUE_KINDS, DifferenceKind
from proxy.core.parity.texts import are_alike

_EXCUSED = Sorted(FindVerdict.NOISE)
_READ = {ClockReading.EXCUSED: _EXCUSED, ClockReading.COUNTS: COUNTED}
_MOST_ASKED = 200
"""Characters of a value that is looked for in the request."""


class NoiseMemory(Protocol):
    """What a sorter asks of one route's noise memory."""

    def key(self, key: str, sort: Sort) -> KeyMemory | None:
        """What is remembered of a key; None when there is no room for another."""

    def state(self, key: str) -> KeyState:
        """The key's state over all replicas."""

    def clock(self, key: str, memory: KeyMemory) -> Clock:
        """The key's clock."""

    def said_to(self, token: str) -> int | None:
        """The request to which legacy last said this token."""


class PairSorter:
    """The sorter of one pair. `finds` are the first of each key, `timed` those keys where they are instants.

    `tokens` are legacy's at keys that may be noise, with their keys, `new_tokens` those of new.
    """

    __slots__ = ("_asked", "_memory", "_pair", "_times", "_words", "finds", "new_tokens", "timed", "tokens", "wording")

    def __init__(self, pair: Pair, memory: NoiseMemory, words: Mapping[str, bool]) -> None:
        """`words` are the operator's, by path: noise, or never."""
        self.finds: dict[str, Find] = {}
        self.tokens: dict[str, str] = {}
        self.new_tokens: dict[str, str] = {}
        self.timed: set[str] = set()
        self.wording = Wording(pair)
        self._pair = pair
        self._memory = memory
        self._words = words
        self._times: AskedTimes | None = None
        self._asked: int | None = None

    @property
    def asked(self) -> int:
        """What stands for the request."""
        if self._asked is None:
            self._asked = asked_as(self._pair.request, self._pair.cohort)
        return self._asked

    @property
    def times(self) -> AskedTimes:
        """When the sides were asked."""
        if self._times is None:
            self._times = times_of(self._pair)
        return self._times

    def sort(self, find: Find, aliases: Aliases) -> Sorted:
        """The verdict on one find, as `proxy.core.parity.excuse.Sorter` has it."""
        key = key_of(find)
        first = key is not None and self.finds.setdefault(key, find) is find
        if find.kind not in VALUE_KINDS or not are_alike(find.legacy, find.new):
            return COUNTED
        word = self._words.get(find.place.text)
        if word is not None:
            return _EXCUSED if word and aliases.agree(find.legacy, find.new) else COUNTED
        if key is None:
            return COUNTED
        sort = sort_of(find.legacy)
        memory = self._memory.key(key, sort) or KeyMemory(sort)  # without room it is as new in every pair
        return self._known(find, key, memory, aliases, first=first)

    def _known(self, find: Find, key: str, memory: KeyMemory, aliases: Aliases, *, first: bool) -> Sorted:
        legacy, new = (read_instant(value, self._pair.at) for value in (find.legacy, find.new))
        memory.plain = memory.plain or legacy is None
        instants = None if memory.plain or legacy is None or new is None else (legacy, new)
        if first:
            memory.differ(find.legacy, find.new, is_instant=instants is not None)
            if instants is not None:
                self.timed.add(key)
        if not aliases.agree(find.legacy, find.new) or self._counts_anyway(find, key, memory, instants, first=first):
            return COUNTED
        state = self._memory.state(key)
        if memory.held is not None or state is KeyState.HELD:
            return COUNTED
        if instants is not None:
            return self._timed(key, memory, instants, state, first=first)
        return _by_state(find, key, memory, state)

    def _timed(
        self, key: str, memory: KeyMemory, instants: tuple[Instant, Instant], state: KeyState, *, first: bool
    ) -> Sorted:
        clock = self._memory.clock(key, memory)
        reading = clock.read(*instants, self.times, first=first)
        memory.tell(clock.take_found())
        if memory.held is not None:
            return COUNTED
        if reading is ClockReading.STORED and state is KeyState.NOISY:
            return _EXCUSED if clock.allows(instants[1], self.times) else COUNTED
        return _READ.get(reading) or Sorted(FindVerdict.WAITS, key)

    def _counts_anyway(
        self, find: Find, key: str, memory: KeyMemory, instants: tuple[Instant, Instant] | None, *, first: bool
    ) -> bool:
        """Rule 3."""
        one, other = _text(find.legacy), _text(find.new)
        if max(len(one), len(other)) > LONGEST_TEXT:
            return True
        told_time = instants is not None and not instants[0].is_id
        if not (told_time and instants is not None and instants[0].resolution >= 1.0) and self._was_asked(one, other):
            return True
        if told_time:
            return False
        if (memory.sort is Sort.URL and _lead_elsewhere(one, other, self.times)) or (
            _has_words(find, memory.sort) and skeleton(one) != skeleton(other)
        ):
            return True
        return isinstance(find.legacy, str) and self._is_told_elsewhere(one, other, key, memory, first=first)

    def _was_asked(self, one: str, other: str) -> bool:
        wording = self.wording
        return any(
            SHORTEST <= len(side) <= _MOST_ASKED and wording.holds(side, Speaker.REQUEST) for side in (one, other)
        )

    def _is_told_elsewhere(self, one: str, other: str, key: str, memory: KeyMemory, *, first: bool) -> bool:
        first_tokens, second_tokens = tokens_of(one), tokens_of(other)
        legacy, new = first_tokens - second_tokens, second_tokens - first_tokens
        if not legacy and not new:
            return False
        has = self.wording.has
        if any(has(token, Speaker.NEW) for token in legacy) or any(has(token, Speaker.LEGACY) for token in new):
            return True
        if any(has(token, Speaker.REQUEST) for token in legacy | new):
            return True
        if any(self._was_said_elsewhere(token) for token in new):
            return True
        if first:
            if any(self._was_said_elsewhere(token) for token in legacy):
                memory.shared()
            self.tokens.update(dict.fromkeys(legacy, key))
            self.new_tokens.update(dict.fromkeys(new, key))
        return False

    def _was_said_elsewhere(self, token: str) -> bool:
        asked = self._memory.said_to(token)
        return asked is not None and asked != self.asked


def _by_state(find: Find, key: str, memory: KeyMemory, state: KeyState) -> Sorted:
    """Rules 5 to 7."""
    match state:
        case KeyState.NOISY if memory.sort is Sort.NUMBER and memory.pairs < FINDS:
            return Sorted(FindVerdict.WAITS, key)  # it may still turn out to be tied to legacy's
        case KeyState.NOISY if memory.sort is not Sort.WORD or find.new in memory.words:
            return _EXCUSED
        case KeyState.NOISY if memory.has_all_words:
            return COUNTED
        case KeyState.CLOCK:
            return COUNTED
        case _ if _lost_precision(find):
            return COUNTED
        case _:
            return Sorted(FindVerdict.WAITS, key)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return text_of(value) if is_number(value) else str(value)


def _has_words(find: Find, sort: Sort) -> bool:
    """Whether it is more than one word, so that the words have to be the same."""
    return sort in {Sort.TEXT, Sort.URL} or (find.kind is DifferenceKind.HEADER and sort is Sort.WORD)


def _lead_elsewhere(one: str, other: str, asked: AskedTimes) -> bool:
    """Whether two URLs differ in more than what a parameter says, or in a time that the asking does not explain."""
    try:
        first, second = urlsplit(one), urlsplit(other)
    except ValueError:
        return True
    if first[:3] != second[:3]:
        return True
    named, renamed = (parse_qsl(side.query, keep_blank_values=True) for side in (first, second))
    if [name for name, _ in named] != [name for name, _ in renamed]:
        return True
    around = asked.legacy_answered
    times = (
        (read_instant(value, around), read_instant(new, around))
        for (_, value), (_, new) in zip(named, renamed, strict=True)
    )
    return any(
        each is not None and its is not None and not asked.explains(its.at - each.at, WITHIN) for each, its in times
    )


def _lost_precision(find: Find) -> bool:
    """Rule 6: as 9007199254740993 becomes 9007199254740992 in JavaScript."""
    return is_number(find.legacy) and is_number(find.new) and is_one_double(find.legacy, find.new)
