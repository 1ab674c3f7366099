"""`banyan why`: how one recent request was decided, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import Ink, complain, leave, painted, say
from proxy.core.one_line import one_line

if TYPE_CHECKING:
    from proxy.api.recent import ComparisonView, NowView, RememberedView, RequestedView

LESSON = Lesson(
    purpose="Say how one recent request was decided, and would be now.",
    more="Asks the admin API of a running Banyan, which remembers a sample of the last quarter of an hour. The id is "
    "the answer's X-Request-Id, or the one that the client sent.",
    example="banyan why 635e8efcb39266cd7754bdeb559118ac",
    exits={
        FINE: "it is remembered",
        FOUND: "it is not remembered, or nothing answers",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)
_SELF = "self"
_REFUSED = frozenset({401, 403})
_WIDTH = 10
_BESIDE = 12
"""The column in which a row's text begins."""


def why(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="Its X-Request-Id.", show_default=False)],
    *,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError, get_request
    from proxy.cli.terminal import say_folded

    try:
        found, body = get_request(base_of(admin, config), request_id)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode())
    else:
        say_folded(why_lines(found), hang=_BESIDE)
    leave(FINE)


def why_lines(found: RequestedView) -> Iterator[str]:
    """Line by line."""
    facts = found.request
    outcome = f"{facts.side}, {facts.status} in {facts.ms} ms"
    asked = one_line(f"{facts.method} {facts.path}")
    yield f"{painted(asked, Ink.STRONG)} → {painted(outcome, _ink(facts.status))}"
    if said := facts.client_request_id:
        yield _row("id", f"{facts.id}, which the client called {one_line(said)}")
    yield _row("route", facts.route or "none")
    if facts.stage:
        yield _row("stage", _place(facts.stage, facts.split))
    if facts.draw is not None:
        below = "below the split" if facts.draw < facts.split else "not below the split"
        yield _row("draw", f"{facts.draw * 100:.4f} %, {below} of {facts.split * 100:g} %")
    if facts.stage:
        source = facts.source or f"the client's address, as it has none of {facts.sources}"
        yield _row("cohort", f"by {source}, drawn for {facts.drawn_for!r}")
    shadow = f", shadow: {facts.shadow}" if facts.shadow else ""
    yield _row("decision", f"{facts.serve}, reason: {facts.reason}{shadow}")
    yield from _upstream(found)
    if facts.status in _REFUSED:
        yield _row("refused", _refused_by(facts))
    if found.comparison is not None:
        yield from _compared(found.comparison, facts.route)
    yield _row("revision", facts.revision)
    yield _row("now", _now(found.now, found.revision, refused_by=_step_that_answered(found)))


def _upstream(found: RequestedView) -> Iterator[str]:
    facts = found.request
    if facts.upstream:
        yield _row("upstream", facts.upstream)
    if facts.attempts > 1:
        fell_back = f", the last to {facts.side} as a fallback" if facts.fell_back else ""
        yield _row("attempts", f"{facts.attempts}{fell_back}")
    if facts.failure:
        yield _row("failure", painted(one_line(facts.failure), Ink.BAD))


def _refused_by(facts: RememberedView) -> str:
    """A token may be good here and not at the upstream: which of the two said no."""
    if facts.side == _SELF:
        return f"by Banyan ({facts.reason}): no upstream was asked"
    return f"by {facts.upstream} itself: Banyan had let the request through"


def _compared(comparison: ComparisonView, route: str) -> Iterator[str]:
    """What it came to, the gravest difference, and where to see more of that."""
    outcome = f"{comparison.outcome}: {one_line(comparison.why)}" if comparison.why else comparison.outcome
    if not comparison.path:
        yield _row("compared", outcome)
        return
    more = f" and {comparison.differences - 1} more" if comparison.differences > 1 else ""
    yield _row("compared", f"{outcome}: {comparison.severity} at {one_line(comparison.path)} ({comparison.kind}){more}")
    yield _row("", f"banyan mismatches {route} {comparison.cluster}")


def _step_that_answered(found: RequestedView) -> str:
    """Why Banyan answered in place of a side: a step's reason; empty where it did not, or another route takes it."""
    then, now = found.request, found.now
    is_again = then.serve == _SELF and now.route == then.route and now.stage is not None and now.side != _SELF
    return then.reason if is_again else ""


def _now(now: NowView, revision: str, *, refused_by: str) -> str:
    at = "" if now.stage is None else f" at {_place(now.stage, now.split or 0.0)}"
    if refused_by:
        side = "by its cohort's draw" if now.side is None else f"{now.side}, reason: {now.reason}"
        return f"refused again while {refused_by} holds; else on {now.route}{at} {side} (revision {revision})"
    if now.side is None:
        return f"its cohort would be drawn anew on {now.route}{at} (revision {revision})"
    from proxy.core.traffic.replay import UNMATCHED

    verb = painted("would be", Ink.WARN) if now.differs else "would again be"
    if now.route == UNMATCHED:
        return f"{verb} refused, as no route takes it (revision {revision})"
    return f"{verb} {now.side} on {now.route}{at}, reason: {now.reason} (revision {revision})"


def _place(stage: str, split: float) -> str:
    return f"{stage}, split {split * 100:g} %" if stage in ("canary", "retired") else stage


def _ink(status: int) -> Ink:
    return Ink.BAD if status >= 500 else Ink.GOOD


def _row(name: str, text: str) -> str:
    return f"  {painted(name.ljust(_WIDTH), Ink.FAINT)}{text}"
