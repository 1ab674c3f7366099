"""`banyan journal`: writes that one side has and the other not, and what becomes of those that got stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from proxy.api.journal import JournalEntryView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="List writes on their way to both sides; retry or drop one.",
    more="pending: on its way to the side that answers. owed: done there, and the other side is to get it. unknown: "
    "perhaps done there; look. dead: the other side does not take it. `retry` sends a write to the other side: of an "
    "unknown one it says that it was done. `drop` takes it out, so that the other side never gets it: of an unknown "
    "one it says that it was not done. Writes of the same key wait behind it, and go on then. The first six digits of "
    "an id do. `--made` says how the first side calls what a write made there, where nobody has seen its answer.",
    example="banyan journal retry 3f0c5a… --reason 'the column is there now'",
    exits={
        FINE: "listed, also where there are none; or decided",
        FOUND: "there is no such write or route, it stands otherwise, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)
_DONE = {"pending": "on its way to", "owed": "done by", "unknown": "perhaps done by", "dead": "done by"}
_SAID = {
    "retry": "the other side gets it now",
    "drop": "dropped: the other side never gets it",
}


def journal(  # noqa: PLR0913 -- options of a command
    what: Annotated[str, typer.Argument(metavar="[list|retry|drop]", help="What to do.", show_default=False)] = "list",
    write_id: Annotated[str, typer.Argument(metavar="[ID]", help="The id of a write.", show_default=False)] = "",
    *,
    route: Annotated[str, typer.Option(help="List this route's alone.", show_default=False)] = "",
    state: Annotated[str, typer.Option(help="List those that stand so.", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 50,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.", show_default=False)] = "",
    made: Annotated[str, typer.Option(help="What the first side calls what it made.", show_default=False)] = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    if what in _SAID and write_id and not (made and what == "drop"):
        said = {"reason": reason} | ({"made": made} if made else {})
        _decide(what, write_id.rstrip("…."), said, base_of(admin, config), config, json=json)
    elif what == "list" and not (write_id or reason or made):
        _show(base_of(admin, config), route, state, limit, json=json)
    else:
        complain("Say `list`, or `retry` or `drop` with the id of a write.", LESSON.example)
        leave(UNUSABLE)


def _show(base: str, route: str, state: str, limit: int, *, json: bool) -> None:
    from urllib.parse import urlencode

    from proxy.api.journal import JournalPageView
    from proxy.cli.record.entries import read_or_leave, say_entries

    asked = {"limit": str(limit)} | ({"route": route} if route else {}) | ({"state": state} if state else {})
    found = read_or_leave(base, f"/api/journal?{urlencode(asked)}", JournalPageView, json=json)
    say_entries(map(_entry, found.writes), "no write is in the journal")


def _entry(write: JournalEntryView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment
    from proxy.core.one_line import one_line

    sent = f" → {write.sent_as}" if write.sent_as not in {"", write.method} else ""
    asked = f"asked {write.attempts} times" if write.attempts != 1 else "asked once"
    cells = [moment(write.since), write.route, write.state, f"{write.method} {one_line(write.target)}{sent}", asked]
    return ListEntry(cells=cells, below=[write.id, ", ".join(_details(write)), *filter(None, (one_line(write.said),))])


def _details(write: JournalEntryView) -> Iterator[str]:
    """By which people find it on either side."""
    yield f"key {write.key!r}"
    if write.cohort:
        yield f"cohort {write.cohort!r}"
    yield f"{_DONE[write.state]} {write.side}"
    if write.request_id:
        yield f"request {write.request_id} (banyan why)"
    if write.client_key:
        yield f"the client's Idempotency-Key {write.client_key}"
    yield _age(write.age)


def _age(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name} old"
    return f"{seconds:.0f} s old"


def _decide(what: str, write_id: str, said: dict[str, str], base: str, config: Path, *, json: bool) -> None:
    from proxy.cli.admin_client import NoAnswerError, post, whoever

    try:
        body = post(base, f"/api/journal/{write_id}/{what}", {**said, "by": whoever()}, config=config)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    say(body.decode().rstrip() if json else _SAID[what])
    leave(FINE)
