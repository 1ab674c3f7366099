"""Whoever dies at whichever step of a write, nothing is lost, nothing is done twice, and both sides agree."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from holds.state.crashes import EACH_STEP_ONCE, playing
from proxy.store.embedded.embedded_postgres import Embedded


async def test_a_crash_at_each_step_loses_nothing() -> None:
    """Twelve faults under load; new agrees to writes that were done before only after a while."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as name:
        folder = Path(name)
        database = Embedded(folder / "db", patience=120.0)
        await database.start()
        try:
            async with playing(folder, database, seed=1) as play:
                async with play.load():
                    await asyncio.sleep(1.0)
                    play.legacy.agree()
                    play.new.agree()
                    for fault in EACH_STEP_ONCE:
                        await play.suffer(fault)
                await play.settle()
                acknowledged = sum(each.status == 200 for each in play.told)
                print(f"{acknowledged} of {len(play.told)} acknowledged, {play.decided} left to people")

                assert play.wrong() == []
                assert acknowledged > len(EACH_STEP_ONCE)
        finally:
            await database.stop()
