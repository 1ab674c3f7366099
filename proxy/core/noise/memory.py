"""What a comparer remembers of one route, as long as the same versions answer: keys, tokens, legacy's last answers.

Rule 1: nothing is remembered before a value has differed: a route whose sides agree costs nothing.
Rule 2: a request that comes again shows what legacy repeats and what it does not. Once every key is decided only every
        16th is looked at, so that proofs are renewed.
Rule 3: where legacy says a list in another order, and new's was compared by position, nothing is learned of what is in
        it: other elements stood beside each other.
Rule 4: what is found adds up in marks until somebody takes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.core.noise.clock import Clock, times_of
from proxy.core.noise.key_memory import KeyMemory, KeyRepeat
from proxy.core.noise.key_state import EXCUSED, KeyState
from proxy.core.noise.keys import key_of, path_of
from proxy.core.noise.measure import EVERY_KEY, LONGEST_GAP, Measure, NoiseIncrement, finding, gap_of
from proxy.core.noise.memory_bounds import MemoryBounds
from proxy.core.noise.noisy_answers import Answers, RememberedAnswer
from proxy.core.noise.sorter import PairSorter
from proxy.core.noise.token_memory import TokenMemory
from proxy.core.noise.tokens import Sort
from proxy.core.parity.answers import find_differences
from proxy.core.parity.excuse import unruled
from proxy.core.parity.finds import Find
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.rules.difference import DifferenceKind
from proxy.core.parity.rules.rules import Rules

SELDOM = 16
_LEAF = re.compile(r"([A-Za-z0-9_@-]+)[\]'}*\[]*$")
Finds = Mapping[str, Find]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What all replicas know of a route's keys in one epoch; `lags` are how far from now clocks are, in seconds.

    `epoch` is the mark of that epoch, empty where what is known is known of all of them; `lasting` is what is known in
    every other one: legacy's own noise, and an operator's word.
    """

    states: Mapping[str, KeyState] = field(default_factory=dict)
    lags: Mapping[str, float] = field(default_factory=dict)
    epoch: str = ""
    lasting: Mapping[str, KeyState] = field(default_factory=dict)

    def within(self, epoch: str) -> Learned:
        """What is known in the epoch of this mark: what one version was held for says nothing of another."""
        return self if self.epoch in {"", epoch} else Learned(states=self.lasting)


NOTHING_LEARNED = Learned()


class RouteMemory:
    """Of one route and one pair of versions; `seen` is when it last learned something, in unix seconds."""

    __slots__ = (
        "_answers",
        "_keys",
        "_marks",
        "_repeats",
        "_room",
        "_said",
        "_said_by_new",
        "_tokens",
        "_told",
        "seen",
    )

    def __init__(self, room: MemoryBounds) -> None:
        """Nothing is known; `room` is shared with all other routes."""
        self.seen = 0.0
        self._room = room
        self._keys: dict[str, KeyMemory] = {}
        self._answers = Answers(room)
        self._said: TokenMemory[int] = TokenMemory()
        self._said_by_new: TokenMemory[int] = TokenMemory()
        self._told = NOTHING_LEARNED
        self._tokens = False
        self._marks: dict[tuple[str, Measure], list[int]] = {}
        self._repeats = 0

    def hear(self, told: Learned) -> None:
        """States of keys over all replicas."""
        self._told = told

    def state(self, key: str) -> KeyState:
        """The state of one key over all replicas."""
        return self._told.states.get(key, KeyState.WAITS)

    def said_to(self, token: str) -> int | None:
        """The request to which legacy last said this token."""
        return self._said.about(token)

    def key(self, key: str, sort: Sort) -> KeyMemory | None:
        """What is remembered of a key; None when there is no room for another."""
        found = self._keys.get(key)
        if found is None and self._room.admits_key(len(self._keys)):
            self._room.routes += not self._keys
            self._room.keys += 1
            found = self._keys[key] = KeyMemory(sort)
        return found

    def clock(self, key: str, memory: KeyMemory) -> Clock:
        """The clock of a key; what other replicas know of it is known here."""
        if memory.clock is None:
            memory.clock = Clock()
        if memory.clock.middle is None and self.state(key) is KeyState.CLOCK:
            memory.clock.middle = self._told.lags.get(key, 0.0)
        return memory.clock

    def hold(self, key: str, measure: Measure) -> None:
        """Something outside of this route's answers holds the key."""
        memory = self._keys.get(key)
        if memory is not None:
            memory.tell((measure, 0.0))
            self._tell(key, memory)

    def learn(self, pair: Pair, sorter: PairSorter, rules: Rules) -> None:
        """From a pair that could be compared and met no write; `rules` are those in force."""
        if not self._keys:
            return
        self.seen = pair.at
        self._mark(NoiseIncrement(EVERY_KEY, Measure.COMPARED, asked=1))
        self._count(pair, sorter)
        if pair.second is not None:
            second = RememberedAnswer(pair.second, pair.second.began, pair.second.answered or pair.at, {})
            self._question(pair, second, Measure.SECOND, sorter, rules)
        before = self._answers.before(sorter.asked, pair)
        if before is not None:
            self._again(pair, before, sorter, rules)
        tokens = {key: sorter.finds[key].new for key in set(sorter.tokens.values()) if key in sorter.finds}
        self._answers.keep(sorter.asked, pair, tokens)
        self._tokens = self._tokens or bool(tokens)
        for token in sorter.wording.begin if self._tokens else ():
            self._said.say(token, sorter.asked, self._room.tokens_of_route)
        self._hear_new(sorter)
        for key in sorter.finds:
            if key in self._keys:
                self._tell(key, self._keys[key])

    def forget(self, now: float) -> None:
        """Let go of answers that no request can come again for."""
        self._answers.forget(now - LONGEST_GAP)

    def close(self) -> None:
        """Forgets its answers, and gives its share of the bounds back."""
        self._answers.forget(float("inf"))
        self._room.routes -= bool(self._keys)
        self._room.keys -= len(self._keys)
        self._keys = {}

    def take(self) -> tuple[NoiseIncrement, ...]:
        """What was counted and found since the last call."""
        marks, self._marks = self._marks, {}
        return tuple(NoiseIncrement(key, measure, *numbers) for (key, measure), numbers in marks.items())

    def _count(self, pair: Pair, sorter: PairSorter) -> None:
        for key in sorter.finds:
            if key in self._keys:
                self._mark(NoiseIncrement(key, Measure.DIFFERED, raw_only=1, both=key in sorter.timed))
        for key, memory in self._keys.items():
            clock = memory.clock
            if clock is not None and clock.is_coarse and _has(pair.legacy, key):
                clock.answered()
                memory.tell(clock.take_found())
                self._tell(key, memory)

    def _hear_new(self, sorter: PairSorter) -> None:
        """A token of new that another request had from it is another user's, perhaps."""
        for token, key in sorter.new_tokens.items():
            before = self._said_by_new.about(token)
            if before is not None and before != sorter.asked and key in self._keys:
                self._keys[key].shared_by_new()
            self._said_by_new.say(token, sorter.asked, self._room.tokens_of_route)

    def _again(self, pair: Pair, before: RememberedAnswer, sorter: PairSorter, rules: Rules) -> None:
        """The same request, answered `before`."""
        measure = gap_of(times_of(pair).legacy_answered - before.answered)
        self._repeats += 1
        if measure is not None and not (self._repeats % SELDOM and self._is_decided()):
            self._question(pair, before, measure, sorter, rules)

    def _question(
        self, pair: Pair, other: RememberedAnswer, measure: Measure, sorter: PairSorter, rules: Rules
    ) -> None:
        """Counts where legacy differs from itself beside where new does."""
        raw, noise = sorter.finds, differing(pair.request, pair.legacy, other.answer, rules)
        if noise is None:
            return
        self._mark(NoiseIncrement(EVERY_KEY, measure, asked=1))
        reordered = _reordered(noise) - _reordered(raw)
        for key in raw.keys() | noise.keys():
            is_raw, is_noise = key in raw, key in noise
            if is_raw and not is_noise and any(key.startswith(path) for path in reordered):
                continue
            self._mark(NoiseIncrement(key, measure, 0, is_raw > is_noise, is_noise > is_raw, is_raw and is_noise))
            if key in self._keys:
                self._repeat(key, other, sorter, noise.get(key), abs(times_of(pair).legacy_answered - other.answered))

    def _repeat(self, key: str, other: RememberedAnswer, sorter: PairSorter, noise: Find | None, gap: float) -> None:
        memory, raw, said = self._keys[key], sorter.finds.get(key), other.new.get(key)
        stuck = None if raw is None or said is None else said == raw.new
        is_instant = key in sorter.timed or (noise is not None and memory.is_timed(noise, other.answered))
        memory.repeat(KeyRepeat(raw is not None, noise is not None, gap, is_instant, stuck))
        self._tell(key, memory)

    def _is_decided(self) -> bool:
        return all(
            each.held is not None or self.state(key) in EXCUSED or self.state(key) is KeyState.HELD
            for key, each in self._keys.items()
        )

    def _tell(self, key: str, memory: KeyMemory) -> None:
        for measure, number in memory.found:
            self._mark(finding(key, measure, number))
        memory.found = []

    def _mark(self, mark: NoiseIncrement) -> None:
        numbers = self._marks.setdefault(mark[:2], [0, 0, 0, 0])
        for place, number in enumerate(mark[2:]):
            numbers[place] += number


def differing(
    request: CapturedRequest, one: CapturedAnswer, other: CapturedAnswer, rules: Rules
) -> dict[str, Find] | None:
    """The first find of each key at which two answers differ and no rule excuses it; None if they are not whole."""
    finds, why = find_differences(request, one, other, rules)
    if why is not None:
        return None
    found: dict[str, Find] = {}
    for find in unruled(finds):
        key = key_of(find)
        if key is not None:
            found.setdefault(key, find)
    return found


def _reordered(finds: Finds) -> frozenset[str]:
    """How the keys begin of what is in lists that stand in another order."""
    return frozenset(f"{key}[*]" for key, find in finds.items() if find.kind is DifferenceKind.ORDER)


def _has(answer: CapturedAnswer, key: str) -> bool:
    """Whether an answer seems to have the value of a key: it names the last member of its path."""
    leaf = _LEAF.search(path_of(key))
    if leaf is None or key.startswith("header:"):
        return True
    return leaf[1].encode() in answer.body
