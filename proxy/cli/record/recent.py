"""`banyan recent`: the last requests of a route, each with the id that `banyan why` takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTE, ROUTES

if TYPE_CHECKING:
    from proxy.api.recent import SampledView
    from proxy.cli.record.entries import ListEntry

LESSON = Lesson(
    purpose="Show a route's last requests, with ids for `banyan why`.",
    more="Newest first: when it came (UTC), its id, the status, who answered and in what time, and what was asked for. "
    "A value in a query is shown as its hash (`hash:731f74`), the same for the same value. Banyan remembers a sample "
    "of the last quarter of an hour, and everything that went wrong; nothing over a restart.",
    example="banyan recent orders.show --limit 5",
    exits={
        FINE: "shown; also where nothing is remembered",
        FOUND: "there is no such route, or nothing answers there",
        UNUSABLE: "wrong usage, or no admin address can be found",
    },
)


def recent(
    route: ROUTE,
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many.")] = 20,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.api.recent import RecentView
    from proxy.cli.admin_client import recent_path
    from proxy.cli.record.entries import read_or_leave, say_entries

    found = read_or_leave(base_of(admin, config), recent_path(route, limit), RecentView, json=json)
    say_entries(map(_entry, found.requests), f"{route}: no request is remembered")


def _entry(seen: SampledView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry
    from proxy.core.one_line import one_line

    at = datetime.fromtimestamp(seen.at, UTC).strftime("%H:%M:%S.%f")[:-3]
    asked = one_line(f"{seen.method} {seen.path}{f'?{_veiled(seen.query)}' if seen.query else ''}")
    shadow = f" (shadow: {seen.shadow})" if seen.shadow else ""
    failed = [f"failed: {seen.failure}"] if seen.failure else []
    return ListEntry(
        cells=[at, seen.id, str(seen.status), f"{seen.side}{shadow}", f"{seen.ms:g} ms", asked], below=failed
    )


def _veiled(query: str) -> str:
    """`page=hash:731f74`: what stands for a value cannot be taken for what the client sent."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return "&".join(f"{name}{mark}hash:{value}" if value else f"{name}{mark}" for name, mark, value in pairs)
