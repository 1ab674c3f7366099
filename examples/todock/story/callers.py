"""Phase 3: who may call, at two Banyans over one state; then the delivery server dies, and nobody notices."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

from examples.todock.stage.scene import start_second_banyan
from examples.todock.story.dead_server import dies
from examples.todock.story.inventory import browned_out, inventory, outsiders, retired
from examples.todock.story.member import Member, forged
from examples.todock.story.play import ORDERS, Play
from examples.todock.story.report import WITHIN, Refusal

SECOND_OUTAGE = 3.0
"""Seconds at most; short, as what was written meanwhile is sent to the delivery server ever later."""
_MOST_SUSPENDED = 3
_POLL = 0.01


async def callers(play: Play) -> None:
    """From the second replica to a server that nobody needs."""
    play.load.phase = "3"
    play.tell.chapter("Phase 3: two Banyans, members who may not, and a server that nobody needs")
    await start_second_banyan(play.scene)
    play.tell("  start  a second Banyan over the state of the first, with the same routes.yaml; members go to either")
    await play.watch()
    await browned_out(play)
    async with outsiders(play) as found:
        await _a_member_is_suspended(play)
        await _which_of_the_two_said_no(play)
        await _the_provider_is_away(play)
        await play.edit(*ORDERS, stage="live")
        await play.watch()
        await play.goes_back(*ORDERS, to="shadow", forward="50%")
        await play.edit(*ORDERS, stage="live")
        await inventory(play, found)
    await retired(play)
    await play.needs_legacy("3")
    await _nobody_notices(play)
    play.count_moves("3")


async def _a_member_is_suspended(play: Play) -> None:
    """His token is as good as before. A busy machine may be late, so the first in time counts."""
    for member in play.load.members[:_MOST_SUSPENDED]:
        play.report.suspended = await _suspended(play, member)
        if max(play.report.suspended.values()) <= WITHIN:
            break
    await play.watch()


async def _suspended(play: Play, member: Member) -> dict[str, float]:
    """Seconds from the order, as the first Banyan has it on record, until each of both refuses him."""
    play.load.barred.add(member.subject)
    async with play.load.stopped():
        pass  # whoever is on the way for this member has come back
    await play.load.log_in(member, play.scene.banyans[0])
    polls = [asyncio.ensure_future(_refused_at(play, member, banyan)) for banyan in play.scene.banyans]
    await play.order("suspend", member.subject, "lost card")
    refused = await asyncio.gather(*polls)
    listed = (await play.operator.look("/api/suspended"))["suspensions"]
    since = next(datetime.fromisoformat(each["since"]) for each in listed if each["subject"] == member.subject)
    found = {f"banyan-{at}": when - since.timestamp() for at, when in enumerate(refused, start=1)}
    await play.lift(member.subject)
    await play.operator.until(lambda: _is_let_in(play, member), f"{member.subject} to be let in again")
    play.load.barred.discard(member.subject)
    told = ", ".join(f"{name} after {seconds:.2f} s" for name, seconds in found.items())
    play.tell(f"  out    {member.subject}, with a good token: 403 of {told}; and let in again")
    return found


async def _refused_at(play: Play, member: Member, banyan: str) -> float:
    """When he was, in unix seconds."""

    async def is_refused() -> bool:
        async with play.scene.client.get(f"{banyan}/points", headers=member.fields) as answer:
            return answer.status == 403

    await play.scene.children.until(is_refused, f"{banyan} to refuse {member.subject}", look=_POLL)
    return time.time()


async def _is_let_in(play: Play, member: Member) -> bool:
    statuses = []
    for banyan in play.scene.banyans:
        async with play.scene.client.get(f"{banyan}/points", headers=member.fields) as answer:
            statuses.append(answer.status)
    return statuses == [200, 200]


async def _which_of_the_two_said_no(play: Play) -> None:
    play.tell.why(
        "One caller brings a forged token. Another's token is good, and Banyan takes it; the card API does not, as he "
        "has not shown who he is. Both are refused, and the operator asks by whom."
    )
    stranger, unconfirmed = play.load.members[0], next(each for each in play.load.members if not each.confirmed)
    at_edge = await _said_no(play, "/points", forged(stranger.fields))
    at_api = await _said_no(play, "/card", unconfirmed.fields)
    play.report.refused_by = at_edge, at_api


async def _said_no(play: Play, target: str, fields: dict[str, str]) -> Refusal:
    """Who answered, as Banyan remembers it, and by which status."""
    async with play.scene.client.get(play.scene.banyans[0] + target, headers=fields) as answer:
        number = answer.headers["X-Request-Id"]

    async def is_known() -> bool:
        return await play.operator.look(f"/api/requests/{number}") is not None

    await play.operator.until(is_known, f"the refusal of {target} to be remembered")
    said = await play.operator.command("why", number, shows=0)
    play.operator.orders += 1
    for line in _told(said.text):
        play.tell(f"  why    {line}")
    return str((await play.operator.look(f"/api/requests/{number}"))["request"]["side"]), answer.status


def _told(text: str) -> list[str]:
    """The first line, and what says who refused it."""
    first, *rest = text.splitlines()
    rows = ("decision", "upstream", "refused")
    return [first, *(line.strip() for line in rest if line.split()[:1] and line.split()[0] in rows)]


async def _the_provider_is_away(play: Play) -> None:
    play.tell.why(
        "The identity provider is away. Nobody can log in; who has a token goes on, at Banyan and at each API."
    )
    play.load.provider_is_away = True
    await play.scene.stop_provider()
    notebook = play.load.notebook
    before = notebook.requests - notebook.failed.total() - notebook.planted
    await play.watch("with tokens of before")
    play.report.passed_without_provider = notebook.requests - notebook.failed.total() - notebook.planted - before
    await play.scene.revive_provider()
    await play.operator.until(lambda: _logs_in(play), "members to log in again")
    async with play.load.stopped():
        play.load.provider_is_away = False


async def _logs_in(play: Play) -> bool:
    """At either Banyan: no breaker keeps requests from the provider any more."""
    statuses = set()
    for banyan in play.scene.banyans:
        async with play.scene.client.post(f"{banyan}/token", data=play.load.members[0].form) as answer:
            statuses.add(answer.status)
    return statuses == {200}


async def _nobody_notices(play: Play) -> None:
    found = play.report.second_outage = await dies(play, min(play.dead, SECOND_OUTAGE), frozenset())
    asked = found.through.total()
    play.tell(
        f"  alive  through Banyan {found.share:.0%} of {asked} requests; without its routes {found.direct_share:.0%}"
    )
    play.report.differences = await play.reconcile()
