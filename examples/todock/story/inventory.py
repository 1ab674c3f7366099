"""What is left at the delivery server: three endpoints that stand in nobody's list, and who would miss them.

`flyers` is called by nobody, `statements` once a month by a batch, and `stores` by a kiosk that nobody has listed.
Their traffic tells them apart; a brown-out asks whether anybody needs them, and finds the batch with its first call.

Rule 1: a month is three seconds here, since a story does not wait for one; all else is as it would be.
Rule 2: who is refused by a brown-out comes again when the answer says, as such callers do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from examples.todock.story.play import Play

LEFT = ("flyers", "stores", "statements")
LISTED = frozenset({"app-1", "app-2", "site"})
"""Clients of which the operator knew."""
MONTH = 3.0
_BATCH, _KIOSK = "statement-batch", "kiosk"


@dataclass(slots=True)
class Outsider:
    """A caller that is no app; `pause`: seconds between two of its calls; `answers`: statuses, in order."""

    client: str
    target: str
    pause: float
    number: str
    answers: list[int] = field(default_factory=list)
    token: str = ""


OUTSIDERS = (
    (_KIOSK, "/stores", MONTH / 10, "30000060"),
    (_BATCH, "/statements/2026-11", MONTH * 0.7, "30000059"),
)


@asynccontextmanager
async def outsiders(play: Play) -> AsyncIterator[list[Outsider]]:
    """They call, as they have for years; nobody was told of them."""
    found = [Outsider(*each) for each in OUTSIDERS]
    for each in found:
        await _log_in(play, each)
    calling = [asyncio.create_task(_calls(play, each)) for each in found]
    try:
        yield found
    finally:
        for task in calling:
            task.cancel()
        await asyncio.gather(*calling, return_exceptions=True)


async def _log_in(play: Play, outsider: Outsider) -> None:
    form = {
        "grant_type": "password",
        "client_id": outsider.client,
        "username": outsider.number,
        "password": f"secret of {outsider.number}",
    }
    async with play.scene.client.post(f"{play.scene.where.issuer}/token", data=form) as answer:
        outsider.token = str((await answer.json())["access_token"])


async def _calls(play: Play, outsider: Outsider) -> None:
    """Rule 2; at one Banyan, as its file says."""
    while True:
        status, again = await _call(play, outsider.target, outsider.token)
        outsider.answers.append(status)
        await asyncio.sleep(again or outsider.pause)


async def _call(play: Play, target: str, token: str) -> tuple[int, float]:
    """The status, and when to come again."""
    fields = {"Authorization": f"Bearer {token}", "Host": "www.todock.example"}
    async with play.scene.client.get(play.scene.banyans[0] + target, headers=fields) as answer:
        return answer.status, float(answer.headers.get("Retry-After", 0))


async def browned_out(play: Play) -> None:
    """What is left says that it ends, and does not answer now and then."""
    play.tell.why(
        "Three endpoints are left at the delivery server, and nobody knows who needs them. Each says from now on when "
        "it will be gone, and does not answer one call in twenty of each caller, its first one among them."
    )
    until = (datetime.now(UTC) + timedelta(days=2)).date()
    await play.operator.edit(
        *LEFT,
        brownout=f'{{ share: 5%, until: "{until}", retry_after: 1s }}',
        deprecated='{ since: "2026-03-01", sunset: "2026-11-01" }',
    )


async def inventory(play: Play, callers: list[Outsider]) -> None:
    """They are told apart, and one of them may go at once."""
    play.tell.why(
        "A month later: who called, and whom has the brown-out met? One endpoint was called by nobody; of the other "
        "two the order is refused, and names who is to be asked."
    )
    await _until_met(play, "flyers")
    batch = next(each for each in callers if each.client == _BATCH)
    await play.operator.until(lambda: _has_been_served(batch), "the monthly batch to be refused once, and served")
    for name in ("statements", "stores", "flyers"):
        await play.operator.command("retire", name, "--period", f"{MONTH:g}s")
    await play.operator.until(partial(_is_retired, play, "flyers"), "flyers to be retired")
    for name in LEFT:
        found = await play.operator.look(f"/api/routes/{name}/retirement?seconds={MONTH:g}")
        play.report.callers[name] = sorted(each["caller"] for each in found["callers"])
        play.report.met[name] = sorted(each["caller"] for each in found["callers"] if each["met"])
    unlisted = {caller for found in play.report.callers.values() for caller in found} - LISTED
    play.report.unlisted = sorted(unlisted)
    play.report.batch_was_met_at = batch.answers.index(503)
    play.tell(f"  found  callers that stand in no list: {', '.join(play.report.unlisted)}")


async def retired(play: Play) -> None:
    """Whoever was named has moved, and a month has passed without a call."""
    play.tell.why("Kiosk and batch were named, could be asked, and have moved. After a month without a call:")
    for name in ("stores", "statements"):
        await _until_met(play, name)
        await play.operator.until(partial(_is_retired, play, name), f"{name} to be retired")
    token = play.load.members[0].token
    for target, name in (("/flyers", "flyers"), ("/stores", "stores"), ("/statements/2026-11", "statements")):
        play.report.gone[name] = (await _call(play, target, token))[0]
    told = ", ".join(f"{name} {status}" for name, status in play.report.gone.items())
    play.tell(f"  gone   {told}")


async def _is_retired(play: Play, name: str) -> bool:
    """By order; given once more it changes nothing."""
    said = await play.operator.command("retire", name, "--period", f"{MONTH:g}s", shows=0)
    return said.code == 0


async def _until_met(play: Play, name: str) -> None:
    """Nothing of its list is open."""

    async def may() -> bool:
        found = await play.operator.look(f"/api/routes/{name}/retirement?seconds={MONTH:g}")
        return bool(found and found["may"])

    await play.operator.until(may, f"{name} to be missed by nobody")


async def _has_been_served(batch: Outsider) -> bool:
    """Behind its first call, which the brown-out has met."""
    return 503 in batch.answers and 200 in batch.answers[batch.answers.index(503) :]
