"""`banyan grants`: tokens that exist once: who holds what, and what is done around a move, a restore and a release."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from proxy.cli.admin_address import ADMIN, base_of
from proxy.cli.help_text import FINE, FOUND, UNUSABLE, Lesson
from proxy.cli.options import CONFIG, JSON, ROUTES
from proxy.cli.terminal import complain, leave, say

if TYPE_CHECKING:
    from proxy.api.grants import GrantFamilyView
    from proxy.cli.record.entries import ListEntry
    from proxy.core.grants.grant_policy import GrantPolicy

LESSON = Lesson(
    purpose="Show and move tokens that exist once (grants).",
    more="list: families, those that have not moved for the longest time first; with --system those alone whose "
    "current token it has not shown yet. import: tokens of a file, a line each, that --system may bring though it "
    "adopts none; only their hashes leave this command. replay: after the database was restored or has failed over, "
    "reads this host's spool into it; token endpoints answer 503 until every host has done so. export: the current "
    "tokens that --system has not shown, sealed, a line of JSON each. No token is ever printed.",
    example="banyan grants list --system new",
    exits={
        FINE: "done; of list, nothing is to be looked at",
        FOUND: "families need a consent, or --system lacks tokens; hosts have not replayed; or nothing answers there",
        UNUSABLE: "wrong usage, no admin address can be found, or routes.yaml has no such provider, system or key",
    },
)
_CHUNK = 500
"""Hashes in one order: less than a body of the admin port may hold."""
_LONG = 600.0
"""Seconds that a replay of a long spool may take."""


class GrantsAction(StrEnum):
    """What to do."""

    LIST = "list"
    IMPORT = "import"
    REPLAY = "replay"
    EXPORT = "export"


def grants(  # noqa: PLR0913 -- one command, four actions
    action: Annotated[GrantsAction, typer.Argument(metavar="ACTION", help="list, import, replay or export.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Of import: tokens, a line each; - is standard input.")
    ] = None,
    *,
    provider: Annotated[str, typer.Option("--provider", help="A name in grants; needed where there are several.")] = "",
    system: Annotated[str, typer.Option("--system", help="Of list, import and export: one of its systems.")] = "",
    without: Annotated[
        list[str] | None, typer.Option("--without", help="Of replay: a host that is lost with its spool.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="Of list: how many.")] = 100,
    admin: ADMIN = "",
    config: CONFIG = ROUTES,
    json: JSON = False,
) -> None:
    """See LESSON."""
    from proxy.cli.admin_client import NoAnswerError

    base = base_of(admin, config)
    do: Mapping[GrantsAction, Callable[[], None]] = {
        GrantsAction.LIST: lambda: _list(base, provider, system, limit, json=json),
        GrantsAction.IMPORT: lambda: _import(base, file, provider, system, config, json=json),
        GrantsAction.REPLAY: lambda: _replay(base, without or [], config, json=json),
        GrantsAction.EXPORT: lambda: _export(base, provider, system, config),
    }
    try:
        do[action]()
    except NoAnswerError as error:
        complain(error.message, error.cure)
        leave(FOUND)


def _list(base: str, provider: str, system: str, limit: int, *, json: bool) -> None:
    from proxy.api.grants import GrantsView
    from proxy.cli.admin_client import fetch, grants_path, read
    from proxy.cli.folded import list_width
    from proxy.cli.record.entries import entry_lines

    body = fetch(base, grants_path(provider, system, limit))
    found = read(base, body, GrantsView).families
    if json:
        say(body.decode().rstrip())
    elif not found:
        say(f"{system} has shown every current token" if system else "there is no family yet")
    for line in () if json or not found else entry_lines([_entry(each) for each in found], list_width()):
        say(line)
    leave(FOUND if found and (system or any(each.state == "needs_consent" for each in found)) else FINE)


def _entry(family: GrantFamilyView) -> ListEntry:
    from proxy.cli.record.entries import ListEntry
    from proxy.core.one_line import one_line

    state = f"{family.state} ({family.why})" if family.why else family.state
    shown = ", ".join(f"{system} {generation}" for system, generation in sorted(family.shown.items()))
    current = f"generation {family.generation}"
    holders = f"shown: {shown}" if shown else "shown by nobody"
    return ListEntry(
        cells=[family.id, family.provider, one_line(family.client), state, current, holders, f"{family.age:.0f}s"]
    )


def _import(base: str, file: Path | None, provider: str, system: str, config: Path, *, json: bool) -> None:
    from proxy.api.grants import ImportedView
    from proxy.cli.admin_client import post, read

    policy = _policy(config, provider)
    _known(policy, system)
    hashes = _hashes(policy, _tokens(file))
    taken = 0
    for at in range(0, len(hashes), _CHUNK):
        said = {"provider": policy.name, "system": system, "hashes": hashes[at : at + _CHUNK]}
        taken += read(base, post(base, "/api/grants/import", said, config=config), ImportedView).taken
    say(f'{{"taken":{taken}}}' if json else f"{taken} tokens of {system} are known at {policy.name}")


def _tokens(file: Path | None) -> list[str]:
    if file is None:
        _unusable("import wants a file of tokens.", "Name it, or - for standard input: a token on each line.")
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        _unusable(f"{file} cannot be read: {error}", "It has to hold a token on each line, and nothing else.")
    found = [line.strip() for line in text.splitlines() if line.strip()]
    if not found:
        _unusable(f"{file} holds no token.", "It has to hold a token on each line.")
    return found


def _hashes(policy: GrantPolicy, tokens: list[str]) -> list[str]:
    """In hex, by the key of routes.yaml: no token leaves this command."""
    from proxy.core.grants.token_hash import TokenHashes, read_key
    from proxy.core.secret import Secret

    place = policy.hash_key
    try:
        key = read_key(Path(place.file).read_bytes() if place.file else place.text.reveal().encode())
    except OSError as error:
        _unusable(f"the key {place.file} cannot be read: {error.strerror}", "Run this where the clerk's keys are.")
    if key is None:
        _unusable("keys.hash is not 32 bytes.", "`banyan check` says where.")
    hashes = TokenHashes(policy.name, key)
    return [hashes.token(Secret(token)).hex() for token in tokens]


def _replay(base: str, without: list[str], config: Path, *, json: bool) -> None:
    from proxy.api.grants import ReplayedView
    from proxy.cli.admin_client import post, read

    body = post(base, "/api/grants/replay", {"without": without}, config=config, timeout=_LONG)
    found = read(base, body, ReplayedView)
    missing = ", ".join(found.missing)
    if json:
        say(body.decode().rstrip())
    else:
        say(f"{found.records} records are in this host's spool, {found.applied} of them were news to the database")
        say(f"still to replay: {missing}" if missing else "every host has replayed: token endpoints answer")
    leave(FOUND if missing else FINE)


def _export(base: str, provider: str, system: str, config: Path) -> None:
    import msgspec

    from proxy.api.grants import SealedGrantsView
    from proxy.cli.admin_client import post, read

    policy = _policy(config, provider)
    _known(policy, system)
    said = {"provider": policy.name, "system": system}
    found = read(base, post(base, "/api/grants/export", said, config=config, timeout=_LONG), SealedGrantsView)
    for each in found.grants:
        say(msgspec.json.encode(each).decode())


def _policy(config: Path, provider: str) -> GrantPolicy:
    """Of the file; the only one where none is named."""
    from proxy.cli.routes_file import load_or_leave

    policies = load_or_leave(config).snapshot.grants
    name = provider or (next(iter(policies)) if len(policies) == 1 else "")
    if name not in policies:
        said = f"{config} has no grants.{name}." if name else f"{config} has {len(policies)} providers in grants."
        _unusable(said, f"Name one with --provider: {', '.join(policies) or 'there is none'}.")
    return policies[name]


def _known(policy: GrantPolicy, system: str) -> None:
    systems = [each.name for each in policy.systems]
    if system not in systems:
        said = f"{policy.name} has no system {system!r}." if system else "--system is missing."
        _unusable(said, f"Its systems are {', '.join(systems)}.")


def _unusable(message: str, cure: str) -> NoReturn:
    complain(message, cure)
    leave(UNUSABLE)
