"""The row `name`: which addresses a name has, and who said so.

Rule 1: it is asked as serving asks: hosts file, then name servers; or by the system, where `resolve` says that.
Rule 2: the system's own modules are asked beside it, as curl would: where they have none of these addresses, what
        curl says of this name is no proof of what Banyan meets.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING

from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned
from proxy.names.files import Files
from proxy.names.resolution import NoAddress, Resolution, Resolved, Unresolved
from proxy.names.resolver import LOOKUP, Resolver
from proxy.reachability.target_time import TargetTime, ms_since

if TYPE_CHECKING:
    from proxy.tasks import Tasks

SYSTEM = 2.0
"""Seconds that the system's modules have after the name servers have answered (rule 2)."""
_MOST_SHOWN = 8
_BY_SYSTEM = "this system (nsswitch.conf)"


@dataclass(frozen=True, slots=True)
class NameSources:
    """Who is asked: the resolver with its files."""

    resolver: Resolver
    files: Files
    tasks: Tasks


@dataclass(frozen=True, slots=True)
class _Asked:
    """A name that is looked up for the key of routes.yaml where it stands."""

    name: str
    key: str
    by: str

    @property
    def as_curl(self) -> str:
        """What to do where curl is right."""
        return f"{self.key}.resolve: system" if self.key else "have its name servers, or the hosts file, say so too"


async def name_row(
    names: NameSources, name: str, key: str, target_time: TargetTime, *, system: bool
) -> tuple[Finding, tuple[str, ...]]:
    """The row, and the addresses; `key` is what would have to say `resolve: system`, empty: nothing can.

    `system`: whether it does.
    """
    if _is_number(name):
        return fine(ProbeRow.NAME, "is an address: nothing to look up"), (name,)
    began = monotonic()
    beside = None if system else names.tasks.start(_ask(names, name, target_time, system=True), name=f"system {name}")
    found = await _ask(names, name, target_time, system=system)
    took = ms_since(began)
    curl = None if beside is None else await _soon(beside, target_time)
    asked = _Asked(name, key, _BY_SYSTEM if system else _by(names.files, name))
    if isinstance(found, Resolved):
        return _found(asked, found, curl, took), found.hosts
    return _missing(asked, found, curl, names.files, took), ()


async def _soon(beside: asyncio.Task[Resolution], target_time: TargetTime) -> Resolution | None:
    """What it has found by then; None where it goes on."""
    done, _ = await asyncio.wait([beside], timeout=target_time.of(SYSTEM))
    return beside.result() if done else None


async def _ask(names: NameSources, name: str, target_time: TargetTime, *, system: bool) -> Resolution:
    try:
        async with target_time.within(LOOKUP):
            return await names.resolver.ask(name, monotonic(), system=system)
    except TimeoutError:
        servers = "" if system else ", ".join(names.files.servers.addresses)
        return Unresolved(name, NoAddress.SILENT, monotonic(), servers)


def _by(files: Files, name: str) -> str:
    """Who knows it, as `proxy.names.resolver` asks."""
    return str(files.hosts) if files.hosts_of(name) else f"{', '.join(files.servers.addresses)} ({files.resolv_conf})"


def _found(asked: _Asked, found: Resolved, curl: Resolution | None, took: float) -> Finding:
    more = f" and {len(found.hosts) - _MOST_SHOWN} more" if len(found.hosts) > _MOST_SHOWN else ""
    ttl = f", TTL {found.ttl:g} s" if asked.by.endswith(")") and asked.by != _BY_SYSTEM else ""
    said = f"{', '.join(found.hosts[:_MOST_SHOWN])}{more} by {asked.by}{ttl}"
    match curl:
        case Resolved() if not set(curl.hosts) & set(found.hosts):
            cure = f"curl would ask {', '.join(curl.hosts[:_MOST_SHOWN])}: if that is right, {asked.as_curl}"
            return warned(ProbeRow.NAME, said, End.HERE, cure, took)
        case Unresolved(why=NoAddress.UNKNOWN | NoAddress.FAILED):
            cure = "curl does not find it: see /etc/nsswitch.conf, which Banyan does not ask"
            return warned(ProbeRow.NAME, said, End.HERE, cure, took)
        case _:
            return fine(ProbeRow.NAME, said, took)


def _missing(asked: _Asked, found: Unresolved, curl: Resolution | None, files: Files, took: float) -> Finding:
    said, end = found.detail, End.HERE
    if isinstance(curl, Resolved):
        cure = f"curl would ask {', '.join(curl.hosts[:_MOST_SHOWN])}, by nsswitch.conf: {asked.as_curl}"
    elif asked.by == _BY_SYSTEM:
        cure = f"nsswitch.conf names who is asked for {asked.name}: mend it, or the name in routes.yaml"
    elif found.why is NoAddress.SILENT:
        cure = f"{files.resolv_conf} names {', '.join(files.servers.addresses)}: name others, or mend the way to them"
    elif found.why is NoAddress.UNKNOWN:
        tried = ", ".join(files.servers.names_for(asked.name))
        cure = f"{files.resolv_conf} has no answer for {tried}, nor has {files.hosts}: mend the name, or add it there"
    else:
        end, cure = End.THERE, f"the servers of its zone fail: ask who keeps {asked.name}"
    return failed(ProbeRow.NAME, said, end, cure, took)


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
