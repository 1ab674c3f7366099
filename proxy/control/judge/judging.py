"""The judge at work: once a second, and sooner when something bad has happened.

  1 lead      try to lead, or to go on leading            4 rule    a ruling on every route that may move
  2 share     tell the others what was seen, hear them    5 act     if it leads; or, without a store, back only
  3 fold      into what is known of each route            6 keep    what the next leader will want to know

Rule 1: every replica does 1 to 4 alike, so that whoever leads next knows as much; one alone acts.
Rule 2: a store that does not answer costs a round `PATIENCE`, never the round itself.
Rule 3: what the last leader knew is taken up before anything is kept over it, also where the store was away at first.
        What a move has answered since it was kept is not taken up; who ends in order keeps what is known by then.
Rule 4: a ruling that could not be carried out is made anew from what stands then; it is never kept. Where it led back
        that happens at once, a few times; else in the next round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from proxy.control.fleet.gossip import Gossip, Outbox, gossip_called, read, written
from proxy.control.fleet.lease import Leading
from proxy.control.judge.answered_alarms import LOOKED_AT, answered_at
from proxy.control.judge.enforcing import Enforcing
from proxy.control.judge.judge_round import RouteJudging
from proxy.control.position.mover import AwayError, Mover, before_all_else
from proxy.control.position.reconciling import Reconciling
from proxy.control.position.standing_here import StandingHere
from proxy.core.judge.verdict import Ruling
from proxy.core.position.standing import Presence, is_skewed
from proxy.store.errors import StoreRefused, StoreUnavailable
from proxy.store.evidence import EvidenceStore
from proxy.store.positions import PositionStore

EVERY, SOONEST = 1.0, 0.2
"""Seconds between two rounds: as a rule, and when something has happened."""
PATIENCE = 1.5
LAST_PATIENCE = 0.5
"""Seconds that the store has for what is kept at the end."""
WITHIN = 15.0
"""Seconds for which a replica that says nothing counts as living."""
REMEMBERED = 86_400.0
"""Seconds for which one that fell silent without taking its leave is known to have read another file."""
KEEP_EVERY, SLOW_EVERY = 5.0, 60.0
"""Seconds between two times at which the guards' numbers are kept: evidence, and what changes slowly."""
LOOK_BACK, MOST_KNOWN = 200, 5_000
TRIES = 3
"""How often one round rules on what leads back, where others are faster."""
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Judge:
    """`presences` are the live replicas as of the last round; `away` says why the store did not answer, or is empty.

    `run` is to be run in the background; `page` is told of alarms that move nothing.
    """

    store: PositionStore
    guards: EvidenceStore
    here: StandingHere
    mover: Mover
    reconciling: Reconciling
    judging: RouteJudging
    outbox: Outbox
    revision: Callable[[], str]
    leading: Leading
    page: Callable[[str, Ruling], None] = lambda _route, _ruling: None
    presences: tuple[Presence, ...] = ()
    away: str = ""
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _heard_up_to: int = -1
    _known: dict[int, None] = field(default_factory=dict)
    _kept_at: float = 0.0
    _begun: bool = False
    _slow_kept_at: float = 0.0
    _enforcing: Enforcing = field(init=False)

    def __post_init__(self) -> None:
        """What it rules is carried out under its own lead."""
        self._enforcing = Enforcing(
            here=self.here,
            mover=self.mover,
            judging=self.judging,
            leading=self.leading,
            page=self._tell,
        )

    def wake(self) -> None:
        """Something happened that should not wait."""
        self._wake.set()

    async def run(self) -> None:
        """Take up what the last leader kept, then judge for ever."""
        await before_all_else(self.begin)
        while True:
            await self.turn()

    async def turn(self) -> None:
        """One round, and the pause after it."""
        self._wake.clear()
        await self.round()
        await asyncio.sleep(SOONEST)
        try:
            async with asyncio.timeout(EVERY - SOONEST):
                await self._wake.wait()
        except TimeoutError:
            return

    async def round(self) -> None:
        """One round: the six steps above."""
        mine = self.outbox.take()
        batches = [mine, *await self._share(mine)]
        self.here.expire()
        rulings = self.judging.rule(batches)
        self.here.sample(self.judging.samples)
        await self._act(rulings)
        await self._keep()

    # -- with the others ----------------------------------------------------------------------------------------------

    async def _share(self, mine: Gossip) -> list[Gossip]:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.leading.go_on()
                heard = await self._exchange(mine)
                await self._announce()
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            self._lose(str(error) or "the state store did not answer in time")
            return []
        if self.away:
            _log.warning("store_back", was=self.away)
            self.away = ""
        await self._catch_up()
        return heard

    def _lose(self, why: str) -> None:
        if not self.away:
            _log.warning(
                "store_away", error=why, hint="routes stay where they are; only steps back are made, here alone"
            )
        self.away = why
        self.leading.doubt()
        self._heard_up_to = -1  # when it is back it may be another one, with ids of its own
        self._known.clear()

    async def _exchange(self, mine: Gossip) -> list[Gossip]:
        if mine.answered or mine.bad or mine.compared:
            await self.store.tell(self.here.instance, written(gossip_called(mine, self.here.origins.origin)))
        after = max(self._heard_up_to - LOOK_BACK, 0)
        told = await self.store.heard(after, self.here.instance)
        fresh = [message for message in told if message.id not in self._known]
        self._known |= dict.fromkeys(message.id for message in fresh)
        for gone in tuple(self._known)[: max(len(self._known) - MOST_KNOWN, 0)]:
            del self._known[gone]
        first, self._heard_up_to = self._heard_up_to < 0, max([self._heard_up_to, 0, *(message.id for message in told)])
        if first:
            return []
        batches = (read(message.body) for message in fresh)
        return [gossip_called(batch, self.here.origins.name) for batch in batches if batch is not None]

    async def _announce(self) -> None:
        mine = Presence(instance=self.here.instance, revision=self.revision(), version=self.here.obeyed)
        await self.store.announce(mine)
        known = await self.store.presences(REMEMBERED)
        self.presences = tuple(each for each in known if each.seconds_ago < WITHIN)
        if is_skewed(known):
            self.reconciling.doubt()

    async def _catch_up(self) -> None:
        """The store answers: write what was done without it, and carry out edits that nobody else disputes."""
        try:
            if not self._begun:
                async with asyncio.timeout(PATIENCE):
                    await self.begin()
            if self.here.pending:
                await self.mover.settle()
            if self.leading.lead is not None and not is_skewed(self.presences):
                await self.reconciling.agree()
        except (StoreUnavailable, TimeoutError) as error:
            self._lose(str(error) or "the state store did not answer in time")

    # -- alone --------------------------------------------------------------------------------------------------------

    async def _act(self, rulings: Mapping[str, Ruling]) -> None:
        """Only who leads acts; without a store everyone, for itself."""
        for _ in range(TRIES):
            if self.leading.lead is None and not self.away:
                return
            try:
                if await self._enforcing.enforce(rulings):
                    return
            except AwayError as error:
                self._lose(str(error))
                return
            await self._ask_for_the_lead()
            rulings = self.judging.rule(())
        self.wake()

    def _tell(self, route: str, ruling: Ruling) -> None:
        self.page(route, ruling)

    async def _ask_for_the_lead(self) -> None:
        """Whoever lost a move may lead no more."""
        if self.leading.lead is None:
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self.leading.go_on()
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            self._lose(str(error) or "the state store did not answer in time")

    # -- for who comes next -------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Take up what the last leader kept, but for what was answered before anybody kept that; StoreUnavailable."""
        kept = await self.guards.guards()
        self.judging.recall(kept, answered_at(await self.store.transitions(None, LOOKED_AT)))
        self._begun = True

    async def end(self) -> None:
        """Keep what is known by now, then let the next one lead at once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_PATIENCE):
                await self._keep(is_last=True)
        await self.leading.resign()

    async def _keep(self, *, is_last: bool = False) -> None:
        now, lead = self.here.clock(), self.leading.lead
        is_due = is_last or now - self._kept_at >= KEEP_EVERY
        if lead is None or self.away or not self._begun or not is_due:
            return
        slow = now - self._slow_kept_at >= SLOW_EVERY
        self._kept_at, self._slow_kept_at = now, now if slow else self._slow_kept_at
        states = (self.judging.judged(now), *self.judging.states(now, slow=slow))
        try:
            async with asyncio.timeout(PATIENCE):
                if await self.guards.save_guards(states, lead):
                    self.judging.kept(states)
        except (StoreUnavailable, StoreRefused, TimeoutError) as error:
            _log.warning("guards_not_kept", error=str(error))
