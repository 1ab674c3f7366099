"""`banyan idempotency`: keys whose outcome nobody knows, and their release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from pathlib import Path

    from proxy.api.idempotency import UndecidedKeyView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="List idempotency keys whose outcome is unknown, or release one.",
    more="A request was sent, and its answer never came: a worker died, or its side did. Its retry is answered with "
    "409 until somebody decides. Look at the side whether the request was executed. If it was not, release the key: "
    "the next request that carries it is executed. If it was, leave it: nobody executes it again. Where a route "
    "declares effects: keyed or idempotent, a retry decides by itself.",
    example="banyan idempotency release 3f0c…e1 --reason 'no such payment at the side'",
    exits={
        FINE: "listed, also where there are none; or released",
        FOUND: "no such key is undecided, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)
_LIST, _RELEASE = "list", "release"


def idempotency(
    what: Annotated[str, typer.Argument(metavar="[list|release]", help="What to do.", show_default=False)] = _LIST,
    key_id: Annotated[str, typer.Argument(metavar="[ID]", help="The id of a key to release.", show_default=False)] = "",
    *,
    reason: Annotated[str, typer.Option(help="Why it is released, for the record.", show_default=False)] = "",
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    if what == _RELEASE and key_id:
        _release(key_id, reason, base_of(admin, config), config, json=json)
    elif what == _LIST and not key_id and not reason:
        _show(base_of(admin, config), json=json)
    else:
        complain("Say `list`, or `release` with the id of a key.", LESSON.example)
        leave(UNUSABLE)


def _show(base: str, *, json: bool) -> None:
    from proxy.api.idempotency import UndecidedKeysView
    from proxy.cli.record.entries import read_or_leave, say_entries

    found = read_or_leave(base, "/api/idempotency", UndecidedKeysView, json=json)
    say_entries(map(_entry, found.keys), "no key is undecided")


def _entry(key: UndecidedKeyView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry, moment

    by = "a retry decides it" if key.repeatable else "people decide it"
    return ListEntry(cells=[moment(key.since), key.route, f'"{key.key}"', by], below=[key.id])


def _release(key_id: str, reason: str, base: str, config: Path, *, json: bool) -> None:
    from proxy.cli.admin_client import NoAnswerError, post, whoever

    try:
        body = post(base, f"/api/idempotency/{key_id}/release", {"reason": reason, "by": whoever()}, config=config)
    except NoAnswerError as error:
        complain(error.message, error.cure or "`banyan idempotency list` shows the keys that are undecided.")
        leave(FOUND)
    say(body.decode().rstrip() if json else "released: the next request that carries this key is executed")
    leave(FINE)
