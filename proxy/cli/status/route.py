"""The picture of `banyan status --route NAME`: where one route runs and why, and how good its cohorts are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proxy.api.evidence import ParityView
from proxy.api.routes import CohortsView, FileView, RouteDetailView
from proxy.api.standing import PinView
from proxy.cli.status.picture import down_sentence
from proxy.cli.terminal import Ink, painted
from proxy.core.one_line import one_line
from proxy.core.parity.rules.reasons import in_words, sorted_out

_WIDTH = 10
_MOST_PINS = 20
_MANY_WITHOUT = 0.01
"""The share of requests without a cohort from which on it is a warning: they move by their client's address."""


def route_lines(route: RouteDetailView) -> Iterator[str]:
    """Line by line."""
    yield f"{painted(route.name, Ink.STRONG)}  {route.path}"
    if route.was:
        yield _row("was", f"{route.was}: its state and its draws are kept under this name")
    if route.runs.stage is None:
        yield _row("runs", "answered here")
        return
    yield _row("runs", f"{_place(route.runs)}, {route.runs.reason}")
    if _place(route.file) != _place(route.runs):
        yield _row("file", _place(route.file))
    for upstream in route.down:
        yield _row("down", painted(down_sentence(upstream), Ink.BAD))
    yield from _pins(route.runs.pinned)
    if route.parity.undecided:
        yield _row("waits", _waits(route.name, route.parity))
    yield _row("tag", f"{route.runs.tag}, for --if-match")
    yield _row("requests", f"{route.rate.legacy:.1f}/s by legacy, {route.rate.new:.1f}/s by new")
    yield from _compared(route)
    if route.runs.sample:
        yield _row("shadow", f"{route.runs.sample:.0%} of the requests, until the next step has what it needs")
    yield _row("verdict", "; ".join([route.verdict, *route.reasons]))
    yield from cohort_lines(route.cohorts)


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
    if route.parity.compared or reasons:
        yield _row("compared", _counted(route.parity))
    if reasons:
        yield _row("", painted(f"not compared: {in_words(reasons)}", Ink.WARN))


def _counted(parity: ParityView) -> str:
    return f"{parity.compared:,}, of which {parity.mismatch:,} differ" if parity.compared else "nothing yet"


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
        yield _row(
            "" if at else "cohorts", f"{source.source}: about {source.cohorts:,} in {source.requests:,} requests"
        )
    if cohorts.without >= _MANY_WITHOUT:
        text = f"{cohorts.without:.1%} of the requests name no cohort; they are drawn by the client's address"
        yield _row("", painted(text, Ink.WARN))


def _place(placed: FileView) -> str:
    split = f" {(placed.split or 0.0) * 100:g}%" if placed.stage in ("canary", "retired") else ""
    return f"{placed.stage}{split}"


def _row(name: str, text: str) -> str:
    return f"  {painted(name.ljust(_WIDTH), Ink.FAINT)}{text}"
