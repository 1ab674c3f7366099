"""The core system closes each night; the delivery server has known that for years, and the order API does not.

Rule 1: the first night comes as it came in the article: nobody has thought of it.
Rule 2: for the second one routes.yaml knows the hours. The nightly hour stands there as it is, and beside it the same
        for a few seconds of now, since a story does not wait for the night.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from examples.todock.story.play import ORDERS, Play

UNPLANNED = 60.0
"""Seconds of the night that nobody has thought of; it is over when both sides have shown what they do in it."""
_SHOWN = 5
"""Answers of each side after which it is."""
PLANNED = 4
"""Seconds of the one that routes.yaml knows, with those in which the edit is taken."""
_ZONE = ZoneInfo("Asia/Tokyo")
_NIGHT, _NEAR = 2, range(1, 4)
_CLOSE = "UPDATE core_hours SET closed_until = to_timestamp($1::float8)"
_ASKED = 8
"""Members who ask whether it is open: new answers some of them, and legacy others."""


async def closed_hours(play: Play) -> None:
    """Without `windows`, and with them."""
    await _nobody_has_thought_of_it(play)
    await _the_file_knows_them(play)


async def _nobody_has_thought_of_it(play: Play) -> None:
    play.tell.why(
        "The core system behind both sides closes each night. The delivery server says so to its half of the members. "
        "The order API knows nothing of it, and takes orders that nobody is there to take."
    )
    async with play.load.stopped():
        play.load.closed_until = time.time() + UNPLANNED
        await play.scene.ask("delivery", _CLOSE, play.load.closed_until)
    with play.load.awaited("orders"):
        await play.operator.until(lambda: _is_shown(play), "both sides to show what they do while it is closed")
    await play.scene.ask("delivery", _CLOSE, time.time())
    await _until_orders_are_taken(play)
    play.report.taken_unplanned = play.load.taken
    told = len(play.load.told_closed)
    play.tell(f"  night  closed by the delivery server: {told} answers; taken by new: {play.load.taken} orders")
    await _opened(play)


async def _is_shown(play: Play) -> bool:
    return min(len(play.load.told_closed), play.load.taken) >= _SHOWN or time.time() > play.load.closed_until


async def _the_file_knows_them(play: Play) -> None:
    play.tell.why(
        "The operator writes the closed hours down. Whoever orders meanwhile is told when to come back, by Banyan, and "
        "neither side is asked; the judge leaves these routes alone."
    )
    moved = await _moves(play)
    counted = await play.operator.metric("banyan_step_answers_total", 'reason="closed"')
    end = await _closes(play)
    async with play.load.stopped():
        play.load.taken, play.load.told_closed = 0, []
        await play.scene.ask("delivery", _CLOSE, end.timestamp())
        asked = await _asked_of_legacy(play)
    await asyncio.sleep(max(0.0, end.timestamp() - time.time()))
    play.report.asked_in_window = await _asked_of_legacy(play) - asked
    await _until_orders_are_taken(play)
    play.report.late_after_window = time.time() - end.timestamp()
    await _judged(play, moved, counted, end.timestamp())
    await _opened(play)


async def _closes(play: Play) -> datetime:
    """When the hours end. A busy machine may take an edit when most of them are over; then they last longer."""
    seconds, end = PLANNED, datetime.now(_ZONE)
    while end.timestamp() < time.time() + PLANNED / 2:
        end = datetime.now(_ZONE).replace(microsecond=0) + timedelta(seconds=seconds)
        play.load.closed_until = end.timestamp()
        await play.operator.edit(*ORDERS, windows=windows_until(end))
        seconds *= 3
    return end


def windows_until(end: datetime) -> str:
    """The nightly hour, and the same from now on. Whoever plays this about that hour has a nightly one at noon."""
    hour = 14 if end.astimezone(_ZONE).hour in _NEAR else _NIGHT
    nightly = f'{{ name: core-night, start: "{hour:02}:00", end: "{hour:02}:50", zone: Asia/Tokyo, answer: 503 }}'
    start = (end - timedelta(hours=1)).isoformat()
    return f'[{nightly}, {{ name: tonight, start: "{start}", end: "{end.isoformat()}", answer: 503 }}]'


async def _judged(play: Play, moved: list[str], counted: float, end: float) -> None:
    """`end`: of the closed hours, unix seconds."""
    report, told = play.report, play.load.told_closed
    report.taken_in_window, report.told_in_window = play.load.taken, len(told)
    report.wrong_retry_after = sum(not each.names(end) for each in told)
    report.moved_in_window = [each for each in await _moves(play) if each not in moved]
    after = await play.operator.metric("banyan_step_answers_total", 'reason="closed"')
    report.counted_closed = int(after - counted)
    most, taken = max((each.seconds for each in told), default=0), play.load.taken
    play.tell(
        f"  night  closed by Banyan: {len(told)} answers, Retry-After {most} s at most; taken by new: {taken} orders"
    )
    moves = len(report.moved_in_window)
    play.tell(f"  asked  of the delivery server meanwhile: {report.asked_in_window}")
    play.tell(f"  judge  moves meanwhile: {moves}; answers counted as closed: {report.counted_closed}")
    play.tell(f"  open   both halves of the members were answered {report.late_after_window:.1f} s after the end")


async def _asked_of_legacy(play: Play) -> int:
    """Orders to which the delivery server has said that it is closed."""
    return (await play.scene.asked_of_delivery()).get("closed", 0)


async def _moves(play: Play) -> list[str]:
    """Of the order routes, by the judge or anybody."""
    found = (await play.operator.look("/api/transitions?limit=1000") or {}).get("transitions", [])
    return [f"{each['route']} {each.get('id', each.get('at', ''))}" for each in found if each["route"] in ORDERS]


async def _until_orders_are_taken(play: Play) -> None:
    """Of both halves of the members."""

    async def are_taken() -> bool:
        statuses = set()
        for member in [each for each in play.load.members if each.token][:_ASKED]:
            target = f"{play.scene.banyans[0]}/orders/{member.number}-2026w49"
            async with play.scene.client.get(target, headers=member.fields) as answer:
                statuses.add(answer.status)
        return statuses <= {200, 404}

    await play.operator.until(are_taken, "orders to be taken again")


async def _opened(play: Play) -> None:
    """Whoever was told that it is closed has his answer."""
    async with play.load.stopped():
        play.load.closed_until, play.load.taken, play.load.told_closed = 0.0, 0, []
    await play.watch("it is open again")
