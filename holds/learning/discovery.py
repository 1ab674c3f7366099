"""What a discovery finds of APIs whose truth is known, and how much memory it takes of a million paths."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from bench.table import Table
from holds.finding import Check, Finding
from holds.learning.known_api import KnownEndpoint, known_api, shape_of, traffic
from holds.progress import bar
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.inventory import Inventory

LEAST = 0.95
MOST_GROWTH = 8.0
"""MiB that a process may grow by between the first tenth of the paths and the last."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of one seed: how much of what was found is true, and how much of the truth was found."""

    seed: int
    precision: float
    recall: float
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """MiB after the first tenth of the paths and after all of them; microseconds for each."""

    paths: int
    first: float
    last: float
    places: int
    microseconds: float


async def measure(seeds: range, requests: int, paths: int) -> Finding:
    """All seeds, and the million."""
    found = []
    with bar("discovery", len(seeds) + 1) as shown:
        for number, seed in enumerate(seeds, 1):
            found.append(discover(known_api(seed), seed, requests))
            shown.to(number, f"recall {found[-1].recall:.3f}")
        memory = flood(paths)
        shown.to(len(seeds) + 1, f"{memory.last:.0f} MiB")
    return _finding(found, memory)


def discover(api: tuple[KnownEndpoint, ...], seed: int, requests: int) -> Found:
    """Learn from the traffic to it, with 2 % of it scanners'."""
    inventory = Inventory()
    for seen in traffic(api, seed, requests):
        inventory.take(seen)
    told = {(each.method, shape_of(each.template)) for each in inventory.endpoints() if not each.is_single}
    truth = {each.shape for each in api}
    wrong = [f"not there: {method} {shape}" for method, shape in sorted(told - truth)]
    wrong += [f"not found: {method} {shape}" for method, shape in sorted(truth - told)]
    hits = len(told & truth)
    return Found(seed=seed, precision=hits / len(told), recall=hits / len(truth), wrong=tuple(wrong))


def flood(paths: int) -> Memory:
    """Paths of which no two are the same, all of them answered well: the worst that there is."""
    inventory, began, first = Inventory(), time.process_time(), 0.0
    for number, path in enumerate(_paths(paths), 1):
        inventory.take(Observation(method="GET", path=path, status=200, at=1.7e9 + number))
        if number == paths // 10:
            first = _resident()
    took = time.process_time() - began
    return Memory(
        paths=paths, first=first, last=_resident(), places=inventory.places, microseconds=took / paths * 1_000_000
    )


def _paths(count: int) -> Iterator[str]:
    dice = Random(1)
    for number in range(count):
        word = "".join(dice.choices(_LETTERS, k=9))
        yield (
            f"/{word}/{dice.getrandbits(40):x}",
            f"/articles/{word}-{number}/comments/{number}",
            f"/api/users/{uuid.UUID(int=dice.getrandbits(128))}/orders/{number}",
            f"/{word[:4]}/{word}",
            f"/shop/{word}/reviews/{word[::-1]}",
        )[number % 5]


def _resident() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  a line of the kernel's
        return int(file.read().split()[1]) * 4096 / 2**20


def _finding(found: list[Found], memory: Memory) -> Finding:
    rows = tuple((str(each.seed), f"{each.precision:.3f}", f"{each.recall:.3f}") for each in found)
    told = (
        ("paths, no two the same", f"{memory.paths:,}"),
        ("MiB after a tenth of them", f"{memory.first:.1f}"),
        ("MiB after all", f"{memory.last:.1f}"),
        ("places remembered", f"{memory.places:,}"),
        ("µs for a path", f"{memory.microseconds:.0f}"),
    )
    worst = min(min(each.precision, each.recall) for each in found)
    growth = memory.last - memory.first
    return Finding(
        suite="discovery",
        tables=(
            Table(title="300 known endpoints", columns=("seed", "precision", "recall"), rows=rows, words=1),
            Table(title="Memory", columns=("", ""), rows=told, words=1),
        ),
        checks=(
            Check(
                sentence=f"precision and recall are {LEAST} at least, for every seed",
                holds=worst >= LEAST,
                seen=f"{worst:.3f} at the worst",
            ),
            Check(sentence="memory is flat", holds=growth <= MOST_GROWTH, seen=f"{growth:+.1f} MiB"),
        ),
        notes=tuple(f"seed {each.seed}: {sentence}" for each in found for sentence in each.wrong),
    )
