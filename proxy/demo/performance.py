"""Plays the story before somebody's eyes: live on a terminal, line by line elsewhere."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.live import Live

from proxy.cli.admin_api import NoAnswerError, RoutesStatus, get_routes
from proxy.cli.terminal import say, say_json
from proxy.demo.children import Children
from proxy.demo.listening import LOOPBACK
from proxy.demo.notebook import Notebook
from proxy.demo.routes_file import Ports
from proxy.demo.screen import Moment, hints, intro, live, plain_head, plain_row, verdict
from proxy.demo.story import Measured, Report, Scene, play, until_it_runs
from proxy.demo.traffic import QUIET, Traffic
from proxy.tasks import Tasks

BRIEF, UNHURRIED = 2.0, 5.0
"""Seconds that a step is watched, without a spectator and with one."""
_REFRESH = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What is played where; `once` ends with the story."""

    once: bool
    json: bool
    speed: float
    routes: Path
    ports: Ports
    children: Children
    legacy_pid: int

    @property
    def admin(self) -> str:
        """The admin API's address."""
        return f"http://{LOOPBACK}:{self.ports.admin}"

    @property
    def clients(self) -> str:
        """Where clients ask."""
        return f"http://{LOOPBACK}:{self.ports.listen}"


async def perform(performance: Performance) -> Report:
    """Play the story once; on a terminal, stay until Ctrl-C."""
    notebook = Notebook()
    traffic = Traffic(performance.clients, notebook)
    tasks = Tasks()
    try:
        if performance.once:
            return await _plainly(performance, notebook, traffic, tasks)
        return await _live(performance, notebook, traffic, tasks)
    finally:
        await tasks.end()


def _scene(performance: Performance, notebook: Notebook, traffic: Traffic) -> Scene:
    return Scene(
        routes=performance.routes,
        admin=performance.admin,
        children=performance.children,
        notebook=notebook,
        traffic=traffic,
    )


async def _plainly(performance: Performance, notebook: Notebook, traffic: Traffic, tasks: Tasks) -> Report:
    tell = _silent if performance.json else say
    scene = _scene(performance, notebook, traffic)
    for line in (*intro(performance.routes), "", plain_head()):
        tell(line)
    await until_it_runs(scene)
    tasks.start(traffic.run(), name="traffic")

    def show(step: Measured) -> None:
        tell(plain_row(step))

    report = await play(scene, BRIEF / performance.speed, tell=tell, show=show)
    for line in ("", *verdict(report)):
        tell(line)
    if performance.json:
        say_json(report)
    return report


def _silent(_: str) -> None:
    """With --json nothing but the JSON goes to stdout."""


async def _live(performance: Performance, notebook: Notebook, traffic: Traffic, tasks: Tasks) -> Report:
    console = Console(highlight=False)
    scene = _scene(performance, notebook, traffic)
    console.print(*intro(performance.routes), sep="\n", markup=False)
    await until_it_runs(scene)
    tasks.start(traffic.run(), name="traffic")
    with Live(console=console, auto_refresh=False) as screen:
        tasks.start(_refresh(performance, notebook, screen), name="screen")

        def tell(line: str) -> None:
            console.print(f"[yellow]▸[/] {line}", soft_wrap=True)

        report = await play(scene, UNHURRIED / performance.speed, tell=tell, show=lambda _: None)
        console.print("", *verdict(report), sep="\n", markup=False, soft_wrap=True)
        if report.wrong:
            return report
        told = hints(performance.routes, performance.clients, performance.admin, performance.legacy_pid)
        console.print("", *told, sep="\n", markup=False, soft_wrap=True)
        traffic.rate = QUIET
        traffic.resume()
        await _until_interrupted(performance.children)
    return report


async def _refresh(performance: Performance, notebook: Notebook, screen: Live) -> None:
    """Draw the table anew, for ever."""
    status: RoutesStatus | None = None
    while True:
        with suppress(NoAnswerError):
            status = await asyncio.to_thread(get_routes, performance.admin)
        moment = Moment(
            status=status, notebook=notebook, now=time.monotonic(), ended=tuple(performance.children.ended())
        )
        screen.update(live(moment), refresh=True)
        await asyncio.sleep(_REFRESH)


async def _until_interrupted(children: Children) -> None:
    """Stay until Ctrl-C; ChildFailedError when Banyan itself goes away. The systems may: that is worth a try."""
    interrupted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
    while not interrupted.is_set():
        children.check("banyan")
        with suppress(TimeoutError):
            await asyncio.wait_for(interrupted.wait(), 1.0)


def is_watched() -> bool:
    """Whether somebody sees a live table."""
    return sys.stdout.isatty()
