"""The picture of `banyan status --route NAME`: where one route runs and why, and how good its cohorts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from proxy.api.evidence import EchoView, ParityView, ShapeView
from proxy.api.journal import JournalView
from proxy.api.routes import CohortsView, FileView, RouteDetailView
from proxy.api.standing import NeedView, PinView
from proxy.cli.columns import BETWEEN
from proxy.cli.status.brownout_rows import brownout_rows, deprecation_row
from proxy.cli.status.picture import returned_sentence, verdict_word
from proxy.cli.status.sides_away import closed_sentence, down_sentence, failing_sentence
from proxy.cli.terminal import Ink, painted
from proxy.core.judge.coverage import OFTEN
from proxy.core.judge.need import CheckState
from proxy.core.one_line import one_line
from proxy.core.parity.rules.reasons import in_words, sorted_out
from proxy.core.stage import FIRST

_WIDTH = 10
BESIDE = 12
"""The column in which a row's text begins."""
_STATE = len(CheckState.FAILED) + len(BETWEEN)
_MOST_PINS = 20
_MOST_SHAPES = 5
_MANY_WITHOUT = 0.01
"""The share of requests without a cohort from which on it is a warning: they move by their client's address."""


def route_lines(route: RouteDetailView, width: int) -> Iterator[str]:
    """Line by line; `width` in columns."""
    yield f"{painted(route.name, Ink.STRONG)}  {route.path}"
    if route.was:
        yield _row("was", f"{route.was}: its state and its draws are kept under this name")
    if route.written_in:
        yield _row("written", f"in {route.written_in}:{route.line}")
    if route.runs.stage is None:
        yield _row("runs", "answered here")
        return
    yield _row("runs", f"{_place(route.runs)}, {route.runs.reason}")
    if route.runs.returns is not None:
        yield _row("returns", f"to {returned_sentence(route.file, route.runs.returns)}")
    elif _place(route.file) != _place(route.runs):
        yield _row("file", _place(route.file))
    yield from _sides_away(route)
    yield from _pins(route.runs.pinned)
    if route.parity.undecided:
        yield _row("waits", _waits(route.name, route.parity))
    yield _row("tag", f"{route.runs.tag}, for --if-match")
    yield _row("requests", f"{route.rate.legacy:.1f}/s by legacy, {route.rate.new:.1f}/s by new")
    yield from _compared(route)
    yield from _echoes(route.coverage.echoes)
    if route.journal is not None:
        yield _row("journal", _journal(route.journal))
    yield from _ending(route)
    if route.runs.sample:
        yield _row("shadow", f"{route.runs.sample:.0%} of the requests, until the next step has what it needs")
    said = {need.sentence for need in route.needs}
    yield _row("verdict", "; ".join([verdict_word(route), *(each for each in route.reasons if each not in said)]))
    if not route.needs and route.state == "waiting":
        yield _row("needs", _no_needs(route))
    yield from _needs(route.needs, width)
    yield from _uncovered(route.evidence.uncovered_shapes, route.coverage.uncovered)
    yield from cohort_lines(route.cohorts)


def _sides_away(route: RouteDetailView) -> Iterator[str]:
    for upstream in route.down:
        yield _row("down", painted(down_sentence(upstream), Ink.BAD))
    for failing in route.failing:
        yield _row("failing", painted(failing_sentence(failing), Ink.BAD if failing.lost else Ink.WARN))
    for each in route.closed:
        yield _row("closed", painted(closed_sentence(each, route.name), Ink.WARN))


def _ending(route: RouteDetailView) -> Iterator[str]:
    """What is said of its end, and how that is tried."""
    said = deprecation_row(route)
    if said is not None:
        yield _row(*said)
    for row in () if route.brownout is None else brownout_rows(route.brownout):
        yield _row(*row)


def _journal(journal: JournalView) -> str:
    """How the writes stand."""
    counts = f"{journal.pending} pending, {journal.owed} owed, lag {journal.lag:.0f} s"
    stuck = [f"{count} {word}" for count, word in ((journal.unknown, "unknown"), (journal.dead, "dead")) if count]
    if not stuck:
        return counts
    said = painted(f"{', '.join(stuck)}: banyan journal", Ink.BAD)
    return f"{counts}; {said}"


def _no_needs(route: RouteDetailView) -> str:
    """Of a ramp that waits, and no need of which is told."""
    if (route.runs.returns or route.runs).stage == FIRST:
        return f"are those of the stages that follow: `banyan promote {route.name}` takes it there"
    return "are told again when what the verdict names is over"


def _needs(needs: Sequence[NeedView], width: int) -> Iterator[str]:
    """A row for each: those that failed, are open, are met; below one that is not met why it is not, or what helps.

    Limits stand below each other where all of them fit, else each behind its value.
    """
    met = [need for need in needs if need.state == CheckState.MET]
    unmet = sorted((need for need in needs if need not in met), key=lambda need: need.state == CheckState.OPEN)
    if needs:
        yield _row("needs", f"{len(met)} of {len(needs)} are met, counted at this step alone")
    rows = [(need, _told(need)) for need in (*unmet, *met)]
    widths = [max(cell_len(told[at]) for _, told in rows) for at in range(3)] if rows else []
    fits = BESIDE + sum(widths) + 2 * len(BETWEEN) + _STATE <= width
    for need, (name, value, limit) in rows:
        state = painted(f"{need.state:<6}", Ink.GOOD if need in met else Ink.WARN)
        beside = f"{value:<{widths[1]}}  {limit}" if fits else f"{value}, {limit}"
        yield _row("", f"{state}  {name:<{widths[0]}}  {beside}")
        if need.hint and need not in met:
            yield _row("", f"        {need.hint}")


def _told(need: NeedView) -> tuple[str, str, str]:
    return need.need.replace("_", " "), need.value, f"needs {need.limit}"


def _uncovered(shapes: Sequence[ShapeView], count: int) -> Iterator[str]:
    """A row for each of the first shapes of requests that were not compared enough."""
    for at, each in enumerate(shapes[:_MOST_SHAPES]):
        compared = f"compared {each.compared} times of {OFTEN}, and legacy answered it {each.legacy:,} times"
        yield _row("" if at else "uncovered", f"{one_line(each.shape)}: {compared}")
    if count > len(shapes[:_MOST_SHAPES]):
        yield _row("", f"… and {count - len(shapes[:_MOST_SHAPES])} more")


def _pins(pins: Sequence[PinView]) -> Iterator[str]:
    """A line for each of the first ones."""
    for at, pin in enumerate(pins[:_MOST_PINS]):
        until = f"until {pin.until}" if pin.until else "until `banyan unpin`"
        by = one_line(f", by {pin.by}" * bool(pin.by) + f": {pin.reason}" * bool(pin.reason))
        yield _row("" if at else "pins", f"{pin.cohort!r} → {pin.side} {until}{by}")
    if len(pins) > _MOST_PINS:
        yield _row("", f"… and {len(pins) - _MOST_PINS} more, in `runs.pinned` of --json")


def _compared(route: RouteDetailView) -> Iterator[str]:
    """What was compared, and why the rest was not."""
    reasons = sorted_out(route.evidence.incomparable.items())
    if route.parity.compared or route.parity.since or reasons:
        yield _row("compared", _counted(route.parity))
    if reasons:
        yield _row("", painted(f"not compared: {in_words(reasons)}", Ink.WARN))


def _echoes(echoes: Sequence[EchoView]) -> Iterator[str]:
    """Whether each side says whom it saw."""
    for at, each in enumerate(echoes):
        answers = each.echoed + each.silent
        said = f"{each.side} says whom it saw in {each.echoed:,} of {answers:,} answers"
        never = f"{each.side} never says whom it saw ({answers:,} answers): X-Banyan-Saw is not compared"
        yield _row("" if at else "callers", said if each.echoed else painted(never, Ink.WARN))


def _counted(parity: ParityView) -> str:
    since = f" since {parity.since}, when its `compare:` had been edited" if parity.since else ""
    if not parity.compared:
        return "nothing yet" + since
    return f"{parity.compared:,}{since or ' in this epoch'}, of which {parity.mismatch:,} differ"


def _waits(name: str, parity: ParityView) -> str:
    fields = f"{parity.fields_waiting} field{'s' * (parity.fields_waiting != 1)}"
    comparable = parity.compared + parity.undecided
    return f"{parity.undecided} of {comparable} answers are undecided, at {fields}; `banyan mismatches {name}` says why"


def cohort_lines(cohorts: CohortsView) -> Iterator[str]:
    """What is known of the cohorts, a line per source."""
    if not cohorts.sources:
        yield _row("cohorts", "none seen yet")
        return
    for at, source in enumerate(cohorts.sources):
        values = f"{source.cohorts:,} value{'' if source.cohorts == 1 else 's'}"
        yield _row("" if at else "cohorts", f"{source.source}: about {values} in {source.requests:,} requests")
    if cohorts.without >= _MANY_WITHOUT:
        text = f"{cohorts.without:.1%} of the requests name no cohort; they are drawn by the client's address"
        yield _row("", painted(text, Ink.WARN))


def _place(placed: FileView) -> str:
    split = f" {(placed.split or 0.0) * 100:g}%" if placed.stage in ("canary", "retired") else ""
    return f"{placed.stage}{split}"


def _row(name: str, text: str) -> str:
    return f"  {painted(name.ljust(_WIDTH), Ink.FAINT)}{text}"
