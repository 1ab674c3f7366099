"""Evidence on its way: from the comparer into the store, from the store into the book that everybody reads.

Rule 1: nothing here is waited for by anything that serves; while the store is away, what is found waits, within bounds.
Rule 2: pairs say to what they belong, the store numbers epochs: a deploy of either side, an edit of its addresses and
        an order begin a new one. What was asked before goes to the one before.
Rule 3: routes at which something happened are looked at every second, all others in turn: replicas share a store. With
        so many that a round takes longer, it rests for as long as the round took, but for `LONGEST_REST` at most.
Rule 4: one replica leads in noise; the others read what it found.
Rule 5: what the comparer tells is about origins of routes; the book, and whoever reads it, call routes by name.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec
import structlog

from proxy.control.evidence import noise
from proxy.control.evidence.book import ComparedRoute, EvidenceBook, Look
from proxy.control.fleet.comparer import Comparing
from proxy.control.running import Running
from proxy.core.evidence.fold import Part
from proxy.core.evidence.records import ComparedExchange, Epoch, Increments, NoiseFinding, Sample
from proxy.core.parity.rules.rules import Rules
from proxy.core.position.standing import Lead
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.state_names import all_called
from proxy.store.buffer import EvidenceBuffer
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.open_stores import Stores
from proxy.tasks import Work

EVERY, LONGEST_REST = 1.0, 5.0
NOISE_EVERY = 5.0
IN_TURN = 20
"""Quiet routes that are looked at each second."""
ANEW = 3600.0
"""Seconds after which everything is read again."""
ANNOUNCE = 60.0
"""Seconds after which an epoch that goes on is announced again."""
LAST = 2.0
"""Seconds that the last evidence has to reach the store."""
MOST_WAITING = 50_000
"""Records that wait for an epoch's number."""
_LEASE = 30.0
_LEADER_OF = "noise"
_parts: msgspec.msgpack.Decoder[tuple[Part, ...]] = msgspec.msgpack.Decoder(tuple[Part, ...])
_log = structlog.get_logger()


class EvidenceFlow:
    """From the comparer to the store and back."""

    def __init__(self, stores: Stores, book: EvidenceBook, comparing: Comparing, running: Running) -> None:
        """Hears the comparer from now on; the loops are to be run in the background."""
        self._stores = stores
        self._book = book
        self._comparing = comparing
        self._running = running
        self._buffer = EvidenceBuffer(stores.evidence)
        self._parts: deque[Part] = deque()
        self._waiting = 0
        self._come = asyncio.Event()
        self._epochs: dict[str, Epoch] = {}
        self._stirred: dict[str, None] = {}
        self._for_noise: set[str] = set()
        self._findings: dict[str, tuple[NoiseFinding, ...]] = {}
        self._followed: frozenset[str] = frozenset()
        self._rules_of: tuple[Snapshot | None, Mapping[str, Rules]] = (None, {})
        self._addresses: Mapping[str, str] = {}
        self._turn = 0
        self._lost = 0
        self._comparer_lost = (0, 0)  # of which comparer, by process id, and how much of its loss is counted
        self._holder = uuid.uuid4().hex
        comparing.hand_on = self._take
        self.follow()

    @property
    def lost(self) -> int:
        """Records of evidence lost since the start: in the comparer, here, or before a store that was away."""
        return self._lost + self._buffer.lost

    @property
    def waiting(self) -> int:
        """Records that are not in the store yet."""
        return self._waiting + self._buffer.waiting

    def findings(self, route: str) -> tuple[NoiseFinding, ...]:
        """What the tests of noise say, by path."""
        return self._findings.get(route, ())

    def follow(self) -> None:
        """A table was taken: its routes and rules are those that count."""
        rules = self._rules()
        said = [ComparedRoute(name, each, self._addresses[name]) for name, each in rules.items()]
        edited = self._book.follow(said, int(time.time() // 60))
        origins = {self._running.origins.origin(name) for name in rules}
        self._epochs = {origin: epoch for origin, epoch in self._epochs.items() if origin in origins}
        self._stirred |= dict.fromkeys(name for name in rules if name in edited or name not in self._followed)
        self._followed = frozenset(rules)
        self._findings = {name: found for name, found in self._findings.items() if name in rules}
        self._tell_noise()

    @property
    def loops(self) -> dict[str, Work]:
        """What is to run in the background, by name."""
        return {
            "evidence-flush": self.flush,
            "evidence-epochs": self.number,
            "evidence-read": self.read,
            "noise": self.watch_noise,
        }

    async def last(self) -> None:
        """What has come goes into the store once more, if it answers soon."""
        try:
            async with asyncio.timeout(LAST):
                while self._parts and await self._next():
                    pass
                await self._buffer.flush()
        except TimeoutError:
            _log.warning("evidence_left", records=self.waiting)

    async def flush(self) -> None:
        """Into the store, every second for ever."""
        await self._buffer.run(EVERY)

    async def number(self) -> None:
        """Give what comes its epoch, for ever."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._parts:
                if not await self._next():
                    await asyncio.sleep(EVERY)

    async def _next(self) -> bool:
        """Number what has waited longest; False while the store is away."""
        part = self._parts[0]
        try:
            epoch = await self._epoch(part)
        except (StoreUnavailable, StoreRefused):
            return False
        if self._parts and self._parts[0] is part:  # else it was dropped meanwhile
            self._parts.popleft()
            self._waiting -= len(part.increments)
            self._buffer.add(_numbered(part.increments, epoch.number))
            self._stirred |= dict.fromkeys(each.route for each in all_called((part,), self._running.origins.name))
        return True

    async def read(self) -> None:
        """Bring the book up to date, for ever."""
        anew = time.monotonic() + ANEW
        for name in self._rules():
            await self._look_or_leave(name)
        took = 0.0
        while True:
            await asyncio.sleep(min(max(EVERY, took), LONGEST_REST))
            began = time.monotonic()
            if began > anew:
                anew = began + ANEW
                self._book.forget_minutes()
            for name in self._due():
                if not await self._look_or_leave(name):
                    break
                await asyncio.sleep(0)  # a store in memory lets nobody else in
            took = time.monotonic() - began

    async def watch_noise(self) -> None:
        """Move the findings on if we lead, read them otherwise; for ever."""
        names = set(self._rules())
        while True:
            rest = NOISE_EVERY
            try:
                await self._noise_round(names)
            except (StoreUnavailable, StoreRefused) as error:
                _log.debug("noise_waits", error=str(error))
                self._for_noise |= names  # else what is known of quiet routes is read much later
                rest = EVERY
            self._tell_noise()
            await asyncio.sleep(rest)
            names, self._for_noise = self._for_noise, set()

    async def samples(self, route: str, cluster: str) -> tuple[Sample, ...] | None:
        """Exchanges that show a cluster of the current epoch, newest first; None while the store is away."""
        epoch = self._book.epoch(route)
        try:
            return await self._stores.evidence.samples(route, epoch.number, cluster) if epoch else ()
        except (StoreUnavailable, StoreRefused):
            return None

    async def recorded(self, route: str, limit: int) -> tuple[ComparedExchange, ...] | None:
        """Exchanges kept for replay, newest first; None while the store is away."""
        try:
            return await self._stores.evidence.recorded(route, limit)
        except (StoreUnavailable, StoreRefused):
            return None

    async def epochs(self, route: str) -> tuple[Epoch, ...] | None:
        """All that are known, the present one first; None while the store is away."""
        try:
            return await self._stores.evidence.epochs(route)
        except (StoreUnavailable, StoreRefused):
            return None

    async def begin(self, route: str, begun: int, why: str) -> None:
        """Somebody has ordered a new epoch: it is there before anything is compared in it, if the store answers."""
        now = time.time()
        fresh = Epoch(route=route, number=0, legacy_version="", new_version="", began=now, seen=now)
        try:
            known = await self._stores.evidence.epochs(route)
            fresh = replace(known[0] if known else fresh, began=now, seen=now)
            asked = replace(fresh, addresses=self._addresses.get(route, ""), begun=begun, why=why)
            await self._stores.evidence.open_epoch(asked)
        except (StoreUnavailable, StoreRefused) as error:
            _log.warning("epoch_not_written", route=route, begun=begun, error=str(error))
        self._stirred[route] = None

    def _rules(self) -> Mapping[str, Rules]:
        """By route; asked for every second, and the same until the table changes."""
        snapshot = self._running.snapshot
        if snapshot is not self._rules_of[0]:
            routes = [route for route in snapshot.routes if route.respond is None]
            self._addresses = {route.name: snapshot.addresses(route) for route in routes}
            self._rules_of = snapshot, {route.name: route.compare for route in routes}
        return self._rules_of[1]

    def _take(self, parts: bytes) -> None:
        """From the comparer; what it wrote in another version is refused by the link before."""
        self._admit()
        for part in _parts.decode(parts):
            self._book.count(all_called(part.increments.tallies, self._running.origins.name))
            self._parts.append(part)
            self._waiting += len(part.increments)
        while self._waiting > MOST_WAITING and len(self._parts) > 1:
            gone = len(self._parts.popleft().increments)
            self._waiting -= gone
            self._lost += gone
        self._come.set()

    def _admit(self) -> None:
        """Count what the comparer itself lost: it says so, since its own start, before it hands anything on."""
        state = self._comparing.state
        if state is not None:
            pid, counted = self._comparer_lost
            self._lost += state.lost - (counted if pid == state.pid else 0)
            self._comparer_lost = state.pid, state.lost

    async def _epoch(self, part: Part) -> Epoch:
        known, asked = self._epochs.get(part.route), _asked(part)
        if known is None or known.mark != asked.mark or asked.seen - known.seen > ANNOUNCE:
            opened = await self._stores.evidence.open_epoch(asked)
            if known is not None and known.number != opened.number:
                said = {"legacy": opened.legacy_version, "new": opened.new_version, "begun": opened.begun}
                _log.info("epoch_begun", route=part.route, epoch=opened.number, **said)
            known = self._epochs[part.route] = replace(opened, seen=asked.seen)
        return known

    def _due(self) -> Iterable[str]:
        stirred, self._stirred = tuple(self._stirred), {}
        self._for_noise.update(stirred)
        names = tuple(self._rules())
        quiet = [names[(self._turn + step) % len(names)] for step in range(min(IN_TURN, len(names)))]
        self._turn += len(quiet)
        self._for_noise.update(quiet)
        return dict.fromkeys((*stirred, *quiet))

    async def _look_or_leave(self, route: str) -> bool:
        """Whether the store answered."""
        try:
            await self._look(route)
        except (StoreUnavailable, StoreRefused) as error:
            _log.debug("evidence_not_read", route=route, error=str(error))
            return False
        return True

    async def _look(self, route: str) -> None:
        store = self._stores.evidence
        epochs = await store.epochs(route)
        if not epochs:
            return
        await self._agree(route)
        epoch = epochs[0]
        tallies = await store.tallies(route, epoch.number, self._book.wants(route, epoch.number))
        clusters, shapes = await store.clusters(route, epoch.number), await store.shapes(route)
        hits, groups = await store.rule_hits(route), await store.key_groups(route)
        self._book.look(Look(epoch=epoch, tallies=tallies, clusters=clusters, shapes=shapes, hits=hits, groups=groups))

    async def _agree(self, route: str) -> None:
        asked = self._book.unagreed(route)
        if asked is not None:
            self._book.agree(await self._stores.evidence.judge_by(asked, int(time.time() // 60) + 1))

    async def _noise_round(self, names: Iterable[str]) -> None:
        positions = self._stores.positions
        epoch = await positions.try_lead(_LEADER_OF, self._holder, _LEASE)
        lead = None if epoch is None else Lead(name=_LEADER_OF, holder=self._holder, epoch=epoch)
        for name in names:
            findings = await self._stores.evidence.noise(name)
            current = self._book.epoch(name)
            if lead is not None and current is not None:
                findings = await self._move(name, findings, current.number, lead)
            self._findings[name] = findings

    async def _move(
        self, route: str, findings: tuple[NoiseFinding, ...], epoch: int, lead: Lead
    ) -> tuple[NoiseFinding, ...]:
        counts = await self._stores.evidence.noise_counts(route)
        changed = noise.step(findings, counts, epoch, time.time())
        if not changed or not await self._stores.evidence.save_noise(changed, lead):
            return findings
        return tuple(({finding.path: finding for finding in findings} | {each.path: each for each in changed}).values())

    def _tell_noise(self) -> None:
        now, rules = time.time(), self._rules()
        learned = {
            name: noise.learned(self._findings.get(name, ()), each.words, now, self._book.epoch(name))
            for name, each in rules.items()
            if each.words or self._findings.get(name)
        }
        self._book.hear({name: each.states for name, each in learned.items()})
        self._comparing.tell(learned)


def _asked(part: Part) -> Epoch:
    return Epoch(
        route=part.route,
        number=0,
        legacy_version=part.legacy_version,
        new_version=part.new_version,
        began=part.increments.at,
        seen=part.increments.at,
        addresses=part.addresses,
        begun=part.begun,
    )


def _numbered(increments: Increments, epoch: int) -> Increments:
    return replace(
        increments,
        tallies=tuple(replace(tally, epoch=epoch) for tally in increments.tallies),
        occurrences=tuple(replace(occurrence, epoch=epoch) for occurrence in increments.occurrences),
        samples=tuple(replace(sample, epoch=epoch) for sample in increments.samples),
        noise=tuple(replace(finding, epoch=epoch) for finding in increments.noise),
    )
