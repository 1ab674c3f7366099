"""`banyan explain`: who would answer this request, and why."""

from __future__ import annotations

import os
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_base import base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say, say_json

if TYPE_CHECKING:
    from proxy.cli.explain.model import Explanation, Stands, Stood
    from proxy.core.routing.kill_switch import KillSwitchOrder

LESSON = Lesson(
    purpose="Say who would answer one request, and why.",
    more="The request is read, routed and decided by the code that serves live traffic; nothing is sent anywhere. "
    "It goes by the file alone. With --admin a running Banyan is asked where the route stands since the judge or an "
    "order has moved it, and the first line says who answers there now, the kill switch and pins included; what was "
    "decided for a request that came stands in `banyan why`.",
    example="banyan explain GET /orders/7 -H 'X-Tenant-Id: acme'",
    exits={
        FINE: "a route answers it",
        FOUND: "Banyan refuses it (400, 404, 405, …), or nothing answers at --admin",
        UNUSABLE: "wrong usage, or the file has problems",
    },
)


def explain(  # noqa: PLR0913  a command's options
    method: Annotated[str, typer.Argument(metavar="METHOD", help="As on the wire: GET, POST, …", show_default=False)],
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Path and query, or a whole URL.", show_default=False)
    ],
    *,
    header: Annotated[
        list[str], typer.Option("--header", "-H", metavar="'NAME: VALUE'", help="A header; may be repeated.")
    ] = [],  # noqa: B006  typer copies it
    host: Annotated[str, typer.Option(metavar="HOST", help="The Host header, else localhost.")] = "",
    client_ip: Annotated[str, typer.Option(metavar="ADDRESS", help="Whose request it is.")] = "127.0.0.1",
    admin: Annotated[
        str, typer.Option(metavar="URL", help="Say also where the route stands there.", show_default=False)
    ] = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.explain.model import Stood, explain_head, served_by
    from proxy.cli.explain.picture import explanation_lines
    from proxy.cli.explain.typed_request import TypedRequest, fault_of, read_typed
    from proxy.cli.loading import load_or_leave

    typed = TypedRequest(method=method, target=target, fields=tuple(header), host=host)
    if fault := fault_of(typed) or _fault_of_address(client_ip):
        complain(fault, "See `banyan explain --help`.")
        leave(UNUSABLE)
    snapshot = load_or_leave(config).snapshot
    head = read_typed(typed, snapshot)
    asked = head, f"{method} {target}", str(ip_address(client_ip)), snapshot, _key(config)
    explained, killed = explain_head(*asked), _order(snapshot.kill_file, config)
    stood = _stood(base_of(admin, config), explained) if admin else Stood(killed=killed is not None)
    now = served_by(explain_head(*asked, stood)) if stood != Stood() else None
    explanation = replace(explained, killed=killed, stands=_stands(stood), now=now)
    if json:
        say_json(explanation)
    else:
        for line in explanation_lines(explanation, config):
            say(line)
    leave(FOUND if explanation.refused else FINE)


def _stands(stood: Stood) -> Stands | None:
    from proxy.cli.explain.model import Stands

    runs = stood.runs
    return None if runs is None else Stands(stage=runs.stage or "", split=runs.split or 0.0, reason=runs.reason)


def _stood(base: str, explained: Explanation) -> Stood:
    """Where a running Banyan has the route that takes the request."""
    from proxy.cli.admin_api import NoAnswerError
    from proxy.cli.explain.model import Stood
    from proxy.cli.status.route import get_route

    if explained.route is None or explained.route.stage is None:
        return Stood()
    try:
        runs = get_route(base, explained.route.name)[0].runs
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)
    return Stood(route=explained.route.name, runs=runs, killed=runs.killed)


def _order(place: str, config: Path) -> KillSwitchOrder | None:
    from proxy.config.files import kill_file

    try:
        return kill_file.read(kill_file.place(place, config, os.environ))
    except OSError:  # nobody can tell from here; `banyan status` asks those who can
        return None


def _key(config: Path) -> bytes:
    """Of Banyan's cookies; none where it was never made, or is not for this user."""
    from proxy.app.shared_ties import NAME
    from proxy.comparer.redaction_key import read_key
    from proxy.config.files import lastgood

    try:
        return read_key(lastgood.directory(config, os.environ), NAME)
    except OSError:
        return b""


def _fault_of_address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        return f"--client-ip is not an IP address: {text!r}"
    return ""
