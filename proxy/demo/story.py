"""The story: one route moves from legacy to new by edits of routes.yaml, and every step is measured and judged.

Rule 1: Banyan is told nothing but by the file on disk; that an edit runs is learnt from its admin API.
Rule 2: figures are the clients'; a step is judged on a window that begins after every worker serves the edit.
Rule 3: the judgement: no request failed; each share is as its split; no office went back; nothing written is lost.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proxy.cli.admin_api import NoAnswerError, RoutesStatus, get_routes
from proxy.core.outcome import Side
from proxy.demo.children import START, Children
from proxy.demo.notebook import Figures, Notebook, Window, figures
from proxy.demo.routes_file import MOVED, edit
from proxy.demo.traffic import Traffic

TOLERANCE = 0.035
"""How far a measured share may be from its split: offices are drawn, and 250 of them at 50 % scatter by 0.032."""
SETTLE = 0.3
"""Seconds from an edit that runs to its window: requests in flight were decided before."""


class StoryError(Exception):
    """The story cannot go on; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One edit: what the moved route's `stage` and `split` become."""

    stage: str
    split: str
    share: float


BEGINNING = Step(stage="legacy", split="0%", share=0.0)
STEPS = (
    Step(stage="canary", split="5%", share=0.05),
    Step(stage="canary", split="25%", share=0.25),
    Step(stage="canary", split="50%", share=0.50),
    Step(stage="canary", split="100%", share=1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One step as clients saw it; `moved` offices were answered by new, `failures` are of all routes so far."""

    stage: str
    split: str
    expected: float
    figures: Figures
    offices: int
    moved: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole story; `wrong` is empty when all of Rule 3 held."""

    steps: tuple[Measured, ...]
    requests: int
    read_back: int
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the story is played with; `admin` is a URL."""

    routes: Path
    admin: str
    children: Children
    notebook: Notebook
    traffic: Traffic


async def play(
    scene: Scene, seconds: float, *, tell: Callable[[str], None], show: Callable[[Measured], None]
) -> Report:
    """Go through all steps, each for so many seconds; StoryError or ChildFailedError when it cannot go on.

    `tell` is given a line about each edit, `show` each step when it is measured.
    """
    steps: list[Measured] = []
    windows: list[Window] = []
    for step in (BEGINNING, *STEPS):
        edits = edit(scene.routes, MOVED, stage=step.stage, split=step.split)
        if edits:
            tell(f"edited {scene.routes.name}: " + ", ".join(map(str, edits)))
        await until_it_runs(scene)
        await asyncio.sleep(SETTLE)
        window = await _watch(scene, seconds)
        windows.append(window)
        steps.append(_measured(step, window, seconds, scene.notebook))
        show(steps[-1])
    await scene.traffic.pause()
    read_back = await scene.traffic.read_all_back()
    wrong = (*_failures(scene.notebook), *(_wrong_share(steps)), *went_back(windows))
    return Report(steps=tuple(steps), requests=scene.notebook.requests.total(), read_back=read_back, wrong=tuple(wrong))


async def until_it_runs(scene: Scene) -> None:
    """Wait until every worker serves the file as it stands on disk."""
    revision = hashlib.sha256(scene.routes.read_bytes()).hexdigest()[:12]
    deadline = time.monotonic() + START
    said = ""
    while time.monotonic() < deadline:
        scene.children.check()
        try:
            status = await asyncio.to_thread(get_routes, scene.admin)
        except NoAnswerError as error:
            said = error.message
        else:
            if _runs(status, revision):
                return
            said = "; ".join(status.reload.problems) or f"revision {status.revision} runs, not {revision}"
        await asyncio.sleep(0.05)
    raise StoryError(f"{scene.routes} does not run after {START:g} s: {said}")


def _runs(status: RoutesStatus, revision: str) -> bool:
    return status.revision == revision and bool(status.workers) and all(each.serves_current for each in status.workers)


async def _watch(scene: Scene, seconds: float) -> Window:
    window = scene.notebook.open_window(MOVED)
    for _ in range(10):
        await asyncio.sleep(seconds / 10)
        scene.children.check()
    scene.notebook.close_window()
    return window


def _measured(step: Step, window: Window, seconds: float, notebook: Notebook) -> Measured:
    return Measured(
        stage=step.stage,
        split=step.split,
        expected=step.share,
        figures=figures(window.sides[Side.LEGACY], window.sides[Side.NEW], window.seconds, seconds),
        offices=len(window.by_office),
        moved=sum(Side.NEW in sides for sides in window.by_office.values()),
        failures=notebook.failures.total(),
    )


def _failures(notebook: Notebook) -> list[str]:
    failed = notebook.failures.total()
    return [f"{failed} of {notebook.requests.total()} requests failed", *notebook.faults] if failed else []


def _wrong_share(steps: list[Measured]) -> list[str]:
    wrong = []
    for step in steps:
        share = step.figures.share
        if share is None:
            wrong.append(f"at {step.split} nobody answered")
        elif abs(share - step.expected) > TOLERANCE:
            wrong.append(f"at {step.split} new answered {share:.1%}, more than {TOLERANCE:.1%} off")
    return wrong


def went_back(windows: list[Window]) -> list[str]:
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
