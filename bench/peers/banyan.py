"""Banyan: `python -m proxy serve`, one worker, state in memory, its canonical lines on stdout."""

from __future__ import annotations

import sys

import proxy
from bench.compiled import installed, is_compiled
from bench.peers.peer import Peer
from bench.processes import Launch
from bench.workload import TENANT_HEADER, Site, services

HEAD = """\
version: 1
listen: 127.0.0.1:{listen}
admin: 127.0.0.1:{admin}
workers: 1
state: memory
shadow: {{sample: 0%}}
upstreams:
  legacy: {{url: "http://127.0.0.1:{legacy}"}}
  new: {{url: "http://127.0.0.1:{new}"}}
routes:
"""
CANARY = (
    '  - {{name: {name}, match: "GET /{name}/items/{{id}}", stage: canary, split: 50%, cohort: "header:{header}"}}\n'
)
REST = '  - {name: rest, match: "/**", stage: legacy}\n'


def routes_file(site: Site) -> str:
    """The text of routes.yaml; with no numbered routes, one that takes everything to legacy (for bodies)."""
    head = HEAD.format(listen=site.listen, admin=site.admin, legacy=site.legacy, new=site.new)
    numbered = "".join(CANARY.format(name=name, header=TENANT_HEADER) for name in services(site))
    return head + (numbered or REST)


def launch(site: Site) -> Launch:
    """Writes the routes and says how to start."""
    file = site.folder / "routes.yaml"
    file.write_text(routes_file(site))
    return Launch(
        label="banyan",
        argv=(sys.executable, "-P", "-m", "proxy", "serve", "--config", str(file)),
        folder=site.folder,
        output=site.log,
        port=site.listen,
        ready=(f"http://127.0.0.1:{site.admin}/-/ready", site.first),
        env={"PYTHONPATH": str(installed())},
    )


PEER = Peer(
    name="banyan",
    launch=launch,
    version=lambda: f"{proxy.__version__}, {'compiled' if is_compiled() else 'interpreted'}",
    metrics="/metrics",
    lookup="a tree of path segments",
    split="a stage `canary` with `cohort: header:X-Tenant-Id` on every route",
)
