"""Noise, learned by the product's own code from drawn traffic: how soon, what is hidden, what is called different.

Two sides keep the same orders. An answer says what is kept, what time it is, when it expires, and a random id; a page
says how long it took. Of the requests a share comes again, drawn from those of the last minute.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import NamedTuple

from proxy.control.evidence.noise import learned, step
from proxy.core.evidence.noise_memories import Memories
from proxy.core.evidence.records import Epoch, NoiseCount, NoiseFinding
from proxy.core.noise.key_state import Decided, KeyState, decide
from proxy.core.noise.memory import NOTHING_LEARNED, Learned
from proxy.core.noise.sorter import PairSorter
from proxy.core.outcome import Side
from proxy.core.parity.compare import Comparison, Outcome, compare
from proxy.core.parity.pair import CapturedAnswer, CapturedRequest, Pair
from proxy.core.parity.rules.rules import NO_RULES

START = 1_800_000_000.0
MINUTE = 60.0
EPOCH = Epoch(route="a", number=1, legacy_version="1", new_version="2", began=START, seen=START)
ORDERS = 400
Body = dict[str, object]
Fault = Callable[["Asked", Body, Body], None]
"""Changes new's body (the last), as a fault of new would; legacy's is the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: an order's number, who asks, and when it reaches each side; `dice` for whatever is drawn."""

    order: int
    cohort: int
    trace: str
    legacy_at: float
    new_at: float
    dice: Random


@dataclass(slots=True)
class Traffic:
    """Requests at so many a second, of which a share comes again."""

    rate: float
    repeats: float
    dice: Random
    now: float = START
    _last: deque[tuple[float, int, int, str]] = field(default_factory=deque)

    def __iter__(self) -> Iterator[Asked]:
        """For ever."""
        while True:
            self.now += self.dice.expovariate(self.rate)
            while self._last and self._last[0][0] < self.now - MINUTE:
                self._last.popleft()
            if self._last and self.dice.random() < self.repeats:
                _, order, cohort, trace = self.dice.choice(self._last)
            else:
                order, cohort = self.dice.randrange(ORDERS), self.dice.randrange(1 << 40)
                trace = f"tr{self.dice.getrandbits(64):016x}"
            self._last.append((self.now, order, cohort, trace))
            began = self.now, self.now + self.dice.random() * 0.01
            yield Asked(order=order, cohort=cohort, trace=trace, legacy_at=began[0], new_at=began[1], dice=self.dice)


def uuid(dice: Random) -> str:
    """A random one."""
    text = f"{dice.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def kept(order: int, name: str) -> Random:
    """Dice that always fall the same way for one member of one order."""
    return Random(f"{order} {name}")


def stamp(at: float, spec: str = "milliseconds") -> str:
    """RFC 3339 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def body(asked: Asked, at: float) -> Body:
    """What a side says that is asked `at`."""
    order, dice = asked.order, asked.dice
    took = dice.uniform(0.1, 9.9)
    return {
        "id": f"ord{kept(order, 'id').getrandbits(48):012x}",
        "status": kept(order, "status").choice(["open", "paid", "sent"]),
        "gift": kept(order, "gift").random() < 0.5,
        "total": kept(order, "total").randrange(100, 99_999),
        "weight": round(kept(order, "weight").uniform(0.1, 50.0), 3),
        "created": stamp(START - kept(order, "created").uniform(1e4, 1e7)),
        "next": f"https://shop.test/orders?after=cur{kept(order, 'next').getrandbits(64):016x}",
        "trace": asked.trace,
        "now": stamp(at + 0.002),
        "at": int(at + 0.002),
        "expires": stamp(at + 900.002, "seconds"),
        "request_id": uuid(dice),
        "took": round(took, 2),
        "lines": [f"Order of {kept(order, 'n').randrange(1, 20)} things", f"Answered in {took:.1f} ms"],
    }


@dataclass(slots=True)
class Learning:
    """Comparers that share what they learn: one per replica, each sees its share of the requests."""

    replicas: int = 1
    every: float = 5.0
    memories: list[Memories] = field(default_factory=list)
    findings: dict[str, NoiseFinding] = field(default_factory=dict)
    counts: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0, 0]))
    groups: Counter[frozenset[str]] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    learned: Learned = NOTHING_LEARNED
    told: float = START

    def __post_init__(self) -> None:
        self.memories = [Memories() for _ in range(self.replicas)]

    def compare(self, pair: Pair) -> Comparison:
        """One pair, by whichever replica has its turn: what comes again meets the same one in a share of cases."""
        memories = self.memories[self.outcomes.total() % self.replicas]
        memory = memories.of(pair)
        sorter = PairSorter(pair, memory, {})
        found = compare(pair, NO_RULES, sorter, pair.at)
        memories.learn(pair, memory, sorter, NO_RULES)
        self.outcomes[found.outcome] += 1
        if pair.at - self.told >= self.every:
            self.tell(pair.at)
        return found

    def tell(self, now: float) -> None:
        """What was counted goes to whoever leads, and what follows from it to all."""
        self.told = now
        for memories in self.memories:
            memories.forget(now)
            for _, marks in memories.take():
                for key, measure, *numbers in marks:
                    counts = self.counts[key, measure]
                    counts[:] = map(sum, zip(counts, numbers, strict=True))
        counted = [
            NoiseCount(
                route="a", path=key, measure=measure, asked=asked, raw_only=raw, noise_only=noise, both=both, epoch=1
            )
            for (key, measure), (asked, raw, noise, both) in self.counts.items()
        ]
        self.findings |= {each.path: each for each in step(self.findings.values(), counted, 1, now)}
        self.learned = learned(self.findings.values(), (), now, EPOCH)
        for memories in self.memories:
            memories.hear({"a": self.learned})

    def state(self, key: str) -> KeyState:
        """What all know of a key."""
        return self.learned.states.get(key, KeyState.WAITS)

    def decided(self, keys: frozenset[str]) -> Decided:
        """What a comparison comes to in which these keys waited."""
        return decide(keys, self.learned.states)


def pair_of(asked: Asked, legacy: Body, new: Body) -> Pair:
    """The two answers, ten milliseconds each."""
    fields = ((b"content-type", b"application/json"),)
    answers = []
    for said, at in ((legacy, asked.legacy_at), (new, asked.new_at)):
        data = json.dumps(said).encode()
        answers.append(
            CapturedAnswer(
                status=200, fields=fields, body=data, size=len(data), seconds=0.01, began=at, answered=at + 0.01
            )
        )
    return Pair(
        route="a",
        request=CapturedRequest(
            method=b"GET", target=b"/orders/%d" % asked.order, fields=((b"x-trace", asked.trace.encode()),), body=b""
        ),
        legacy=answers[0],
        new=answers[1],
        second=None,
        cohort=asked.cohort,
        at=asked.new_at + 0.02,
        request_id="",
        authoritative=Side.LEGACY,
        legacy_version="1",
        new_version="2",
    )


def until_known(
    keys: tuple[str, ...], rate: float, repeats: float, most: int, seed: int, replicas: int = 1
) -> list[int]:
    """Requests until each key is excused, at most `most`; what is known is worked out after every fifth."""
    dice = Random(f"{seed} {rate} {repeats}")
    learning, known = Learning(replicas=replicas, every=float("inf")), dict.fromkeys(keys, most)
    for number, asked in enumerate(Traffic(rate, repeats, dice), start=1):
        learning.compare(pair_of(asked, body(asked, asked.legacy_at), body(asked, asked.new_at)))
        if number % 5 == 0:
            learning.tell(asked.new_at)
            for key in keys:
                if known[key] == most and learning.state(key) in {KeyState.NOISY, KeyState.CLOCK}:
                    known[key] = number
        if number >= most or all(each < most for each in known.values()):
            return list(known.values())
    raise AssertionError


class Judged(NamedTuple):
    """Of `pairs` with a fault (or none), how many were `hidden` in the end, `counted`, or still `wait`."""

    pairs: int
    hidden: int
    counted: int
    waiting: int


def judged(fault: Fault | None, rate: float, repeats: float, most: int, seed: int, replicas: int = 1) -> Judged:
    """So many pairs; only those in which new's answer was changed are counted, without a fault all."""
    dice = Random(f"{seed} {rate} {repeats}")
    learning, found = Learning(replicas=replicas), []
    for number, asked in enumerate(Traffic(rate, repeats, dice), start=1):
        legacy, new = body(asked, asked.legacy_at), body(asked, asked.new_at)
        right = dict(new)
        if fault is not None:
            fault(asked, legacy, new)
        comparison = learning.compare(pair_of(asked, legacy, new))
        if fault is None or new != right:
            found.append(comparison)
        if number >= most:
            break
    learning.tell(asked.new_at)
    ends = Counter(_end(learning, each) for each in found)
    return Judged(
        pairs=len(found),
        hidden=ends[Decided.IGNORED],
        counted=ends[Decided.MISMATCH],
        waiting=ends[Decided.UNDECIDED],
    )


def _end(learning: Learning, comparison: Comparison) -> Decided:
    match comparison.outcome:
        case Outcome.UNDECIDED:
            return learning.decided(frozenset(key for key, _ in comparison.waiting))
        case Outcome.MISMATCH:
            return Decided.MISMATCH
        case _:
            return Decided.IGNORED
