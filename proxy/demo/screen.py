"""How the demo looks: a live table on a terminal, plain lines elsewhere.

Rule 1: stage and split are what Banyan says that runs; every other figure is what the clients saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from proxy.api.evidence import ClusterView
from proxy.api.routes import RoutesView
from proxy.cli.evidence.picture import cluster_lines
from proxy.cli.terminal import this_command
from proxy.demo.notebook import Figures, Notebook
from proxy.demo.routes_file import MOVED
from proxy.demo.story import Measured, StoryReport

NOTHING = "–"
_WIDTHS = (8, 6, 8, 6, 6, 6, 6, 6)
_WIDE = 90
_PLAIN_WIDTH = 120
_HEADS = ("stage", "split", "legacy/s", "new/s", "new", "failed", "p50 ms", "p99 ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenMoment:
    """What the live table shows now; `now` is the monotonic clock's, `ended` are systems that went away."""

    status: RoutesView | None
    notebook: Notebook
    now: float
    ended: tuple[str, ...]


def live(moment: ScreenMoment, width: int) -> RenderableType:
    """The table of all routes, and what there is to say below it; closer together on a terminal of 80 columns."""
    table = Table(box=None, pad_edge=False, padding=(0, 2 if width >= _WIDE else 1, 0, 0), header_style="bold")
    table.add_column("route", no_wrap=True)
    table.add_column("stage", no_wrap=True)
    for head in _HEADS[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for route in moment.status.routes if moment.status else ():
        seen = moment.notebook.recent(route.name, moment.now)
        failed = moment.notebook.failures[route.name]
        table.add_row(route.name, *_painted(_cells(route.runs.stage, _split(route.runs.split), seen, failed)))
    return Group("", table, *_parity(moment), *(Text(line, style="bold red") for line in _news(moment)))


def _parity(moment: ScreenMoment) -> Iterable[str]:
    """How the moved route's answers compare, as soon as any were."""
    for route in moment.status.routes if moment.status else ():
        if route.name == MOVED and (seen := route.parity).compared:
            bound = f"at most {seen.rate_upper_bound:.1%} differ (99 %)"
            yield f"parity of {MOVED}: {seen.compared} compared, {seen.mismatch} mismatches, {bound}"


def _news(moment: ScreenMoment) -> Iterable[str]:
    """Lines below the table, when something is not as it was."""
    if moment.status is not None and not moment.status.reload.ok:
        yield "the file has problems, so the last good one goes on:"
        yield from (f"  {problem}" for problem in moment.status.reload.problems)
    yield from (f"{name} has ended" for name in moment.ended)


def _cells(stage: str | None, split: str, seen: Figures, failed: int) -> Sequence[str]:
    share = NOTHING if seen.share is None else f"{seen.share:.1%}"
    rates = (f"{seen.legacy:.1f}", f"{seen.new:.1f}")
    return (stage or NOTHING, split, *rates, share, str(failed), _time(seen.p50), _time(seen.p99))


def _painted(cells: Sequence[str]) -> Iterable[str]:
    """Markup: the new system's share stands out, and so do failures."""
    stage, split, legacy, new, share, failed, *times = cells
    yield from (stage, split, legacy, f"[cyan]{new}[/]", f"[bold cyan]{share}[/]")
    yield f"[bold red]{failed}[/]" if failed != "0" else f"[green]{failed}[/]"
    yield from times


def plain_head() -> str:
    """The header of the plain table."""
    return _row("route", _HEADS)


def plain_row(step: Measured) -> str:
    """One step as a line of the plain table."""
    return _row(MOVED, _cells(step.stage, step.split or NOTHING, step.figures, step.failures))


def _row(route: str, cells: Sequence[str]) -> str:
    (stage, width), *rest = zip(cells, _WIDTHS, strict=True)
    return "  ".join([route.ljust(len(MOVED)), stage.ljust(width), *(cell.rjust(wide) for cell, wide in rest)])


def mismatch_lines(clusters: Sequence[ClusterView]) -> list[str]:
    """What `banyan mismatches` prints, as wide as it likes."""
    console = Console(width=_PLAIN_WIDTH, highlight=False)
    with console.capture() as caught:
        console.print(Group(*cluster_lines(clusters, _PLAIN_WIDTH)), crop=False)
    return [line.rstrip() for line in caught.get().splitlines()]


def verdict(report: StoryReport) -> list[str]:
    """How the story ended, in lines."""
    if report.wrong:
        return ["The story failed:", *(f"  {line}" for line in report.wrong)]
    return [
        f"{report.requests} requests, none failed. {report.steps[-1].moved} sales offices moved, none went back.",
        f"{report.read_back} customers were written on the way and read back by new; nothing was lost.",
    ]


def hints(routes: Path, clients: str, admin: str, legacy: int) -> list[str]:
    """What a spectator can do now; `legacy` is a process id."""
    banyan, office = this_command(), "-H 'X-Tenant-Id: office-007'"
    return [
        "Everything stays up until Ctrl-C. Now it is your turn, in another terminal:",
        f"  ask      curl -i {clients}/customers/7 {office}",
        f"  edit     {routes}",
        f"  watch    {banyan} status --watch --admin {admin}",
        f"  parity   {banyan} mismatches {MOVED} --admin {admin}",
        f"  why      {banyan} why REQUEST_ID --admin {admin}  (the X-Request-Id of an answer)",
        f"  explain  {banyan} explain GET /customers/7 {office} --config {routes}",
        f"  plan     {banyan} plan --file COPY --admin {admin}  (what an edit would move; edit a copy)",
        f"  stop     {banyan} kill --config {routes} --reason 'trying it'  (all to legacy; `kill --off` ends it)",
        f"  back     {banyan} rollback {MOVED} --config {routes} --reason 'trying it'  (to shadow; `resume` ends it)",
        f"  look     {admin}/api/routes and {admin}/metrics",
        f"  finish   `stage: complete` on every route, then: kill {legacy}  (legacy itself)",
    ]


def _split(split: float | None) -> str:
    return NOTHING if split is None else f"{split * 100:g}%"


def _time(milliseconds: float | None) -> str:
    return NOTHING if milliseconds is None else f"{milliseconds:.1f}"
