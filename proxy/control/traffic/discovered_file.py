"""What was discovered, kept on this host's disk, so that first and last uses outlive the process: one small file.

Rule 1: it is what the admin port shows, so it holds no value; what was seen once is left out, since it may be one.
Rule 2: a file that cannot be read, or written, costs what was learned and nothing else; it is told once.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import structlog

from proxy.api.discovery import DiscoveredEndpointView, DiscoveryView, SeenCallerView
from proxy.core.discovery.endpoint import CLASSES, CallerSeen, EndpointSeen, FieldSeen
from proxy.core.discovery.inventory import DiscoveredEndpoint, Inventory, Parameter
from proxy.core.discovery.segment import SegmentKind
from proxy.whole_file import read_regular, write_whole

NAME = "discovered.json"
_EPOCH = date(1970, 1, 1)
_log = structlog.get_logger()


def read_discovered(directory: Path, inventory: Inventory) -> float | None:
    """Go on with what was kept there; since when that looks, None: there is none."""
    try:
        found = msgspec.json.decode(read_regular(directory / NAME), type=DiscoveryView)
        for view in found.endpoints:
            inventory.restore(_endpoint(view))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("discovered_not_read", file=str(directory / NAME), error=str(error))
        return None
    return found.since


def write_discovered(directory: Path, found: DiscoveryView) -> str:
    """Keep it; why it is not kept, or nothing."""
    kept = msgspec.structs.replace(found, endpoints=[each for each in found.endpoints if not each.is_single])
    try:
        write_whole(directory / NAME, msgspec.json.encode(kept), lasting=False)
    except OSError as error:
        return str(error)
    return ""


def _endpoint(view: DiscoveredEndpointView) -> DiscoveredEndpoint:
    parameters = tuple(
        Parameter(name=each.name, kinds=tuple(map(SegmentKind, each.kinds)), distinct=each.distinct)
        for each in view.parameters
    )
    return DiscoveredEndpoint(
        method=view.method, template=view.template, seen=_seen(view), parameters=parameters, is_known=view.is_known
    )


def _seen(view: DiscoveredEndpointView) -> EndpointSeen:
    seen = EndpointSeen(view.first)
    seen.calls, seen.observed, seen.last, seen.bodies = view.calls, view.observed, view.last, view.bodies
    seen.classes = [view.statuses.get(f"{number}xx", 0.0) for number in range(1, CLASSES + 1)]
    seen.query = dict(view.query)
    seen.routes = dict.fromkeys(view.routes, 0.0)
    seen.days = {(datetime.fromisoformat(day).replace(tzinfo=UTC).date() - _EPOCH).days: n for day, n in view.days}
    seen.callers = {each.caller: _caller(each) for each in view.callers}
    for each in view.fields:
        field = seen.fields[each.name] = FieldSeen()
        field.present, field.kinds = each.present, dict(each.kinds)
    return seen


def _caller(view: SeenCallerView) -> CallerSeen:
    caller = CallerSeen(view.first)
    caller.calls, caller.last, caller.nulls = view.calls, view.last, set(view.nulls)
    return caller
