"""A service moves to another address, by its name alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from examples.insurance.stage.foundation import ADDRESSES
from examples.insurance.story.play import Play
from examples.insurance.systems.settings import CONTRACT_NAME, MOVED_ADDRESS
from examples.stage.children import StoryError
from examples.stage.commands import run_to_end

_STILL = 1.0
"""Seconds without a request after which nobody asks at the old address any more."""


async def moved_service(play: Play) -> None:
    """Started there, named there, and ended where it was, under load."""
    if not play.scene.base.names.are_known:
        play.tell("  names  not played: a resolver setting of one's own takes root, port 53 of loopback and unshare")
        return
    play.tell.why(
        "Services are called by name. The contract service moves by an edit of the zone, and of nothing else."
    )
    failed = play.load.notebook.failed.total()
    await _where_is_it(play)
    before = play.scene.base.services["contract"]
    old, play.scene.base.at["contract"] = play.scene.base.at["contract"], MOVED_ADDRESS
    await play.scene.children.until_said(play.scene.base.start("contract"), "listening")
    play.scene.base.names.say({**ADDRESSES, CONTRACT_NAME: MOVED_ADDRESS})
    await _until_nobody_asks(play, old)
    await asyncio.to_thread(play.scene.children.end, before)
    await play.watch()
    play.report.moved_by_name = await _where_is_it(play)
    play.report.failed_while_moving = play.load.notebook.failed.total() - failed
    if play.report.moved_by_name != MOVED_ADDRESS:
        play.report.wrong.append(f"after the move probe and curl find {play.report.moved_by_name}")


async def _where_is_it(play: Play) -> str:
    """As `banyan probe` finds it, and curl: both have to find the same, or the story says that they differ."""
    said = await play.operator.json("probe", "contract")
    rows: list[dict[str, Any]] = said["targets"][0]["findings"]
    probed = {each["address"].rpartition(":")[0] for each in rows if each["row"] == "connect"}
    url = f"http://{CONTRACT_NAME}:{play.scene.where.contract}/healthz"
    asked = await run_to_end([*play.operator.prefix, "curl", "--silent", "--show-error", "--max-time", "30", url])
    if asked.code:
        raise StoryError(f"curl left with {asked.code}: {asked.text.strip()}")
    curled = str(json.loads(asked.text)["address"])
    name = next(each["said"] for each in rows if each["row"] == "name")
    play.tell(f"  probe  {CONTRACT_NAME}: {name}; curl is answered from {curled}")
    if probed != {curled}:
        play.report.wrong.append(f"probe finds {', '.join(sorted(probed))}, and curl {curled}")
    return curled


async def _until_nobody_asks(play: Play, address: str) -> None:
    """At the old address: neither Banyan nor the plan service."""
    url = f"http://{address}:{play.scene.where.contract}/healthz"
    answered = -1

    async def is_still() -> bool:
        nonlocal answered
        before = answered
        async with play.scene.client.get(url) as answer:
            answered = int((await answer.json())["answered"])
        await asyncio.sleep(_STILL)
        return bool(answered == before)

    await play.operator.until(is_still, f"nobody to ask at {address}")
