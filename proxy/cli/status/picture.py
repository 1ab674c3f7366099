"""The picture of `banyan status`: the file and the workers, what stands and differs from the file, a row per route.

Rule 1: nothing that was not measured is shown as a number: a dash stands there.
Rule 2: stage and split are what runs; where the file says something else, both are shown, in a narrow terminal by the
        line above the table alone.
Rule 3: no name is cut, and no clause that says what a ramp waits for: a narrow terminal gets fewer columns, by rank:
        names, stage, `new`, `mismatch` and what stands in the way stay longest. Columns are reckoned as wide as they
        mostly are, so that the same ones are there from call to call. Without the column of reasons the clause stands
        below its row. Another reason is cut at a terminal, to its first words in the row and to some lines above.
Rule 4: a split stands at the stages that have one: at `live` new answers everybody, and 0% would deny it.
Rule 5: every route that runs elsewhere than the file says has a line with the reason, however narrow the terminal is.
        Of many only the first: a fleet that climbs has many.
Rule 6: in a pipe nothing is left out, cut or padded: cells stand two blanks apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from rich.text import Text

from proxy.api.evidence import CoverageView, ParityView
from proxy.api.kill import KillOrderView
from proxy.api.routes import FileView, RateView, ReturnsView, RoutesView, RouteView, WorkerView
from proxy.api.standing import RampState, StandingView
from proxy.cli.admin_client import NoAnswerError
from proxy.cli.columns import NOTHING, Cells, fitting, table_lines
from proxy.cli.status.sides_away import closed, down, failing, upstreams_in_trouble

_RAMP_DONE = "ramp done"
"""What `complete` is called beside a column of stages, one of which is `complete`."""
_TRAFFIC = ("legacy/s", "new/s", "new", "5xx")
_EVIDENCE = ("compared", "mismatch", "incomparable", "waits", "coverage")
_FILE = "written in"
"""The file of a route, where there is more than one."""
_HEADS = ("route", "stage", "split", *_TRAFFIC, *_EVIDENCE, "verdict", "reason")
_RIGHT = frozenset(("split", *_TRAFFIC, *_EVIDENCE))
_DROPPED = (
    "reason",
    _FILE,
    "legacy/s",
    "new/s",
    "coverage",
    "waits",
    "compared",
    "incomparable",
    "5xx",
    "split",
    "verdict",
    "mismatch",
    "new",
)
"""In which order columns go, where all of them are too wide; `incomparable` before all others while it is 0."""
_MOSTLY = {"stage": 6, "new": 5, "5xx": 5, "compared": 8, "mismatch": 14, "verdict": 7, "reason": 40}
"""How wide columns mostly are: rule 3."""
_LONGEST_REASON, _LONGEST_ABOVE = 60, 300
WITH_SPLIT = frozenset({"canary", "retired"})
"""Stages at which a split counts."""
_MOST, _MOST_DIGITS = 50, 6


def picture(base: str, status: RoutesView, metrics: str, width: int | None) -> list[Text]:
    """Line by line; `metrics` is the text of `/metrics`, empty when it could not be had; `width` None: a pipe."""
    return [*sentences(base, status, metrics, width), Text(), *table(status, width)]


def sentences(base: str, status: RoutesView, metrics: str, width: int | None) -> list[Text]:
    """What stands above the table."""
    left_alone = [Text(each, style="bold red") for each in upstreams_in_trouble(metrics)]
    longest = None if width is None else _LONGEST_ABOVE
    standing = [
        *standing_lines(status),
        *down(status),
        *failing(status),
        *closed(status),
        *differences(status, longest),
    ]
    return [*_header(base, status), *standing, *left_alone]


def absent(error: NoAnswerError) -> list[Text]:
    """Instead of a table while nothing answers."""
    return [Text(error.message, style="bold red"), Text(error.cure)]


def _header(base: str, status: RoutesView) -> Iterator[Text]:
    reload = status.reload
    workers = f"{len(status.workers)} worker{'' if len(status.workers) == 1 else 's'}"
    yield Text.assemble("revision ", (status.revision, "bold"), f" at {base}, {workers}", _since(reload.at))
    if status.killed is not None:
        yield _banner(status.killed, [worker for worker in status.workers if not worker.killed])
    if not reload.ok:
        yield Text("the file has problems, so the last good revision goes on:", style="bold red")
        yield from (Text(f"  {problem}") for problem in reload.problems)
    yield from (Text(f"  {warning}", style="yellow") for warning in reload.warnings)
    if reload.needs_restart:
        yield Text(f"changed in the file, taken at the next start: {', '.join(reload.needs_restart)}", style="yellow")
    for block in status.tls:
        if block.problem:
            yield Text(f"{block.key}: {block.problem}; what was read before goes on", style="bold red")
    yield from (Text(_lagging(each), style="yellow") for each in status.workers if not each.serves_current)


def _banner(order: KillOrderView, others: list[WorkerView]) -> Text:
    """The loudest line there is; `others` are workers that have not followed."""
    said = (
        [f"by {order.by}"] * bool(order.by)
        + [f"since {order.at}"] * bool(order.at)
        + [order.reason] * bool(order.reason)
    )
    missing = f"; not yet in {', '.join(f'worker {each.worker}' for each in others)}" if others else ""
    more = f" ({', '.join(said)})" if said else ""
    return Text(
        f"KILLED{more}: legacy answers all it can until `banyan kill --off`{missing}", style="bold white on red"
    )


def _since(at: str) -> str:
    return f", file as of {at}" if at else ""


def _lagging(worker: WorkerView) -> str:
    who = f"worker {worker.worker} (pid {worker.pid})"
    if worker.draining:
        return f"{who} drains"
    return f"{who} serves revision {worker.revision or 'none'}, or has not been heard of lately"


def standing_lines(status: RoutesView) -> Iterator[Text]:
    """What an operator has to know before the table."""
    standing = status.standing
    if standing is None:
        return
    if not standing.known:
        said = f": {standing.away}" if standing.away else ""
        line = f"the state store has not said yet where routes stand, legacy answers what it can{said}"
        yield Text(line, style="bold red")
    elif standing.away:
        yield Text(f"the state store is away, routes stay where they are: {standing.away}", style="bold red")
    if standing.evidence_since:
        lost = "what was found before was in memory, and gone with its process"
        yield Text(f"evidence began anew at {standing.evidence_since}: {lost}", style="yellow")
    if standing.here:
        yield Text(f"moved at this replica alone: {', '.join(standing.here)}", style="bold red")
    yield from _replicas(standing, killed=status.killed is not None)


def _replicas(standing: StandingView, *, killed: bool) -> Iterator[Text]:
    if len(standing.instances) > 1:
        yield Text(f"{len(standing.instances)} replicas: {', '.join(each.instance for each in standing.instances)}")
        if killed:
            others = ", ".join(each.instance for each in standing.instances if not each.this)
            yield Text(f"the kill switch here does not turn {others}: each replica has its own", style="bold red")
    for instance in standing.instances:
        if not instance.obeys:
            yield Text(f"{instance.instance} does not obey version {standing.version} yet", style="bold red")
        if not instance.same_revision:
            yield Text(f"{instance.instance} reads revision {instance.revision} of routes.yaml", style="yellow")


def differences(status: RoutesView, longest: int | None = None) -> Iterator[Text]:
    """One line for each route that runs elsewhere than the file says, or that an order keeps where it says; while the
    kill switch is on, for each that it takes from where that runs. `longest`: at how many characters a reason is cut.
    """
    if status.killed is not None:
        yield from _returning(status, longest)
        return
    moved = _moved(status)
    for each in moved[:_MOST]:
        runs, said = _place(each.runs), _place(each.file)
        file = "as the file says" if runs == said else f"the file says {said}"
        yield Text(
            f"{each.name} runs {runs}, {file}: {_cut_above(each.name, each.runs.reason, longest)}",
            style="bold red" if each.runs.latched else "yellow",
        )
    if len(moved) > _MOST:
        yield Text(
            f"… and {len(moved) - _MOST} more routes that run elsewhere than the file says, or are kept there",
            style="yellow",
        )


def _cut_above(name: str, reason: str, longest: int | None) -> str:
    """The reason, or its first words and where the rest is."""
    if longest is None or len(reason) <= longest:
        return reason
    return f"{reason[:longest].rstrip()}… (whole: `banyan status --route {name}`)"


def _returning(status: RoutesView, longest: int | None) -> Iterator[Text]:
    killed = [(route, route.runs.returns) for route in status.routes if route.runs.returns is not None]
    for route, returns in killed[:_MOST]:
        cut = msgspec.structs.replace(returns, reason=_cut_above(route.name, returns.reason, longest))
        off = f"{route.name} runs {returned_sentence(route.file, cut)}"
        yield Text(off, style="bold red" if route.runs.latched else "yellow")
    if len(killed) > _MOST:
        yield Text(f"… and {len(killed) - _MOST} more routes that are killed", style="yellow")


def returned_sentence(file: FileView, returns: ReturnsView) -> str:
    """Where a killed route runs once the switch is off, and why there."""
    runs, said = _place(returns), _place(file)
    why = "" if runs == said else f", the file says {said}"
    return f"{runs} again after `banyan kill --off`{why}: {returns.reason}"


def _moved(status: RoutesView) -> list[RouteView]:
    return [] if status.killed is not None else [route for route in status.routes if _differs(route)]


def waits_for(route: RouteView) -> str:
    """What its ramp waits for, in a clause; empty where it does not wait, or has none."""
    if route.state != "waiting" or route.runs.killed:
        return ""
    return route.obstacle or next(iter(route.reasons), "")


def verdict_word(route: RouteView) -> str:
    """What becomes of it by itself; the verdict of a server that does not say that, and a rollback."""
    if route.verdict == "rollback" or not route.state:
        return route.verdict
    return _RAMP_DONE if route.state == RampState.COMPLETE else route.state.replace("_", " ")


def _differs(route: RouteView) -> bool:
    runs, file = route.runs, route.file
    return _place(runs) != _place(file) or runs.latched or runs.held or runs.drains


def _place(placed: FileView) -> str:
    return f"{placed.stage} {(placed.split or 0.0) * 100:g}%" if placed.stage in WITH_SPLIT else f"{placed.stage}"


def table(status: RoutesView, width: int | None) -> Iterator[Text]:
    """Its lines; below a row what the route waits for, where no column says it."""
    heads, rows = _fitting(status.routes, width)
    title, *lines = table_lines(heads, rows, _RIGHT, padded=width is not None)
    yield title
    for line, route in zip(lines, status.routes, strict=True):
        yield line
        if "reason" not in heads and (clause := waits_for(route)):
            yield Text(f"  waits: {clause}", style="yellow")


def _fitting(routes: Sequence[RouteView], width: int | None) -> tuple[list[str], list[Cells]]:
    """The columns for which there is room, and the cells: rules 2 and 3."""
    known = _HEADS if not any(route.written_in for route in routes) else ("route", _FILE, *_HEADS[1:])
    longest = None if width is None else _LONGEST_REASON
    nothing_lost = not any(route.parity.incomparable for route in routes)
    dropped = (*["incomparable"] * nothing_lost, *_DROPPED)
    rows = _rows(routes, longest, is_wide=True)
    heads = fitting(known, rows, dropped, width, _MOSTLY)
    if not {*_HEADS} - {*heads, "reason", "incomparable"}:
        return heads, rows
    rows = _rows(routes, longest, is_wide=False)
    return fitting(known, rows, dropped, width, _MOSTLY), rows


def _rows(routes: Sequence[RouteView], longest: int | None, *, is_wide: bool) -> list[Cells]:
    """`longest`: at how many characters a reason is cut."""
    cells = (_cells(route, is_wide=is_wide, longest=longest) for route in routes)
    return [
        {**dict(zip(_HEADS, row, strict=True)), _FILE: route.written_in}
        for row, route in zip(cells, routes, strict=True)
    ]


def _cells(route: RouteView, *, is_wide: bool, longest: int | None) -> Iterator[str | Text]:
    yield Text(route.name)
    yield from _placed(route.file if is_wide else route.runs, route.runs)
    answered = route.rate.legacy + route.rate.new
    yield f"{route.rate.legacy:.1f}"
    yield Text(f"{route.rate.new:.1f}", style="cyan")
    yield Text(f"{route.rate.new / answered:.1%}" if answered else NOTHING, style="bold cyan")
    yield _failed(route.rate)
    yield from _evidence(route.parity, route.coverage)
    yield verdict_word(route) or NOTHING
    yield _reason(route, longest)


def _failed(rate: RateView) -> str | Text:
    """The share of 5xx among the answers of the last ten seconds, Banyan's own included but for closed hours."""
    answered = rate.legacy + rate.new + rate.self
    if rate.failed is None or not answered:
        return NOTHING
    return Text(f"{rate.failed / answered:.2%}", style="bold red" if rate.failed else "green")


def _reason(route: RouteView, longest: int | None) -> Text:
    """What its ramp waits for, if it does, else why it runs where it runs; both where that is not the file's word."""
    waits, reason = waits_for(route), Text(route.runs.reason)
    if longest is not None:
        reason.truncate(longest, overflow="ellipsis")
    if not waits:
        return reason
    said = Text(f"waits: {waits}")
    return said.append("; ").append(reason) if _differs(route) else said


def _placed(file: FileView, runs: FileView) -> Iterator[str]:
    if runs.stage is None:
        yield from ("answered here", NOTHING)
        return
    yield runs.stage if runs.stage == file.stage else f"{runs.stage} (file: {file.stage})"
    here, said = _split(runs), _split(file)
    yield here if said in {here, NOTHING} else f"{here} (file: {said})"


def _evidence(parity: ParityView, coverage: CoverageView) -> Iterator[str]:
    """Comparisons, the share of mismatches and what it is proved to be below, what could not be compared, the share of
    undecided ones with the number of fields that wait, what is covered and what is not yet.
    """
    comparable = parity.compared + parity.undecided
    if not comparable + parity.incomparable:
        yield from (NOTHING,) * len(_EVIDENCE)
        return
    yield str(parity.compared)
    yield _mismatch(parity) if comparable else NOTHING
    yield _incomparable(parity)
    fields = f" ({parity.fields_waiting})" if parity.fields_waiting else ""
    yield f"{parity.undecided / comparable:.2%}{fields}" if comparable and (parity.undecided or fields) else NOTHING
    open_ = f" ({coverage.uncovered} open)" if coverage.uncovered else ""
    yield f"{1 - coverage.unseen_bound:.1%}{open_}" if comparable else NOTHING


def _mismatch(parity: ParityView) -> str:
    """The share of which the bound is one, and the bound; a server that does not say it is taken at its counts. While
    more are undecided than not, as after a start, mismatches are known first: then at least how many of all there are.
    """
    if parity.undecided > parity.compared and parity.mismatch:
        return _bounded(parity.mismatch / (parity.compared + parity.undecided), parity.rate_upper_bound, "≥")
    if parity.mismatch_rate is not None:
        return _bounded(parity.mismatch_rate, parity.rate_upper_bound)
    rate = parity.mismatch / parity.compared if parity.compared else None
    return _bounded(rate, parity.rate_upper_bound)


def _bounded(rate: float | None, bound: float, at_least: str = "") -> str:
    """`1.25% (<5.0%)`, with as many digits as show that it is below; nothing is below what is all, or the same."""
    if rate is None or bound >= 1.0:
        value = NOTHING if rate is None else f"{at_least}{rate:.2%}"
        return f"{value} (<{bound:.1%})" if bound < 1.0 else f"{value} (≤100%)"
    for digits in range(1, _MOST_DIGITS):
        value, below = f"{rate:.{digits + 1}%}", f"{bound:.{digits}%}"
        if float(below[:-1]) > float(value[:-1]):
            return f"{at_least}{value} (<{below})"
    return f"{at_least}{rate:.2%} (≤{bound:.1%})"


def _incomparable(parity: ParityView) -> str:
    """How many, and their share of what was compared or could not be, as the judge reckons it."""
    if not parity.incomparable:
        return "0"
    return f"{parity.incomparable} ({parity.incomparable / (parity.compared + parity.incomparable):.1%})"


def _split(placed: FileView) -> str:
    """Only at `canary` and `retired` it says anything: rule 4."""
    return NOTHING if placed.split is None or placed.stage not in WITH_SPLIT else f"{placed.split * 100:g}%"
