"""The text of the first routes.yaml."""

from __future__ import annotations

import json

from proxy.api.discovery import DiscoveryView
from proxy.cli.discover.stub import stub

_HEAD = """\
# Written by `banyan init` out of {observed:,} requests. Nothing moves yet: every route is at stage legacy.
version: 1
listen: {listen}
upstreams:
  legacy: {{ url: {legacy} }}
"""
_REST = """\
  # Whatever no other route names; without the last line a WebSocket is answered with 403.
  - name: rest
    match: /**
    stage: legacy
    upgrades: [websocket]
"""


def first_file(found: DiscoveryView, *, legacy: str, new: str, listen: str) -> str:
    """One that `banyan check` accepts, as long as the addresses are some."""
    head = _HEAD.format(observed=found.observed, listen=json.dumps(listen), legacy=json.dumps(legacy))
    upstream = f"  new: {{ url: {json.dumps(new)} }}\n" if new else ""
    routes = "".join(f"{line}\n" for line in stub(found, taken=["rest"]))
    return f"{head}{upstream}routes:\n{routes}{_left(found)}{_REST}"


def _left(found: DiscoveryView) -> str:
    once = sum(each.is_single for each in found.endpoints)
    what = "1 endpoint that was" if once == 1 else f"{once:,} endpoints that were"
    return f"  # {what} seen once, from nobody verified, without a route: `banyan discover --all`.\n" if once else ""
