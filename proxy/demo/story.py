"""The story: one route moves from legacy to new by edits of routes.yaml, and every step is measured and judged.

Rule 1: Banyan is told nothing but by the file on disk; that an edit runs is learnt from its admin API.
Rule 2: figures are the clients'; a step is judged on a window in which every office asks, after its edit runs.
Rule 3: the judgement: no request failed; each share is as its split; no office went back; nothing written is lost.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from proxy.api.evidence import ClusterView
from proxy.cli.admin_client import NoAnswerError, fetch, get_routes
from proxy.core.outcome import Side
from proxy.demo.children import DemoError
from proxy.demo.notebook import Figures, Notebook, NotedWindow, figures
from proxy.demo.routes_file import LOOPBACK, MOVED, edit
from proxy.demo.scenery import Scenery
from proxy.demo.seed import OFFICES
from proxy.demo.shadowing import Compared, find_and_mend, wrong_parity
from proxy.demo.traffic import DemoTraffic

TOLERANCE = 0.035
"""How far the share of moved offices may be from the split: they are drawn, and 250 at 50 % scatter by 0.032."""
START = 30.0
"""Seconds that Banyan has to run the file; the first time it starts, which takes long on a busy machine."""
SETTLE = 0.3
"""Seconds from an edit that runs to its window: requests in flight were decided before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryStep:
    """One edit: what the moved route's `stage` and `split` become; an empty `split` is none."""

    stage: str
    split: str
    share: float


BEGINNING = StoryStep(stage="legacy", split="", share=0.0)
SHADOW = StoryStep(stage="shadow", split="", share=0.0)
STEPS = (
    StoryStep(stage="canary", split="5%", share=0.05),
    StoryStep(stage="canary", split="25%", share=0.25),
    StoryStep(stage="canary", split="50%", share=0.50),
    StoryStep(stage="canary", split="100%", share=1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One step as clients saw it; new answered `moved` of `offices`; `failures` are of all routes so far."""

    stage: str
    split: str
    expected: float
    figures: Figures
    offices: int
    moved: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryReport:
    """The whole story, `parity` with each release of new; `wrong` is empty when all of Rule 3 held."""

    steps: tuple[Measured, ...]
    parity: tuple[Compared, ...]
    requests: int
    read_back: int
    wrong: tuple[str, ...]


async def play(
    scenery: Scenery,
    traffic: DemoTraffic,
    seconds: float,
    *,
    tell: Callable[[str], None],
    show: Callable[[Measured], None],
    table: Callable[[list[ClusterView]], None],
) -> StoryReport:
    """Go through all steps, each for so many seconds; DemoError when it cannot go on.

    `tell` is given a line about each edit, `show` each step when it is measured, `table` what differs.
    """
    steps: list[Measured] = []
    windows: list[NotedWindow] = []
    parity: tuple[Compared, ...] = ()
    for step in (BEGINNING, SHADOW, *STEPS):
        edits = edit(scenery.routes, MOVED, step.stage, step.split)
        if edits:
            tell(f"edited {scenery.routes.name}: " + "; ".join(map(str, edits)))
        await until_it_runs(scenery)
        await asyncio.sleep(SETTLE)
        window = await _watch(scenery, traffic.notebook, seconds)
        windows.append(window)
        steps.append(_measured(step, window, traffic.notebook))
        show(steps[-1])
        if step is SHADOW:
            parity = await find_and_mend(scenery, tell, table)
    await traffic.pause()
    read_back = await traffic.read_all_back()
    wrong = (*_failures(traffic.notebook), *(wrong_shares(steps)), *went_back(windows), *wrong_parity(parity))
    return StoryReport(
        steps=tuple(steps),
        parity=parity,
        requests=traffic.notebook.requests.total(),
        read_back=read_back,
        wrong=tuple(wrong),
    )


async def until_all_are_up(scenery: Scenery) -> None:
    """Wait until both systems answer and Banyan serves the file."""
    for system in (scenery.ports.legacy, scenery.ports.new):
        await _until(scenery, partial(_answers, f"http://{LOOPBACK}:{system}"))
    await until_it_runs(scenery)


async def until_it_runs(scenery: Scenery) -> None:
    """Wait until every worker serves the file as it stands on disk."""
    revision = hashlib.sha256(scenery.routes.read_bytes()).hexdigest()[:12]
    await _until(scenery, partial(_serves, scenery.admin, revision))


async def _until(scenery: Scenery, complaint: Callable[[], str]) -> None:
    """Ask until there is no complaint; DemoError with the last one when that takes too long."""
    deadline = time.monotonic() + START
    while said := await asyncio.to_thread(complaint):
        scenery.children.check()
        if time.monotonic() > deadline:
            raise DemoError(f"waited {START:g} s: {said}")
        await asyncio.sleep(0.05)


def _answers(url: str) -> str:
    try:
        fetch(url, "/healthz")
    except NoAnswerError as error:
        return error.message
    return ""


def _serves(admin: str, revision: str) -> str:
    try:
        status = get_routes(admin)
    except NoAnswerError as error:
        return error.message
    if status.revision != revision:
        return "; ".join(status.reload.problems) or f"revision {status.revision} runs, not {revision}"
    current = [worker for worker in status.workers if worker.serves_current]
    return "" if current and len(current) == len(status.workers) else f"not every worker serves {revision}"


async def _watch(scenery: Scenery, notebook: Notebook, seconds: float) -> NotedWindow:
    window = notebook.open_window(MOVED)
    started = time.monotonic()
    while (watched := time.monotonic() - started) < seconds or len(window.by_office) < OFFICES:
        if watched > START:
            said = notebook.faults[-1] if notebook.faults else "no request failed"
            raise DemoError(f"{len(window.by_office)} of {OFFICES} offices were answered in {START:g} s; {said}")
        await asyncio.sleep(0.1)
        scenery.children.check()
    window.length = time.monotonic() - started
    notebook.close_window()
    return window


def _measured(step: StoryStep, window: NotedWindow, notebook: Notebook) -> Measured:
    return Measured(
        stage=step.stage,
        split=step.split,
        expected=step.share,
        figures=figures(window.sides[Side.LEGACY], window.sides[Side.NEW], window.seconds, window.length),
        offices=len(window.by_office),
        moved=sum(Side.NEW in sides for sides in window.by_office.values()),
        failures=notebook.failures.total(),
    )


def _failures(notebook: Notebook) -> list[str]:
    failed = notebook.failures.total()
    return [f"{failed} of {notebook.requests.total()} requests failed", *notebook.faults] if failed else []


def wrong_shares(steps: list[Measured]) -> list[str]:
    """Steps at which new answered more or fewer offices than the split says."""
    wrong = []
    for step in steps:
        share = step.moved / step.offices
        if abs(share - step.expected) > TOLERANCE:
            wrong.append(f"at {step.stage} {step.split} new answered {share:.1%} of the offices")
    return wrong


def went_back(windows: list[NotedWindow]) -> list[str]:
    """Offices that new answered in one window and legacy in the same or a later one."""
    moved: set[str] = set()
    back: set[str] = set()
    for window in windows:
        for office, sides in window.by_office.items():
            if Side.NEW in sides:
                moved.add(office)
            if office in moved and Side.LEGACY in sides:
                back.add(office)
    return [f"{len(back)} offices went back to legacy: {', '.join(sorted(back)[:5])}"] if back else []
