"""The sides that are away, as lines above the table of `banyan status` and as rows of one route.

Rule 1: whoever knows first is heard: a probe that says down, one that failed and does not say it yet, requests without
        an answer, a breaker, an address that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.text import Text

from proxy.api.routes import RoutesView
from proxy.api.upstreams import ClosedView, DownView, FailingView

_TROUBLE = re.compile(r"^banyan_(breaker_state|breaker_operations|upstream_ejected)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_NOTHING_BESIDE = "it gets no shadow, no fallback and no write that it is owed"
_MOST_NAMED = 5


def upstreams_in_trouble(metrics: str) -> Iterator[str]:
    """A sentence for every upstream that a worker leaves alone, or whose addresses one leaves out."""
    for name, labels, value in _TROUBLE.findall(metrics):
        upstream, number = dict(_LABEL.findall(labels))["upstream"], int(float(value))
        if number and name == "breaker_state":
            word = "half-open: single requests find out" if number == 1 else "open: nothing is sent to it"
            yield f"the breaker of upstream {upstream} is {word}"
        elif number and name == "breaker_operations":
            what = "operation is" if number == 1 else "operations are"
            yield f"upstream {upstream}: {number} {what} left alone; GET /api/upstreams names them"
        elif number:
            yield f"upstream {upstream}: {number} of its addresses left out"


def down(status: RoutesView) -> Iterator[Text]:
    """A line for every upstream that is down, with the routes that it is to answer all the same."""
    for upstream in status.down:
        asked = _asked(upstream.routes)
        yield Text(f"{down_sentence(upstream)}{asked}", style="bold red" if asked else "yellow")


def failing(status: RoutesView) -> Iterator[Text]:
    """A line for every upstream that does not answer, or did not answer its last probe."""
    for upstream in status.failing:
        asked = _asked(upstream.routes)
        yield Text(f"{failing_sentence(upstream)}{asked}", style="bold red" if asked and upstream.lost else "yellow")


def closed(status: RoutesView) -> Iterator[Text]:
    """A line for every upstream within its closed hours, with the routes that it is to answer."""
    for upstream in status.closed:
        yield Text(f"{closed_sentence(upstream)}{_asked(upstream.routes)}{_beside(upstream)}", style="yellow")


def _asked(routes: Sequence[str]) -> str:
    return f"; it is to answer {_first(routes)}" if routes else ""


def _beside(closed: ClosedView) -> str:
    return f"; {_NOTHING_BESIDE} of {_first(closed.beside)}" if closed.beside else ""


def _first(routes: Sequence[str]) -> str:
    more = f" and {len(routes) - _MOST_NAMED} more" if len(routes) > _MOST_NAMED else ""
    return f"{', '.join(routes[:_MOST_NAMED])}{more}"


def down_sentence(down: DownView) -> str:
    """As people read it."""
    why = f" ({down.error})" if down.error else ""
    return f"{down.upstream} is down since {down.since}: it answers nothing now{why}"


def failing_sentence(each: FailingView) -> str:
    """As people read it."""
    probe = (
        f"its last health probe failed ({each.probe}); only more of them in a row call it down" if each.probe else ""
    )
    if not each.lost:
        return f"{each.upstream}: {probe}"
    of = "the one request" if each.asked == 1 else f"{each.lost} of {each.asked} requests"
    lost = f"{each.upstream} gave no answer to {of} of the last 10 s"
    return f"{lost}; {probe}" if probe else lost


def closed_sentence(closed: ClosedView, route: str = "") -> str:
    """As people read it; of one `route`, if it is named."""
    does = "its clients are told to come back then" if closed.routes else "nothing is sent to it"
    if route in closed.beside:
        does = _NOTHING_BESIDE
    return f"{closed.upstream} is closed until {closed.until} ({closed.window}): {does}"
