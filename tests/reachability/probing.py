"""Probes of upstreams of a test's own, and what was found, by row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from proxy.config.load import Loaded, load_text
from proxy.core.reachability.finding import Finding, ProbeRow, RowOutcome, TargetFindings, TargetKind
from proxy.core.routing.snapshot import Snapshot
from proxy.names.files import Files
from proxy.reachability.reachability import find_out
from proxy.reachability.targets import targets_of

Block = Mapping[str, object]
PLAIN = {"listen": "127.0.0.1:18080", "admin": "127.0.0.1:19090"}
LONG = 60.0
"""Seconds for a target: far beyond what a test sets."""


def snapshot_of(legacy: Block, **top: object) -> Snapshot:
    """Of a routes.yaml with this upstream."""
    routes = [{"name": "rest", "match": "/**", "stage": "legacy"}]
    written = {"version": 1, **PLAIN, "upstreams": {"legacy": legacy}, "routes": routes, **top}
    loaded = load_text(json.dumps(written), "routes.yaml", {})
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot


async def probed(legacy: Block, *, host: str = "", files: Files | None = None, **top: object) -> TargetFindings:
    """What is found of this upstream."""
    snapshot = snapshot_of(legacy, **top)
    upstreams = [each for each in targets_of(snapshot, host) if each.kind is TargetKind.UPSTREAM]
    (found,) = await find_out(snapshot, upstreams, LONG, files=files)
    return found


def row(found: TargetFindings, name: ProbeRow, address: str | None = None) -> Finding:
    """The one row of this name, of this address where there are several."""
    (only,) = [each for each in found.findings if each.row is name and address in {None, each.address}]
    return only


def failure(found: TargetFindings) -> Finding:
    """The row that has failed: the last one, and the only one."""
    assert [each.outcome is RowOutcome.FAILED for each in found.findings] == [False] * (len(found.findings) - 1) + [
        True
    ]
    return found.findings[-1]


def resolver_files(folder: Path, nameserver: str, hosts: str = "") -> Files:
    """A resolv.conf with this server, and a hosts file."""
    (folder / "resolv.conf").write_text(f"nameserver {nameserver}\n")
    (folder / "hosts").write_text(hosts)
    return Files(folder / "resolv.conf", folder / "hosts")
