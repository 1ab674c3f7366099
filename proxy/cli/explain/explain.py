"""`banyan explain`: who would answer this request, and why."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Annotated

import typer

from proxy.cli.admin_address import ADMIN, base_of, url_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say_json

if TYPE_CHECKING:
    from proxy.cli.explain.model import BesideFile, Explanation, GoneBy
    from proxy.core.routing.kill_switch import KillSwitchOrder
    from proxy.core.routing.snapshot import Snapshot

LESSON = Lesson(
    purpose="Say who would answer one request, and why.",
    more="The request is read, routed and decided by the code that serves live traffic; nothing is sent anywhere. "
    "A running Banyan, if there is one, is asked where the route stands since the judge or an order has moved it, and "
    "the answer is that of now, pins and kill switch included; the second line says what it goes by. What was decided "
    "for a request that came stands in `banyan why`.",
    example="banyan explain GET /orders/7 -H 'X-Tenant-Id: acme'",
    exits={
        FINE: "a route answers it",
        FOUND: "Banyan refuses it (400, 404, 405, …), or nothing answers at the --admin that was named",
        UNUSABLE: "wrong usage, or the file has problems and there is no last good one, or --file-only was given",
    },
)
FILE_ONLY = "--file-only"
_LONGEST = 64 * 1024


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
    token: Annotated[
        str, typer.Option(metavar="FILE|-", help="A bearer token, from a file or standard input: it is a secret.")
    ] = "",
    file_only: Annotated[bool, typer.Option("--file-only", help="Ask no running Banyan: by the file alone.")] = False,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.explain.model import explain_head, served_by
    from proxy.cli.explain.picture import BESIDE, explanation_lines
    from proxy.cli.explain.typed_request import TypedRequest, fault_of, read_typed
    from proxy.cli.terminal import say_folded

    bearer = _bearer(token) if token else ()
    typed = TypedRequest(method=method, target=target, fields=(*header, *bearer), host=host)
    if fault := fault_of(typed) or _fault_of_address(client_ip):
        complain(fault, "See `banyan explain --help`.")
        leave(UNUSABLE)
    snapshot = _with_kept_keys(_table(config, file_only=file_only), config)
    head = read_typed(typed, snapshot)
    asked = head, f"{method} {target}", str(ip_address(client_ip)), snapshot, _key(config)
    by_file = explain_head(*asked)
    gone_by, stood = _stood(by_file, snapshot, admin, config) if not file_only else _alone(snapshot, FILE_ONLY)
    killed = _order(snapshot.kill_file, config)
    stood = replace(stood, killed=stood.killed or killed is not None)
    found = explain_head(*asked, stood)
    explanation = replace(found, gone_by=gone_by, killed=killed, reason=stood.reason, by_file=served_by(by_file))
    if json:
        say_json(explanation)
    else:
        say_folded(explanation_lines(explanation, config), hang=BESIDE)
    leave(FOUND if explanation.refused else FINE)


def _table(config: Path, *, file_only: bool) -> Snapshot:
    """The file's; beside a broken one that of the last good file, by which Banyan goes on, unless the file is asked."""
    from proxy.app.initial_table import Start, first_start
    from proxy.cli.routes_file import load_or_leave, problem_lines

    found = None if file_only else first_start(config, os.environ)
    if not isinstance(found, Start):
        return load_or_leave(config).snapshot
    if found.problems:
        first = next(problem_lines(found.problems[:1], with_source=False))
        complain(f"{config} is broken; this is by the last good one, which runs. The first problem:", first)
    return found.snapshot


def _with_kept_keys(snapshot: Snapshot, config: Path) -> Snapshot:
    """With the key sets that a Banyan of this file has fetched, as it keeps them in its state directory."""
    from proxy.config.files import lastgood
    from proxy.control.key_sets import key_set_file
    from proxy.core.auth.key_set_state import KeySetSource

    place, now = lastgood.directory(config, os.environ), time()
    states = [key_set_file.load(place, KeySetSource(each)) for each in sorted(snapshot.fetched_sources)]
    kept = {state.source.source: held for state in states if (held := state.held(now))}
    return replace(snapshot, key_sets={**snapshot.key_sets, **kept})


def _bearer(name: str) -> tuple[str, ...]:
    """The field of a token that no command line shows."""
    try:
        said = sys.stdin.read(_LONGEST) if name == "-" else Path(name).read_text(encoding="utf-8")[:_LONGEST]
    except (OSError, ValueError) as error:
        complain(f"the token cannot be read: {error}", "See `banyan explain --help`.")
        leave(UNUSABLE)
    return (f"Authorization: Bearer {said.strip()}",)


def _stood(by_file: Explanation, snapshot: Snapshot, admin: str, config: Path) -> tuple[GoneBy, BesideFile]:
    """Where a running Banyan has the route that takes the request; one that was named has to answer."""
    from proxy.cli.admin_client import NoAnswerError, get_route
    from proxy.cli.explain.model import BesideFile, GoneBy

    if by_file.route is None or by_file.route.stage is None:
        return _alone(snapshot, "whatever runs, Banyan answers it by itself")
    base = base_of(admin, config) if admin else url_of(snapshot.admin)
    try:
        found = get_route(base, by_file.route.name)[0]
    except NoAnswerError as error:
        if not admin:
            return _alone(snapshot, error.message)
        complain(error.message, error.cure)
        leave(FOUND)
    gone_by = GoneBy(revision=snapshot.revision, admin=base, serves=found.revision)
    return gone_by, BesideFile(route=found.name, runs=found.runs, killed=found.runs.killed)


def _alone(snapshot: Snapshot, why: str) -> tuple[GoneBy, BesideFile]:
    from proxy.cli.explain.model import BesideFile, GoneBy

    return GoneBy(revision=snapshot.revision, alone=why), BesideFile()


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
