"""Plays the story before somebody's eyes: live on a terminal, line by line elsewhere."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from proxy.api.evidence import ClusterView
from proxy.api.routes import RoutesView
from proxy.cli.admin_client import NoAnswerError, get_routes
from proxy.cli.evidence.picture import cluster_lines
from proxy.cli.terminal import say, say_json
from proxy.demo.children import Children
from proxy.demo.notebook import Notebook
from proxy.demo.scenery import Scenery
from proxy.demo.screen import ScreenMoment, hints, live, mismatch_lines, plain_head, plain_row, verdict
from proxy.demo.story import Measured, StoryReport, play, until_all_are_up
from proxy.demo.traffic import QUIET, DemoTraffic
from proxy.tasks import Tasks

BRIEF, UNHURRIED = 2.0, 5.0
"""Seconds that a step is watched, without a spectator and with one."""
_REFRESH = 0.25


async def perform(scenery: Scenery) -> StoryReport:
    """Play the story once; on a terminal, stay until Ctrl-C."""
    traffic = DemoTraffic(scenery.clients)
    tasks = Tasks()
    try:
        return await (_plainly if scenery.once else _live)(scenery, traffic, tasks)
    finally:
        await tasks.end()


async def _plainly(scenery: Scenery, traffic: DemoTraffic, tasks: Tasks) -> StoryReport:
    tell = _silent if scenery.json else say
    await until_all_are_up(scenery)
    tell(plain_head())
    tasks.start(traffic.run(), name="traffic")

    def show(step: Measured) -> None:
        tell(plain_row(step))

    def table(clusters: list[ClusterView]) -> None:
        for line in mismatch_lines(clusters):
            tell(line)

    report = await play(scenery, traffic, BRIEF / scenery.speed, tell=tell, show=show, table=table)
    for line in ("", *verdict(report)):
        tell(line)
    if scenery.json:
        say_json(report)
    return report


def _silent(_: str) -> None:
    """With --json nothing but the JSON goes to stdout."""


async def _live(scenery: Scenery, traffic: DemoTraffic, tasks: Tasks) -> StoryReport:
    console = Console(highlight=False)
    with console.status("starting both systems and Banyan"):
        await until_all_are_up(scenery)
    tasks.start(traffic.run(), name="traffic")
    with Live(console=console, auto_refresh=False) as screen:
        tasks.start(_refresh(scenery, traffic.notebook, screen), name="screen")

        def tell(line: str) -> None:
            console.print(f"[yellow]▸[/] {line}", soft_wrap=True)

        def table(clusters: list[ClusterView]) -> None:
            console.print(Group(*cluster_lines(clusters, console.width)), crop=False)

        seconds = UNHURRIED / scenery.speed
        report = await play(scenery, traffic, seconds, tell=tell, show=lambda _: None, table=table)
        console.print("", *map(Text, verdict(report)), sep="\n", soft_wrap=True)
        if report.wrong:
            return report
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
        told = hints(scenery.routes, scenery.clients, scenery.admin, scenery.legacy_pid)
        console.print("", *map(Text, told), sep="\n", soft_wrap=True)
        traffic.rate = QUIET
        traffic.resume()
        await _stay_up(scenery.children, interrupted)
    return report


async def _refresh(scenery: Scenery, notebook: Notebook, screen: Live) -> None:
    """Draw the table anew, for ever."""
    status: RoutesView | None = None
    while True:
        with suppress(NoAnswerError):
            status = await asyncio.to_thread(get_routes, scenery.admin)
        moment = ScreenMoment(
            status=status, notebook=notebook, now=time.monotonic(), ended=tuple(scenery.children.ended())
        )
        screen.update(live(moment, screen.console.width), refresh=True)
        await asyncio.sleep(_REFRESH)


async def _stay_up(children: Children, interrupted: asyncio.Event) -> None:
    """Until Ctrl-C; DemoError when Banyan itself goes away. The systems may: that is worth a try."""
    while not interrupted.is_set():
        children.check("banyan")
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await interrupted.wait()
