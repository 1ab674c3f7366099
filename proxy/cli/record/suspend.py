"""`banyan suspend`: subjects who may not call, however good their tokens are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, REASON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from pathlib import Path

    from proxy.api.suspension import SuspendedView, SuspensionView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="Suspend a subject, lift that, or list who is suspended.",
    more="Routes with `auth` answer a suspended subject with 403, however good its token is, at every replica within a "
    "second. --lift ends it. Whom the file of `suspend:` lists, that file alone ends; --list counts them.",
    example="banyan suspend member-7 --reason 'chargeback, case 12'",
    exits={
        FINE: "done: every live replica obeys; or listed",
        FOUND: "not every live replica was seen to obey yet; the file lists whom --lift was for; or nothing answers",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def suspend(
    subject: Annotated[str, typer.Argument(metavar="[SUBJECT]", help="As tokens name it.", show_default=False)] = "",
    *,
    lift: Annotated[bool, typer.Option("--lift", help="It is suspended no longer.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="Who is suspended.")] = False,
    reason: REASON = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    if listed and not subject and not lift and not reason:
        _show(base_of(admin, config), json=json)
    if listed or not subject:
        complain("Say whom: a subject as tokens name it; or --list alone.", LESSON.example)
        leave(UNUSABLE)
    _order(subject, reason, base_of(admin, config), config, on=not lift, json=json)


def _show(base: str, *, json: bool) -> NoReturn:
    from proxy.api.suspension import SuspensionsView
    from proxy.cli.record.entries import read_or_leave, say_entries

    found = read_or_leave(base, "/api/suspended", SuspensionsView, json=json)
    if found.listed:
        say(f"{found.listed} in the file of `suspend`")
    say_entries(map(_entry, found.suspensions), "nobody is suspended by order")


def _entry(each: SuspensionView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment
    from proxy.core.one_line import one_line

    cells = [moment(each.since), one_line(each.subject), f"by {one_line(each.by)}"]
    return ListEntry(cells=cells, below=[each.reason] if each.reason else [])


def _order(subject: str, reason: str, base: str, config: Path, *, on: bool, json: bool) -> NoReturn:
    from proxy.api.suspension import SuspendedView
    from proxy.cli.admin_client import NoAnswerError, post, read, whoever

    said = {"subject": subject, "on": on, "reason": reason, "by": whoever()}
    try:
        body = post(base, "/api/suspended", said, config=config)
        found = read(base, body, SuspendedView)
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    if json:
        say(body.decode().rstrip())
    else:
        _tell(found)
    leave(FINE if found.done and found.suspended is on else FOUND)


def _tell(found: SuspendedView) -> None:
    if found.suspended:
        say(f"{found.subject} is suspended{'' if found.changed else ' already'}")
    else:
        say(f"{found.subject} is {'no longer' if found.changed else 'not'} suspended")
    if found.listed:
        say("the file of `suspend` lists it: take it out there to end that")
    late = [each.instance for each in found.instances if not each.obeys]
    if late:
        say(f"not seen to obey yet: {', '.join(late)}")
