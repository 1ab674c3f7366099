"""The memories of all routes of one comparer, by the versions that answer.

Rule 1: another version is another memory: what new's was held for says nothing of the next, nor does its clock.
Rule 2: a token that a client sends back holds the key at which legacy said it, on whatever route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from proxy.core.evidence.records import epoch_mark
from proxy.core.noise.measure import Measure, NoiseIncrement
from proxy.core.noise.memory import NOTHING_LEARNED, Learned, RouteMemory
from proxy.core.noise.memory_bounds import MemoryBounds
from proxy.core.noise.sorter import PairSorter
from proxy.core.noise.token_memory import TokenMemory
from proxy.core.noise.tokens import SHORTEST, tokens_of
from proxy.core.parity.pair import Pair
from proxy.core.parity.rules.rules import Rules

MOST = 4000
MOST_MINTED = 32_768
IDLE = 3600.0
"""Seconds without a pair after which a memory goes."""


class Versions(NamedTuple):
    """What a memory is of, as an epoch is: the route, both versions, both addresses, how often an epoch was begun."""

    route: str
    legacy: str
    new: str
    addresses: str
    begun: int

    @property
    def mark(self) -> str:
        """The mark of its epoch."""
        return epoch_mark(self.legacy, self.new, self.addresses, self.begun)


class Memories:
    """The noise memories of all routes and versions; `room` bounds what they hold together."""

    def __init__(self) -> None:
        """Nothing is remembered."""
        self.room = MemoryBounds()
        self._kept: dict[Versions, RouteMemory] = {}
        self._minted: TokenMemory[tuple[RouteMemory, str]] = TokenMemory()
        self._learned: Mapping[str, Learned] = {}

    def hear(self, learned: Mapping[str, Learned]) -> None:
        """What all replicas know, by route."""
        self._learned = learned
        for versions, memory in self._kept.items():
            memory.hear(learned.get(versions.route, NOTHING_LEARNED).within(versions.mark))

    def follow(self, routes: Mapping[str, object]) -> None:
        """Closes the memories of all other routes."""
        for versions in [each for each in self._kept if each.route not in routes]:
            self._kept.pop(versions).close()

    def of(self, pair: Pair) -> RouteMemory:
        """The memory that a pair belongs to."""
        versions = Versions(pair.route, pair.legacy_version, pair.new_version, pair.addresses, pair.begun)
        found = self._kept.get(versions)
        if found is None:
            while len(self._kept) >= MOST:
                self._kept.pop(next(iter(self._kept))).close()
            found = self._kept[versions] = RouteMemory(self.room)
            found.hear(self._learned.get(pair.route, NOTHING_LEARNED).within(versions.mark))
        return found

    def learn(self, pair: Pair, memory: RouteMemory, sorter: PairSorter, rules: Rules) -> None:
        """From a pair that could be compared; `rules` are those in force."""
        if len(self._minted) and len(pair.request.target) > SHORTEST:
            self._look_for_tokens(pair.request.target)
        memory.learn(pair, sorter, rules)
        for token, key in sorter.tokens.items():
            self._minted.say(token, (memory, key), MOST_MINTED)

    def forget(self, now: float) -> None:
        """Forgets what is old, and closes memories that were idle for `IDLE` seconds."""
        for versions, memory in list(self._kept.items()):
            memory.forget(now)
            if 0.0 < memory.seen < now - IDLE:
                self._kept.pop(versions).close()

    def take(self) -> Iterator[tuple[Versions, tuple[NoiseIncrement, ...]]]:
        """What was counted and found since the last call."""
        for versions, memory in self._kept.items():
            marks = memory.take()
            if marks:
                yield versions, marks

    def _look_for_tokens(self, target: bytes) -> None:
        for token in tokens_of(unquote_to_bytes(target).decode("utf-8", "replace")):
            found = self._minted.about(token)
            if found is not None:
                found[0].hold(found[1], Measure.SENT_BACK)
