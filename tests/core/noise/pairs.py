"""Pairs with times, and what a comparer makes of them."""

from __future__ import annotations

from dataclasses import replace

from proxy.core.evidence.noise_memories import Memories
from proxy.core.noise.memory import RouteMemory
from proxy.core.noise.sorter import PairSorter
from proxy.core.parity.compare import Comparison, compare
from proxy.core.parity.finds import Find
from proxy.core.parity.pair import CapturedRequest, Pair
from proxy.core.parity.rules.paths import PathRules
from proxy.core.parity.rules.rules import NO_RULES
from proxy.core.parity.walk import Walk
from tests.core.parity.pairs import NOW, answer, asking
from tests.core.parity.pairs import pair as untimed


def pair(
    legacy: object,
    new: object,
    at: float = NOW,
    request: CapturedRequest | None = None,
    *,
    took: float = 0.1,
    second: object = None,
    written_at: float = 0.0,
) -> Pair:
    """Two bodies to one request that both sides were asked `at`, and took so long to answer."""
    one, other, again = (
        None if each is None else replace(answer(each), began=at, answered=at + took) for each in (legacy, new, second)
    )
    assert one is not None
    assert other is not None
    made = untimed(one, other, again, request or asking())
    return replace(made, at=at + took, written_at=written_at)


def find(path: str, legacy: object, new: object) -> Find:
    """The find that a walk notes down there."""
    walk = Walk()
    walk.values(legacy, new, PathRules(path, NO_RULES))
    return walk.finds[0]


class Comparer:
    """Compares and learns as the process does."""

    def __init__(self, words: dict[str, bool] | None = None) -> None:
        """Nothing is known."""
        self.memories = Memories()
        self.words = words or {}

    def see(self, given: Pair) -> Comparison:
        """One pair."""
        memory = self.memories.of(given)
        sorter = PairSorter(given, memory, self.words)
        found = compare(given, NO_RULES, sorter, given.at)
        self.memories.learn(given, memory, sorter, NO_RULES)
        return found

    def outcome(self, given: Pair) -> str:
        """What it came to."""
        return self.see(given).outcome.value

    def memory(self) -> RouteMemory:
        """The only one."""
        return self.memories.of(pair({}, {}))

    def told(self) -> dict[tuple[str, str], tuple[int, ...]]:
        """Everything that was counted, by key and measure."""
        return {(mark.key, mark.measure.value): mark[2:] for _, marks in self.memories.take() for mark in marks}

    def found(self) -> set[tuple[str, str]]:
        """Findings alone."""
        counted = {"compared", "differed", "second"}
        return {name for name in self.told() if name[1] not in counted and not name[1].startswith("gap")}
