"""What `banyan explain` prints: the outcome first, then what led to it, then the routes that came near."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from proxy.cli.explain.model import (
    CohortShown,
    ExplainedRoute,
    Explanation,
    GoneBy,
    NearRoute,
    OwnAnswerShown,
    Served,
    UpstreamShown,
    served_by,
)
from proxy.cli.terminal import Ink, painted
from proxy.core.one_line import one_line
from proxy.core.routing.kill_switch import KillSwitchOrder
from proxy.core.stage import Stage

_WIDTH = 10
BESIDE = 12
"""The column in which a row's text begins."""


def explanation_lines(shown: Explanation, config: Path) -> Iterator[str]:
    """Line by line; `config` is the file that line numbers belong to."""
    yield f"{painted(one_line(shown.request), Ink.STRONG)} → {_outcome(shown)}"
    if shown.gone_by is not None:
        yield _row("by", _gone_by(shown.gone_by, config))
    if shown.killed is not None:
        yield _row("killed", painted(_killed(shown.killed), Ink.BAD))
    if shown.answer is not None:
        yield from _own(shown.answer)
    if shown.route is not None:
        yield from _routed(shown.route, config, shown.reason)
    if _differs(shown) and shown.by_file is not None:
        yield _row("file", painted(_said(shown.by_file), Ink.WARN))
    if shown.near:
        yield ""
        yield painted("asked in this order:", Ink.FAINT)
        yield from _near(shown.near, config)


def _gone_by(gone_by: GoneBy, config: Path) -> str:
    """Which facts these are."""
    if not gone_by.admin:
        return f"{config} alone ({gone_by.alone})"
    other = gone_by.serves and gone_by.serves != gone_by.revision
    more = f", which serves revision {gone_by.serves}: {config} is {gone_by.revision}" if other else ""
    return f"{config} and what runs at {gone_by.admin}{more}"


def _differs(shown: Explanation) -> bool:
    """Whether the file says otherwise of this request than what stands."""
    now, said = served_by(shown), shown.by_file
    return now is not None and said is not None and replace(now, reason="") != replace(said, reason="")


def _outcome(shown: Explanation) -> str:
    """Who answers by what stands; where by the file another does, both."""
    said, now = shown.by_file, served_by(shown)
    if now is None or said is None or _who(now) == _who(said):
        return _answers(shown)
    return f"{painted(f'{_who(now)}, reason: {now.reason}', Ink.WARN)} (the file says: {said.side})"


def _who(served: Served) -> str:
    return f"{served.side}, {served.url}" if served.url else f"Banyan itself, {served.status}"


def _said(by_file: Served) -> str:
    """What would be without what stands."""
    place = "respond" if by_file.stage is None else _place(by_file.stage, by_file.split)
    return f"says {place}: {_who(by_file)}, reason: {by_file.reason}"


def _place(stage: str, split: float) -> str:
    return f"{stage}, split {_percent(split)}" if Stage(stage).facts.has_split else stage


def _answers(shown: Explanation) -> str:
    match shown:
        case Explanation(answer=OwnAnswerShown(status=status), refused=True):
            return painted(f"refused with {status}", Ink.BAD)
        case Explanation(answer=OwnAnswerShown(status=status)):
            return painted(f"Banyan itself, {status}", Ink.GOOD)
        case Explanation(route=ExplainedRoute(upstream=UpstreamShown(url=url), serve=side)):
            return painted(f"{side}, {url}", Ink.GOOD)
        case _:
            return painted("nobody", Ink.BAD)


def _killed(order: KillSwitchOrder) -> str:
    said = ", ".join([each for each in (order.by, order.at, order.reason) if each])
    more = f" ({said})" if said else ""
    return f"the kill switch is on{more}: at shadow, canary and live legacy answers, whatever else is said"


def _own(answer: OwnAnswerShown) -> Iterator[str]:
    if answer.detail:
        yield _row("because", one_line(answer.detail))
    for header in answer.headers:
        yield _row("header", one_line(header))
    for reading, route in answer.readings:
        yield _row("read as", f"{one_line(reading)} → {route or 'no route'}")


def _routed(route: ExplainedRoute, config: Path, why_there: str) -> Iterator[str]:
    yield _row("route", f"{route.name}  {painted(f'{_place_of(route, config)}  {route.match}', Ink.FAINT)}")
    if route.was:
        yield _row("was", f"{route.was}: its state and its draws are kept under this name")
    for step in route.steps:
        yield _row(step.name, one_line(step.says))
    if route.stage is not None:
        because = f": {one_line(why_there)}" if why_there else ""
        yield _row("stage", f"{_place(route.stage, route.split)}{because}")
    if route.cohort is not None:
        yield from _cohort(route.cohort, route.split)
    shadow = f", shadow: {route.shadow}" if route.shadow else ""
    yield _row("decision", f"{route.serve}{shadow}, reason: {route.reason}")
    if route.shadow and route.sample < 1.0:
        more = "; more while a step of the ramp needs it" if route.rises else ""
        asked = f"{route.shadow} is asked as well for {_percent(route.sample)} of this route's requests"
        yield _row("sample", asked + more)
    yield _row("effects", route.effects)
    if route.upstream is not None:
        yield _row("upstream", f"{route.upstream.name} at {route.upstream.url}, Host: {route.upstream.host}")
        yield _row("timeouts", _timeouts(route.upstream))


def _cohort(cohort: CohortShown, split: float) -> Iterator[str]:
    yield _row("cohort", f"{cohort.source} = {cohort.key!r}, drawn for {cohort.group!r}")
    place = "below the split" if cohort.draw < split else "not below the split"
    yield _row("draw", f"{cohort.draw * 100:.4f} %, {place} of {_percent(split)}")


def _timeouts(upstream: UpstreamShown) -> str:
    lengths = {"connect": upstream.connect, "response": upstream.response, "idle": upstream.idle}
    named = [f"{name} {length:g}s" for name, length in lengths.items()]
    return ", ".join([*named, f"total {upstream.total:g}s" if upstream.total else "no total"])


def _place_of(route: ExplainedRoute | NearRoute, config: Path) -> str:
    """The file that it stands in, and the line."""
    return f"{config.parent / route.written_in if route.written_in else config}:{route.line}"


def _near(routes: Sequence[NearRoute], config: Path) -> Iterator[str]:
    columns = [(near.name, near.match, _place_of(near, config)) for near in routes]
    widths = [max(map(len, column)) for column in zip(*columns, strict=True)]
    for near, cells in zip(routes, columns, strict=True):
        name, *place = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"  {name}  {painted('  '.join(place), Ink.FAINT)}  {_fit(near)}"


def _fit(near: NearRoute) -> str:
    match near.fit:
        case "taken":
            return painted("taken", Ink.GOOD)
        case "declined":
            return f"{painted('declined', Ink.WARN)}: {'; '.join(near.why)}"
        case _:
            return "not asked: it fits too, but is less specific"


def _row(name: str, text: str) -> str:
    return f"  {painted(name.ljust(_WIDTH), Ink.FAINT)}{text}"


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
