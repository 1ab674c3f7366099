"""Phase 3, first: what a storm of logins does to a cart, at legacy itself and behind Banyan."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles

import aiohttp

from examples.payid.story.cart_times import Stormed
from examples.payid.story.play import Play
from examples.payid.story.storm import is_counted, is_stormed
from examples.payid.systems.settings import ACCOUNT

_CARTS, _PAUSE = 2, 0.004


async def isolation(play: Play) -> None:
    """Twice: where everybody asks one server, and where each kind of client has its own, with bounds."""
    play.tell.why(
        "Logins are stormed from four addresses, in every other second; carts are timed all along. At legacy itself "
        "one server and one pool of connections serve both. Behind Banyan logins have an upstream of their own, with 8 "
        "connections and 16 requests that wait, and an address has 30 requests a second."
    )
    legacy = f"http://127.0.0.1:{play.scene.where.legacy}"
    buyer = play.load.buyers[0]
    async with play.load.stopped():
        play.report.direct = await _timed(play, legacy, {ACCOUNT: buyer.account}, apart=True)
        play.tell(f"  cart   at legacy itself: {play.report.direct}")
        if not buyer.is_fresh("cart"):
            await play.load.log_in(buyer, "cart")
        play.report.behind = await _timed(play, play.scene.banyan, buyer.fields("cart"))
    play.tell(f"  cart   behind Banyan: {play.report.behind}; {play.report.behind.failed} of carts' requests failed")
    storm = play.report.behind
    play.tell(f"  storm  behind Banyan {storm.kept_off} of {sum(storm.answered.values())} guesses were kept off")


@dataclass(slots=True)
class _Carts:
    """A few carts that ask all along; `times` by whether logins were stormed then."""

    client: aiohttp.ClientSession
    url: str
    fields: dict[str, str]
    wanted: int
    times: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})
    failed: int = 0

    async def ask(self, kind_of: Callable[[float], bool | None], kinds: set[bool]) -> None:
        """Until there are so many times of these kinds; `kind_of` a moment, None: it does not count."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_CARTS):
                group.create_task(self._one(kind_of, kinds))

    async def _one(self, kind_of: Callable[[float], bool | None], kinds: set[bool]) -> None:
        while min(len(self.times[kind]) for kind in kinds) < self.wanted:
            kind, began = kind_of(time.time()), time.perf_counter()
            async with self.client.get(f"{self.url}/account", headers=self.fields) as answer:
                await answer.read()
            self.failed += answer.status != 200
            if kind is not None:
                self.times[kind].append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(_PAUSE)


async def _timed(play: Play, url: str, fields: dict[str, str], *, apart: bool = False) -> Stormed:
    """`apart`: the quiet ones first, since a storm without bounds goes on after its end."""
    carts = _Carts(play.scene.client, url, fields, play.stormed)
    if apart:
        await carts.ask(lambda _: False, {False})
    storm = play.scene.children.python(f"storm-{time.time():.0f}", "examples.payid.story.storm", url)
    await play.scene.children.until_said(storm, "ready")
    await carts.ask(_only_stormed if apart else _either, {True} if apart else {True, False})
    await asyncio.to_thread(play.scene.children.end, storm)
    answered = json.loads(storm.log.read_text(encoding="utf-8").splitlines()[-1])
    quiet, stormed = (quantiles(carts.times[kind], n=100)[98] for kind in (False, True))
    return Stormed(quiet, stormed, sum(map(len, carts.times.values())), carts.failed, answered)


def _either(now: float) -> bool | None:
    return is_stormed(now) if is_counted(now) else None


def _only_stormed(now: float) -> bool | None:
    return _either(now) or None
